"""Runs for the paper's tables, and a small benchmark that is taken for the paper's HelpSteer2."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from spm_tui.bench.execute import run_asking, run_direct
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, Subject, load_subject
from spm_tui.bench.target_sets import members, standard_sets
from spm_tui.datasets.attributes import HELPSTEER2
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.methods.base import REASONING, Settings
from spm_tui.methods.catalogue import FEW_SHOT, PER_TARGET
from spm_tui.report.paper import published
from spm_tui.report.paper.content import SPLITS, fingerprint
from spm_tui.wire import Asked, Request
from store import benchmarks
from store.connection import Store
from store.identity import Canonical, canonical_json
from store.records import Benchmark
from tests import build, machine
from tests.conftest import AT

LLAMA = "Llama-3.2-3B-Instruct"
HUB = f"meta-llama/{LLAMA}"
STEER = replace(
    build.benchmark(
        [
            [[0, 4, 1, 2, 3], [4, 0, 3, 2, 1]],
            [[1, 1, 4, 0, 2], [3, 2, 0, 4, 2], [2, 4, 2, 1, 0]],
            [[4, 4, 4, 1, 1], [1, 2, 4, 1, 3]],
        ],
        [[[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]], [[1, 3, 0, 2, 4], [2, 0, 4, 1, 3]]],
    ),
    name="helpsteer2",
    attributes=HELPSTEER2,
)
ACTUAL = published.read()
REPORTED = replace(
    ACTUAL,
    datasets=tuple(
        replace(
            dataset,
            scenarios={split: len(STEER.split(split)) for split in SPLITS},
            content={split: fingerprint(STEER.split(split)) for split in SPLITS},
        )
        if dataset.name == STEER.name
        else dataset
        for dataset in ACTUAL.datasets
    ),
)
"""What the paper reports, as if its HelpSteer2 were `STEER`."""


def answer(request: Asked) -> str:
    alone = isinstance(request, Request) and request.form.fields[-1][0] == "score"
    if not alone or not isinstance(request, Request):
        return machine.judge(request)
    return json.dumps({"reasoning": "alone", "score": len(request.question + request.system) % 101})


def run(
    store: Store,
    subject: Subject,
    method: str,
    *,
    model: str = "",
    samples: int = 0,
    shots: int = 5,
    temperature: float = 0.7,
    seed: int = 0,
    tokens: int = REASONING.tokens,
    later: int = 0,
    precision: str = "float32",
    identity: str = "",
    embedder: str = "mini",
    options: Mapping[str, Canonical] | None = None,
    sets: Sequence[str] = ("sampled", "high", "low"),
) -> None:
    """Make one run with the paper's settings, unless others are given; greedy without samples."""
    at = AT + timedelta(hours=later)
    made_by = canonical_json({"python": "3", "options": dict(options or {})})
    context = Context(store, "here:1", made_by, lambda: at, lambda: False)
    settings = Settings(
        subject.benchmark.attributes,
        temperature=temperature if samples else 0.0,
        samples=samples or 1,
        shots=shots,
        seed=seed,
        reasoning=replace(REASONING, tokens=tokens),
    )
    if not model:
        list(run_direct(context, Job(subject, method, settings)))
        return
    job = Job(
        subject,
        method,
        settings,
        Backbone(model, identity or f"r/{precision}"),
        embedder if method in FEW_SHOT else "",
        members(standard_sets(subject.selected, sets)) if method in PER_TARGET else (),
    )
    plan = make_plan(store, job, machine.embed)
    list(run_asking(context, job, plan, lambda: ScriptedEngine(answer)))


def add(store: Store, benchmark: Benchmark, **selection: object) -> Subject:
    with store.writing() as db:
        benchmarks.add(db, benchmark, at=AT)
    return load_subject(store, benchmark.identity, Selection(**selection), at=AT)  # type: ignore[arg-type]
