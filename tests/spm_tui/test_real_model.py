"""The local engines with the embedded model: real prompts, real answers, real limits."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spm_tui import fewshot
from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.embedding import Embedding, joined
from spm_tui.datasets import builtin
from spm_tui.engine import embedded, models
from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement
from spm_tui.engine.embed import Embedder
from spm_tui.engine.embedded import MINILM
from spm_tui.engine.loading import Loaded, load
from spm_tui.engine.local import local
from spm_tui.engine.plain import PlainEngine
from spm_tui.engine.prompt import Prompts
from spm_tui.engine.reach import POOLING
from spm_tui.engine.spread import SpreadEngine
from spm_tui.errors import ModelError
from spm_tui.forms import Text, most_tokens
from spm_tui.methods.base import Ask, Example, Settings
from spm_tui.methods.catalogue import ASKING
from spm_tui.wire import Reply, Request

pytestmark = pytest.mark.model

CPU = Placement("cpu", "float32")
BENCHMARK = builtin.load("mini-mic").benchmark
SHORT = Text(200, 16)


@pytest.fixture(scope="module")
def folder() -> Path:
    return models.locate(models.LANGUAGE_MODEL, say=print).folder


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Loaded:
    return load(folder, CPU)


@pytest.fixture(scope="module", params=["fast", "plain"])
def engine(folder: Path, request: pytest.FixtureRequest) -> Engine:
    return local(folder, placement=CPU, plain=request.param == "plain")


def test_texts_are_split_as_the_model_learnt_to(loaded: Loaded) -> None:
    """Digit by digit, and no space or line break joins them; GPT-2's way makes "ĊĊ1" of some."""
    tokens = loaded.tokenizer.tokenize("a\n\n1. b  12")
    assert tokens == ["a", "ĊĊ", "1", ".", "Ġb", "ĠĠ", "1", "2"]


def asks(method: str, *, scenarios: int, attributes: int = 1, **settings: float) -> list[Ask[Any]]:
    chosen = Settings(BENCHMARK.attributes, reasoning=SHORT, **settings)  # type: ignore[arg-type]
    few = method.startswith("few-shot")
    examples = [Example(s, i) for i, s in enumerate(BENCHMARK.split("train")[:3])] if few else []
    made = ASKING[method](chosen)
    return [
        ask
        for scenario in BENCHMARK.split("eval")[:scenarios]
        for attribute in range(attributes)
        for ask in made.asks(scenario, attribute, examples)
    ]


def answers(
    engine: Engine, requests: Sequence[Request], done: frozenset[int] = frozenset()
) -> dict[int, Reply]:
    return {i: reply for group in engine.answer(requests, done=done) for i, reply in group}


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("few-shot-comparative", {}),
        ("zero-shot-comparative", {"temperature": 0.7, "samples": 2}),
        ("zero-shot-regression", {}),
    ],
)
def test_every_answer_can_be_read(engine: Engine, method: str, settings: dict[str, Any]) -> None:
    asked = asks(method, scenarios=2, **settings)
    found = answers(engine, [ask.request for ask in asked])
    reader = ASKING[method](Settings(BENCHMARK.attributes))
    for index, ask in enumerate(asked):
        reply = found[index]
        assert reply.error is None
        assert reply.prompt_tokens > 100
        assert 10 < reply.answer_tokens < most_tokens(ask.request.form)
        predictions = reader.read(ask, reply.text)
        assert len(predictions) == len(ask.order)
        assert all(0 <= p.score <= 1 and p.reasoning for p in predictions)


def test_no_sample_ends_as_invalid_json_however_wild(engine: Engine) -> None:
    """At this temperature every token the grammar allows is about equally likely."""
    asked = asks("zero-shot-comparative", scenarios=2, temperature=1000.0, samples=8)
    reader = ASKING["zero-shot-comparative"](Settings(BENCHMARK.attributes, reasoning=SHORT))
    for index, reply in answers(engine, [ask.request for ask in asked]).items():
        assert reply.answer_tokens < most_tokens(asked[index].request.form)
        assert reader.read(asked[index], reply.text)


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("plain", [False, True])
def test_an_answer_does_not_depend_on_its_batch(
    folder: Path, temperature: float, *, plain: bool
) -> None:
    asked = asks("zero-shot-comparative", scenarios=2, temperature=temperature, samples=2)
    requests = [ask.request for ask in asked]
    alone, together = (local(folder, placement=CPU, rows=n, plain=plain) for n in (1, 4))
    texts = {i: reply.text for i, reply in answers(together, requests).items()}
    assert {i: reply.text for i, reply in answers(alone, requests).items()} == texts
    assert {i: reply.text for i, reply in answers(together, requests).items()} == texts


