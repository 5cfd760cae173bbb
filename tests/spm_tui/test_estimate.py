"""Estimates agree with the requests that are really made."""

from dataclasses import replace
from typing import Any

import pytest

from spm_tui.bench.estimate import Estimate, estimate
from spm_tui.bench.options import RunOptions
from spm_tui.bench.plan import make_plan
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.datasets import builtin
from spm_tui.methods.base import Settings
from spm_tui.methods.catalogue import ASKING
from store.connection import Store
from store.runs import Cost
from tests import machine
from tests.build import SMALL
from tests.conftest import AT


def planned(store: Store, options: RunOptions) -> tuple[int, int]:
    """Return requests and characters of the run's prompts."""
    chosen = Selection(options.split, options.limit, options.scenario, options.attributes)
    subject = load_subject(store, options.benchmark, chosen, at=AT)
    sampling = options.decoding == "sampling"
    settings = Settings(
        attributes=subject.benchmark.attributes,
        temperature=0.7 if sampling else 0.0,
        samples=options.samples if sampling else 1,
        shots=options.shots,
    )
    job = Job(subject, options.method[0], settings, Backbone("x", "x"), "fake")
    plan = make_plan(store, job, machine.embed)
    return len(plan.asks), sum(ask.request.size for ask in plan.asks)


@pytest.mark.parametrize("benchmark", builtin.NAMES)
@pytest.mark.parametrize("method", ASKING)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"decoding": "sampling", "samples": 3, "limit": 4},
        {"scenario": (2, 5, 7), "split": "train", "shots": 2, "samples": 9},
    ],
)
def test_requests_are_exact_and_tokens_about_right(
    store: Store, benchmark: str, method: str, changes: dict[str, Any]
) -> None:
    options = RunOptions(benchmark=benchmark, method=(method,), **changes)
    requests, characters = planned(store, options)
    found = estimate(builtin.load(benchmark).benchmark, options)
    assert found.requests == requests
    assert 0.85 < found.prompt_tokens / (characters / 3.5) < 1.25
    assert found.answer_tokens > 64 * requests


def test_methods_without_a_model_ask_nothing() -> None:
    assert estimate(SMALL, RunOptions(method=("oracle", "random"))) == Estimate()


def test_methods_add_up_once_each() -> None:
    one, other = tuple(ASKING)[:2]
    both = estimate(SMALL, RunOptions(method=(one, other, one)))
    first, second = (estimate(SMALL, RunOptions(method=(name,))) for name in (one, other))
    assert both == first + second


def test_what_was_measured_is_preferred() -> None:
    options = RunOptions(attributes=("care",))
    cost = Cost(20, 2, 20_000, 1_000, 9.0, 0)
    found = estimate(SMALL, options, measured={"few-shot-comparative": cost})
    assert found == Estimate(3, 3_000, 150)
    nothing = Cost(0, 0, 0, 0, 0.0, 0)
    assert estimate(SMALL, options, measured={"few-shot-comparative": nothing}).prompt_tokens


def test_without_a_train_split_there_are_no_examples() -> None:
    bare = replace(SMALL, scenarios=SMALL.split("eval"))
    few = estimate(bare, RunOptions())
    assert few == estimate(bare, RunOptions(method=("zero-shot-comparative",)))
