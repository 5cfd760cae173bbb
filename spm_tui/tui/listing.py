"""Which scenarios the list shows, and in which order: pure, on arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import Bools, Floats
from spm_tui.scoring.standing import Standings, Status

Outcome: TypeAlias = Literal["any", "misaligned", "right", "tie", "not run"]
Mark: TypeAlias = Literal["any", "flagged", "annotated", "not annotated", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("any", "misaligned", "right", "tie", "not run")
MARKS: tuple[Mark, ...] = ("any", "flagged", "annotated", "not annotated", "failed")
_STATUS = {
    "misaligned": Status.WRONG,
    "right": Status.RIGHT,
    "tie": Status.TIE,
    "not run": Status.NOT_RUN,
}
Order = npt.NDArray[np.int64]
"""Positions of scenarios in their split, from 0."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a scenario must be to be listed."""

    outcome: Outcome = "any"
    mark: Mark = "any"
    because: int | None = None
    """Misaligned because of this attribute."""

    @property
    def idle(self) -> bool:
        """Whether it lets everything through."""
        return self == Filter()

    def label(self, names: tuple[str, ...]) -> str:
        """Return it for people; `names` are the attributes'."""
        parts: list[str] = [part for part in (self.outcome, self.mark) if part != "any"]
        if self.because is not None:
            parts.append(f"because of {names[self.because]}")
        return ", ".join(parts) or "all"


@dataclass(frozen=True, slots=True)
class Sort:
    """What decides the order; equals stand in order of number."""

    by: Literal["number", "margin", "error"] = "number"
    """`margin`: the closest decisions first; `error`: the largest mean error first."""
    attribute: int | None = None
    """For `error`: this one alone."""

    def label(self, names: tuple[str, ...]) -> str:
        """Return it for people."""
        if self.by != "error":
            return {"number": "number", "margin": "smallest margin"}[self.by]
        on = "" if self.attribute is None else f" on {names[self.attribute]}"
        return f"largest error{on}"


@dataclass(frozen=True, slots=True)
class Marks:
    """What people and the run left on scenarios, [N] each."""

    flagged: Bools
    annotated: Bools
    failed: Bools

    @classmethod
    def none(cls, scenarios: int) -> "Marks":
        """Return no marks."""
        nothing = np.zeros(scenarios, dtype=bool)
        return cls(nothing, nothing, nothing)


def listed(
    standings: Standings,
    marks: Marks,
    errors: Callable[[], Floats],
    blamed: Callable[[], Bools],
    *,
    filter_: Filter,
    sort: Sort,
    found: Order | None = None,
) -> Order:
    """Return the positions of the scenarios to list, in order.

    Args:
        standings: against the target.
        marks: flags, annotations, failures.
        errors: gives absolute errors averaged over responses, [N, A]; NaN where unknown.
        blamed: gives whether an attribute is among the causes of a wrong pick, [N, A].
        filter_: what to list.
        sort: in which order.
        found: positions that a search has found; None without a search.

    """
    keep = np.ones(len(standings.status), dtype=bool)
    if found is not None:
        keep[:] = False
        keep[found] = True
    if filter_.outcome != "any":
        keep &= standings.status == _STATUS[filter_.outcome]
    if filter_.mark != "any":
        keep &= _marked(marks, filter_.mark)
    if filter_.because is not None:
        keep &= blamed()[:, filter_.because]
    order = np.flatnonzero(keep)
    if sort.by == "number":
        return order
    keys = np.abs(standings.margin) if sort.by == "margin" else -_error(errors(), sort)
    return order[np.argsort(keys[order], kind="stable")]


def _marked(marks: Marks, mark: Mark) -> Bools:
    return {
        "flagged": marks.flagged,
        "annotated": marks.annotated,
        "not annotated": ~marks.annotated,
        "failed": marks.failed,
    }[mark]


def _error(errors: Floats, sort: Sort) -> Floats:
    if sort.attribute is not None:
        return errors[:, sort.attribute]
    known = ~np.isnan(errors)
    sums = np.where(known, errors, 0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)
