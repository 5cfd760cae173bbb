"""The scores of some runs on the same scenarios, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spm_tui import targets
from spm_tui.alignment import Floats
from spm_tui.bench.extent import planned
from spm_tui.bench.judged import read_judged
from spm_tui.bench.options import ALL
from spm_tui.bench.remarks import remarks
from spm_tui.bench.subject import Subject
from spm_tui.errors import InputError
from spm_tui.format import answered
from spm_tui.methods.catalogue import ASKING
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import Accuracy, PerTarget, summarise
from spm_tui.scoring.agreement import Agreement, agreement
from spm_tui.scoring.bias import Bias, bias
from spm_tui.scoring.outcomes import Judged, listed
from spm_tui.target_files import from_json
from spm_tui.targets import TargetSet
from store import benchmarks, browse, runs
from store.connection import Connection, Store
from store.records import Benchmark, Run


@dataclass(frozen=True, slots=True)
class SetScore:
    """A run on a set of targets."""

    accuracy: Accuracy
    each: PerTarget
    answered: int
    """Scenarios it said something about, for every target of the set: those that count."""


@dataclass(frozen=True, slots=True)
class RunScore:
    """A run and all that is told of it."""

    run: Run
    answered: int
    """Scenarios it said something about: for every target, of whatever set, if it was told any."""
    planned: int
    """Those of the board's scenarios that it was to say something about; `answered` at least."""
    sets: Mapping[str, SetScore]
    """Those it was run on: a method that is told the target answers some only."""
    agreement: Mapping[str, Agreement]
    """By attribute; empty for choosing methods."""
    bias: Mapping[str, Bias]
    """By set, for sets of one target."""
    cost: runs.Cost
    losses: runs.Losses
    """What failed, and what the model did not see."""

    @property
    def complete(self) -> bool:
        """Whether it answered all that it was to answer; else its numbers are of a part."""
        return self.answered == self.planned

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about its numbers, a sentence without full stop each."""
        told = remarks(self.run, self.cost, self.losses)
        if not self.complete:
            how = "" if self.run.state == "finished" else f", {self.run.state}"
            part = answered(self.answered, self.planned)
            told = (f"answered {part} scenarios{how}; its numbers are of these alone", *told)
        return tuple(f"run {self.run.number}: {text}" for text in told)


@dataclass(frozen=True, slots=True)
class Board:
    """Runs on the same scenarios of a benchmark."""

    subject: Subject
    sets: tuple[TargetSet, ...]
    """Those with listed targets."""
    columns: tuple[str, ...]
    """Names of all sets, in order."""
    notes: tuple[str, ...]
    """What a reader must know about the columns."""
    rows: tuple[RunScore, ...]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know about columns and rows."""
        return (*self.notes, *(note for row in self.rows for note in row.notes))


def subject_of(store: Store, numbers: Sequence[int]) -> Subject:
    """Return all that some runs, which must be on the same split, can be scored on.

    Raises:
        NotInStore: no run has such a number.
        InputError: the runs are on different benchmarks, splits or attributes.

    """
    with store.reading() as db:
        stored = [runs.get(db, number) for number in numbers]
    if len({(run.spec.benchmark, run.spec.split) for run in stored}) > 1:
        raise InputError("the runs are on different benchmarks or splits", field="RUN")
    spec = stored[0].spec
    with store.reading() as db:
        benchmark = benchmarks.load(db, spec.benchmark)
        wanted = [_attributes(db, run, benchmark) for run in stored]
    common = frozenset(range(len(benchmark.attributes))).intersection(*filter(None, wanted))
    if not common:
        raise InputError("the runs have no attribute in common", field="RUN")
    return Subject(
        identity=spec.benchmark,
        benchmark=benchmark,
        split=spec.split,
        scenarios=benchmark.split(spec.split),
        attributes=tuple(sorted(common)),
    )


def _attributes(db: Connection, run: Run, benchmark: Benchmark) -> frozenset[int]:
    """Return the attributes a run is to say something of; empty for whatever attributes."""
    attributes = benchmark.attributes
    if told := [from_json(text, attributes) for text in browse.asked_targets(db, run.number)]:
        _, weights = targets.arrays(told, attributes)
        return frozenset(np.flatnonzero(weights.any(axis=0)).tolist())
    if run.spec.method in ASKING or browse.scored_attributes(db, run.number):
        return planned(db, run, attributes, len(benchmark.split(run.spec.split))).attributes
    return frozenset()


