"""What the tables and figures are made of: runs scored by benchmark, and what chance reaches."""

import json
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan

import numpy as np

from spm_tui import targets
from spm_tui.alignment import Floats
from spm_tui.bench.options import ALL, QUANTIZATIONS, TARGET_SETS
from spm_tui.bench.repeating import options_of
from spm_tui.bench.subject import Subject
from spm_tui.bench.target_sets import standard_sets
from spm_tui.errors import InputError
from spm_tui.report import board, tables
from spm_tui.report.board import Board, RunScore
from spm_tui.report.paper.published import Dataset, Decoding, Published
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import summarise
from spm_tui.scoring.outcomes import Judged, listed
from spm_tui.targets import TargetSet
from store import benchmarks, browse, runs
from store.connection import Connection, Store
from store.records import Run, Split


@dataclass(frozen=True, slots=True)
class Key:
    """What runs of a part have in common when one of them must be chosen."""

    method: str
    backbone: str
    decoding: Decoding

    def __str__(self) -> str:
        return ", ".join(part for part in (self.method, self.backbone, self.decoding) if part)


@dataclass(frozen=True, slots=True)
class Part:
    """The runs on one split of one benchmark."""

    name: str
    """Of the benchmark; no other has it."""
    dataset: Dataset | None
    """None where the paper has no such benchmark, or not this split of it."""
    board: Board
    """On all attributes; its runs have answered something."""
    keys: tuple[Key, ...]
    """Of the board's rows."""
    chance: Mapping[str, float]
    """Accuracy of a choice at random, on average over the whole split, by set of targets; none
    where all scenarios are ties."""
    left_out: tuple[str, ...]
    """Runs that cannot be scored here, and why."""

    @property
    def title(self) -> str:
        """Name of the benchmark, and of the split if it is not the one to be evaluated on."""
        split = self.subject.split
        return self.name if split == "eval" else f"{self.name} ({split})"

    @property
    def subject(self) -> Subject:
        """Benchmark and split."""
        return self.board.subject

    def having(self, targets: str | None) -> list[tuple[Key, RunScore]]:
        """Return the runs that were run on a set of targets; None for any."""
        pairs = zip(self.keys, self.board.rows, strict=True)
        return [(key, row) for key, row in pairs if targets is None or targets in row.sets]


def gather(
    store: Store,
    numbers: Sequence[int],
    published: Published,
    *,
    boards: Collection[Board] = (),
    resamples: int,
) -> list[Part]:
    """Return the runs by benchmark and split: the paper's datasets first, as it has them.

    Args:
        store: where the runs are.
        numbers: the runs.
        published: what the paper reports.
        boards: scores of some of the runs, with as many resamples.
        resamples: for the intervals.

    Raises:
        InputError: there are no runs.
        NotInStore: no run has such a number.

    """
    if not numbers:
        raise InputError("no runs to make the paper's tables from", field="RUN")
    groups: dict[tuple[str, Split], list[Run]] = {}
    with store.reading() as db:
        for number in dict.fromkeys(numbers):
            run = runs.get(db, number)
            groups.setdefault((run.spec.benchmark, run.spec.split), []).append(run)
    found = [
        _part(store, identity, split, together, published, boards=boards, resamples=resamples)
        for (identity, split), together in groups.items()
    ]
    order = [dataset.name for dataset in published.datasets]
    found.sort(key=lambda part: order.index(part.dataset.name) if part.dataset else len(order))
    return list(_told_apart(found))


