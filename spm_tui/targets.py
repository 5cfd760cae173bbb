"""Alignment targets: a value in [0, 1], and a weight, for some of the attributes (paper §5.1).

Owns how targets are written, parsed, sampled and turned into arrays. The set `all` is never
listed here: it has L^A members and is scored as a grid (`spm_tui.scoring.grid`).
"""

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from spm_tui.errors import InputError
from store.records import Attribute

NEUTRAL = 0.5
"""An attribute at this value says nothing and is dropped from sampled and all targets."""
SAMPLES_PER_SIZE = 10
SAMPLING_SEED = 42


@dataclass(frozen=True, slots=True)
class Target:
    """What to align to: some attributes with a wanted value and a weight each."""

    values: tuple[tuple[str, float], ...]
    """(attribute, value in [0, 1]), in the benchmark's order of attributes; never empty."""
    weights: tuple[float, ...] = ()
    """One per value, positive; empty means 1 for each."""

    def __str__(self) -> str:
        weights = self.weights or (1.0,) * len(self.values)
        return ", ".join(
            f"{name}={value:.2g}" + (f"*{weight:g}" if weight != 1 else "")
            for (name, value), weight in zip(self.values, weights, strict=True)
        )


@dataclass(frozen=True, slots=True)
class TargetSet:
    """Targets that are reported together, as mean and standard deviation."""

    name: str
    targets: tuple[Target, ...]


def target(
    values: Mapping[str, float],
    attributes: Sequence[Attribute],
    *,
    weights: Mapping[str, float] | None = None,
    path: Path | None = None,
    row: int | None = None,
) -> Target:
    """Return the target with these values, checked against `attributes`.

    A value that is a level's value rounded to two decimals is taken as that level, so that
    0.33 on a scale of seven levels means exactly 1/3.

    Raises:
        InputError: no value, an unknown attribute, a value outside [0, 1] or a weight that is
            not positive; names `path` and `row` where given.

    """
    weights = weights or {}
    known = {attribute.name: attribute for attribute in attributes}
    for name in (*values, *weights):
        if name not in known:
            raise InputError(
                f"not an attribute of this benchmark ({', '.join(known)})",
                path=path,
                row=row,
                field=name,
            )
    for name, value in values.items():
        if not is_number(value) or not 0 <= value <= 1:
            raise InputError(
                f"a target's value is a number from 0 to 1, not {value!r}",
                path=path,
                row=row,
                field=name,
            )
    for name, weight in weights.items():
        if not is_number(weight) or not 0 < weight <= sys.float_info.max:
            raise InputError(
                f"a weight is a positive number, not {weight!r}", path=path, row=row, field=name
            )
    if not values:
        raise InputError("a target names at least one attribute", path=path, row=row)
    named = [a for a in attributes if a.name in values]
    return Target(
        values=tuple((a.name, _exact(float(values[a.name]), a.levels)) for a in named),
        weights=tuple(float(weights.get(a.name, 1)) for a in named) if weights else (),
    )


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number, which true and false are not here."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _exact(value: float, levels: int) -> float:
    level = round(value * (levels - 1)) / (levels - 1)
    return level if round(level, 2) == round(value, 10) else value


def parse(text: str, attributes: Sequence[Attribute]) -> Target:
    """Return the target written as ``care=1,authority=0.33`` or, weighted, ``care=1*2``.

    Raises:
        InputError: the text has another form, or `target` refuses it.

    """
    values: dict[str, float] = {}
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        value, star, weight = (piece.strip() for piece in number.partition("*"))
        problem = InputError(
            f"{text!r} is not a target; write name=value,name=value with values from 0 to 1,"
            " each attribute once"
        )
        if not equals or name in values:
            raise problem
        try:
            values[name] = float(value)
            if star:
                weights[name] = float(weight)
        except ValueError:
            raise problem from None
    return target(values, attributes, weights=weights)


def uniform(name: str, value: float, attributes: Sequence[Attribute]) -> TargetSet:
    """Return the set of one target that wants `value` on every attribute."""
    return TargetSet(name, (target({a.name: value for a in attributes}, attributes),))


def high(attributes: Sequence[Attribute]) -> TargetSet:
    """Return the set `high`: every attribute at 1."""
    return uniform("high", 1.0, attributes)


def low(attributes: Sequence[Attribute]) -> TargetSet:
    """Return the set `low`: every attribute at 0."""
    return uniform("low", 0.0, attributes)


def sampled(attributes: Sequence[Attribute]) -> TargetSet:
    """Return the set `sampled`: up to 10 targets for each number of attributes.

    The paper draws them from all combinations of levels in which n attributes are not
    neutral, afresh with seed 42 for each n. They are found by rank, without listing the
    combinations. An attribute without a neutral level may be left out instead.
    """
    choices = tuple(_choices(attribute.levels) for attribute in attributes)
    sizes = tuple(len(choice) - 1 for choice in choices)
    found: list[Target] = []
    for size in range(1, len(attributes) + 1):
        for rank in _draw(_count(sizes, size)):
            picked = _unrank(choices, size, rank)
            found.append(
                Target(
                    tuple(
                        (attribute.name, value)
                        for attribute, value in zip(attributes, picked, strict=True)
                        if value is not None
                    )
                )
            )
    return TargetSet("sampled", tuple(found))


def _draw(count: int) -> list[int]:
    """Ranks as `random.sample` draws them, also where there are more than it can index."""
    rng = random.Random(SAMPLING_SEED)
    if count <= sys.maxsize:
        return rng.sample(range(count), min(SAMPLES_PER_SIZE, count))
    ranks: dict[int, None] = {}
    while len(ranks) < SAMPLES_PER_SIZE:
        ranks[rng.randrange(count)] = None
    return list(ranks)


def _choices(levels: int) -> tuple[float | None, ...]:
    """The values an attribute may take, in order; None (left out) stands for the neutral one."""
    values = [level / (levels - 1) for level in range(levels)]
    if NEUTRAL in values:
        return tuple(None if value == NEUTRAL else value for value in values)
    return (*values, None)


@cache
def _count(sizes: tuple[int, ...], size: int) -> int:
    """Number of combinations in which exactly `size` attributes are named."""
    if size < 0:
        return 0
    if not sizes:
        return int(size == 0)
    return _count(sizes[1:], size) + sizes[0] * _count(sizes[1:], size - 1)


def _unrank(
    choices: tuple[tuple[float | None, ...], ...], size: int, rank: int
) -> list[float | None]:
    """The combination at `rank` among those of `size`, in the order of `itertools.product`."""
    sizes = tuple(len(choice) - 1 for choice in choices)
    picked: list[float | None] = []
    for position, options in enumerate(choices):
        for option in options:
            left = size - (option is not None)
            below = _count(sizes[position + 1 :], left)
            if rank < below:
                picked.append(option)
                size = left
                break
            rank -= below
    return picked


def arrays(
    targets: Sequence[Target], attributes: Sequence[Attribute]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return values [T, A] and weights [T, A]; weight 0 where a target names no value."""
    position = {attribute.name: i for i, attribute in enumerate(attributes)}
    values = np.zeros((len(targets), len(attributes)))
    weights = np.zeros_like(values)
    for row, one in enumerate(targets):
        for i, (name, value) in enumerate(one.values):
            values[row, position[name]] = value
            weights[row, position[name]] = one.weights[i] if one.weights else 1
    return values, weights
