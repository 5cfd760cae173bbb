"""What the app shows, without any widget: a split and a run as arrays, ready to be aligned."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from spm_tui.alignment import Aim, Bools, Floats
from spm_tui.bench.extent import Extent, planned
from spm_tui.bench.judged import read_judged
from spm_tui.format import answered
from spm_tui.scoring.outcomes import Judged
from spm_tui.target_files import from_json
from spm_tui.targets import Target
from spm_tui.tui.listing import Marks
from store import annotations, benchmarks, browse, pages, runs
from store.connection import Connection, Store, token
from store.records import Annotation, Attribute, BenchmarkRow, Run, Split

FLAG, UNFLAG = annotations.FLAG, annotations.UNFLAG


@dataclass(frozen=True)
class Opened:
    """A benchmark's split, and a run on it if there is one."""

    benchmark: BenchmarkRow
    split: Split
    attributes: tuple[Attribute, ...]
    questions: tuple[str, ...]
    """Their beginnings, in order of number."""
    run: Run | None
    judged: Judged
    """Labels and mean scores over all attributes; without a run, choices of none."""
    failed: Bools
    """Scenarios with an answer that could not be used, [N]."""
    notes: tuple[Annotation, ...]
    """All annotations of the run, in order of entry."""
    planned: Extent
    """What the run was to answer; without a run, nothing."""
    asked: tuple[str, ...] = ()
    """The targets that a method was told, as its choices have them: those of `judged`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return tuple(attribute.name for attribute in self.attributes)

    @cached_property
    def scored(self) -> tuple[bool, ...]:
        """Whether the method is to say something of an attribute.

        One that is told targets does of the attributes they name, any other that chooses of all.
        """
        if self.judged.scores is not None:
            return tuple(i in self.planned.attributes for i in range(len(self.attributes)))
        if self.judged.targets is not None:
            named = np.asarray((self.judged.targets[1] > 0).any(axis=0))
            return tuple(named.tolist())
        return (True,) * len(self.attributes)

    def asked_about(self, aim: Aim) -> str | None:
        """Return a target as the run's choices have it; None if it was told others alone."""
        if not self.asked:
            return ""
        places = np.arange(len(self.asked))[None]
        place = int(replace(self.judged, chosen=places).choice(aim.value, aim.weight)[0])
        return self.asked[place] if place >= 0 else None

    def part(self, aim: Aim) -> str:
        """Return how much of the run its numbers for a target are of: 3 of 24 answered.

        Empty where they are of all that was planned, and where the run was not asked at all.
        """
        if self.run is None or self.asked_about(aim) is None:
            return ""
        if self.judged.scores is not None:
            size = int((~np.isnan(self.judged.scores)).any(axis=(1, 2)).sum())
        else:
            size = int((self.judged.choice(aim.value, aim.weight) >= 0).sum())
        planned = len(self.planned.scenarios)
        return "" if size == planned else f"{answered(size, planned)} answered"

    @cached_property
    def errors(self) -> Floats:
        """Absolute errors averaged over responses, [N, A]; NaN where there is no score."""
        if self.judged.scores is None:
            return np.full((len(self.questions), len(self.attributes)), np.nan)
        gaps = np.abs(self.judged.scores - self.judged.values)
        known = ~np.isnan(gaps)
        sums = np.where(known, gaps, 0).sum(axis=1)
        counts = known.sum(axis=1)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    @cached_property
    def marks(self) -> Marks:
        """What people and the run left on the scenarios."""
        flagged, annotated = np.zeros((2, len(self.questions)), dtype=bool)
        for note in self.notes:
            if note.verdict in (FLAG, UNFLAG):
                flagged[note.scenario - 1] = note.verdict == FLAG
        for note in annotations.standing(self.notes):
            annotated[note.scenario - 1] = True
        return Marks(flagged, annotated, self.failed)

    def answers_as(self, before: "Opened") -> bool:
        """Whether the run says of every scenario what it said when it was read before."""
        pairs = (
            (self.judged.scores, before.judged.scores),
            (self.judged.chosen, before.judged.chosen),
        )
        return all(
            one is other
            or (
                one is not None and other is not None and np.array_equal(one, other, equal_nan=True)
            )
            for one, other in pairs
        )

    def with_notes(self, notes: Sequence[Annotation]) -> "Opened":
        """Return it with these annotations."""
        return replace(self, notes=tuple(notes))


