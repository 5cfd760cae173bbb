"""The scores of some runs on the same scenarios, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spm_tui import targets
from spm_tui.bench.judged import read_judged
from spm_tui.bench.subject import Subject
from spm_tui.errors import InputError
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import Accuracy, PerTarget, summarise
from spm_tui.scoring.agreement import Agreement, agreement
from spm_tui.scoring.bias import Bias, bias
from spm_tui.scoring.outcomes import Judged, listed
from spm_tui.targets import TargetSet
from store import benchmarks, browse, runs
from store.connection import Connection, Store
from store.records import Run

ALL = "all"
"""Name of the set that is scored as a grid."""


@dataclass(frozen=True, slots=True)
class SetScore:
    """A run on a set of targets."""

    accuracy: Accuracy
    each: PerTarget


@dataclass(frozen=True, slots=True)
class RunScore:
    """A run and all that is told of it."""

    run: Run
    answered: int
    """Scenarios it said something about."""
    sets: Mapping[str, SetScore]
    agreement: Mapping[str, Agreement]
    """By attribute; empty for choosing methods."""
    bias: Mapping[str, Bias]
    """By set, for sets of one target."""
    cost: runs.Cost


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


def subject_of(store: Store, numbers: Sequence[int]) -> Subject:
    """Return all that some runs, which must be on the same split, can be scored on.

    Raises:
        NotInStore: no run has such a number.
        InputError: the runs are on different benchmarks or splits.

    """
    with store.reading() as db:
        specs = [runs.get(db, number).spec for number in numbers]
    if len({(spec.benchmark, spec.split) for spec in specs}) > 1:
        raise InputError("the runs are on different benchmarks or splits", field="RUN")
    with store.reading() as db:
        benchmark = benchmarks.load(db, specs[0].benchmark)
        scored = [browse.scored_attributes(db, number) for number in numbers]
    common = set(range(len(benchmark.attributes))).intersection(*filter(None, scored))
    return Subject(
        identity=specs[0].benchmark,
        benchmark=benchmark,
        split=specs[0].split,
        scenarios=benchmark.split(specs[0].split),
        attributes=tuple(sorted(common)),
    )


def standard_sets(subject: Subject, names: Sequence[str]) -> list[TargetSet]:
    """Return the listed ones of the paper's sets; `all` is not among them."""
    makers = {"sampled": targets.sampled, "high": targets.high, "low": targets.low}
    return [makers[name](subject.selected) for name in names if name in makers]


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
    with store.reading() as db:
        rows = tuple(
            _score_run(db, subject, number, sets, gridded=gridded, resamples=resamples)
            for number in numbers
        )
    return Board(
        subject=subject,
        sets=tuple(sets),
        columns=((ALL,) if gridded else ()) + tuple(s.name for s in sets),
        notes=notes,
        rows=rows,
    )


def _score_run(
    db: Connection,
    subject: Subject,
    number: int,
    sets: Sequence[TargetSet],
    *,
    gridded: bool,
    resamples: int,
) -> RunScore:
    run = runs.get(db, number)
    judged = _read(db, subject, number)
    scores: dict[str, SetScore] = {}
    biases: dict[str, Bias] = {}
    n = len(judged.levels)
    if gridded:
        outcomes = grid.everything(judged)
        scores[ALL] = SetScore(*summarise(outcomes, scenarios=n, resamples=resamples))
    for one in sets:
        values, weights = targets.arrays(one.targets, subject.selected)
        outcomes = listed(judged, values, weights)
        scores[one.name] = SetScore(*summarise(outcomes, scenarios=n, resamples=resamples))
        if len(one.targets) == 1:
            biases[one.name] = bias(judged, values[0], weights[0])
    return RunScore(
        run=run,
        answered=_answered(judged),
        sets=scores,
        agreement={
            attribute.name: agreement(judged, i) for i, attribute in enumerate(subject.selected)
        }
        if judged.scores is not None
        else {},
        bias=biases,
        cost=runs.cost(db, number),
    )


def _read(db: Connection, subject: Subject, number: int) -> Judged:
    """Return labels and predictions of the selected scenarios and attributes."""
    labels = browse.labels(db, subject.identity, subject.split)
    sizes = tuple(attribute.levels for attribute in subject.benchmark.attributes)
    whole = read_judged(db, number, labels, sizes, needed=subject.attributes)
    rows = np.array([scenario.number - 1 for scenario in subject.scenarios])
    columns = np.array(subject.attributes)
    return Judged(
        labels[rows][..., columns],
        tuple(attribute.levels for attribute in subject.selected),
        scores=None if whole.scores is None else whole.scores[rows][..., columns],
        chosen=None if whole.chosen is None else whole.chosen[rows],
    )


def _answered(judged: Judged) -> int:
    if judged.scores is not None:
        return int((~np.isnan(judged.scores)).any(axis=(1, 2)).sum())
    return 0 if judged.chosen is None else int((judged.chosen >= 0).sum())
