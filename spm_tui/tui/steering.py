"""The target as it is being set, pure: every move is a new value.

Owns what the target panel shows and what the rest of the app aligns to.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spm_tui import targets
from spm_tui.alignment import FUNCTIONS, Aim, Function
from spm_tui.target_files import to_mapping
from spm_tui.targets import Target
from store.records import Attribute

HEAVIEST = 8.0
USUAL: Function = "weighted-euclidean"
"""The alignment function that is not named."""
CUSTOM = "custom"
"""Name of a target that is no preset."""
HUNDREDTHS = 100
"""Steps of a value that is not moved by levels."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One attribute's part in the target."""

    value: float = 1.0
    """In [0, 1]; kept while the attribute is off."""
    on: bool = True
    weight: float = 1.0
    """Positive."""


@dataclass(frozen=True, slots=True)
class Steering:
    """A target over a benchmark's attributes, and the alignment function."""

    attributes: tuple[Attribute, ...]
    slots: tuple[Slot, ...]
    """One per attribute."""
    function: Function = USUAL
    name: str = "high"
    """Of the preset it equals; `custom` after a change."""

    def aim(self) -> Aim:
        """Return the arrays that the alignment function wants."""
        return Aim(
            value=np.array([slot.value for slot in self.slots]),
            weight=np.array([slot.weight if slot.on else 0.0 for slot in self.slots]),
            function=self.function,
        )

    def target(self) -> Target | None:
        """Return the target; None while every attribute is off."""
        on = [(a.name, s) for a, s in zip(self.attributes, self.slots, strict=True) if s.on]
        if not on:
            return None
        weighted = any(slot.weight != 1 for _, slot in on)
        return Target(
            values=tuple((name, slot.value) for name, slot in on),
            weights=tuple(slot.weight for _, slot in on) if weighted else (),
        )

    def take(self, name: str, target: Target) -> "Steering":
        """Return the steering set to a preset; attributes it does not name are off."""
        values = dict(target.values)
        weights = dict(zip(values, target.weights, strict=True)) if target.weights else {}
        slots = tuple(
            Slot(values[a.name], on=True, weight=weights.get(a.name, 1.0))
            if a.name in values
            else replace(slot, on=False)
            for a, slot in zip(self.attributes, self.slots, strict=True)
        )
        return replace(self, slots=slots, name=name)

    def move(self, index: int, steps: int, *, fine: bool = False) -> "Steering":
        """Return it with one value moved by so many levels, or hundredths; it is then on."""
        parts = HUNDREDTHS if fine else self.attributes[index].levels - 1
        place = round(self.slots[index].value * parts, 6)
        return self.set_value(index, (place + steps) / parts, parts=parts)

    def set_value(self, index: int, value: float, *, parts: int = HUNDREDTHS) -> "Steering":
        """Return it with one value set, to the nearest of `parts` equal steps in [0, 1].

        What is a level's value when it is read from text, is so here: 0.17 is one sixth.
        """
        value = min(max(round(value * parts), 0), parts) / parts
        attribute = self.attributes[index]
        (read,) = targets.target({attribute.name: value}, [attribute]).values
        return self._with(index, replace(self.slots[index], value=read[1], on=True))

    def toggle(self, index: int) -> "Steering":
        """Return it with one attribute switched on or off."""
        slot = self.slots[index]
        return self._with(index, replace(slot, on=not slot.on))

    def weigh(self, index: int, factor: float) -> "Steering":
        """Return it with one weight multiplied, within 1/8 to 8.

        One that lies beyond, as in a target that was written elsewhere, moves freely: its size
        says nothing, and the bounds would change it by any factor.
        """
        slot = self.slots[index]
        weight = slot.weight * factor
        if 1 / HEAVIEST <= slot.weight <= HEAVIEST:
            weight = min(max(weight, 1 / HEAVIEST), HEAVIEST)
        usable = 0 < weight <= sys.float_info.max
        return self._with(index, replace(slot, weight=weight if usable else slot.weight))

    def next_function(self) -> "Steering":
        """Return it with the next alignment function."""
        place = (FUNCTIONS.index(self.function) + 1) % len(FUNCTIONS)
        return replace(self, function=FUNCTIONS[place])

    def _with(self, index: int, slot: Slot) -> "Steering":
        slots = (*self.slots[:index], slot, *self.slots[index + 1 :])
        return replace(self, slots=slots, name=CUSTOM)

    def to_json(self) -> str:
        """Return the target as JSON, as target files have it."""
        target = self.target()
        return json.dumps(to_mapping(target) if target else {})

    def __str__(self) -> str:
        target = self.target()
        return str(target) if target else "nothing"


def high(attributes: Sequence[Attribute]) -> Steering:
    """Return the steering to 1 on every attribute."""
    return Steering(tuple(attributes), tuple(Slot() for _ in attributes))


def presets(
    attributes: Sequence[Attribute], saved: Mapping[str, Sequence[Target]]
) -> list[tuple[str, Target]]:
    """Return the paper's listed targets and those a person saved, by name."""
    sampled = targets.sampled(attributes).targets
    mine = [
        (name if len(members) == 1 else f"{name} {i}", member)
        for name, members in saved.items()
        for i, member in enumerate(members, start=1)
    ]
    ours = [
        ("high", targets.high(attributes).targets[0]),
        ("low", targets.low(attributes).targets[0]),
        *((f"sampled {i}", one) for i, one in enumerate(sampled, start=1)),
    ]
    free = {name: target for name, target in mine if name not in dict(ours)}
    return [*ours[:2], *free.items(), *ours[2:]]


def among(told: Sequence[Target], known: Sequence[tuple[str, Target]]) -> list[tuple[str, Target]]:
    """Return the targets that a run was told, by the first name known of each, or numbered.

    A target of one's own stays, so that one can go back to it.
    """
    names: dict[Target, str] = {}
    for name, target in known:
        if target in told or name == CUSTOM:
            names.setdefault(target, name)
    rest = [target for target in told if target not in names]
    names |= {target: f"asked {i}" for i, target in enumerate(rest, start=1)}
    return [(name, target) for target, name in names.items()]