def open_run(store: Store, number: int) -> Opened:
    """Read a run and the split it is on.

    Raises:
        NotInStore: no run has that number.

    """
    with store.reading() as db:
        return read_run(db, number)


def read_run(db: Connection, number: int) -> Opened:
    """Read a run, as `open_run` does, in a transaction of the caller's."""
    run = runs.get(db, number)
    row = next(b for b in benchmarks.listing(db) if b.identity == run.spec.benchmark)
    return _read(db, row, run.spec.split, run)


def open_split(store: Store, benchmark: str, split: Split) -> Opened:
    """Read a split without any run.

    Raises:
        NotInStore: no benchmark goes by that name or identity.

    """
    with store.reading() as db:
        return read_split(db, benchmark, split)


def read_split(db: Connection, benchmark: str, split: Split) -> Opened:
    """Read a split, as `open_split` does, in a transaction of the caller's."""
    return _read(db, benchmarks.find(db, benchmark), split, None)


def _read(db: Connection, row: BenchmarkRow, split: Split, run: Run | None) -> Opened:
    attributes = benchmarks.attributes(db, row.identity)
    questions = pages.questions(db, row.identity, split)
    levels = browse.labels(db, row.identity, split)
    sizes = tuple(attribute.levels for attribute in attributes)
    judged = Judged(levels, sizes, chosen=np.full(len(levels), -1))
    failed = np.zeros(len(levels), dtype=bool)
    notes: list[Annotation] = []
    asked: list[str] = []
    wanted = Extent()
    if run is not None:
        wanted = planned(db, run, attributes, len(levels))
        judged = read_judged(db, run.number, levels, attributes)
        asked = browse.asked_targets(db, run.number) if judged.targets is not None else []
        failed[[number - 1 for number in pages.failures(db, run.number)]] = True
        notes = annotations.history(db, run.number)
    return Opened(
        benchmark=row,
        split=split,
        attributes=attributes,
        questions=tuple(questions),
        run=run,
        judged=judged,
        failed=failed,
        notes=tuple(notes),
        asked=tuple(asked),
        planned=wanted,
    )


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds, for menus."""

    benchmarks: tuple[BenchmarkRow, ...]
    runs: tuple[Run, ...]
    """The one with the newest commit last."""
    attributes: Mapping[str, tuple[str, ...]]
    """Their names, by benchmark."""
    saved: Mapping[str, tuple[str, ...]]
    """The names of the target sets that a person saved, by benchmark."""
    token: str
    """Identity of the store."""


def called(rows: Sequence[BenchmarkRow]) -> dict[str, str]:
    """Return what benchmarks are called, by identity, which is named where a name is not enough."""
    named = Counter(row.name for row in rows)
    return {
        row.identity: row.name if named[row.name] == 1 else f"{row.name} ({row.identity[:6]})"
        for row in rows
    }


def contents(store: Store) -> Contents:
    """Return a store's benchmarks and runs."""
    with store.reading() as db:
        return read_contents(db)


def read_contents(db: Connection) -> Contents:
    """Return what a store holds, in a transaction of the caller's."""
    found = sorted(runs.listing(db), key=lambda run: run.updated_at)
    return Contents(
        benchmarks=tuple(benchmarks.listing(db)),
        runs=tuple(found),
        attributes=benchmarks.attribute_names(db),
        saved=annotations.saved_names(db),
        token=token(db),
    )


def first_key(contents: Contents, remembered: str) -> str:
    """Return the key of what to open first: what was open, the newest run, or a benchmark."""
    runs_ = [f"run:{run.number}" for run in contents.runs]
    splits = [
        f"split:{row.identity}:{split}"
        for row in contents.benchmarks
        for split in ("eval", "train")
    ]
    if remembered in (*runs_, *splits):
        return remembered
    return [*splits[:1], *runs_][-1] if splits else ""


def saved_targets(
    db: Connection, benchmark: str, attributes: Sequence[Attribute]
) -> dict[str, list[Target]]:
    """Return the target sets that a person saved for a benchmark, by name."""
    return {
        name: [from_json(text, attributes) for text in members]
        for name, members in annotations.saved_targets(db, benchmark).items()
    }
