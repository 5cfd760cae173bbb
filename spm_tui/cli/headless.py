"""`spm-tui --headless`: runs, then tables."""

import os
import platform
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.estimate import Estimate, estimate, measured_costs
from spm_tui.bench.events import Ended, Event, Stage
from spm_tui.bench.execute import Context, run_asking, run_direct, run_trained
from spm_tui.bench.options import ALL, RunOptions
from spm_tui.bench.plan import make_plan
from spm_tui.bench.subject import Job, Selection, Subject, load_subject
from spm_tui.bench.target_sets import members, read_sets
from spm_tui.cli.display import Show
from spm_tui.engine import device
from spm_tui.errors import InputError
from spm_tui.forms import Text
from spm_tui.methods.base import REASONING, Settings
from spm_tui.methods.catalogue import EMBEDDING, PER_TARGET, TRAINED, WITH_MODEL
from spm_tui.report import board, files
from spm_tui.report.board import Board
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

    board: Board | None
    """None when it was interrupted."""
    folder: Path
    failed: int


def run(options: RunOptions, store: Store, *, show: Show, stop: Callable[[], bool]) -> Outcome:
    """Run every method asked for, score them together, write the files.

    Raises:
        SpmError, StoreError: bad input, or a model or store that cannot be used.

    """
    subject, sets = _subject(options, store)
    folder = Path(options.out or f"spm-results/{subject.benchmark.name}-{subject.split}")
    files.prepare(folder)

    backend = Backend(_choice(options), say=lambda text: show(Stage(text)))
    made_by = canonical_json({**environment(), "options": options.record()})
    context = Context(store, f"{socket.gethostname()}:{os.getpid()}", made_by, now, stop)
    numbers: list[int] = []
    failed = 0
    for method in dict.fromkeys(options.method):
        for event in _run_method(context, backend, _job(backend, options, subject, method, sets)):
            show(event)
            if isinstance(event, Ended):
                numbers.append(event.run)
                failed += event.failed
        if stop():
            return Outcome(None, folder, failed)
    show(Stage("scoring"))
    scored = board.score(store, subject, numbers, sets, everything=ALL in options.targets)
    files.write(scored, folder, record={"options": options.record()})
    return Outcome(scored, folder, failed)


def _subject(options: RunOptions, store: Store) -> tuple[Subject, list[TargetSet]]:
    selection = Selection(options.split, options.limit, options.scenario, options.attributes)
    subject = load_subject(store, options.benchmark, selection, at=now())
    sets = target_sets(options, subject, store)
    _require_targets(options, sets)
    return subject, sets


def forecast(options: RunOptions, store: Store) -> dict[str, Estimate]:
    """Return what each method asked for would take; no model is looked for.

    Raises:
        SpmError, StoreError: bad input, or a store that cannot be used.

    """
    subject, sets = _subject(options, store)
    with store.reading() as db:
        costs = measured_costs(db, subject.identity, options.model)
    return {
        method: estimate(
            subject.benchmark,
            replace(options, method=(method,)),
            measured=costs,
            targets=members(sets),
        )
        for method in dict.fromkeys(options.method)
    }


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


def _job(
    backend: Backend,
    options: RunOptions,
    subject: Subject,
    method: str,
    sets: Sequence[TargetSet],
) -> Job:
    return Job(
        subject,
        method,
        _settings(options, subject),
        backend.backbone if method in WITH_MODEL else None,
        backend.embedder if method in EMBEDDING else "",
        members(sets) if method in PER_TARGET else (),
    )


def _run_method(context: Context, backend: Backend, job: Job) -> Iterator[Event]:
    if job.method in WITH_MODEL:
        plan = make_plan(context.store, job, backend.embed)
        yield from run_asking(context, job, plan, backend.engine)
    elif job.method in TRAINED:
        yield from run_trained(context, job, backend.embed)
    else:
        yield from run_direct(context, job)


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
