"""Kaleido: its stance is the authors', its reasoning the model's, whatever the batch."""

import json
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.execute import run_asking
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement
from spm_tui.engine.kaleido import KaleidoEngine, kaleido
from spm_tui.errors import AnswerError, ModelError
from spm_tui.forms import Text
from spm_tui.methods.base import Settings
from spm_tui.methods.kaleido import Kaleido
from spm_tui.wire import Reply, Stance, request_key
from store import benchmarks, browse
from store.connection import Store
from tests import tiny
from tests.build import SMALL, attribute
from tests.conftest import AT
from tests.spm_tui.test_cli import Captured, Shell

CPU = Placement("cpu", "float32")
STANCES = [
    Stance("May I keep it?", "Yes, if nobody asks for it.", "Fairness", 12),
    Stance("May I keep it?", "No.", "Care", 12),
    Stance("The purse lay under a bench in the park. " * 3, "Bring it back, at once.", "Care", 12),
]


@pytest.fixture(scope="module")
def made() -> tuple[Any, Any]:
    return tiny.kaleido_model()


def replies(
    engine: Engine, asked: Sequence[Stance], done: frozenset[int] = frozenset()
) -> dict[int, Reply]:
    return {index: one for group in engine.answer(asked, done=done) for index, one in group}


def said(engine: Engine, asked: Sequence[Stance]) -> list[dict[str, Any]]:
    found = replies(engine, asked)
    assert not any(one.error for one in found.values())
    return [json.loads(found[index].text) for index in range(len(asked))]


def defined(model: Any, tokenizer: Any, stance: Stance) -> tuple[list[float], str]:
    """Stance and explanation as KaleidoSys computes them."""
    filled = f"Action: {stance.question} {stance.response}\tValue: {stance.value}"
    ids = tokenizer(f"[Valence]:\t{filled}", return_tensors="pt").input_ids
    start = model.config.decoder_start_token_id
    with torch.inference_mode():
        logits = model(input_ids=ids, labels=torch.tensor([[start, start]])).logits[0, -1]
        ids = tokenizer(f"[Explanation]:\t{filled}", return_tensors="pt").input_ids
        more = {"max_new_tokens": stance.tokens, "decoder_start_token_id": start}
        written = model.generate(ids, do_sample=False, **more)[0]
    words = [tokenizer(word).input_ids[0] for word in ("Supports", "Opposes", "Either")]
    chances = torch.softmax(logits, dim=-1)[words]
    explanation = tokenizer.decode(written, skip_special_tokens=True)
    return (chances / chances.sum()).tolist(), explanation.strip()


def test_the_stance_and_the_explanation_are_those_of_the_authors_code(
    made: tuple[Any, Any],
) -> None:
    for stance, found in zip(STANCES, said(KaleidoEngine(*made), STANCES), strict=True):
        chances, explanation = defined(*made, stance)
        assert [found[name] for name in ("supports", "opposes", "either")] == pytest.approx(
            chances, abs=1e-6
        )
        assert found["explanation"] == explanation
        assert found["cut"] == 0


def test_an_answer_depends_neither_on_order_nor_on_batch(made: tuple[Any, Any]) -> None:
    alone = [said(KaleidoEngine(*made, rows=1), [stance])[0] for stance in STANCES]
    together = said(KaleidoEngine(*made), STANCES)
    turned = said(KaleidoEngine(*made, rows=2), STANCES[::-1])[::-1]
    for one, other, third in zip(alone, together, turned, strict=True):
        assert one["explanation"] == other["explanation"] == third["explanation"]
        for name in ("supports", "opposes", "either"):
            assert one[name] == pytest.approx(other[name], abs=1e-5)
            assert one[name] == pytest.approx(third[name], abs=1e-5)


def test_what_is_done_is_not_answered_again(made: tuple[Any, Any]) -> None:
    assert set(replies(KaleidoEngine(*made, rows=2), STANCES, frozenset({0, 2}))) == {1}


def test_explanations_of_different_lengths_may_be_asked_together(made: tuple[Any, Any]) -> None:
    short = Stance(STANCES[0].question, STANCES[0].response, STANCES[0].value, 3)
    found = replies(KaleidoEngine(*made), [STANCES[0], short])
    assert [found[index].answer_tokens for index in (0, 1)] == [12, 3]
    assert [json.loads(found[1].text)["explanation"]] == [defined(*made, short)[1]]


