"""Choosing methods: what they ask, and that a letter is read back to the response it stands for."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui import prompts
from spm_tui.errors import AnswerError
from spm_tui.forms import Letter, Text
from spm_tui.methods.base import ALL, Ask, Example, Settings
from spm_tui.methods.catalogue import CHOOSING
from spm_tui.target_files import from_json
from spm_tui.targets import Target
from store.records import Choice, Scenario
from tests import build
from tests.build import SMALL

SETTINGS = Settings(SMALL.attributes)
SAMPLING = Settings(SMALL.attributes, temperature=0.7, samples=5)
TRAIN = SMALL.split("train")
EXAMPLES = [Example(one, rank) for rank, one in enumerate(TRAIN)]
PAIR, TRIPLE, TIE = SMALL.split("eval")
CARE = Target((("care", 1.0),))
BOTH = Target((("care", 0.0), ("fairness", 1.0)))


def asked(
    method: str = "prompt-aligned-zero-shot",
    target: Target | None = CARE,
    *,
    scenario: Scenario = TRIPLE,
    settings: Settings = SETTINGS,
    examples: Sequence[Example] = (),
) -> list[Ask[Any]]:
    return list(CHOOSING[method](settings).asks(scenario, target, examples))


def choose(ask: Ask[Any], response: int) -> str:
    """The answer of a model that chooses a response, wherever it is shown."""
    letter = prompts.LETTERS[ask.order.index(response)]
    return json.dumps({"reasoning": f"for {response}", "choice": letter})


def test_greedy_asks_once_about_each_target_in_stored_order() -> None:
    (ask,) = asked(target=BOTH)
    assert (ask.scenario, ask.attribute, ask.part, ask.sample) == (2, ALL, ALL, 0)
    assert ask.order == (0, 1, 2)
    assert (ask.request.temperature, ask.request.seed) == (0, 0)
    assert from_json(ask.target, SMALL.attributes) == BOTH
    assert ask.request.form == prompts.choice_form(3, SETTINGS.reasoning)
    assert ask.request.form.fields[-1] == ("choice", Letter("ABC"))


def test_unaligned_sees_no_target() -> None:
    (ask,) = asked("unaligned", None)
    assert ask.target == ""
    assert "best response" in ask.request.system
    assert not any(a.name in ask.request.system for a in SMALL.attributes)


@pytest.mark.parametrize(
    ("method", "target"), [("unaligned", None), ("prompt-aligned-zero-shot", CARE)]
)
def test_sampling_asks_with_a_seed_and_an_order_of_its_own(
    method: str, target: Target | None
) -> None:
    asks = asked(method, target, settings=SAMPLING)
    assert [ask.sample for ask in asks] == [0, 1, 2, 3, 4]
    assert len({ask.request.seed for ask in asks}) == 5
    assert len({ask.order for ask in asks}) > 1
    assert asks == asked(method, target, settings=SAMPLING), "nothing else is drawn"


def test_each_target_draws_for_itself_unless_it_reads_alike() -> None:
    one, other = (asked(target=target, settings=SAMPLING) for target in (CARE, BOTH))
    assert {a.request.seed for a in one}.isdisjoint(a.request.seed for a in other)
    near = [asked(target=Target((("care", value),)), settings=SAMPLING) for value in (0.61, 0.62)]
    assert [a.request for a in near[0]] == [a.request for a in near[1]]
    assert {a.target for a in near[0]} != {a.target for a in near[1]}


@given(st.integers(0, 2**32), st.integers(2, 26), st.data())
def test_a_choice_is_read_back_to_the_response_it_is_of(
    seed: int, responses: int, data: st.DataObject
) -> None:
    scenario = build.scenario(1, [[0, 0]] * responses)
    wanted = data.draw(st.integers(0, responses - 1))
    settings = Settings(SMALL.attributes, temperature=1.0, samples=3, seed=seed)
    method = CHOOSING["prompt-aligned-zero-shot"](settings)
    for ask in method.asks(scenario, CARE, ()):
        expected = Choice(1, ask.target, ask.sample, wanted, f"for {wanted}")
        assert method.read(ask, choose(ask, wanted)) == [expected]


def letter_of(text: str, question: str) -> str:
    return question[question.index(f":\n{text}") - 1]


@given(st.permutations(range(5)), st.integers(0, 99))
def test_permuting_the_responses_permutes_the_choice(order: list[int], seed: int) -> None:
    scenario = build.scenario(1, [[0, 0]] * 5)
    turned = Scenario("eval", 2, scenario.question, tuple(scenario.responses[i] for i in order))
    settings = Settings(SMALL.attributes, temperature=0.7, samples=2, seed=seed)
    method = CHOOSING["unaligned"](settings)
    for one in (scenario, turned):
        texts = [response.text for response in one.responses]
        for ask in method.asks(one, None, ()):
            letter = letter_of(min(texts), ask.request.question)
            (choice,) = method.read(ask, json.dumps({"reasoning": "so", "choice": letter}))
            assert texts[choice.response] == min(texts)


def test_an_answer_of_another_form_is_refused() -> None:
    method = CHOOSING["unaligned"](SETTINGS)
    (ask,) = asked("unaligned", None, scenario=PAIR)
    for answer in ('{"reasoning": "so", "choice": "C"}', '{"choice": "A"}', "A"):
        with pytest.raises(AnswerError):
            method.read(ask, answer)


def answers(target: Target, settings: Settings = SETTINGS) -> list[dict[str, str]]:
    (ask,) = asked("prompt-aligned-few-shot", target, settings=settings, examples=EXAMPLES)
    return [json.loads(shot.answer) for shot in ask.request.shots]


def test_examples_show_the_response_nearest_to_the_target_and_why() -> None:
    # levels of the four train scenarios, (care, fairness): (0 1)(4 2), (1 3)(2 0), (3 4)(0 0), …
    assert [answer["choice"] for answer in answers(CARE)] == ["B", "B", "A", "A"]
    assert [answer["choice"] for answer in answers(BOTH)] == ["A", "A", "A", "A"]
    first = answers(CARE)[0]
    assert list(first) == ["reasoning", "choice"]
    assert first["reasoning"] == "because 4", "of the attributes of the target alone"
    assert answers(BOTH)[0]["reasoning"] == "because 0 because 1"


def test_examples_are_asked_as_the_scenario_is() -> None:
    (ask,) = asked("prompt-aligned-few-shot", CARE, examples=EXAMPLES)
    assert ask.request.shots[0].question.startswith("Question:\ntrain question 1?\n\nResponse A:\n")
    assert [shot.rank for shot in ask.request.shots] == [0, 1, 2, 3]


def test_an_example_without_a_reasoning_says_what_its_label_says() -> None:
    silent = build.scenario(1, [[0, 0], [4, 0]], split="train", reasons=False)
    (ask,) = asked("prompt-aligned-few-shot", CARE, examples=[Example(silent, 0)])
    assert "On care, this response is at the top of the scale." in ask.request.shots[0].answer


@given(st.lists(st.text("ab ", min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_the_reasoning_of_an_example_is_as_many_whole_sentences_as_fit(said: list[str]) -> None:
    room = Text(characters=40, tokens=5)
    text = json.loads(prompts.choice_answer(said, 0, room))["reasoning"]
    whole = " ".join(" ".join(sentence.split()) for sentence in said)
    first = " ".join(said[0].split())
    assert len(text) <= max(20, min(len(first), 40))
    if len(first) <= 40:
        assert whole.startswith(text)
        assert text.startswith(first)


def test_shots_count_for_few_shot_alone() -> None:
    few, zero = CHOOSING["prompt-aligned-few-shot"], CHOOSING["prompt-aligned-zero-shot"]
    more = Settings(SMALL.attributes, shots=9)
    assert few(SETTINGS).config() != few(more).config()
    assert zero(SETTINGS).config() == zero(more).config()
    assert zero(SETTINGS).config() != zero(SAMPLING).config()
