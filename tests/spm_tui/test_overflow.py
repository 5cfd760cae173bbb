"""Models whose numbers overflow, or are none: the requests concerned fail, and no others."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spm_tui.engine.embed import Embedder
from spm_tui.engine.fast import work as work_module
from spm_tui.engine.fast.engine import FastEngine
from spm_tui.engine.fast.reader import Unsupported
from spm_tui.engine.kaleido import KaleidoEngine
from spm_tui.engine.loading import Loaded
from spm_tui.engine.overflow import Watch, numeric, overflow
from spm_tui.engine.plain import PlainEngine
from spm_tui.engine.quiet import quiet
from spm_tui.engine.reward import RewardEngine
from spm_tui.errors import ModelError
from spm_tui.forms import Fields, Text, Whole, read
from spm_tui.wire import Rating, Reply, Request, Shot, Stance
from tests import tiny

FORM = Fields((("why", Text(40, 6)), ("score", Whole(0, 100))))
SHOTS = (Shot("May I keep the wallet?", '{"why": "it is not yours", "score": 12}', 0),)
HALF = "the model's numbers overflow in float16; try --dtype bfloat16 or float32"
WHOLE = (
    "the model's numbers overflow in float32, which has the largest range:"
    " its weights may be damaged"
)
MARK = "#"
"""Of which a model has no embedding that is a number; not among what the fast engine tries."""


def request(question: str, temperature: float = 0.0) -> Request:
    return Request("Judge the care.", SHOTS, question, FORM, temperature, seed=3)


def asked(mark: str) -> list[Request]:
    """Requests of which the second and the last have a mark; several share their beginnings."""
    questions = ("Do bees fly?", f"Do bees fly{mark} by night?", "Do bees fly by night?")
    return [request(q, t) for t in (0.0, 0.8) for q in questions] + [request(f"{mark} Why?")]


def replies(engine: Any, requests: Sequence[Any]) -> list[Reply]:
    answered = dict(answer for group in engine.answer(requests) for answer in group)
    return [answered[index] for index in range(len(requests))]


def errors(engine: Any, requests: Sequence[Any]) -> list[str | None]:
    return [reply.error for reply in replies(engine, requests)]


def token(model: Loaded, text: str) -> int:
    (number,) = model.tokenizer.encode(text, add_special_tokens=False)
    return int(number)


def marked(family: str, value: float = torch.nan, **changes: Any) -> Loaded:
    """Return a model whose embedding of the mark has a number that is none."""
    model = tiny.loaded(family, tie_word_embeddings=False, **changes)
    with torch.no_grad():
        model.model.get_input_embeddings().weight[token(model, MARK), 3] = value
    return model


def biased(value: float, *texts: str) -> Loaded:
    """Return a model whose logits of some tokens, all without any, are of this value."""
    model = tiny.loaded("phi")
    with torch.no_grad():
        places = [token(model, text) for text in texts] or slice(None)
        model.model.get_output_embeddings().bias[places] = value
    return model


@pytest.fixture(params=["fast", "plain"])
def engine(request: pytest.FixtureRequest) -> Callable[[Loaded], Any]:
    return FastEngine if request.param == "fast" else PlainEngine


@pytest.mark.parametrize(
    ("dtype", "quantized", "remedy"),
    [
        ("float16", False, "overflow in float16; try --dtype bfloat16 or float32"),
        ("bfloat16", False, "overflow in bfloat16; try --dtype float32"),
        ("bfloat16", True, "overflow in bfloat16; try --dtype float32, or without --quantize"),
        ("float32", True, "overflow in float32; try without --quantize"),
        ("float32", False, "overflow in float32, which has the largest range"),
    ],
)
def test_the_precisions_to_try_are_named(dtype: str, quantized: bool, remedy: str) -> None:
    class Model:
        is_quantized = quantized

    Model.dtype = getattr(torch, dtype)  # type: ignore[attr-defined]
    assert remedy in overflow(Model())


@pytest.mark.parametrize(
    ("family", "dtype", "rows"),
    [
        ("llama", "float32", 2),
        ("llama", "float32", 8),
        ("gemma2", "float32", 2),
        ("mistral-window", "float32", 8),
        ("llama", "bfloat16", 3),
    ],
)
def test_a_prompt_that_overflows_fails_alone(
    engine: Callable[..., Any], family: str, dtype: str, rows: int
) -> None:
    sound = replies(engine(tiny.loaded(family, tie_word_embeddings=False, dtype=dtype)), asked(""))
    model = marked(family, dtype=dtype)
    told = replies(engine(model, rows=rows), asked(MARK))
    expected = [None, overflow(model.model), None]
    assert [reply.error for reply in told] == [*expected, *expected, overflow(model.model)]
    if dtype == "float32":
        assert [told[i].text for i in (0, 2, 3, 5)] == [sound[i].text for i in (0, 2, 3, 5)]


def test_without_the_processor_s_kernel_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm_tui.engine.fast.hooks.suits", lambda *_: False)
    told = errors(FastEngine(marked("llama", torch.inf), rows=3), asked(MARK))
    assert told == [None, WHOLE, None, None, WHOLE, None, WHOLE]


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_weights_too_large_for_half_precision(
    engine: Callable[[Loaded], Any], temperature: float
) -> None:
    """With the same weights it is right in bfloat16."""

    def loud(dtype: str) -> Loaded:
        model = tiny.loaded("llama", dtype=dtype, tie_word_embeddings=False)
        with torch.no_grad():
            model.model.model.layers[1].mlp.down_proj.weight.mul_(4000)
            model.model.model.layers[1].mlp.up_proj.weight.mul_(4000)
        return model

    requests = [request("Do bees fly?", temperature), request("Why?", temperature)]
    half = loud("float16")
    assert torch.isfinite(torch.cat([p.flatten() for p in half.model.parameters()])).all()
    assert errors(PlainEngine(half), requests) == [HALF, HALF]
    with pytest.raises(Unsupported, match=HALF):  # the plain engine is used, and says so
        FastEngine(half)
    wide = replies(engine(loud("bfloat16")), requests)
    assert [reply.error for reply in wide] == [None, None]
    assert all(read(FORM, reply.text) for reply in wide)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_what_overflows_in_half_precision_on_some_prompts_alone(
    engine: Callable[[Loaded], Any], dtype: str
) -> None:
    """All weights are numbers, and the fast engine sees nothing of it when it tries the model."""
    model = tiny.loaded("llama", tie_word_embeddings=False, dtype=dtype)
    with torch.no_grad():
        model.model.get_input_embeddings().weight[token(model, MARK)] = 6.5e4
        model.model.model.layers[1].mlp.down_proj.weight.mul_(500)
    problem = HALF if dtype == "float16" else None
    assert errors(engine(model), asked(MARK)) == [
        *[None, problem, None],
        *[None, problem, None],
        problem,
    ]


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_logits_that_are_no_numbers(
    engine: Callable[[Loaded], Any], value: float, temperature: float
) -> None:
    model = tiny.loaded("phi")
    made = engine(model)
    with torch.no_grad():
        model.model.get_output_embeddings().bias.fill_(value)
    if isinstance(made, FastEngine):  # with packed weights the bias is what it was
        plain = made._reader.read
        made._reader.read = lambda step: plain(step) + value  # type: ignore[method-assign]
    assert errors(made, [request("Why?", temperature)] * 2) == [WHOLE, WHOLE]


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_only_what_the_form_allows_must_be_a_number(value: float, temperature: float) -> None:
    """A number that nobody would use does no harm."""
    requests = [request("Why?", temperature)]
    expected = replies(PlainEngine(tiny.loaded("phi")), requests)
    assert replies(PlainEngine(biased(value, '"')), requests)[0].error == WHOLE
    for model in (biased(value, "<system>"), biased(-torch.inf, "<system>", "#")):
        (told,) = replies(PlainEngine(model), requests)
        assert (told.error, told.text) == (None, expected[0].text)


@pytest.mark.parametrize("family", ["llama", "gemma2"])
def test_a_draft_that_overflows_is_not_to_blame(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is seen by nobody and multiplied by 0, and 0 times NaN is NaN."""
    model = marked(family)
    requests = [request(question, t) for t in (0.0, 0.8) for question in ("Why?", "How so?")]
    sound = FastEngine(tiny.loaded(family, tie_word_embeddings=False))
    expected = [reply.text for reply in replies(sound, requests)]
    bad = token(model, MARK)
    monkeypatch.setattr(work_module, "draft", lambda _: [bad] * 3)
    for fused in (True, False):
        if not fused:
            monkeypatch.setattr("spm_tui.engine.fast.hooks.suits", lambda *_: False)
        told = replies(FastEngine(model, rows=3), requests)
        assert [(reply.error, reply.text) for reply in told] == [(None, one) for one in expected]


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_an_answer_that_overflows_on_its_way_fails_alone(temperature: float) -> None:
    """What it has until then is kept, to be looked at."""
    model = tiny.loaded("llama", tie_word_embeddings=False)
    requests = [request(question, temperature) for question in ("Why?", "How so?", "When?")]
    engine = FastEngine(model)
    sound = [reply.text for reply in replies(engine, requests)]
    used = {text: set(model.tokenizer.encode(text)) for text in sound}
    read_before = {number for one in requests for number in model.prompts.fit(one).tokens}
    own = used[sound[0]] - used[sound[1]] - used[sound[2]] - read_before
    with torch.no_grad():
        model.model.get_input_embeddings().weight[list(own)] = torch.nan
    told = replies(engine, requests)
    assert [reply.error for reply in told] == [WHOLE, None, None]
    assert [reply.text for reply in told[1:]] == sound[1:]
    assert sound[0].startswith(told[0].text)
    assert len('{"why": "') < len(told[0].text) < len(sound[0])