def test_a_batch_too_large_for_memory_is_halved(
    made: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = KaleidoEngine(*made)
    roomy = engine._answer_batch

    def cramped(requests: Sequence[Stance]) -> list[Reply]:
        if len(requests) > 1 or requests[0] == STANCES[1]:
            raise torch.OutOfMemoryError("no room")
        return roomy(requests)

    monkeypatch.setattr(engine, "_answer_batch", cramped)
    found = replies(engine, STANCES)
    assert {index: one.error for index, one in found.items()} == {
        0: None,
        1: "out of GPU memory with this request alone",
        2: None,
    }


# what does not fit


@pytest.mark.parametrize("response", ["Give it back. And soon!", "Give it back. " * 20])
def test_what_is_cut_is_the_statement_never_the_value(response: str) -> None:
    room = 120
    engine = KaleidoEngine(*tiny.kaleido_model(context=room))
    stance = Stance("Is it right to keep what one has found? " * 9, response, "Honesty", 4)
    read = engine._fit(stance)
    assert read.longest == room, "no more is cut than must be"
    valence, explanation = (engine._text(ids) for ids in (read.valence, read.explanation))
    assert valence.startswith("[Valence]:\tAction: ")
    assert valence.endswith("\tValue: Honesty")
    statement = valence.removeprefix("[Valence]:\tAction: ").removesuffix("\tValue: Honesty")
    assert explanation == f"[Explanation]:\tAction: {statement}\tValue: Honesty"
    question, _, rest = statement.partition(" Give")
    if len(response) < room:
        assert f" Give{rest}" == f" {response}"
        assert stance.question.endswith(question)
        assert question
    else:
        assert question == "", "the question goes first"
        assert response.startswith(f"Give{rest}")
    (found,) = said(engine, [stance])
    assert found["cut"] == len(stance.question) + len(response) - len(statement) + 1


def test_a_value_without_room_for_any_statement_is_an_error() -> None:
    engine = KaleidoEngine(*tiny.kaleido_model(context=60))
    found = replies(engine, [Stance("Why?", "So.", "x" * 60, 4), Stance("Why?", "So.", "x", 4)])
    assert found[0].error == "without any statement there are 92 tokens, 60 allowed"
    assert found[1].error is None


def test_placeholders_in_a_text_are_texts(made: tuple[Any, Any]) -> None:
    engine = KaleidoEngine(*made)
    read = engine._fit(Stance("Is VALUE a VRD?", "An ACTION.", "VRD", 4))
    assert (
        engine._text(read.valence) == "[Valence]:\tAction: Is VALUE a VRD? An ACTION.\tValue: VRD"
    )


# what is no Kaleido model


def test_models_without_the_templates_are_refused() -> None:
    model, tokenizer = tiny.kaleido_model()
    tokenizer.name_or_path = "some/t5"
    for params in (None, {}, {"valence": {"template": "x", "args": ["x"]}}):
        model.config.task_specific_params = params
        with pytest.raises(ModelError, match="some/t5: not a Kaleido model: its configuration has"):
            KaleidoEngine(model, tokenizer)


def test_folders_of_other_models_are_refused(tmp_path: Path) -> None:
    model, tokenizer = tiny.reward_model()
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded as a Kaleido model"):
        kaleido(tmp_path, placement=CPU)


# the method


def test_it_asks_about_each_response_alone_with_the_name_of_the_attribute() -> None:
    settings = Settings((attribute("self_care"),), temperature=0.7, samples=5)
    scenario = SMALL.split("eval")[1]
    asks = list(Kaleido(settings).asks(scenario, 0, ()))
    assert [(ask.part, ask.sample, ask.order) for ask in asks] == [
        (0, 0, (0,)),
        (1, 0, (1,)),
        (2, 0, (2,)),
    ]
    assert asks[1].request == Stance(
        "eval question 2?", "eval response 1 to 2", "Self care", settings.reasoning.tokens
    )


@pytest.mark.parametrize(
    ("stance", "score"),
    [((1, 0, 0), 1), ((0, 1, 0), 0), ((0, 0, 1), 0.5), ((0.5, 0.25, 0.25), 0.625)],
)
def test_support_counts_whole_and_indifference_half(
    stance: tuple[float, float, float], score: float
) -> None:
    method = Kaleido(Settings(SMALL.attributes))
    ask = list(method.asks(SMALL.split("eval")[0], 1, ()))[1]
    text = json.dumps(dict(zip(("supports", "opposes", "either"), stance, strict=True)))
    (found,) = method.read(ask, text.replace("}", ', "explanation": "so", "cut": 0}'))
    assert (found.attribute, found.response, found.sample) == (1, 1, 0)
    assert (found.score, found.reasoning) == (score, "so")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"supports": NaN, "either": 0.1, "explanation": "so"}', '{"supports": "x"}'],
)
def test_answers_of_another_form_are_refused(text: str) -> None:
    method = Kaleido(Settings(SMALL.attributes))
    ask = next(method.asks(SMALL.split("eval")[0], 0, ()))
    with pytest.raises(AnswerError):
        method.read(ask, text)


