"""What the tables and figures are made of: runs scored by benchmark, and what chance reaches."""

import json
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from math import isnan

import numpy as np

from spm_tui import targets
from spm_tui.alignment import Floats
from spm_tui.bench.extent import planned
from spm_tui.bench.inspection import as_asked
from spm_tui.bench.options import ALL, TARGET_SETS
from spm_tui.bench.repeating import options_of
from spm_tui.bench.subject import Subject
from spm_tui.bench.target_sets import standard_sets
from spm_tui.errors import InputError
from spm_tui.methods.catalogue import CHOOSING, FEW_SHOT, PER_TARGET
from spm_tui.report import board
from spm_tui.report.board import Board, RunScore
from spm_tui.report.paper.content import Reasonings, reasonings, recognise
from spm_tui.report.paper.part import Entry, Key, Part
from spm_tui.report.paper.published import Decoding, Published
from spm_tui.report.paper.settings import departures, settings_of
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import summarise
from spm_tui.scoring.outcomes import Judged, listed
from spm_tui.target_files import from_json
from store import benchmarks, browse, runs
from store.connection import Connection, Store
from store.records import Benchmark, Run, Split


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
        extents = {run.number: _extent(db, run, benchmark) for run in together}
    every = tuple(range(len(benchmark.attributes)))
    subject = Subject(identity, benchmark, split, benchmark.split(split), every)
    whole = [run.number for run in together if extents[run.number] == every]
    scored = _score(store, subject, whole, boards=boards, resamples=resamples)
    recognition = recognise(benchmark, published.datasets)
    examples = _examples(store, benchmark, together) if recognition.dataset else {}
    entries = [
        replace(_entry(row, subject, published), reasonings=examples.get(row.run.number))
        for row in scored.rows
    ]
    narrow = [
        _entry(row, board_.subject, published)
        for run in together
        if extents[run.number] != every
        for board_ in [_alone(store, subject, run, extents[run.number], resamples=resamples)]
        for row in board_.rows
    ]
    return Part(
        name=benchmark.name,
        recognition=recognition,
        board=replace(scored, rows=tuple(row for row in scored.rows if _said(row))),
        entries=tuple(entry for entry in entries if _said(entry.row)),
        narrow=tuple(entry for entry in narrow if _said(entry.row)),
        chance=_chance(store, scored),
        left_out=tuple(
            _why_not(entry.row.run) for entry in (*entries, *narrow) if not _said(entry.row)
        ),
    )


def _extent(db: Connection, run: Run, benchmark: Benchmark) -> tuple[int, ...]:
    """Return the attributes that a run was planned for: all, unless it was meant for some only."""
    attributes = benchmark.attributes
    every = range(len(attributes))
    if run.spec.method in CHOOSING and run.spec.method not in PER_TARGET:
        return tuple(every)
    scenarios = len(benchmark.split(run.spec.split))
    named = planned(db, run, attributes, scenarios).attributes
    if run.spec.method in PER_TARGET and (run.state == "finished" or len(named) < len(attributes)):
        asked = [from_json(text, attributes) for text in browse.asked_targets(db, run.number)]
        _, weights = targets.arrays(asked, attributes)
        named = frozenset(np.flatnonzero(weights.any(axis=0)).tolist())
    return tuple(sorted(named)) or tuple(every)


def _examples(store: Store, benchmark: Benchmark, every: Sequence[Run]) -> dict[int, Reasonings]:
    """Return what reasonings the worked examples of runs had, by run: some may be added since."""
    by_identity = {benchmark.identity: reasonings(benchmark)}
    by_run = {}
    for run in every:
        if run.spec.method not in FEW_SHOT:
            continue
        identity = str(json.loads(run.spec.config).get("examples"))
        if identity not in by_identity:
            with store.reading() as db:
                by_identity[identity] = reasonings(as_asked(db, run))
        by_run[run.number] = by_identity[identity]
    return by_run


def _alone(
    store: Store, whole: Subject, run: Run, attributes: tuple[int, ...], *, resamples: int
) -> Board:
    """Score a run on some of the attributes."""
    subject = replace(whole, attributes=attributes)
    return _score(store, subject, [run.number], boards=(), resamples=resamples)


def _entry(row: RunScore, subject: Subject, published: Published) -> Entry:
    run = row.run
    backbone = published.backbone(run.spec.model)
    settings = settings_of(run)
    kind: Decoding = "" if settings.temperature is None else "greedy"
    names = tuple(attribute.name for attribute in subject.selected)
    partly = len(names) < len(subject.benchmark.attributes)
    return Entry(
        key=Key(run.spec.method, backbone, "sampling" if settings.temperature else kind),
        row=row,
        settings=settings,
        departures=(
            *((f"attributes {', '.join(names)} only",) if partly else ()),
            *departures(run, paper=published.procedure, published=backbone in published.hubs),
        ),
        attributes=names,
    )


def _score(
    store: Store,
    subject: Subject,
    numbers: Sequence[int],
    *,
    boards: Collection[Board],
    resamples: int,
) -> Board:
    """Score runs on all sets, but for those that a board has on the same scenarios and sets."""
    sets = standard_sets(subject.selected, TARGET_SETS)
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


def _said(row: RunScore) -> bool:
    """Return whether a run has said anything that can be scored."""
    return any((row.answered, *(one.answered for one in row.sets.values())))


def _why_not(run: Run) -> str:
    """Say of a run without any scenario to score how it goes on, if it does."""
    if run.state == "finished":
        return f"run {run.number} has answered nothing yet"
    command = shlex.join(["spm-tui", "--headless", *options_of(run).arguments()])
    return (
        f"run {run.number} is not finished, no scenario has all of its answers yet; `{command}`"
        " continues it"
    )


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
