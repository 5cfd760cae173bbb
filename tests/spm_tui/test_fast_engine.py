"""The fast engine says, token for token, what the definition says: one request at a time, the
whole text read anew for every token, with transformers' own attention."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from spm_tui.engine.batching import free_memory
from spm_tui.engine.fast import engine as engine_module
from spm_tui.engine.fast import work as work_module
from spm_tui.engine.fast.attention import Layout
from spm_tui.engine.fast.engine import FastEngine
from spm_tui.engine.fast.grammar import Grammars, Progress
from spm_tui.engine.fast.memory import Space
from spm_tui.engine.fast.reader import Reader
from spm_tui.engine.fast.rows import Row
from spm_tui.engine.fast.step import Step
from spm_tui.engine.fast.work import Work
from spm_tui.engine.loading import Loaded
from spm_tui.engine.plain import PlainEngine
from spm_tui.engine.sampling import draw, uniforms
from spm_tui.forms import Fields, Text, Whole, most_tokens, read
from spm_tui.wire import Reply, Request, Shot
from tests import tiny

WHY = Fields((("why", Text(40, 6)), ("score", Whole(0, 100))))
BOTH = Fields((("A", WHY), ("B", Fields((("score", Whole(1, 5)),)))))
NO_CHOICE = Fields((("score", Whole(3, 3)),))
SYSTEMS = (
    "Judge how much care there is in each of these answers.",
    "Judge how much care there is in the answers that follow, and be fair.",
)
SHOTS = (
    Shot("May I keep the wallet that I found?", '{"why": "it is not yours", "score": 12}', 1),
    Shot("May I keep the wallet, if nobody asks?", '{"why": "ask them", "score": 40}', 0),
)
QUESTIONS = (
    "Do bees fly?",
    "Do bees fly by night?",
    "Do bees fly by night and by day, or neither?",
)


def request(question: str, **changes: Any) -> Request:
    plain = Request(SYSTEMS[0], SHOTS, question, WHY, temperature=0.0, seed=0)
    return replace(plain, **changes)


REQUESTS = (
    *(request(question, system=system) for system in SYSTEMS for question in QUESTIONS[:2]),
    *(request(QUESTIONS[2], temperature=0.8, seed=seed) for seed in (5, 3, 4)),
    *(request(QUESTIONS[1], temperature=0.8, seed=seed, form=BOTH) for seed in (8, 9)),
    request(QUESTIONS[0], shots=(), form=BOTH),
    request(QUESTIONS[0], form=NO_CHOICE),
)
EVERY = range(len(REQUESTS))


def defined(model: Loaded, requests: Sequence[Request]) -> list[list[int]]:
    """Return the answers' tokens by definition."""
    vocabulary = model.model.get_output_embeddings().weight.shape[0]
    grammars = Grammars(model.tokenizer, vocabulary)
    return [_answer(model, grammars.start(asked.form), asked) for asked in requests]


def _answer(model: Loaded, progress: Progress, asked: Request) -> list[int]:
    prompt = model.prompts.fit(asked).tokens
    draws = uniforms(asked.seed, most_tokens(asked.form))
    answer = progress.forced()
    while not progress.finished:
        with torch.inference_mode():
            inputs = torch.tensor([prompt + answer])
            logits = model.model(input_ids=inputs, use_cache=False).logits[:, -1].float()
        scores = logits.masked_fill(~torch.from_numpy(progress.allowed()), -torch.inf)
        token = int(scores.argmax())
        if asked.temperature:
            at = torch.tensor([draws[len(answer)]], dtype=torch.float64)
            token = int(draw(scores, at, asked.temperature))
        assert progress.accept(token)
        answer += [token, *progress.forced()]
    return answer


@cache
def expected(family: str) -> list[list[int]]:
    return defined(tiny.loaded(family), REQUESTS)


