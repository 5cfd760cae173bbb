"""What exactly a stored run asked about one scenario: rebuilt, and checked against its hashes.

The store keeps a hash of every request, not its text. The same code that made the request
makes it again from the stored embeddings; equal hashes prove that it is the same.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spm_tui.bench.plan import Vectors, examples, make_plan
from spm_tui.bench.subject import Backbone, Job, Subject
from spm_tui.errors import InputError
from spm_tui.forms import Text
from spm_tui.methods.base import Ask, Example, Settings
from spm_tui.methods.catalogue import ASKING, FEW_SHOT
from store import benchmarks, pages, runs
from store.connection import Store
from store.records import Attribute, Generation, Run


@dataclass(frozen=True, slots=True)
class Inspected:
    """One request of a run, and what came back."""

    ask: Ask
    attribute: str
    examples: tuple[Example, ...]
    generation: Generation | None
    """None when it has not been answered."""
    proven: bool
    """Whether the run's stored hash is that of the request shown."""


def inspect(store: Store, run: Run, scenario: int) -> list[Inspected]:
    """Return the requests of a run about one scenario, by attribute and sample.

    Raises:
        InputError: the run's method asks no model, or the embeddings are not in the store.

    """
    if run.spec.method not in ASKING:
        raise InputError(f"{run.spec.method} asks no model, so there is no prompt")
    with store.reading() as db:
        benchmark = benchmarks.load(db, run.spec.benchmark)
        asked = pages.requests(db, run.number, scenario)
    chosen = tuple(one for one in benchmark.split(run.spec.split) if one.number == scenario)
    job = job_of(
        run,
        Subject(run.spec.benchmark, benchmark, run.spec.split, chosen, _all(benchmark.attributes)),
    )
    plan = make_plan(store, job, _embed_nothing)
    shown = examples(store, job, _embed_nothing) if job.method in FEW_SHOT else {}
    with store.reading() as db:
        answers = runs.answered(db, asked)
    return [
        Inspected(
            ask=ask,
            attribute=plan.names[ask.attribute],
            examples=shown[ask.attribute][0] if shown else (),
            generation=answers.get(key),
            proven=key in asked,
        )
        for ask, key in zip(plan.asks, plan.keys, strict=True)
    ]


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
    characters, tokens = method["reasoning"]
    return Job(
        subject,
        run.spec.method,
        Settings(
            attributes=subject.benchmark.attributes,
            temperature=method["temperature"],
            samples=method.get("samples", 1),
            shots=method.get("shots", 0),
            seed=method.get("seed", 0),
            reasoning=Text(characters, tokens),
        ),
        Backbone(run.spec.model, config["model"]),
        config.get("embedder", ""),
    )


def _embed_nothing(texts: Sequence[str]) -> Iterator[Vectors]:
    if texts:
        raise InputError("the embeddings its examples were chosen by are not in this store")
    return iter(())
