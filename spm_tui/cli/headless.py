"""`spm-tui --headless`: runs, then tables."""

import os
import platform
import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.estimate import Estimate, estimate, measured_costs
from spm_tui.bench.events import Ended, Problem, Stage
from spm_tui.bench.execute import Context
from spm_tui.bench.jobs import make_job, model_choice, run_job
from spm_tui.bench.options import ALL, RunOptions
from spm_tui.bench.subject import Selection, Subject, load_subject
from spm_tui.bench.target_sets import members, read_sets
from spm_tui.cli.display import Show
from spm_tui.cli.experiment import Cell
from spm_tui.engine import device
from spm_tui.errors import InputError, SpmError
from spm_tui.methods.catalogue import PER_TARGET
from spm_tui.report import board, files
from spm_tui.report.board import Board
from spm_tui.report.paper import write as write_paper
from spm_tui.targets import TargetSet
from store.clock import now
from store.connection import Store
from store.identity import canonical_json

_LIBRARIES = (
    "spm-tui",
    "torch",
    "transformers",
    "outlines",
    "llguidance",
    "scikit-learn",
    "numpy",
    "duckdb",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a headless command ended."""

    boards: Mapping[Path, Board]
    """By the folder they are in; none when it was interrupted."""
    folder: Path
    """That has all."""
    failed: int = 0
    """Requests without a usable answer."""
    missing: tuple[str, ...] = ()
    """What was not run, and why."""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A cell made ready, before any model is looked for."""

    options: RunOptions
    subject: Subject
    sets: Sequence[TargetSet]

    @property
    def scored_with(self) -> Hashable:
        """What its runs share with those that they are scored together with."""
        numbers = tuple(scenario.number for scenario in self.subject.scenarios)
        return self.subject.identity, self.subject.split, numbers, self.subject.attributes


def run(
    cells: Sequence[Cell],
    store: Store,
    *,
    show: Show,
    stop: Callable[[], bool],
    paper: bool = False,
) -> Outcome:
    """Run every method of every cell, score those on the same scenarios together, write files.

    With more cells than one, a method that cannot be run at all does not keep the others from it.

    Args:
        cells: what to run.
        store: where answers go.
        show: told what happens.
        stop: true when the person wants it to end.
        paper: whether to write the paper's tables and figures, too.

    Raises:
        SpmError, StoreError: bad input, or a model or store that cannot be used.

    """
    parts = _parts(cells, store)
    out = parts[0].options.out
    base = Path(out or ("spm-results/paper" if paper else "spm-results"))
    several = len({part.scored_with for part in parts}) > 1
    folders = _folders(parts, base, apart=several or paper or not out)
    folder = base if several or paper else next(iter(folders.values()))
    for each in folders.values():
        files.prepare(each)
    runs = _Runs(store, show, stop, lenient=len(parts) > 1)
    for part in sorted(parts, key=_first_use(parts)):
        runs.make(part)
        if stop():
            return Outcome({}, folder, interrupted=True)
    show(Stage("scoring"))
    boards = {}
    for key, each in folders.items():
        together = [part for part in parts if part.scored_with == key]
        if numbers := runs.numbers[key]:
            boards[each] = _score(store, together, list(numbers))
            record = [part.options.record() for part in together]
            files.write(boards[each], each, record={"options": record if record[1:] else record[0]})
    if paper:
        every = [number for numbers in runs.numbers.values() for number in numbers]
        write_paper(store, every, folder, notes=runs.missing)
    return Outcome(boards, folder, runs.failed, tuple(runs.missing))


def _parts(cells: Sequence[Cell], store: Store) -> list[_Part]:
    subjects: dict[tuple[str, Selection], Subject] = {}
    parts = []
    for cell in cells:
        options = cell.options
        selection = Selection(options.split, options.limit, options.scenario, options.attributes)
        key = (options.benchmark, selection)
        try:
            if key not in subjects:
                subjects[key] = load_subject(store, options.benchmark, selection, at=now())
            sets = target_sets(options, subjects[key], store)
            _require_targets(options, sets)
        except InputError as error:
            raise cell.located(error) from error
        parts.append(_Part(options, subjects[key], sets))
    return parts


def _folders(parts: Sequence[_Part], base: Path, *, apart: bool) -> dict[Hashable, Path]:
    """Return where the tables of runs that are scored together go, one folder for each such.

    Args:
        parts: all of a command.
        base: for all of them.
        apart: whether each gets a folder below it.

    """
    found: dict[Hashable, Path] = {}
    seen: Counter[str] = Counter()
    for key, part in {part.scored_with: part for part in parts}.items():
        name = f"{part.subject.benchmark.name}-{part.subject.split}"
        seen[name] += 1
        again = f"-{seen[name]}" if seen[name] > 1 else ""
        found[key] = base / f"{name}{again}" if apart else base
    return found


def _first_use(parts: Sequence[_Part]) -> Callable[[_Part], int]:
    """Return the order in which no model is loaded twice."""
    order = list(dict.fromkeys(model_choice(part.options) for part in parts))
    return lambda part: order.index(model_choice(part.options))


class _Runs:
    """What a command has run so far."""

    def __init__(
        self, store: Store, show: Show, stop: Callable[[], bool], *, lenient: bool
    ) -> None:
        self._store, self._show, self._stop, self._lenient = store, show, stop, lenient
        self._backend: tuple[ModelChoice, Backend] | None = None
        self._made: set[Hashable] = set()
        self.numbers: dict[Hashable, dict[int, None]] = defaultdict(dict)
        """Of runs, by what they are scored with, each once."""
        self.failed = 0
        self.missing: list[str] = []

    def make(self, part: _Part) -> None:
        """Run the methods of a part, but for those that an equal run was made of already."""
        for method in dict.fromkeys(part.options.method):
            try:
                self._make(part, method)
            except SpmError as error:
                if not self._lenient:
                    raise
                self._backend = None  # whatever it has loaded may be amid something
                about = f"{method} on {part.subject.benchmark.name}"
                self.missing.append(f"{about} was not run: {error}")
                self._show(Problem(self.missing[-1]))
            if self._stop():
                return

    def _make(self, part: _Part, method: str) -> None:
        options = part.options
        made_by = canonical_json({**environment(), "options": options.record()})
        process = f"{socket.gethostname()}:{os.getpid()}"
        context = Context(self._store, process, made_by, now, self._stop)
        backend = self._backend_of(options)
        job = make_job(backend, options, part.subject, method, targets=members(part.sets))
        if (again := (job.spec.identity, part.scored_with, job.targets)) in self._made:
            return
        self._made.add(again)
        for event in run_job(context, backend, job):
            self._show(event)
            if isinstance(event, Ended):
                self.numbers[part.scored_with][event.run] = None
                self.failed += event.failed

    def _backend_of(self, options: RunOptions) -> Backend:
        choice = model_choice(options)
        if self._backend is None or self._backend[0] != choice:
            self._backend = None  # lets go of the models before others are loaded
            show = self._show
            self._backend = (choice, Backend(choice, say=lambda text: show(Stage(text))))
        return self._backend[1]


def _score(store: Store, parts: Sequence[_Part], numbers: Sequence[int]) -> Board:
    sets = {one.name: one for part in parts for one in part.sets}
    everything = any(ALL in part.options.targets for part in parts)
    return board.score(store, parts[0].subject, numbers, list(sets.values()), everything=everything)


def forecast(cells: Sequence[Cell], store: Store) -> list[tuple[RunOptions, Estimate]]:
    """Return what each method of each cell would take; no model is looked for.

    Raises:
        SpmError, StoreError: bad input, or a store that cannot be used.

    """
    found = []
    for part in _parts(cells, store):
        with store.reading() as db:
            costs = measured_costs(db, part.subject.identity, part.options)
        for method in dict.fromkeys(part.options.method):
            one = replace(part.options, method=(method,))
            told = members(part.sets)
            took = estimate(part.subject.benchmark, one, measured=costs, targets=told)
            found.append((one, took))
    return found


def target_sets(options: RunOptions, subject: Subject, store: Store) -> list[TargetSet]:
    """Return the listed target sets that are asked for.

    Raises:
        InputError: a name is none of a set, or a target is not usable.

    """
    return read_sets(store, subject.identity, subject.selected, options.targets, options.target)


def _require_targets(options: RunOptions, sets: Sequence[TargetSet]) -> None:
    if not sets and (told := PER_TARGET.intersection(options.method)):
        raise InputError(
            f"{min(told)} is asked about each target; name some, as in sampled,high,low",
            field="--targets",
        )


def environment() -> dict[str, str]:
    """Return versions and hardware."""
    facts = {library: version(library) for library in _LIBRARIES}
    return {"python": platform.python_version(), **facts, **device.describe()}