@pytest.mark.parametrize(("temperature", "spared"), [(0.0, 0), (0.7, 3)])
def test_the_fast_engine_says_what_the_plain_one_says(
    folder: Path, temperature: float, spared: int
) -> None:
    """To the letter; but a draw may fall between two tokens, where rounding decides."""
    samples = 3 if temperature else 1
    asked = asks(
        "few-shot-comparative", scenarios=2, attributes=2, temperature=temperature, samples=samples
    )
    fast, plain = (
        answers(local(folder, placement=CPU, plain=plain), [ask.request for ask in asked])
        for plain in (False, True)
    )
    differ = [i for i in plain if fast[i].text != plain[i].text]
    assert len(differ) <= spared, [(fast[i].text, plain[i].text) for i in differ]
    for i in set(plain).difference(differ):
        assert fast[i].answer_tokens == plain[i].answer_tokens
        assert fast[i].prompt_tokens == plain[i].prompt_tokens


def test_what_is_done_is_not_answered_again(engine: Engine) -> None:
    requests = [ask.request for ask in asks("zero-shot-regression", scenarios=1)]
    whole = answers(engine, requests)
    rest = answers(engine, requests, done=frozenset({0}))
    assert set(rest) == set(whole) - {0}
    assert all(rest[index].text == whole[index].text for index in rest)


