"""A run's row in the store and its record, from before the first answer to its end.

The record says with what a run was made: versions, hardware and options, what of its split it is to
answer, which servers it asks, what is done to its prompts. No part of its identity.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from spm_tui.bench import extent
from spm_tui.bench.events import Ended
from spm_tui.bench.subject import Job
from store import runs
from store.connection import Store
from store.identity import Canonical, canonical_json
from store.records import Run, RunState


@dataclass(frozen=True, slots=True)
class Context:
    """What a run needs from outside."""

    store: Store
    process: str
    """`host:pid`."""
    environment: str
    """Canonical JSON of versions and hardware."""
    now: Callable[[], datetime]
    stop: Callable[[], bool]
    """True when the person wants it to end: the batch in hand is finished and stored."""


def open_run(context: Context, job: Job) -> int:
    """Begin a run, or go on with it; return its number."""
    with context.store.writing() as db:
        return runs.open_run(
            db,
            job.spec,
            process=context.process,
            environment=context.environment,
            at=context.now(),
        )


def with_prompts(context: Context, facts: Mapping[str, Canonical]) -> Context:
    """Return the context with what is known of the prompts in the record; as it is if nothing."""
    if not facts:
        return context
    record = json.loads(context.environment)
    return replace(context, environment=canonical_json({**record, "prompts": dict(facts)}))


def with_plan(context: Context, job: Job, before: Run | None) -> Context:
    """Return the context with what the run is to answer in the record, what was before included."""
    wanted = extent.of_subject(job.subject)
    if before:
        with context.store.reading() as db:
            wanted |= extent.recorded(db, before, job.subject)
    record = {**json.loads(context.environment), extent.KEY: wanted.record()}
    return replace(context, environment=canonical_json(record))


def run_before(context: Context, job: Job) -> Run | None:
    """Return the job's run as it is before it goes on; None if it is a new one."""
    identity = job.spec.identity
    with context.store.reading() as db:
        return next((run for run in runs.listing(db) if run.spec.identity == identity), None)


def withdraw(context: Context, run: int, before: Run | None) -> None:
    """Leave a run that came to nothing as it was before."""
    if before is None:
        with context.store.writing() as db:
            discarded = runs.discard(db, run)
        if not discarded:
            mark(context, run, "interrupted")
        return
    former = replace(context, process=before.process, environment=before.environment)
    mark(former, run, before.state)


def servers_before(before: Run | None) -> list[Canonical]:
    """Return what the record of a run that goes on says of servers."""
    servers: list[Canonical] = json.loads(before.environment).get("servers", []) if before else []
    return servers


def with_servers(context: Context, servers: Sequence[Canonical]) -> Context:
    """Return the context with servers in the record, those that are there already once."""
    record = json.loads(context.environment)
    known = record.get("servers", [])
    if not (new := [server for server in servers if server not in known]):
        return context
    return replace(context, environment=canonical_json({**record, "servers": [*known, *new]}))


def mark(context: Context, run: int, state: RunState) -> None:
    """Enter a run's state, with the record as it is now."""
    with context.store.writing() as db:
        runs.mark(
            db,
            run,
            state,
            process=context.process,
            environment=context.environment,
            at=context.now(),
        )


def close(context: Context, run: int, state: RunState, *, failed: int) -> Ended:
    """End a run, and say so."""
    mark(context, run, state)
    return Ended(run, state, failed)
