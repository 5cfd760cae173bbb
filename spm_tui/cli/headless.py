"""`spm-tui --headless`: runs, then tables."""

import gc
import os
import platform
import socket
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.events import Ended, Problem, Stage
from spm_tui.bench.jobs import make_job, model_choice, run_job
from spm_tui.bench.options import RunOptions
from spm_tui.bench.record import Context
from spm_tui.bench.target_sets import members
from spm_tui.cli import results
from spm_tui.cli.display import Show
from spm_tui.cli.experiment import Cell
from spm_tui.cli.faults import Faults
from spm_tui.cli.options import AXES
from spm_tui.cli.parts import Part, make_ready
from spm_tui.engine import device
from spm_tui.engine.remote.key import Key
from spm_tui.methods.catalogue import MODEL_OF
from spm_tui.paths import typed_path
from spm_tui.report.board import Board
from spm_tui.report.paper import write as write_paper
from store.clock import now
from store.connection import Store
from store.identity import canonical_json
from store.replacing import require_apart

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
    several: bool
    """Whether more than one board was asked for."""
    failed: int
    """Requests without a usable answer."""
    missing: tuple[str, ...]
    """What was not run, and why."""
    interrupted: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A run to be made."""

    part: Part
    method: str

    @property
    def models(self) -> Hashable:
        """Those that its options name."""
        return model_choice(self.part.options)

    @property
    def model(self) -> Hashable:
        """The one of them that it asks, or none."""
        return self.models, MODEL_OF.get(self.method)


def run(
    cells: Sequence[Cell],
    store: Store,
    *,
    show: Show,
    stop: Callable[[], bool],
    paper: bool = False,
    server_key: Key | None = None,
) -> Outcome:
    """Run every method of every cell, score those on the same scenarios together, write files.

    With more runs than one, whatever one or its tables raise does not keep the others from it.

    Args:
        cells: what to run.
        store: where answers go.
        show: told what happens.
        stop: true when the person wants it to end.
        paper: whether to write the paper's tables and figures, too.
        server_key: the API key of servers, if they need one.

    Raises:
        SpmError, StoreError: bad input, or a model or store that cannot be used, so that nothing
            could be run.

    """
    parts = make_ready(cells, store)
    out = parts[0].options.out
    base = typed_path(out or ("spm-results/paper" if paper else "spm-results"))
    require_apart(base, store.path)
    several = len({part.scored_with for part in parts}) > 1
    folders = results.folders(parts, base, apart=several or paper or not out)
    tasks = [_Task(part, method) for part in parts for method in part.methods]
    tasks = _together(tasks, lambda task: task.models)
    faults = Faults(base, tell=lambda text: show(Problem(text)), spares=len(tasks) > 1)
    runs = _Runs(store, show, stop, parts, faults, key=server_key)
    boards: dict[Path, Board] = {}
    with results.prepared(folders.values(), paper=base if paper else None):
        interrupted = runs.make(_together(tasks, lambda task: task.model))
        if not interrupted:
            show(Stage("scoring"))
            numbers = {key: runs.numbers(tasks, key) for key in folders}
            for key in filter(numbers.get, folders):
                asking = [part for part in parts if part.scored_with == key]
                folder = folders[key]
                with faults.spared(f"the tables in {folder} were not written"):
                    boards[folder] = results.write(
                        store, asking, numbers[key], folder, faults=faults
                    )
            if not boards:
                raise faults.first()
            if paper:
                every = [number for some in numbers.values() for number in some]
                with faults.spared(f"the paper's tables in {base} were not written"):
                    write_paper(
                        store,
                        every,
                        base,
                        notes=tuple(faults.notes),
                        boards=boards.values(),
                        tell=faults.note,
                    )
    return Outcome(
        boards,
        folder=base if several or paper else next(iter(folders.values())),
        several=several,
        failed=runs.failed,
        missing=tuple(faults.notes),
        interrupted=interrupted,
    )


def _together(tasks: Sequence[_Task], key: Callable[[_Task], Hashable]) -> list[_Task]:
    """Return tasks in the order in which those of one key follow each other, else as they are."""
    order = list(dict.fromkeys(map(key, tasks)))
    return sorted(tasks, key=lambda task: order.index(key(task)))


class _Runs:
    """What a command has run so far."""

    def __init__(
        self,
        store: Store,
        show: Show,
        stop: Callable[[], bool],
        parts: Sequence[Part],
        faults: Faults,
        *,
        key: Key | None,
    ) -> None:
        self._store, self._show, self._stop, self._faults = store, show, stop, faults
        self._key = key
        self._varied = [
            axis for axis in AXES if len({getattr(part.options, axis) for part in parts}) > 1
        ]
        self._backend: tuple[ModelChoice, Backend] | None = None
        self._made: set[Hashable] = set()
        self._numbers: dict[_Task, int] = {}
        self.failed = 0

    def make(self, tasks: Sequence[_Task]) -> bool:
        """Make runs, equal ones once; return whether the person wanted it to end before all were.

        Raises:
            SpmError, StoreError: none could be made.

        """
        for task in tasks:
            made = False
            with self._faults.spared(f"{self._title(task)} was not run"):
                self._make(task)
                made = True
            if not made:
                self._backend = None  # whatever it has loaded may be amid something
                gc.collect()  # and is to be gone before another is loaded
            if self._stop():
                return True
        if not self._numbers:
            raise self._faults.first()
        return False

    def numbers(self, tasks: Sequence[_Task], scored_with: Hashable) -> list[int]:
        """Return the runs that were made of tasks and are scored together, in their order."""
        found = [
            self._numbers[task]
            for task in tasks
            if task in self._numbers and task.part.scored_with == scored_with
        ]
        return list(dict.fromkeys(found))

    def _title(self, task: _Task) -> str:
        """Return what tells a task from the others, for people."""
        options = task.part.options
        varied = self._varied if MODEL_OF.get(task.method) == "language" else ()
        settings = [f"{axis} {getattr(options, axis)}" for axis in varied if axis != "benchmark"]
        about = f" ({', '.join(settings)})" if settings else ""
        return f"{task.method} on {task.part.subject.benchmark.name}{about}"

    def _make(self, task: _Task) -> None:
        part, options = task.part, task.part.options
        made_by = canonical_json({**environment(), "options": options.record()})
        process = f"{socket.gethostname()}:{os.getpid()}"
        context = Context(self._store, process, made_by, now, self._stop)
        backend = self._backend_of(options)
        job = make_job(backend, options, part.subject, task.method, targets=members(part.sets))
        if (again := (job.spec.identity, part.scored_with, job.targets)) in self._made:
            return
        self._made.add(again)
        for event in run_job(context, backend, job):
            self._show(event)
            if isinstance(event, Ended):
                self._numbers[task] = event.run
                self.failed += event.failed

    def _backend_of(self, options: RunOptions) -> Backend:
        choice = model_choice(options, key=self._key)
        if self._backend is None or self._backend[0] != choice:
            self._backend = None  # lets go of the models before others are loaded
            show = self._show
            self._backend = (choice, Backend(choice, say=lambda text: show(Stage(text))))
        return self._backend[1]


def environment() -> dict[str, str]:
    """Return versions and hardware."""
    facts = {library: version(library) for library in _LIBRARIES}
    return {"python": platform.python_version(), **facts, **device.describe()}
