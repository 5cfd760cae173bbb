"""Between the desk and what is remembered of it; no widget, no file."""

from dataclasses import replace
from typing import TypeVar

from spm_tui.alignment import FUNCTIONS
from spm_tui.tui.desk import Desk
from spm_tui.tui.listing import MARKS, OUTCOMES, Filter, Sort
from spm_tui.tui.remembered import Remembered
from spm_tui.tui.session import Opened
from spm_tui.tui.steering import CUSTOM, Slot, Steering

_SORTS = ("number", "margin", "error")
_Word = TypeVar("_Word", bound=str)


def key_of(opened: Opened) -> str:
    """Return what opens it again: its key in the opening menu."""
    if opened.run is not None:
        return f"run:{opened.run.number}"
    return f"split:{opened.benchmark.identity}:{opened.split}"


def snapshot(desk: Desk, theme: str) -> Remembered:
    """Return what to remember of a desk."""
    names, steering, index = desk.opened.names, desk.steering, desk.index
    return Remembered(
        opened=key_of(desk.opened),
        scenario=None if index is None else index + 1,
        preset=steering.name,
        target=tuple((n, s.value) for n, s in zip(names, steering.slots, strict=True)),
        weights=tuple((n, s.weight) for n, s in zip(names, steering.slots, strict=True)),
        off=tuple(n for n, s in zip(names, steering.slots, strict=True) if not s.on),
        function=steering.function,
        outcome=desk.filter.outcome,
        mark=desk.filter.mark,
        because=_name(names, desk.filter.because),
        sort=desk.sort.by,
        sort_attribute=_name(names, desk.sort.attribute),
        theme=theme,
    )


def restore(desk: Desk, remembered: Remembered) -> None:
    """Put a desk into the remembered state, as far as it still makes sense."""
    names = desk.opened.names
    desk.steer(_steering(desk.steering, remembered))
    because = _index(names, remembered.because)
    desk.narrow(
        Filter(
            outcome=_one_of(OUTCOMES, remembered.outcome),
            mark=_one_of(MARKS, remembered.mark),
            because=because,
        ),
        Sort(
            _one_of(_SORTS, remembered.sort),  # type: ignore[arg-type]  # one of its three
            _index(names, remembered.sort_attribute),
        ),
    )
    if remembered.scenario is not None:
        desk.go(remembered.scenario - 1)


def _steering(steering: Steering, remembered: Remembered) -> Steering:
    values, weights = dict(remembered.target), dict(remembered.weights)
    if set(values) != {attribute.name for attribute in steering.attributes}:
        return steering
    return replace(
        steering,
        slots=tuple(
            Slot(
                values[attribute.name],
                on=attribute.name not in remembered.off,
                weight=weights.get(attribute.name, 1.0),
            )
            for attribute in steering.attributes
        ),
        function=_one_of(FUNCTIONS, remembered.function, steering.function),
        name=remembered.preset or CUSTOM,
    )


def _one_of(known: tuple[_Word, ...], word: str, default: _Word | None = None) -> _Word:
    """The known word that this is; the default, or the first, when it is none."""
    return next((one for one in known if one == word), default or known[0])


def _name(names: tuple[str, ...], index: int | None) -> str:
    return "" if index is None else names[index]


def _index(names: tuple[str, ...], name: str) -> int | None:
    return names.index(name) if name in names else None