def test_all_that_affects_an_answer_is_in_the_key() -> None:
    asked = [
        Stance("q", "r", "v", 9),
        Stance("q r", "", "v", 9),
        Stance("q", "r", "w", 9),
        Stance("q", "r", "v", 8),
        Stance("q", "s", "v", 9),
    ]
    keys = [request_key(one, backbone) for one in asked for backbone in ("a", "b")]
    assert len(set(keys)) == len(keys)


def test_only_the_length_of_explanations_is_part_of_the_run() -> None:
    plain = Kaleido(Settings(SMALL.attributes)).config()
    assert Kaleido(Settings(SMALL.attributes, temperature=1, seed=3, shots=1)).config() == plain
    brief = Kaleido(Settings(SMALL.attributes, reasoning=Text(400, 9))).config()
    assert brief == {"reasoning_tokens": 9}


# whole runs


def run(store: Store, engine: Engine, stop: Iterator[bool]) -> list[object]:
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    subject = load_subject(store, "small", Selection(), at=AT)
    settings = Settings(SMALL.attributes, reasoning=Text(400, 4))
    job = Job(subject, "kaleido", settings, Backbone("kaleido", "r/float32"))
    context = Context(store, "here:1", "{}", lambda: AT, lambda: next(stop))
    plan = make_plan(store, job, lambda _: iter(()))
    return list(run_asking(context, job, plan, lambda: engine))


def scores(store: Store) -> browse.Scores:
    with store.reading() as db:
        return browse.scores(db, 1, (3, 3, 2))


def test_a_stopped_run_goes_on_to_the_same_scores(
    store: Store, made: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    undisturbed = Store(tmp_path_factory.mktemp("other") / "store.duckdb")
    engine = KaleidoEngine(*made, rows=3)
    run(undisturbed, engine, iter(lambda: False, True))
    stops = (number % 3 == 0 for number in count(1))
    ends = [run(store, engine, stops)[-1] for _ in range(3)]
    assert [end.state for end in ends] == ["interrupted", "interrupted", "finished"]  # type: ignore[attr-defined]
    assert np.array_equal(scores(store), scores(undisturbed), equal_nan=True)
    assert not np.isnan(scores(store)[:, :2]).any()


@pytest.fixture
def folder(made: tuple[Any, Any], tmp_path: Path) -> Path:
    for one in made:
        one.save_pretrained(tmp_path / "tiny-kaleido")
    return tmp_path / "tiny-kaleido"


def test_the_backend_finds_and_loads_no_model_but_the_one_that_is_asked(
    folder: Path, made: tuple[Any, Any]
) -> None:
    told: list[str] = []
    choice = ModelChoice(model="/nowhere", kaleido=str(folder), device="cpu")
    backend = Backend(choice, say=told.append)
    backbone = backend.backbone("kaleido")
    assert (backbone.name, backbone.identity[-8:]) == ("tiny-kaleido", "/float32")
    assert told == []
    engine = backend.engine("kaleido")
    assert told == ["loading tiny-kaleido on cpu"]
    assert backend.engine("kaleido") is engine
    for one, other in zip(said(engine, STANCES), said(KaleidoEngine(*made), STANCES), strict=True):
        assert one["supports"] == pytest.approx(other["supports"], abs=1e-6)
        assert one["explanation"] == other["explanation"]
    with pytest.raises(ModelError, match="no model '/nowhere'"):
        backend.backbone("language")


def test_the_command_line_runs_it_and_resumes(
    folder: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path, capsys)
    words = (
        "--headless",
        "--method=kaleido",
        f"--kaleido-model={folder}",
        "--limit=2",
        "--targets=sampled,high",
        "--reasoning-tokens=8",
        "--device=cpu",
    )
    out, errors = shell(*words)
    assert "run 1: kaleido with tiny-kaleido on mini-mic/eval" in errors
    assert "36 requests" in errors
    assert "| 1   | kaleido |" in out
    again, errors = shell(*words)
    assert "36 requests, 36 of them answered" in errors
    assert "loading" not in errors
    assert again == out
    dry, _ = shell(*words, "--dry-run", "--json")
    assert [one["requests"] for one in json.loads(dry)] == [36]
