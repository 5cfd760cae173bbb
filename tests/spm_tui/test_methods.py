"""Methods: what they ask, and that an answer is read back to the right responses."""

from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui import prompts
from spm_tui.errors import AnswerError
from spm_tui.forms import Fields, Text, grammar, json_schema, regex
from spm_tui.methods.base import ALL, REASONING, Ask, Example, Settings, reasoning_of
from spm_tui.methods.catalogue import ASKING, DIRECT
from store.records import Choice, Prediction, Response, Scenario
from tests import build
from tests.build import SMALL

SETTINGS = Settings(SMALL.attributes)
SAMPLING = Settings(SMALL.attributes, temperature=0.7, samples=5)
EXAMPLES = [Example(one, rank) for rank, one in enumerate(SMALL.split("train"))]
PAIR, TRIPLE, TIE = SMALL.split("eval")


def test_a_longer_reasoning_has_room_for_its_tokens() -> None:
    """Up to the default the bounds, and so the identities of stored runs, are what they were."""
    assert reasoning_of(64) == REASONING == Text(400, 64)
    assert reasoning_of(8) == Text(400, 8)
    assert [reasoning_of(n).characters for n in (65, 128, 512, 100_000)] == [
        407,
        800,
        3200,
        625_000,
    ]
    form = prompts.comparative_form(2, reasoning_of(128))
    for written in (str(json_schema(form)), grammar(form), regex(form)):
        assert "400" not in written
        assert "799" in written or "800" in written


def test_an_answer_of_more_than_400_characters_is_read_where_it_was_asked_for() -> None:
    long = "word " * 120
    form: Fields = prompts.judgement(reasoning_of(128))
    text = f'{{"reasoning": "{long.strip()}", "score": 5}}'
    settings = Settings(SMALL.attributes, reasoning=reasoning_of(128))
    (ask, *_) = asked("zero-shot-regression", PAIR, settings)
    assert ask.request.form == form
    method = ASKING["zero-shot-regression"](settings)
    (prediction,) = method.read(ask, text)
    assert isinstance(prediction, Prediction)
    assert prediction.reasoning == long.strip()


def asked(
    method: str, scenario: Scenario = TRIPLE, settings: Settings = SETTINGS, attribute: int = 0
) -> list[Ask[Any]]:
    return list(ASKING[method](settings).asks(scenario, attribute, EXAMPLES))


def answer(ask: Ask[Any]) -> str:
    """The answer of a judge that scores the response with index i as i %."""
    judged = [(f"about {index}", index) for index in ask.order]
    return prompts.comparative_answer(judged, SETTINGS.reasoning)


def test_greedy_asks_once_in_stored_order() -> None:
    (ask,) = asked("few-shot-comparative")
    assert (ask.scenario, ask.attribute, ask.part, ask.sample) == (2, 0, ALL, 0)
    assert ask.order == (0, 1, 2)
    assert (ask.request.temperature, ask.request.seed) == (0, 0)
    assert ask.request.question.index("response 0") < ask.request.question.index("response 1")


def test_sampling_asks_with_a_seed_and_an_order_of_its_own() -> None:
    asks = asked("few-shot-comparative", settings=SAMPLING)
    assert [ask.sample for ask in asks] == [0, 1, 2, 3, 4]
    assert len({ask.request.seed for ask in asks}) == 5
    assert len({ask.order for ask in asks}) > 1
    assert asks == asked("few-shot-comparative", settings=SAMPLING), "nothing else is drawn"


def test_the_seed_depends_on_the_texts_not_on_the_place() -> None:
    elsewhere = Scenario("eval", 77, TRIPLE.question, TRIPLE.responses)
    one = asked("few-shot-comparative", settings=SAMPLING)
    other = asked("few-shot-comparative", elsewhere, SAMPLING)
    assert [a.request for a in one] == [a.request for a in other]


@given(st.integers(0, 2**32), st.integers(2, 26))
def test_an_answer_is_read_back_to_the_responses_it_is_about(seed: int, responses: int) -> None:
    scenario = build.scenario(1, [[0, 0]] * responses)
    settings = Settings(SMALL.attributes, temperature=1.0, seed=seed)
    method = ASKING["zero-shot-comparative"](settings)
    (ask,) = method.asks(scenario, 0, [])
    for prediction in method.read(ask, answer(ask)):
        assert prediction.score == prediction.response / 100
        assert prediction.reasoning == f"about {prediction.response}"


def test_a_permuted_answer_scores_the_same_responses() -> None:
    method = ASKING["few-shot-comparative"](SAMPLING)
    read = [
        {p.response: p.score for p in method.read(ask, answer(ask))}
        for ask in asked("few-shot-comparative", settings=SAMPLING)
    ]
    assert read == [{0: 0.0, 1: 0.01, 2: 0.02}] * 5


