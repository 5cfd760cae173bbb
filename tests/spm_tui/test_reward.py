"""The reward model: each reward is the model's own for that exchange, whatever the batch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.engine.base import Engine
from spm_tui.engine.chat import Chat
from spm_tui.engine.device import Placement
from spm_tui.engine.reward import RewardEngine, reward_model
from spm_tui.errors import AnswerError, ModelError
from spm_tui.methods.base import ALL, Settings
from spm_tui.methods.reward import Reward
from spm_tui.targets import Target
from spm_tui.wire import Message, Rating, Reply, request_key
from store import browse
from tests import tiny
from tests.build import SMALL
from tests.spm_tui.test_cli import Captured, Shell

CPU = Placement("cpu", "float32")
RATINGS = [
    Rating("May I keep it?", ("Yes, if nobody asks for it.", "No.")),
    Rating("The purse lay under a bench in the park. " * 3, ("Keep it.", "Ask.", "Give it " * 9)),
    Rating("Why?", ("Because.", "So.", "")),
]
END = {"pad_token_id": tiny.tokenizer().eos_token_id}
"""As in models whose padding is what ends an exchange."""
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama padded by the end": ("llama", END),
    "mistral": ("mistral", {}),
    "mistral with a window": ("mistral-window", {"pad_token_id": 3}),
}


def replies(
    engine: Engine, asked: Sequence[Rating], done: frozenset[int] = frozenset()
) -> dict[int, Reply]:
    return {index: one for group in engine.answer(asked, done=done) for index, one in group}


def rewards(engine: Engine, asked: Sequence[Rating]) -> list[list[float]]:
    found = replies(engine, asked)
    assert not any(one.error for one in found.values())
    return [json.loads(found[index].text)["rewards"] for index in range(len(asked))]


def defined(model: Any, tokenizer: Any, question: str, response: str) -> float:
    """The reward of an exchange that is alone."""
    messages = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": response},
    ]
    ids = tokenizer.apply_chat_template(messages, return_tensors="pt", return_dict=False)
    with torch.inference_mode():
        return float(model(input_ids=ids).logits[0, 0])


@pytest.mark.parametrize(("family", "changes"), MODELS.values(), ids=MODELS)
def test_rewards_are_the_models_own_however_they_are_batched(
    family: str, changes: dict[str, Any]
) -> None:
    model, tokenizer = tiny.reward_model(family, **changes)
    wanted = [
        [defined(model, tokenizer, one.question, response) for response in one.responses]
        for one in RATINGS
    ]
    for rows in (None, 1, 2):
        engine = RewardEngine(model, tokenizer, rows=rows)
        for order in (RATINGS, RATINGS[::-1]):
            found = rewards(engine, order)
            for one, other in zip(found if order is RATINGS else found[::-1], wanted, strict=True):
                assert one == pytest.approx(other, abs=1e-5)


def test_tokens_are_counted_and_what_is_done_is_not_answered_again() -> None:
    model, tokenizer = tiny.reward_model()
    engine = RewardEngine(model, tokenizer)
    found = replies(engine, RATINGS, frozenset({0, 2}))
    assert set(found) == {1}
    chat = Chat(tokenizer, rating=True)
    question = Message("user", RATINGS[1].question)
    answers = [Message("assistant", response) for response in RATINGS[1].responses]
    texts = [chat.text([question, answer]) for answer in answers]
    read = sum(len(tokenizer.encode(text, add_special_tokens=False)) for text in texts)
    assert (found[1].prompt_tokens, found[1].answer_tokens) == (read, 0)


def test_an_exchange_longer_than_the_context_fails_and_no_other() -> None:
    engine = RewardEngine(*tiny.reward_model(context=100))
    found = replies(engine, RATINGS)
    assert found[1].error is not None
    assert found[1].error.endswith("tokens, the model's context 100")
    assert found[1].text == ""
    assert (found[0].error, found[2].error) == (None, None)
    roomy = rewards(RewardEngine(*tiny.reward_model()), RATINGS)
    for index in (0, 2):
        assert json.loads(found[index].text)["rewards"] == pytest.approx(roomy[index], abs=1e-5)
    (alone,) = replies(engine, RATINGS[1:2]).values()
    assert alone.error == found[1].error


def test_a_batch_too_large_for_memory_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RewardEngine(*tiny.reward_model())
    roomy = engine._answer_batch

    def cramped(requests: Sequence[Rating]) -> list[Reply]:
        if len(requests) > 1 or requests[0] == RATINGS[1]:
            raise torch.OutOfMemoryError("no room")
        return roomy(requests)

    monkeypatch.setattr(engine, "_answer_batch", cramped)
    errors = {index: one.error for index, one in replies(engine, RATINGS).items()}
    assert errors == {0: None, 1: "out of GPU memory with this request alone", 2: None}


def test_a_prompt_does_not_depend_on_the_day() -> None:
    tokenizer = tiny.tokenizer()
    today = "{% if not date_string is defined %}{{ strftime_now('%d %b %Y') }}{% endif %}"
    tokenizer.chat_template = today + "{{ date_string }}: " + tokenizer.chat_template
    text = Chat(tokenizer, rating=True).text([Message("user", "a"), Message("assistant", "b")])
    assert text == "26 Jul 2024: <user>a<end><assistant>b<end>"


# what is no reward model


def test_a_model_with_more_numbers_than_one_is_refused() -> None:
    model, tokenizer = tiny.reward_model(labels=2)
    tokenizer.name_or_path = "some/model"
    with pytest.raises(ModelError) as caught:
        RewardEngine(model, tokenizer)
    assert str(caught.value) == "some/model: not a reward model: it gives 2 numbers, not one"


def test_a_model_without_a_chat_template_is_refused() -> None:
    model, tokenizer = tiny.reward_model()
    tokenizer.chat_template = None
    with pytest.raises(ModelError, match="has no chat template"):
        RewardEngine(model, tokenizer)


def test_a_language_model_has_no_rewards_to_give(tmp_path: Path) -> None:
    words = tiny.tokenizer()
    words.save_pretrained(tmp_path)
    tiny.model("llama", vocabulary=len(words) + 3, num_labels=1).save_pretrained(tmp_path)
    with pytest.raises(
        ModelError, match=r"as a reward model: its files lack 1 of 30 weights: .* score\.weight"
    ):
        reward_model(tmp_path, placement=CPU)


# the method

METHOD = Reward(Settings(SMALL.attributes, temperature=0.7, samples=5))


def test_it_asks_once_about_all_responses_whatever_the_target() -> None:
    scenario = SMALL.split("eval")[1]
    (ask,) = METHOD.asks(scenario, Target((("care", 1.0),)), ())
    assert (ask.attribute, ask.part, ask.sample, ask.target) == (ALL, ALL, 0, "")
    texts = tuple(response.text for response in scenario.responses)
    assert ask.request == Rating("eval question 2?", texts)
    assert METHOD.config() == {}


@pytest.mark.parametrize(
    ("given", "chosen", "reasoning"),
    [
        ([1.25, -0.31, 0.5], 0, "rewards 1.25, -0.31 and 0.50"),
        ([-3, 2.5, 2.5], 1, "rewards -3.00, 2.50 and 2.50"),
        ([0, 0.001, 0.002], 2, "rewards 0.00, 0.00 and 0.00"),
    ],
)
def test_the_highest_reward_is_chosen_the_first_among_equals(
    given: list[float], chosen: int, reasoning: str
) -> None:
    (ask,) = METHOD.asks(SMALL.split("eval")[1], None, ())
    (choice,) = METHOD.read(ask, json.dumps({"rewards": given}))
    assert (choice.scenario, choice.target, choice.sample) == (2, "", 0)
    assert (choice.response, choice.reasoning) == (chosen, reasoning)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"rewards": [1, 2]}', '{"rewards": [1, NaN, 2]}', '{"rewards": "abc"}'],
)
def test_answers_of_another_form_are_refused(text: str) -> None:
    (ask,) = METHOD.asks(SMALL.split("eval")[1], None, ())
    with pytest.raises(AnswerError):
        METHOD.read(ask, text)


def test_all_that_affects_an_answer_is_in_the_key() -> None:
    asked = [Rating("q", ("a", "b")), Rating("q", ("b", "a")), Rating("r", ("a", "b"))]
    keys = [request_key(one, backbone) for one in asked for backbone in ("a", "b")]
    assert len(set(keys)) == len(keys)


# whole runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for one in tiny.reward_model("mistral"):
        one.save_pretrained(tmp_path / "tiny-reward")
    return tmp_path / "tiny-reward"


def test_the_backend_loads_it_as_it_is(folder: Path) -> None:
    choice = ModelChoice(model="/nowhere", reward=str(folder), device="cpu")
    engine = Backend(choice, say=lambda _: None).engine("reward")
    wanted = rewards(RewardEngine(*tiny.reward_model("mistral")), RATINGS)
    for one, other in zip(rewards(engine, RATINGS), wanted, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_the_command_line_runs_it_and_resumes(
    folder: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path, capsys)
    words = (
        "--headless",
        "--method=reward,oracle",
        f"--reward-model={folder}",
        "--limit=2",
        "--targets=all,high",
        "--device=cpu",
    )
    out, errors = shell(*words)
    assert "run 1: reward with tiny-reward on mini-mic/eval" in errors
    assert "2 requests" in errors
    assert "| 1   | reward" in out
    again, errors = shell(*words)
    assert "2 requests, 2 of them answered" in errors
    assert "loading" not in errors
    assert again == out
    with shell.store.reading() as db:
        (votes,) = browse.votes(db, 1, (24, 3)).values()
    assert votes[:2].sum(axis=1).tolist() == [1, 1]