def test_examples_that_do_not_fit_are_left_out_the_question_never_is(loaded: Loaded) -> None:
    (ask,) = asks("few-shot-comparative", scenarios=1)
    whole = loaded.prompts.fit(ask.request)
    assert (whole.dropped, whole.problem) == (0, None)
    bare = loaded.prompts.fit(replace(ask.request, shots=()))
    answer = most_tokens(ask.request.form)
    narrow = Prompts(loaded.tokenizer, (len(whole.tokens) + len(bare.tokens)) // 2 + answer)
    fitted = narrow.fit(ask.request)
    assert 1 <= fitted.dropped < 3
    assert len(bare.tokens) < len(fitted.tokens) < len(whole.tokens)
    assert BENCHMARK.split("eval")[0].question in loaded.text(fitted.tokens)


def test_a_question_that_does_not_fit_is_told_and_the_others_are_answered(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [ask.request for ask in asks("zero-shot-comparative", scenarios=3)]
    prompts = engine._loaded.prompts  # type: ignore[attr-defined]
    lengths = [len(prompts.fit(request).tokens) for request in asked]
    longest = lengths.index(max(lengths))
    monkeypatch.setattr(prompts, "context", max(lengths) + most_tokens(asked[longest].form) - 1)
    found = answers(engine, asked)
    error = found[longest].error
    assert error is not None
    assert f"the prompt has {max(lengths)} tokens without examples" in error
    assert [i for i, reply in found.items() if not reply.error and reply.text] == [
        i for i in found if i != longest
    ]


def test_a_batch_too_large_for_memory_is_halved(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    engine = PlainEngine(loaded)
    asked, sizes = asks("zero-shot-regression", scenarios=2), list[int]()
    plain = engine._answer_batch

    def cramped(requests: list[Request]) -> list[Reply]:
        sizes.append(len(requests))
        if len(requests) > 2 or requests[0].question == asked[-1].request.question:
            raise torch.OutOfMemoryError("no room")
        return plain(requests)

    monkeypatch.setattr(engine, "_answer_batch", cramped)
    found = answers(engine, [ask.request for ask in asked])
    assert set(found) == set(range(len(asked)))
    errors = [reply.error for reply in found.values() if reply.error]
    assert errors == ["out of GPU memory with this request alone"]
    assert max(sizes) > 2


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be loaded as a language model"):
        load(tmp_path, CPU)


def test_the_embedded_models_are_what_they_were() -> None:
    for model in embedded.EMBEDDED.values():
        embedded.fetch(model, say=print)
        assert embedded.verify(model) == []


def test_similar_questions_are_near() -> None:
    embedder = Embedder(models.locate(models.EMBEDDER, say=print).folder, device="cpu")
    texts = ["May I keep the wallet I found?", "Should I return lost money?", "How do bees fly?"]
    (vectors,) = embedder.embed(texts)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    similarity = fewshot.similarities(vectors, vectors)
    assert similarity[0, 1] > similarity[0, 2] + 0.2


def test_only_what_is_longer_than_the_embedder_reads_changes_what_a_run_is() -> None:
    backend = Backend(ModelChoice(), say=lambda _: None)
    known = {"mini-mic": MINILM.sha256, "mini-helpsteer": f"{MINILM.sha256}/{POOLING}"}
    for name, identity in known.items():
        texts = [joined(scenario) for scenario in builtin.load(name).benchmark.scenarios]
        assert backend.embedding(texts) == Embedding(identity)


def test_all_of_a_long_text_counts() -> None:
    embedder = Embedder(models.locate(models.EMBEDDER, say=print).folder, device="cpu")
    question = "How should I look after my garden in a dry summer? " * 40
    texts = [question + end for end in ("Water it at dawn.", "Honey bees dance in the dark.")]
    (vectors,) = embedder.embed([*texts, "bees"])
    similarity = fewshot.similarities(vectors, vectors)
    assert similarity[0, 1] < 0.999
    assert similarity[1, 2] > similarity[0, 2]


def test_a_folder_without_an_embedder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not an embedding model"):
        Embedder(tmp_path, device="cpu")


def test_a_killed_run_ends_with_the_same_tables(tmp_path: Path) -> None:
    """The whole program, its real models included."""

    def command(name: str) -> list[str]:
        return [
            *(sys.executable, "-c", "import sys; from spm_tui.cli import main; sys.exit(main())"),
            *("--headless", "--method=zero-shot-regression", "--limit=3", "--batch-size=2"),
            *("--attributes=care,fairness", "--reasoning-tokens=8", "--targets=all,high"),
            *(f"--store={tmp_path / name}.duckdb", f"--out={tmp_path / name}"),
        ]

    def tables(name: str) -> list[bytes]:
        files = ("accuracy.md", "accuracy.csv", "accuracy.json", "agreement.csv")
        return [(tmp_path / name / file).read_bytes() for file in files]

    subprocess.run(command("undisturbed"), check=True, capture_output=True)
    for commits in (1, 3, 2):
        left = commits
        words = [*command("killed"), "--events=-"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            for line in process.stdout:
                left -= b'"event": "batch"' in line
                if not left:
                    break
            time.sleep(0.3)
            process.kill()
    again = subprocess.run(command("killed"), check=True, capture_output=True, text=True)
    assert "of them answered" in again.stderr
    assert tables("killed") == tables("undisturbed")


def test_several_processes_answer_as_one(folder: Path) -> None:
    requests = [ask.request for ask in asks("zero-shot-comparative", scenarios=3)]
    engine = SpreadEngine(folder, [CPU, CPU], rows=None, plain=False)
    texts = {i: reply.text for i, reply in answers(engine, requests, frozenset({1})).items()}
    alone = answers(local(folder, placement=CPU), requests, frozenset({1}))
    assert texts == {i: reply.text for i, reply in alone.items()}
    assert set(texts) == {0, 2}


def test_a_process_that_cannot_load_its_model_says_so(tmp_path: Path) -> None:
    requests = [ask.request for ask in asks("zero-shot-comparative", scenarios=1)]
    engine = SpreadEngine(tmp_path, [CPU, CPU], rows=None, plain=False)
    with pytest.raises(ModelError, match="cannot be loaded"):
        answers(engine, requests)


def test_a_process_that_dies_is_noticed(folder: Path) -> None:
    requests = [ask.request for ask in asks("zero-shot-comparative", scenarios=3)]
    engine = SpreadEngine(folder, [CPU, CPU], rows=None, plain=False)
    groups = engine.answer(requests)
    next(groups)
    for process in engine._processes:
        process.kill()
    with pytest.raises(ModelError, match="has died"):
        list(groups)
