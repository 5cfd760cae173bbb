"""The built-in benchmarks cover what a newcomer's first run needs."""

from collections import Counter

import pytest

from spm_tui.datasets import builtin
from store.records import Benchmark


@pytest.fixture(params=builtin.NAMES)
def benchmark(request: pytest.FixtureRequest) -> Benchmark:
    imported = builtin.load(request.param)
    assert imported.notes == (), "nothing is left out"
    return imported.benchmark


@pytest.mark.parametrize(
    ("name", "identity"), [("mini-mic", "873bd2b114bc"), ("mini-helpsteer", "b8ee1695151b")]
)
def test_are_the_same_in_every_version(name: str, identity: str) -> None:
    """People's runs are on them: a change makes all of those runs on another benchmark."""
    assert builtin.load(name).benchmark.identity.startswith(identity)


def test_are_as_large_as_promised(benchmark: Benchmark) -> None:
    assert (len(benchmark.split("train")), len(benchmark.split("eval"))) == (36, 24)
    assert len({s.question for s in benchmark.scenarios}) == 60
    assert {len(s.responses) for s in benchmark.scenarios} <= {2, 3}


def test_every_level_of_every_attribute_is_in_train_at_least_twice(benchmark: Benchmark) -> None:
    for index, attribute in enumerate(benchmark.attributes):
        counts = Counter(r.labels[index] for s in benchmark.split("train") for r in s.responses)
        assert all(counts[level] >= 2 for level in range(attribute.levels)), attribute.name


def test_eval_responses_can_be_told_apart_by_their_labels(benchmark: Benchmark) -> None:
    for scenario in benchmark.split("eval"):
        assert len({response.labels for response in scenario.responses}) > 1, scenario.question


def test_each_response_can_be_the_best_somewhere(benchmark: Benchmark) -> None:
    """A target can be found for which the first, and one for which another response is right."""
    for scenario in benchmark.split("eval"):
        for index in range(len(scenario.responses)):
            labels = [response.labels for response in scenario.responses]
            own = sum(map(abs, map(int.__sub__, labels[index], labels[index - 1])))
            assert own > 0


def test_helpsteer_responses_differ_in_length_and_quality() -> None:
    benchmark = builtin.load("mini-helpsteer").benchmark
    words = [len(r.text.split()) for s in benchmark.scenarios for r in s.responses]
    assert min(words) <= 5
    assert max(words) >= 100
    reasoned = [r.reasonings for s in benchmark.split("train") for r in s.responses]
    assert all(None not in reasonings for reasonings in reasoned)


def test_mic_train_explains_what_is_not_neutral() -> None:
    benchmark = builtin.load("mini-mic").benchmark
    for scenario in benchmark.split("train"):
        for response in scenario.responses:
            for level, reasoning in zip(response.labels, response.reasonings, strict=True):
                assert level == 3 or reasoning