def test_rows_are_looked_at_one_by_one() -> None:
    scores = torch.zeros(5, 4)
    scores[:, 2] = torch.tensor([1.0, torch.nan, torch.inf, -torch.inf, -1.0])
    assert numeric(scores).tolist() == [True, False, False, True, True]
    assert not numeric(torch.full((1, 4), -torch.inf)).any()


def test_what_comes_after_the_end_does_not_count() -> None:
    watch = Watch(3, start=1, end=9)
    broken = torch.tensor([[torch.nan, -torch.inf], [torch.nan, torch.nan], [1.0, 2.0]])
    scores = watch(torch.tensor([[9, 9], [9, 1], [9, 1]]), broken)
    assert watch.failed == [False, True, False]
    assert scores.tolist() == [[0.0, -torch.inf], [0.0, 0.0], [1.0, 2.0]]
    assert not watch.stop(torch.zeros(3, 2), None).any()


def test_rewards_that_are_no_numbers() -> None:
    model, tokenizer = tiny.reward_model(tie_word_embeddings=False)
    (mark,) = tokenizer.encode(MARK, add_special_tokens=False)
    with torch.no_grad():
        model.get_input_embeddings().weight[mark] = torch.nan
    ratings = [Rating("May I?", ("Yes.", other)) for other in ("No.", f"No{MARK}", "Maybe.")]
    for rows in (1, 8):
        told = replies(RewardEngine(model, tokenizer, rows=rows), ratings)
        assert [reply.error for reply in told] == [None, WHOLE, None]
        assert told[1].text == ""
    half = model.half()
    with torch.no_grad():
        half.score.weight.fill_(6e4)
    assert HALF in errors(RewardEngine(half, tokenizer), ratings)


