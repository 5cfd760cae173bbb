"""What the app shows, without any widget: a run's picks against a target."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from spm_tui import targets
from spm_tui.alignment import nearest, picks, squared_distances, ties
from spm_tui.bench.subject import Subject
from spm_tui.report.board import read_judged, subject_of
from spm_tui.scoring.outcomes import Judged, said
from spm_tui.targets import Target
from store import browse, runs
from store.connection import Store
from store.records import Run, Scenario


class Status(Enum):
    """How a scenario stands against the target; the value is its sign in the list."""

    RIGHT = "✓"
    WRONG = "✗"
    TIE = "="
    NOT_RUN = "·"


@dataclass(frozen=True, slots=True)
class Standing:
    """A scenario against the target."""

    status: Status
    picked: int
    """The response the method selects; -1 for none."""
    right: tuple[int, ...]
    """The responses nearest to the target by their labels."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A run with all that is needed to align it to any target."""

    run: Run
    subject: Subject
    judged: Judged

    def presets(self) -> list[tuple[str, Target]]:
        """Return the paper's listed targets for this benchmark, by name."""
        chosen = self.subject.selected
        sampled = targets.sampled(chosen).targets
        return [
            ("high", targets.high(chosen).targets[0]),
            ("low", targets.low(chosen).targets[0]),
            *((f"sampled {i}", one) for i, one in enumerate(sampled, start=1)),
        ]

    def standings(self, target: Target) -> list[Standing]:
        """Return how each scenario stands, in order of number."""
        (value,), (weight,) = targets.arrays([target], self.subject.selected)
        right = nearest(squared_distances(self.judged.values, value, weight))
        tied = ties(right, self.judged.present)
        picked = picks(said(self.judged, value, weight))
        return [
            Standing(_status(tie, pick, near), int(pick), tuple(np.flatnonzero(near).tolist()))
            for tie, pick, near in zip(tied.tolist(), picked.tolist(), right, strict=True)
        ]


def _status(tie: bool, pick: int, near: Sequence[bool]) -> Status:
    if pick < 0:
        return Status.NOT_RUN
    if tie:
        return Status.TIE
    return Status.RIGHT if near[pick] else Status.WRONG


def open_run(store: Store, number: int) -> Opened:
    """Read a run.

    Raises:
        NotInStore: no run has that number.

    """
    subject = subject_of(store, [number])
    with store.reading() as db:
        return Opened(runs.get(db, number), subject, read_judged(db, subject, number))


def run_numbers(store: Store) -> list[int]:
    """Return the numbers of all runs, the one with the newest commit last."""
    with store.reading() as db:
        return [run.number for run in sorted(runs.listing(db), key=lambda run: run.updated_at)]


def reasonings(store: Store, run: int, scenario: Scenario) -> dict[tuple[int, int], str]:
    """Return a run's first reasoning on each response and attribute of a scenario."""
    with store.reading() as db:
        found = browse.reasonings(db, run, scenario.number)
    return {
        (response, attribute): text for (response, attribute, s), text in found.items() if s == 0
    }