class Recorded(FastEngine):
    """A fast engine that remembers the tokens of its answers."""

    def __init__(self, loaded: Loaded, *, rows: int | None = None) -> None:
        super().__init__(loaded, rows=rows)
        self.tokens: dict[int, list[int]] = {}

    def _reply(self, row: Row, seconds: float) -> Reply:
        answer = [token for token in row.answer if token != self._loaded.end]
        self.tokens[row.item.index] = answer
        return super()._reply(row, seconds)

    def replies(
        self, requests: Sequence[Request], done: frozenset[int] = frozenset()
    ) -> dict[int, Reply]:
        groups = list(self.answer(requests, done=done))
        assert all(groups), "no group is empty"
        answers = [answer for group in groups for answer in group]
        assert len(dict(answers)) == len(answers), "nothing is answered twice"
        return dict(answers)


@pytest.fixture(autouse=True)
def works(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Work]]:
    """Watch the works that are begun; the last has let go of everything at the end."""
    begun: list[Work] = []

    class Watched(Work):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            begun.append(self)

    monkeypatch.setattr(engine_module, "Work", Watched)
    yield begun
    if begun:
        assert not begun[-1].rows
        assert begun[-1]._tree.size == 0
        assert not begun[-1]._tree._roots
        assert len(set(begun[-1]._free)) == begun[-1]._tails.shape[2]


def cramp(monkeypatch: pytest.MonkeyPatch, slots: int, prompts: int) -> None:
    """Leave room for so many answers, and so many tokens of prompts."""

    def little(_kind: str, *, answer: int, **_: int) -> Space:
        return Space(slots, answer, slots * answer + prompts)

    monkeypatch.setattr(engine_module, "space", little)


NO_ROOM = (
    torch.OutOfMemoryError("no room"),
    RuntimeError("MPS backend out of memory (MPS allocated: 17.00 GB, max allowed: 18.13 GB)."),
)
"""How GPUs of two kinds say it."""


def watch(
    monkeypatch: pytest.MonkeyPatch,
    too_much: Callable[[Step], bool],
    error: Exception = NO_ROOM[0],
) -> list[Step]:
    """Let there be too little memory for some steps; return the list that all will be in."""
    steps: list[Step] = []
    plain = Reader.read

    def cramped(reader: Reader, step: Step) -> Any:
        steps.append(step)
        if too_much(step):
            raise error
        return plain(reader, step)

    monkeypatch.setattr(Reader, "read", cramped)
    return steps


def answers(step: Step) -> int:
    """Return how many answers go on in a step."""
    layout = step.layout(None, False)
    assert isinstance(layout, Layout)
    return len({slot for tails in layout.tails for slot in tails.slots.tolist()})


@pytest.mark.parametrize("family", tiny.SUPPORTED)
def test_every_family_says_what_it_says_by_definition(family: str) -> None:
    model = tiny.loaded(family)
    engine = Recorded(model, rows=4)
    engine._step = 50
    replies = engine.replies(REQUESTS)
    assert [engine.tokens[index] for index in EVERY] == expected(family)
    for index, answer in enumerate(expected(family)):
        reply, prompt = replies[index], model.prompts.fit(REQUESTS[index])
        assert (reply.error, reply.dropped_shots) == (None, 0)
        assert (reply.prompt_tokens, reply.answer_tokens) == (len(prompt.tokens), len(answer))
        assert reply.text == model.text(answer)


@pytest.mark.parametrize(
    ("step", "rows"), [(3, 2), (7, 1), (7, 3), (64, 2), (64, 5), (256, 1), (256, 3), (256, 5)]
)
@pytest.mark.parametrize("family", ["llama", "gemma2", "phi3-window"])
def test_it_does_not_matter_how_much_is_done_at_a_time(family: str, step: int, rows: int) -> None:
    engine = Recorded(tiny.loaded(family), rows=rows)
    engine._step = step
    engine.replies(REQUESTS)
    assert [engine.tokens[index] for index in EVERY] == expected(family)


