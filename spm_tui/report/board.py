"""The scores of some runs on the same scenarios, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spm_tui import targets
from spm_tui.alignment import Floats
from spm_tui.bench.judged import read_judged
from spm_tui.bench.options import ALL
from spm_tui.bench.subject import Subject
from spm_tui.errors import InputError
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import Accuracy, PerTarget, summarise
from spm_tui.scoring.agreement import Agreement, agreement
from spm_tui.scoring.bias import Bias, bias
from spm_tui.scoring.outcomes import Judged, listed
from spm_tui.target_files import from_json
from spm_tui.targets import TargetSet
from store import benchmarks, browse, runs
from store.connection import Connection, Store
from store.records import Attribute, Run


@dataclass(frozen=True, slots=True)
class SetScore:
    """A run on a set of targets."""

    accuracy: Accuracy
    each: PerTarget
    answered: int
    """Scenarios it said something about, for every target of the set."""


@dataclass(frozen=True, slots=True)
class RunScore:
    """A run and all that is told of it."""

    run: Run
    answered: int
    """Scenarios it said something about: for every target, of whatever set, if it was told any."""
    sets: Mapping[str, SetScore]
    """Those it was run on: a method that is told the target answers some only."""
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
        InputError: the runs are on different benchmarks, splits or attributes.

    """
    with store.reading() as db:
        specs = [runs.get(db, number).spec for number in numbers]
    if len({(spec.benchmark, spec.split) for spec in specs}) > 1:
        raise InputError("the runs are on different benchmarks or splits", field="RUN")
    with store.reading() as db:
        benchmark = benchmarks.load(db, specs[0].benchmark)
        said = [_attributes(db, number, benchmark.attributes) for number in numbers]
    common = set(range(len(benchmark.attributes))).intersection(*filter(None, said))
    if not common:
        raise InputError("the runs have no attribute in common", field="RUN")
    return Subject(
        identity=specs[0].benchmark,
        benchmark=benchmark,
        split=specs[0].split,
        scenarios=benchmark.split(specs[0].split),
        attributes=tuple(sorted(common)),
    )


def _attributes(db: Connection, number: int, attributes: Sequence[Attribute]) -> list[int]:
    """Return the attributes a run says something of; empty for whatever attributes."""
    told = [from_json(text, attributes) for text in browse.asked_targets(db, number)]
    _, weights = targets.arrays(told, attributes)
    named = np.flatnonzero(weights.any(axis=0)).tolist()
    return browse.scored_attributes(db, number) or named


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
        found = [(runs.get(db, n), read(db, subject, n), runs.cost(db, n)) for n in numbers]
    return Board(
        subject=subject,
        sets=tuple(sets),
        columns=((ALL,) if gridded else ()) + tuple(s.name for s in sets),
        notes=notes,
        rows=tuple(
            _score_run(*one, subject, sets, gridded=gridded, resamples=resamples) for one in found
        ),
    )


def _score_run(
    run: Run,
    judged: Judged,
    cost: runs.Cost,
    subject: Subject,
    sets: Sequence[TargetSet],
    *,
    gridded: bool,
    resamples: int,
) -> RunScore:
    scores: dict[str, SetScore] = {}
    biases: dict[str, Bias] = {}
    n = len(judged.levels)
    if gridded and judged.targets is None:
        outcomes = grid.everything(judged)
        summary = summarise(outcomes, scenarios=n, resamples=resamples)
        scores[ALL] = SetScore(*summary, _answered(judged))
    for one in sets:
        values, weights = targets.arrays(one.targets, subject.selected)
        if not all(map(judged.asked, values, weights)):
            continue
        outcomes = listed(judged, values, weights)
        summary = summarise(outcomes, scenarios=n, resamples=resamples)
        scores[one.name] = SetScore(*summary, _answered(_about(judged, values, weights)))
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
        cost=cost,
    )


def read(db: Connection, subject: Subject, number: int) -> Judged:
    """Return labels and predictions of the selected scenarios and attributes."""
    labels = browse.labels(db, subject.identity, subject.split)
    whole = read_judged(db, number, labels, subject.benchmark.attributes, needed=subject.attributes)
    rows = np.array([scenario.number - 1 for scenario in subject.scenarios])
    return whole.of(rows).on(subject.attributes)


def _about(judged: Judged, values: Floats, weights: Floats) -> Judged:
    """Return what was said about some targets only, [T, A]."""
    if judged.targets is None:
        return judged
    chosen = [judged.choice(*one) for one in zip(values, weights, strict=True)]
    return replace(judged, chosen=np.stack(chosen, axis=1), targets=(values, weights))


def _answered(judged: Judged) -> int:
    if judged.scores is not None:
        return int((~np.isnan(judged.scores)).any(axis=(1, 2)).sum())
    chosen = np.asarray(judged.chosen).reshape(len(judged.levels), -1)
    return int((chosen >= 0).all(axis=1).sum())
