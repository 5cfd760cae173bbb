"""What exactly a stored run asked about one scenario: rebuilt, and checked against its hashes.

The store keeps a hash of every request, not its text. The same code that made the request
makes it again from the stored embeddings; equal hashes prove that it is the same.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spm_tui.bench.embedding import Vectors
from spm_tui.bench.plan import examples, make_plan
from spm_tui.bench.subject import Backbone, Job, Subject
from spm_tui.errors import InputError
from spm_tui.forms import Text
from spm_tui.methods.base import ALL, REASONING, Ask, Example, Settings
from spm_tui.methods.catalogue import FEW_SHOT, MODEL_OF, PER_TARGET
from spm_tui.target_files import from_json
from spm_tui.targets import Target
from store import benchmarks, browse, pages, runs
from store.connection import Connection, Store
from store.records import Attribute, Benchmark, Generation, Run


@dataclass(frozen=True, slots=True)
class Inspected:
    """One request of a run, and what came back."""

    ask: Ask[Any]
    about: str
    """The attribute, or the target; empty where there is neither."""
    examples: tuple[Example, ...]
    generation: Generation | None
    """None when it has not been answered."""
    proven: bool
    """Whether the run's stored hash is that of the request shown."""


def inspect(
    store: Store, run: Run, scenario: int, *, first: Target | None = None
) -> list[Inspected]:
    """Return the requests of a run about one scenario, by attribute or target, and sample.

    Args:
        store: where the run is.
        run: the run.
        scenario: its number.
        first: the target to begin with.

    Raises:
        InputError: the run's method asks no model or has asked about no target yet, or the
            embeddings are not in the store.

    """
    if run.spec.method not in MODEL_OF:
        raise InputError(f"{run.spec.method} asks no model, so there is no prompt")
    with store.reading() as db:
        benchmark = as_asked(db, run)
        asked = pages.requests(db, run.number, scenario)
        told = [from_json(t, benchmark.attributes) for t in browse.asked_targets(db, run.number)]
    if run.spec.method in PER_TARGET and not told:
        raise InputError("the run has asked about no target yet")
    chosen = tuple(one for one in benchmark.split(run.spec.split) if one.number == scenario)
    whole = _all(benchmark.attributes)
    job = replace(
        job_of(run, Subject(run.spec.benchmark, benchmark, run.spec.split, chosen, whole)),
        targets=tuple(sorted(told, key=lambda target: target != first)),
    )
    plan = make_plan(store, job, _embed_nothing)
    shown = examples(store, job, _embed_nothing) if job.method in FEW_SHOT else {}
    with store.reading() as db:
        answers = runs.answered(db, asked)
    return [
        Inspected(
            ask=ask,
            about=_about(ask, benchmark.attributes),
            examples=shown[ask.attribute][0] if shown else (),
            generation=answers.get(key),
            proven=key in asked,
        )
        for ask, key in zip(plan.asks, plan.keys, strict=True)
    ]


def as_asked(db: Connection, run: Run) -> Benchmark:
    """Return the run's benchmark with the reasoning examples that it was made with.

    Some may have been added since. Where those of its time are not what it says of them either,
    because they are another store's, those of now are as good.
    """
    benchmark = benchmarks.load(db, run.spec.benchmark)
    shown = json.loads(run.spec.config).get("examples", benchmark.identity)
    if benchmark.identity == shown:
        return benchmark
    earlier = benchmarks.load(db, run.spec.benchmark, until=run.created_at)
    return earlier if earlier.identity == shown else benchmark


def _about(ask: Ask[Any], attributes: Sequence[Attribute]) -> str:
    if ask.attribute != ALL:
        return attributes[ask.attribute].name
    return str(from_json(ask.target, attributes)) if ask.target else ""


def _all(attributes: Sequence[Attribute]) -> tuple[int, ...]:
    return tuple(range(len(attributes)))


def job_of(run: Run, subject: Subject) -> Job:
    """Return the job that a stored run is, over other scenarios of its benchmark if need be.

    Raises:
        InputError: its configuration is not one of this version's.

    """
    try:
        return _job(run, subject)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError("the run's configuration is that of another version") from error


def _job(run: Run, subject: Subject) -> Job:
    config = json.loads(run.spec.config)
    method = config["method"]
    lengths = method.get("reasoning") or (
        REASONING.characters,
        method.get("reasoning_tokens", REASONING.tokens),
    )
    return Job(
        subject,
        run.spec.method,
        Settings(
            attributes=subject.benchmark.attributes,
            temperature=method.get("temperature", 0.0),
            samples=method.get("samples", 1),
            shots=method.get("shots", 0),
            seed=method.get("seed", 0),
            reasoning=Text(*lengths),
        ),
        Backbone(run.spec.model, config["model"]),
        config.get("embedder", ""),
    )


def _embed_nothing(texts: Sequence[str]) -> Iterator[Vectors]:
    if texts:
        raise InputError("the embeddings its examples were chosen by are not in this store")
    return iter(())
