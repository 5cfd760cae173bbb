"""What the app reads of a store: beginnings, texts, answers, failures."""

from dataclasses import replace

import pytest

from store import benchmarks, connection, pages, runs
from store.connection import Connection, Store
from store.records import Choice, Generation, Item, Prediction, RunSpec
from tests import build
from tests.build import SMALL
from tests.conftest import AT

ANSWER = Generation("good", "text", 10, 5, 0, 1.5, error=None)
BROKEN = replace(ANSWER, request="bad", text="", error="not JSON")


def opened(db: Connection, method: str = "few-shot-comparative") -> int:
    spec = RunSpec(SMALL.identity, "eval", method, "smol", "{}")
    return runs.open_run(db, spec, process="here:1", environment="{}", at=AT)


def item(scenario: int, request: str, *, attribute: int = 0, sample: int = 0) -> Item:
    return Item(scenario, attribute, -1, sample, "", request)


def prediction(
    scenario: int, *, response: int = 0, attribute: int = 0, sample: int = 0
) -> Prediction:
    why = f"{scenario} {response} {attribute} {sample}"
    return Prediction(scenario, attribute, sample, response, 0.25, why)


def test_questions_are_in_order_of_number_not_of_writing(db: Connection) -> None:
    many = build.benchmark([[[0, 0], [1, 1]]] * 12)
    backwards = replace(many, scenarios=many.scenarios[::-1])
    benchmarks.add(db, backwards, at=AT)
    found = pages.questions(db, backwards.identity, "eval")
    assert found == [f"eval question {number}?" for number in range(1, 13)]
    assert pages.questions(db, backwards.identity, "train") == []
    assert pages.questions(db, "no such benchmark", "eval") == []


def test_only_the_beginning_of_a_question_is_read_and_characters_stay_whole(
    db: Connection,
) -> None:
    long = replace(build.scenario(1, [[0, 0], [1, 1]]), question="漢" * 1000)
    short = replace(build.scenario(2, [[0, 0], [1, 1]]), question="é\n\tx")
    one = replace(SMALL, scenarios=(long, short))
    benchmarks.add(db, one, at=AT)
    assert pages.questions(db, one.identity, "eval") == ["漢" * pages.LINE, "é\n\tx"]


def test_texts_are_those_of_the_scenarios_asked_for(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    found = pages.texts(db, SMALL.identity, "eval", [3, 2, 9])
    assert sorted(found) == [2, 3]
    scenario = SMALL.split("eval")[1]
    assert found[2] == pages.Texts(
        scenario.key, "eval question 2?", tuple(f"eval response {i} to 2" for i in range(3))
    )
    assert pages.texts(db, SMALL.identity, "eval", []) == {}


def test_texts_of_one_split_are_not_those_of_the_other(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    found = pages.texts(db, SMALL.identity, "train", [1])
    assert found[1].question == "train question 1?"
    assert found[1].responses == ("train response 0 to 1", "train response 1 to 1")


def test_predictions_are_every_samples_in_order_and_of_this_run(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    one, other = opened(db), opened(db, "oracle")
    mine = [
        prediction(scenario, response=response, attribute=attribute, sample=sample)
        for scenario in (1, 2, 3)
        for response in (0, 1)
        for attribute in (0, 1)
        for sample in (0, 1)
    ]
    runs.add_batch(db, one, runs.Batch(predictions=mine[::-1]), at=AT)
    runs.add_batch(db, other, runs.Batch(predictions=[prediction(1)]), at=AT)
    assert pages.predictions(db, one, [3, 1]) == [p for p in mine if p.scenario != 2]
    assert pages.predictions(db, other, [2]) == []


def test_predictions_of_no_scenario_are_none(db: Connection) -> None:
    assert pages.predictions(db, opened(db), []) == []


def test_choices_are_every_targets_and_samples_in_order_and_of_this_run(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    one, other = opened(db, "unaligned"), opened(db, "random")
    mine = [
        Choice(scenario, target, sample, sample, f"why {sample}")
        for scenario in (1, 2, 3)
        for target in ("", '{"care":1.0}')
        for sample in (0, 1)
    ]
    runs.add_batch(db, one, runs.Batch(choices=mine[::-1]), at=AT)
    runs.add_batch(db, other, runs.Batch(choices=[Choice(1, "", 0, 0, "")]), at=AT)
    assert pages.choices(db, one, [3, 1]) == [choice for choice in mine if choice.scenario != 2]
    assert pages.choices(db, other, [2]) == []
    assert pages.choices(db, one, []) == []


def test_failures_are_scenarios_with_an_unusable_answer(db: Connection) -> None:
    run, other = opened(db), opened(db, "zero-shot-comparative")
    worse = replace(BROKEN, request="worse", error="an error of its own")
    items = [
        item(1, "good"),
        item(2, "good"),
        item(2, "bad", attribute=1),
        item(3, "bad"),
        item(3, "worse", sample=1),
    ]
    runs.add_batch(db, run, runs.Batch([ANSWER, BROKEN, worse], items), at=AT)
    assert pages.failures(db, run) == {2: "not JSON", 3: "an error of its own"}
    assert pages.failures(db, other) == {}
    runs.add_batch(db, run, runs.Batch([replace(ANSWER, request="bad")]), at=AT)
    assert pages.failures(db, run) == {3: "an error of its own"}, "what was asked again is well"


def test_requests_are_named_once_and_by_scenario(db: Connection) -> None:
    run, other = opened(db), opened(db, "zero-shot-comparative")
    items = [item(1, "a"), item(1, "a", attribute=1), item(1, "b", sample=1), item(2, "c")]
    runs.add_batch(db, run, runs.Batch(items=items), at=AT)
    runs.add_batch(db, other, runs.Batch(items=[item(1, "d")]), at=AT)
    assert sorted(pages.requests(db, run, 1)) == ["a", "b"]
    assert pages.requests(db, run, 2) == ["c"]
    assert pages.requests(db, run, 3) == []


@pytest.mark.parametrize("names", [("care", "fairness"), ("zeal", "awe", "care")])
def test_attributes_come_back_in_the_benchmarks_order(
    db: Connection, names: tuple[str, ...]
) -> None:
    labels = [0] * len(names)
    one = build.benchmark([[labels, labels]], names=names, levels=7)
    benchmarks.add(db, one, at=AT)
    assert benchmarks.attributes(db, one.identity) == one.attributes
    assert benchmarks.attributes(db, "no such benchmark") == ()


def test_the_names_of_all_attributes_are_told_by_benchmark(db: Connection) -> None:
    assert benchmarks.attribute_names(db) == {}
    other = build.benchmark([[[0, 0, 0], [1, 1, 1]]], names=("zeal", "awe", "care"))
    benchmarks.add(db, SMALL, at=AT)
    benchmarks.add(db, other, at=AT)
    assert benchmarks.attribute_names(db) == {
        SMALL.identity: ("care", "fairness"),
        other.identity: ("zeal", "awe", "care"),
    }


def test_the_token_stays_with_a_store_whatever_is_written(store: Store) -> None:
    with store.writing() as db:
        first = connection.token(db)
        benchmarks.add(db, SMALL, at=AT)
    with store.reading() as db:
        assert connection.token(db) == first
    other = Store(store.path.with_name("other.duckdb"))
    with other.writing() as db:
        assert connection.token(db) not in ("", first)
