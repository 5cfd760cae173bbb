"""`spm-tui --headless`: runs, then tables."""

import os
import platform
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from spm_tui import target_files, targets
from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.events import Ended, Event, Stage
from spm_tui.bench.execute import Context, run_asking, run_direct
from spm_tui.bench.options import TARGET_SETS, RunOptions
from spm_tui.bench.plan import make_plan
from spm_tui.bench.subject import Job, Selection, Subject, load_subject
from spm_tui.cli.display import Show
from spm_tui.engine import device
from spm_tui.errors import InputError
from spm_tui.forms import Text
from spm_tui.methods.base import REASONING, Settings
from spm_tui.methods.catalogue import ASKING, FEW_SHOT
from spm_tui.report import board, files
from spm_tui.report.board import ALL, Board, standard_sets
from spm_tui.targets import TargetSet
from store import annotations
from store.clock import now
from store.connection import Store
from store.identity import canonical_json

_LIBRARIES = ("spm-tui", "torch", "transformers", "outlines", "llguidance", "numpy", "duckdb")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a headless command ended."""

    board: Board | None
    """None when it was interrupted."""
    folder: Path
    failed: int


def run(options: RunOptions, store: Store, *, show: Show, stop: Callable[[], bool]) -> Outcome:
    """Run every method asked for, score them together, write the files.

    Raises:
        SpmError, StoreError: bad input, or a model or store that cannot be used.

    """
    selection = Selection(options.split, options.limit, options.scenario, options.attributes)
    subject = load_subject(store, options.benchmark, selection, at=now())
    sets, everything = target_sets(options.targets, options.target, subject, store)
    folder = Path(options.out or f"spm-results/{subject.benchmark.name}-{subject.split}")
    files.prepare(folder)

    backend = Backend(_choice(options), say=lambda text: show(Stage(text)))
    made_by = canonical_json({**environment(), "options": options.record()})
    context = Context(store, f"{socket.gethostname()}:{os.getpid()}", made_by, now, stop)
    numbers: list[int] = []
    failed = 0
    for method in dict.fromkeys(options.method):
        for event in _run_method(context, backend, options, subject, method):
            show(event)
            if isinstance(event, Ended):
                numbers.append(event.run)
                failed += event.failed
        if stop():
            return Outcome(None, folder, failed)
    show(Stage("scoring"))
    scored = board.score(store, subject, numbers, sets, everything=everything)
    files.write(scored, folder, record={"options": options.record()})
    return Outcome(scored, folder, failed)


def target_sets(
    names: Sequence[str], extra: Sequence[str], subject: Subject, store: Store
) -> tuple[list[TargetSet], bool]:
    """Return the listed target sets that are asked for, and whether `all` is among them.

    A name is one of the paper's sets, else one that was saved in the app, else a file.

    Raises:
        InputError: a name is none of these, or a target is not usable.

    """
    own = {} if set(names) <= set(TARGET_SETS) else _saved(store, subject)
    found: list[TargetSet] = []
    for name in names:
        if name in TARGET_SETS:
            found += standard_sets(subject, [name])
        elif name in own:
            members = (target_files.from_json(text, subject.selected) for text in own[name])
            found.append(TargetSet(name, tuple(members)))
        elif Path(name).is_file():
            found += target_files.read(Path(name), subject.selected)
        else:
            known = ", ".join([*TARGET_SETS, *own])
            raise InputError(f"{name!r} is neither a file nor one of {known}", field="--targets")
    for text in extra:
        one = targets.parse(text, subject.selected)
        found.append(TargetSet(str(one), (one,)))
    return found, ALL in names


def _saved(store: Store, subject: Subject) -> dict[str, list[str]]:
    with store.reading() as db:
        return annotations.saved_targets(db, subject.identity)


def _choice(options: RunOptions) -> ModelChoice:
    return ModelChoice(
        model=options.model,
        revision=options.revision,
        embedder=options.embedder,
        device=options.device,
        dtype=options.dtype,
        quantize=options.quantize,
        device_map=options.device_map,
        batch_size=options.batch_size,
        workers=options.workers,
        plain=options.backend == "plain",
    )


def _run_method(
    context: Context, backend: Backend, options: RunOptions, subject: Subject, method: str
) -> Iterator[Event]:
    settings = _settings(options, subject)
    if method not in ASKING:
        yield from run_direct(context, Job(subject, method, settings))
        return
    embedder = backend.embedder if method in FEW_SHOT else ""
    job = Job(subject, method, settings, backend.backbone, embedder)
    plan = make_plan(context.store, job, backend.embed)
    yield from run_asking(context, job, plan, backend.engine)


def _settings(options: RunOptions, subject: Subject) -> Settings:
    sampling = options.decoding == "sampling"
    return Settings(
        attributes=subject.benchmark.attributes,
        temperature=options.temperature if sampling else 0.0,
        samples=options.samples if sampling else 1,
        shots=options.shots,
        seed=options.seed,
        reasoning=Text(REASONING.characters, options.reasoning_tokens),
    )


def environment() -> dict[str, str]:
    """Return versions and hardware."""
    facts = {library: version(library) for library in _LIBRARIES}
    return {"python": platform.python_version(), **facts, **device.describe()}