@pytest.mark.parametrize("prompts", [0, 300, 700])
def test_it_does_not_matter_how_little_can_be_remembered(
    prompts: int, monkeypatch: pytest.MonkeyPatch, works: list[Work]
) -> None:
    cramp(monkeypatch, 5, prompts)
    engine = Recorded(tiny.loaded("llama"))
    sizes = set()
    for _ in engine.answer(REQUESTS):
        sizes.add(works[-1]._tree.size)
    assert [engine.tokens[index] for index in EVERY] == expected("llama")
    longest = max(len(engine._prompt(asked).tokens) for asked in REQUESTS)
    assert max(sizes) <= max(prompts, longest)


@pytest.mark.parametrize("rows", [1, 8])
def test_a_prompt_is_read_once_for_all_its_samples(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Recorded(tiny.loaded("llama"), rows=rows)
    steps = watch(monkeypatch, lambda _: False)
    monkeypatch.setattr(work_module, "draft", lambda _: [])  # some of it is read in vain
    samples = [request(QUESTIONS[0], temperature=1.0, seed=seed) for seed in range(8)]
    engine.replies(samples)
    prompt = len(engine._prompt(samples[0]).tokens)
    answered = sum(len(answer) for answer in engine.tokens.values())
    assert sum(len(step.tokens) for step in steps) < prompt + answered
    assert len({tuple(answer) for answer in engine.tokens.values()}) > 1


@pytest.mark.parametrize("right", [0, 1, 3, 99])
@pytest.mark.parametrize("family", ["llama", "gemma2"])
def test_drafts_spare_steps_and_change_nothing(
    family: str, right: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drafts have so many right tokens, then wrong ones."""
    engine = Recorded(tiny.loaded(family), rows=4)
    prompts = [engine._prompt(asked).tokens for asked in REQUESTS]
    openings = [engine._grammars.opening(asked.form) for asked in REQUESTS]
    whole = [
        [*prompt, *answer[len(opening) :]]
        for prompt, answer, opening in zip(prompts, expected(family), openings, strict=True)
    ]

    def foretold(context: Any) -> list[int]:
        known = context.tolist()
        true = next(one for one in whole if one[: len(known)] == known)[len(known) :]
        return [*true[:right], *(token ^ 1 for token in true[right : right + 3])]

    def steps(draft: Callable[[Any], list[int]]) -> int:
        monkeypatch.setattr(work_module, "draft", draft)
        taken = watch(monkeypatch, lambda _: False)
        engine.replies(REQUESTS)
        assert [engine.tokens[index] for index in EVERY] == expected(family)
        return len(taken)

    assert (steps(foretold) < steps(lambda _: [])) == bool(right)


def test_without_merges_even_the_forced_tokens_are_the_model_s() -> None:
    """A token per byte leaves the JSON one way to be cut; the plain engine is asked for all."""
    plain = PlainEngine(tiny.loaded("llama", merges=False), rows=1)
    fast = Recorded(tiny.loaded("llama", merges=False))
    texts = {i: reply.text for group in plain.answer(REQUESTS) for i, reply in group}
    assert {i: reply.text for i, reply in fast.replies(REQUESTS).items()} == texts


def test_half_precision_keeps_to_the_form() -> None:
    replies = Recorded(tiny.loaded("gemma2", dtype="bfloat16")).replies(REQUESTS)
    for index, reply in replies.items():
        assert read(REQUESTS[index].form, reply.text)


def test_what_is_done_is_not_answered_again() -> None:
    engine = Recorded(tiny.loaded("llama"))
    assert set(engine.replies(REQUESTS, frozenset({0, 3, 7}))) == set(EVERY) - {0, 3, 7}
    assert all(answer == expected("llama")[index] for index, answer in engine.tokens.items())
    assert engine.replies(REQUESTS, frozenset(EVERY)) == {}
    assert engine.replies([]) == {}


@pytest.mark.parametrize("place", [0, 5, len(REQUESTS)])
def test_a_prompt_that_does_not_fit_is_told(place: int) -> None:
    model = tiny.loaded("llama", context=440)
    assert all(model.prompts.fit(asked).problem is None for asked in REQUESTS)
    long = request("Why? " * 90, system="A" if place == 0 else "Z")  # comes first, or last
    asked = [*REQUESTS[:place], long, *REQUESTS[place:]]
    engine = Recorded(model, rows=3)
    replies = engine.replies(asked)
    assert {index for index, reply in replies.items() if reply.error} == {place}
    assert "tokens without examples" in str(replies[place].error)
    assert replies[place].dropped_shots == 2
    del engine.tokens[max(engine.tokens)], replies[place]
    assert len(replies) == len(REQUESTS)


def test_examples_that_do_not_fit_are_left_out() -> None:
    whole = tiny.loaded("llama")
    room = len(whole.prompts.fit(REQUESTS[0]).tokens) - 1 + most_tokens(WHY)
    narrow = tiny.loaded("llama", context=room)
    engine = Recorded(narrow)
    replies = engine.replies(REQUESTS[:4])
    assert [replies[index].dropped_shots for index in range(4)] == [1, 1, 1, 1]
    stock = tiny.loaded("llama", context=room)
    assert [engine.tokens[i] for i in range(4)] == defined(stock, REQUESTS[:4])


@pytest.mark.parametrize("most", [1, 2, 4])
def test_with_too_little_memory_half_as_much_is_done_at_a_time(
    most: int, monkeypatch: pytest.MonkeyPatch, works: list[Work]
) -> None:
    cramp(monkeypatch, 8, 2000)
    engine = Recorded(tiny.loaded("llama"))
    watch(monkeypatch, lambda step: answers(step) > most)
    replies = engine.replies(REQUESTS)
    assert not any(reply.error for reply in replies.values())
    assert [engine.tokens[index] for index in EVERY] == expected("llama")
    slots = [work._tails.shape[2] for work in works]
    assert slots == [size for size in (8, 4, 2, 1) if size >= most]


@pytest.mark.parametrize("error", NO_ROOM)
def test_a_request_too_large_for_memory_fails_alone(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Recorded(tiny.loaded("llama"), rows=4)
    asked = [*REQUESTS[:5], request("~"), *REQUESTS[5:]]
    (mark,) = engine._loaded.tokenizer.encode("~", add_special_tokens=False)
    watch(monkeypatch, lambda step: mark in step.tokens, error)
    replies = engine.replies(asked)
    errors = {index: reply.error for index, reply in replies.items() if reply.error}
    assert errors == {5: "out of GPU memory with this request alone"}
    assert [engine.tokens[index] for index in sorted(engine.tokens)] == expected("llama")


@pytest.mark.parametrize("error", NO_ROOM)
def test_the_plain_engine_halves_a_batch_too(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = PlainEngine(tiny.loaded("llama"))

    def cramped(requests: list[Request]) -> list[Reply]:
        if len(requests) > 1 or requests[0] is REQUESTS[1]:
            raise error
        return [Reply("said", 0, 0, 0, 0.0)]

    monkeypatch.setattr(engine, "_answer_batch", cramped)
    replies = {index: reply for group in engine.answer(REQUESTS[:4]) for index, reply in group}
    errors = [replies[index].error for index in range(4)]
    assert errors == [None, "out of GPU memory with this request alone", None, None]


def test_what_else_fails_is_raised(monkeypatch: pytest.MonkeyPatch, works: list[Work]) -> None:
    error = RuntimeError("shapes do not fit")
    engines = (Recorded(tiny.loaded("llama")), PlainEngine(tiny.loaded("gemma")))

    def fail(_: object) -> list[Reply]:
        raise error

    watch(monkeypatch, lambda _: True, error)
    monkeypatch.setattr(engines[1], "_answer_batch", fail)
    for engine in engines:
        with pytest.raises(RuntimeError, match="shapes do not fit"):
            list(engine.answer(REQUESTS[:2]))
    works.clear()  # nobody goes on with it


@pytest.mark.parametrize("there", [False, True])
def test_memory_is_given_back_to_the_gpu_that_is_there(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed: list[str] = []
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: there)
    monkeypatch.setattr("torch.mps.empty_cache", lambda: freed.append("mps"))
    free_memory()
    assert freed == ["mps"] * there