def _part(
    store: Store,
    identity: str,
    split: Split,
    together: Sequence[Run],
    published: Published,
    *,
    boards: Collection[Board],
    resamples: int,
) -> Part:
    with store.reading() as db:
        benchmark = benchmarks.load(db, identity)
        every = len(benchmark.attributes)
        partial = [run for run in together if 0 < _scored(db, run) < every]
    everything = tuple(range(every))
    subject = Subject(identity, benchmark, split, benchmark.split(split), everything)
    sets = standard_sets(benchmark.attributes, TARGET_SETS)
    whole = [run.number for run in together if run not in partial]
    scored = _score(store, subject, whole, sets, boards=boards, resamples=resamples)
    silent = [row.run for row in scored.rows if not _said(row)]
    rows = tuple(row for row in scored.rows if _said(row))
    return Part(
        name=benchmark.name,
        dataset=published.dataset(benchmark) if split == "eval" else None,
        board=replace(scored, rows=rows),
        keys=tuple(_key(row.run, published) for row in rows),
        chance=_chance(store, scored),
        left_out=(
            *map(_why_not, partial),
            *(f"run {run.number} has answered nothing yet" for run in silent),
        ),
    )


def _score(
    store: Store,
    subject: Subject,
    numbers: Sequence[int],
    sets: Sequence[TargetSet],
    *,
    boards: Collection[Board],
    resamples: int,
) -> Board:
    """Score runs on all sets, but for those that a board has on the same scenarios and sets."""
    wanted = (subject.extent, tuple(sets))
    known = {
        row.run.number: row
        for one in boards
        if (one.subject.extent, one.sets) == wanted and ALL in one.columns
        for row in one.rows
    }
    rest = [number for number in numbers if number not in known]
    scored = board.score(store, subject, rest, sets, everything=True, resamples=resamples)
    rows = known | {row.run.number: row for row in scored.rows}
    return replace(scored, rows=tuple(rows[number] for number in numbers))


def _scored(db: Connection, run: Run) -> int:
    return len(browse.scored_attributes(db, run.number))


def _said(row: RunScore) -> bool:
    """Return whether a run has said anything that can be scored."""
    return any((row.answered, *(one.answered for one in row.sets.values())))


def _why_not(run: Run) -> str:
    """Say of a run on some of the attributes whether it was meant to be, or how it goes on."""
    options = options_of(run)
    if run.state == "finished" or options.attributes:
        return f"run {run.number} is on some of the attributes only"
    command = shlex.join(["spm-tui", "--headless", *options.arguments()])
    return (
        f"run {run.number} is not finished, some attributes are missing; `{command}` continues it"
    )


def _key(run: Run, published: Published) -> Key:
    decoding = tables.decoding(run)
    kind: Decoding = "greedy" if decoding == "greedy" else "sampling" if decoding else ""
    return Key(run.spec.method, _backbone(run, published), kind)


def _backbone(run: Run, published: Published) -> str:
    """Return the name of a run's backbone; in fewer bits it is not what was published."""
    name = published.backbone(run.spec.model)
    bits = json.loads(run.spec.config).get("model", "").rpartition("/")[2]
    return f"{name} {bits}" if bits in QUANTIZATIONS else name


def _chance(store: Store, scored: Board) -> dict[str, float]:
    """Return what is expected of choosing at random: as if all responses were scored equally."""
    subject = scored.subject
    with store.reading() as db:
        levels = browse.labels(db, subject.identity, subject.split)
    sizes = tuple(attribute.levels for attribute in subject.selected)
    indifferent: Floats = np.where(levels < 0, np.nan, 0.5)
    judged = Judged(levels, sizes, scores=indifferent)
    found = {}
    for name in scored.columns:
        if name == ALL:
            outcomes = grid.everything(judged)
        else:
            (one,) = (one for one in scored.sets if one.name == name)
            outcomes = listed(judged, *targets.arrays(one.targets, subject.selected))
        found[name] = summarise(outcomes, scenarios=len(levels), resamples=0)[0].expected
    return {name: share for name, share in found.items() if not isnan(share)}


def _told_apart(parts: Sequence[Part]) -> Iterator[Part]:
    """Add to names that several benchmarks have the beginning of their identities."""
    names = Counter(name for name, _ in {(part.name, part.subject.identity) for part in parts})
    for part in parts:
        alone = names[part.name] == 1
        yield part if alone else replace(part, name=f"{part.name} {part.subject.identity[:6]}")