def test_valences_that_are_no_numbers() -> None:
    model, tokenizer = tiny.kaleido_model()
    (mark,) = tokenizer.encode(MARK, add_special_tokens=False)
    with torch.no_grad():
        model.shared.weight[mark] = torch.nan
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.nan_to_num())
    stances = [Stance("May I?", response, "Care", 8) for response in ("Yes.", MARK, "No.")]
    told = replies(KaleidoEngine(model, tokenizer), stances)
    assert [reply.error for reply in told] == [None, WHOLE, None]
    assert told[1].text == ""


def embedder_of_words(folder: Path, *words: str) -> Embedder:
    """An embedding model that knows some words; of the mark's embedding a number is none."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, WordEmbeddings
    from sentence_transformers.sentence_transformer.modules.tokenizer import WhitespaceTokenizer

    weights = np.ones((len(words) + 1, 4), dtype=np.float32)
    weights[-1, 0] = np.nan
    splitter = WhitespaceTokenizer(vocab=[*words, MARK], stop_words=[])
    with quiet():
        modules = [WordEmbeddings(splitter, weights, max_seq_length=8), Pooling(4)]
        SentenceTransformer(modules=modules, device="cpu").save(str(folder))
    (folder / "config.json").write_text("{}")  # by which a folder is known as a model's
    return Embedder(folder, device="cpu")


def test_embeddings_that_are_no_numbers(tmp_path: Path) -> None:
    embedder = embedder_of_words(tmp_path, "text", "this", "one")
    texts = [f"text {i}" for i in range(300)]
    assert sum(len(some) for some in embedder.embed(texts)) == 300
    texts[280] = f"this one {MARK}"

    def chunks() -> Iterator[int]:
        for some in embedder.embed(texts):
            yield len(some)

    whole = chunks()
    assert next(whole) == 256
    with pytest.raises(ModelError, match=r"overflow on text 281 of 300 \('this one #'\)"):
        next(whole)