def test_an_answer_of_another_form_is_refused() -> None:
    method = ASKING["few-shot-comparative"](SETTINGS)
    (pair,) = asked("few-shot-comparative", PAIR)
    (triple,) = asked("few-shot-comparative", TRIPLE)
    with pytest.raises(AnswerError, match=r"has \['A', 'B'\], not \['A', 'B', 'C'\]"):
        method.read(triple, answer(pair))


def test_examples_show_labels_as_the_answers_they_should_have_got() -> None:
    (ask,) = asked("few-shot-comparative", attribute=1)
    first = ask.request.shots[0]
    assert first.question.startswith("Question:\ntrain question 1?\n\nResponse A:\n")
    assert first.answer == (
        '{"A": {"reasoning": "because 1", "score": 25},'
        ' "B": {"reasoning": "because 2", "score": 50}}'
    )
    assert [shot.rank for shot in ask.request.shots] == [0, 1, 2, 3]


def test_an_example_without_a_reasoning_says_what_its_label_says() -> None:
    silent = build.scenario(1, [[0, 0], [3, 0]], split="train", reasons=False)
    method = ASKING["few-shot-comparative"](SETTINGS)
    (ask,) = method.asks(PAIR, 0, [Example(silent, 0)])
    answer_ = ask.request.shots[0].answer
    assert "On care, this response is at the bottom of the scale." in answer_
    assert "On care, this response is in the upper part of the scale." in answer_


def test_zero_shot_shows_no_examples() -> None:
    (ask,) = asked("zero-shot-comparative")
    assert len(list(chain(ASKING["zero-shot-comparative"](SETTINGS).asks(PAIR, 0, [])))) == 1
    assert ask.request.system == asked("few-shot-comparative")[0].request.system


def test_the_beginning_of_a_prompt_does_not_depend_on_the_scenario() -> None:
    (one,), (other,) = asked("few-shot-comparative", PAIR), asked("few-shot-comparative", TRIPLE)
    assert one.request.system == other.request.system
    (elsewhere,) = asked("few-shot-comparative", PAIR, attribute=1)
    assert one.request.question == elsewhere.request.question


def test_regression_asks_about_each_response_alone() -> None:
    asks = asked("zero-shot-regression", settings=SAMPLING)
    assert len(asks) == 3 * 5
    assert len({ask.request.seed for ask in asks}) == 15
    method = ASKING["zero-shot-regression"](SETTINGS)
    (prediction,) = method.read(asks[2], '{"reasoning": " so ", "score": 7}')
    assert prediction == Prediction(2, 0, 0, 2, 0.07, "so")


def test_the_config_holds_what_affects_an_answer_and_nothing_else() -> None:
    few, zero = ASKING["few-shot-comparative"], ASKING["zero-shot-comparative"]
    reseeded = Settings(SMALL.attributes, seed=5)
    assert few(SETTINGS).config() == few(reseeded).config(), "greedy draws nothing"
    drawn = Settings(SMALL.attributes, temperature=0.7, samples=5, seed=5)
    assert few(SAMPLING).config() != few(drawn).config()
    more = Settings(SMALL.attributes, shots=9)
    assert few(SETTINGS).config() != few(more).config()
    assert zero(SETTINGS).config() == zero(more).config()


def test_the_oracle_predicts_the_labels() -> None:
    predictions = DIRECT["oracle"](SETTINGS).decide(PAIR)
    assert [p.score for p in predictions if isinstance(p, Prediction)] == [0, 1, 1, 0]


def test_random_chooses_each_response_about_equally_often_and_the_same_again() -> None:
    method = DIRECT["random"](SETTINGS)
    scenarios = [build.scenario(i, [[0, 0]] * 3) for i in range(1, 1501)]
    drawn = [method.decide(one)[0] for one in scenarios]
    counts = [sum(isinstance(c, Choice) and c.response == i for c in drawn) for i in range(3)]
    assert all(430 < count < 570 for count in counts)
    assert method.decide(scenarios[0]) == DIRECT["random"](SETTINGS).decide(scenarios[0])
    other = DIRECT["random"](Settings(SMALL.attributes, seed=1))
    assert [other.decide(one)[0] for one in scenarios] != drawn


@given(st.lists(st.integers(1, 9), min_size=2, max_size=9))
def test_a_longer_response_scores_higher_on_every_attribute(lengths: list[int]) -> None:
    scenario = Scenario(
        "eval", 1, "why?", tuple(Response("x" * n, (0, 0), (None, None)) for n in lengths)
    )
    scores = np.zeros((len(lengths), 2))
    for one in DIRECT["length"](SETTINGS).decide(scenario):
        assert isinstance(one, Prediction)
        scores[one.response, one.attribute] = one.score
    assert (scores[:, 0] == scores[:, 1]).all()
    for i, length in enumerate(lengths):
        for j, other in enumerate(lengths):
            assert np.sign(scores[i, 0] - scores[j, 0]) == np.sign(length - other)
    if len(set(lengths)) > 1:
        assert (scores.min(), scores.max()) == (0, 1)
