"""Estimates agree with the requests that are really made."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from spm_tui.bench.estimate import Estimate, estimate, measured_costs
from spm_tui.bench.options import RunOptions
from spm_tui.bench.plan import make_plan
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.bench.target_sets import members, standard_sets
from spm_tui.datasets import builtin
from spm_tui.methods.base import Settings
from spm_tui.methods.catalogue import ASKING, CHOOSING
from spm_tui.targets import Target
from store.connection import Store
from store.records import Attribute
from store.runs import Cost
from tests import machine
from tests.build import SMALL
from tests.conftest import AT
from tests.spm_tui.test_report import fill


def planned(store: Store, options: RunOptions) -> tuple[int, int]:
    """Return requests, each counted once, and characters of the run's prompts."""
    chosen = Selection(options.split, options.limit, options.scenario, options.attributes)
    subject = load_subject(store, options.benchmark, chosen, at=AT)
    sampling = options.decoding == "sampling"
    settings = Settings(
        attributes=subject.benchmark.attributes,
        temperature=0.7 if sampling else 0.0,
        samples=options.samples if sampling else 1,
        shots=options.shots,
    )
    told = wanted(subject.benchmark.attributes)
    job = Job(subject, options.method[0], settings, Backbone("x", "x"), "fake", told)
    plan = make_plan(store, job, machine.embed)
    unique = [plan.asks[positions[0]].request.size for positions in plan.unique().values()]
    return len(unique), sum(unique)


def wanted(attributes: Sequence[Attribute]) -> tuple[Target, ...]:
    """Targets of which the last two read alike."""
    care = attributes[0].name
    near = (Target(((care, 0.61),)), Target(((care, 0.62),)))
    return (*members(standard_sets(attributes, ("high", "low", "sampled")))[:9], *near)


@pytest.mark.parametrize("benchmark", builtin.NAMES)
@pytest.mark.parametrize("method", [*ASKING, *CHOOSING])
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
    whole = builtin.load(benchmark).benchmark
    found = estimate(whole, options, targets=wanted(whole.attributes))
    assert found.seconds is None, "nothing has been measured"
    assert found.requests == requests
    assert 0.85 < found.prompt_tokens / (characters / 3.5) < 1.25
    most = {"kaleido": 64 * requests, "reward": 0}
    assert found.answer_tokens == most.get(method) or found.answer_tokens > 64 * requests


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
    assert found == Estimate(3, 3_000, 150, 3 / 20 * 9)
    nothing = Cost(0, 0, 0, 0, 0.0, 0)
    assert estimate(SMALL, options, measured={"few-shot-comparative": nothing}).prompt_tokens


def test_without_runs_of_the_method_time_follows_from_the_tokens_of_others() -> None:
    cost = Cost(20, 2, 20_000, 1_000, 42.0, 0)
    found = estimate(SMALL, RunOptions(), measured={"zero-shot-comparative": cost})
    tokens = found.prompt_tokens + found.answer_tokens
    assert found.seconds == pytest.approx(tokens * 42.0 / 21_000)
    assert estimate(SMALL, RunOptions(method=("oracle",))).seconds == 0


def test_what_counts_as_measured_is_of_the_same_benchmark_and_model(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("UPDATE generations SET seconds = 2.0")
    with store.reading() as db:
        costs = measured_costs(db, SMALL.identity, RunOptions(model="smol"))
        assert list(costs) == ["few-shot-comparative"]
        assert costs["few-shot-comparative"].seconds == 2.0 * 3 * 2 * 2
        assert measured_costs(db, SMALL.identity, RunOptions(model="other")) == {}
        assert measured_costs(db, "other", RunOptions(model="smol")) == {}


def test_targets_multiply_what_a_method_that_is_told_them_asks() -> None:
    told = tuple(Target((("care", level / 4),)) for level in range(5))
    few, zero = (
        estimate(SMALL, RunOptions(method=(f"prompt-aligned-{shots}-shot",)), targets=told)
        for shots in ("few", "zero")
    )
    assert few.requests == zero.requests == 3 * 5
    assert few.prompt_tokens > zero.prompt_tokens
    assert estimate(SMALL, RunOptions(method=("unaligned",)), targets=told).requests == 3
    assert estimate(SMALL, RunOptions(method=("prompt-aligned-few-shot",))).requests == 0


def test_without_a_train_split_there_are_no_examples() -> None:
    bare = replace(SMALL, scenarios=SMALL.split("eval"))
    few = estimate(bare, RunOptions())
    assert few == estimate(bare, RunOptions(method=("zero-shot-comparative",)))