def score(
    store: Store,
    subject: Subject,
    numbers: Sequence[int],
    sets: Sequence[TargetSet],
    *,
    everything: bool,
    resamples: int = 1000,
) -> Board:
    """Score stored runs.

    Args:
        store: where they are.
        subject: scenarios and attributes to score on; those of the runs, or fewer.
        numbers: the runs.
        sets: listed targets.
        everything: score the set `all`, too, first.
        resamples: for the intervals.

    Raises:
        NotInStore: no run has such a number.

    """
    sizes = tuple(attribute.levels for attribute in subject.selected)
    too_many = grid.size(sizes) > grid.MOST_TARGETS
    notes = (
        (f"set all: {grid.size(sizes):,} combinations are too many; left out",)
        if everything and too_many
        else ()
    )
    gridded = everything and not too_many
    with store.reading() as db:  # and closed before the scoring: a run may be waiting to write
        found = [_found(db, subject, number) for number in numbers]
    return Board(
        subject=subject,
        sets=tuple(sets),
        columns=((ALL,) if gridded else ()) + tuple(s.name for s in sets),
        notes=notes,
        rows=tuple(
            _score_run(one, subject, sets, gridded=gridded, resamples=resamples) for one in found
        ),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the store has of a run on a board's scenarios and attributes."""

    run: Run
    judged: Judged
    planned: int
    cost: runs.Cost
    losses: runs.Losses


def _found(db: Connection, subject: Subject, number: int) -> _Found:
    run, numbers = runs.get(db, number), {scenario.number for scenario in subject.scenarios}
    split = len(subject.benchmark.split(subject.split))
    wanted = planned(db, run, subject.benchmark.attributes, split).scenarios
    return _Found(
        run=run,
        judged=read(db, subject, number),
        planned=len(wanted & numbers),
        cost=runs.cost(db, number),
        losses=runs.losses(db, number),
    )


def _score_run(
    found: _Found,
    subject: Subject,
    sets: Sequence[TargetSet],
    *,
    gridded: bool,
    resamples: int,
) -> RunScore:
    scores: dict[str, SetScore] = {}
    biases: dict[str, Bias] = {}
    judged = found.judged
    n = len(judged.levels)
    if gridded and judged.targets is None:
        outcomes = grid.everything(judged)
        summary = summarise(outcomes, scenarios=n, resamples=resamples)
        scores[ALL] = SetScore(*summary, _answered(judged))
    for one in sets:
        values, weights = targets.arrays(one.targets, subject.selected)
        if not all(map(judged.asked, values, weights)):
            continue
        about = _about(judged, values, weights)
        outcomes = listed(about, values, weights)
        summary = summarise(outcomes, scenarios=n, resamples=resamples)
        scores[one.name] = SetScore(*summary, _answered(about))
        if len(one.targets) == 1:
            biases[one.name] = bias(about, values[0], weights[0])
    return RunScore(
        run=found.run,
        answered=_answered(judged),
        planned=found.planned,
        sets=scores,
        agreement={
            attribute.name: agreement(judged, i) for i, attribute in enumerate(subject.selected)
        }
        if judged.scores is not None
        else {},
        bias=biases,
        cost=found.cost,
        losses=found.losses,
    )


def read(db: Connection, subject: Subject, number: int) -> Judged:
    """Return labels and predictions of the selected scenarios and attributes."""
    labels = browse.labels(db, subject.identity, subject.split)
    whole = read_judged(db, number, labels, subject.benchmark.attributes, needed=subject.attributes)
    rows = np.array([scenario.number - 1 for scenario in subject.scenarios])
    return whole.of(rows).on(subject.attributes)


def _about(judged: Judged, values: Floats, weights: Floats) -> Judged:
    """Return what was said about some targets only, [T, A].

    A scenario without a choice for each of them counts for none: they would have accuracies of
    different scenarios.
    """
    if judged.targets is None:
        return judged
    chosen = np.stack([judged.choice(*one) for one in zip(values, weights, strict=True)], axis=1)
    chosen[(chosen < 0).any(axis=1)] = -1
    return replace(judged, chosen=chosen, targets=(values, weights))


def _answered(judged: Judged) -> int:
    if judged.scores is not None:
        return int((~np.isnan(judged.scores)).any(axis=(1, 2)).sum())
    chosen = np.asarray(judged.chosen).reshape(len(judged.levels), -1)
    return int((chosen >= 0).all(axis=1).sum())
