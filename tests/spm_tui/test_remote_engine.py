"""Runs against servers that fail in every way."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from spm_tui.engine.remote.engine import RemoteEngine
from spm_tui.engine.remote.key import Key
from spm_tui.errors import EngineLost, ModelError
from spm_tui.wire import Reply, Request, derive_seed
from tests.spm_tui.remote_server import (
    GOOD,
    URL,
    Body,
    FakeServer,
    Outcome,
    completion,
    error,
    interrupted,
    question,
    request,
    way_of,
)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm_tui.engine.remote.health._FIRST", 0.002)
    monkeypatch.setattr("spm_tui.engine.remote.health._MOST", 0.02)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def engine(fake: FakeServer, *, said: list[str] | None = None, **options: Any) -> RemoteEngine:
    say = said.append if said is not None else lambda _: None
    return RemoteEngine([URL], "m", key=None, say=say, transport=fake.transport, **options)


def answers(fake: FakeServer, *requests: Request, **options: Any) -> list[Reply]:
    found = dict(one for group in engine(fake, **options).answer(requests) for one in group)
    assert sorted(found) == list(range(len(requests)))
    return [found[index] for index in range(len(requests))]


def first(*outcomes: Outcome, then: Outcome = GOOD) -> Callable[[Body], Outcome]:
    """Return the outcomes in turn, then always the same."""
    left = iter(outcomes)
    return lambda _: next(left, then)


def test_requests_are_answered() -> None:
    fake = FakeServer(lambda body: json.dumps({"reasoning": question(body), "score": 7}))
    replies = answers(fake, *(request(f"question {i}") for i in range(30)))
    for number, reply in enumerate(replies):
        assert reply.text == f'{{"reasoning": "question {number}", "score": 7}}'
        assert (reply.prompt_tokens, reply.answer_tokens) == (100, 10)
        assert (reply.dropped_shots, reply.error) == (0, None)
    assert {way_of(body) for body in fake.bodies} == {"json_schema"}


def test_what_is_done_is_not_asked() -> None:
    fake = FakeServer()
    requests = [request(f"question {i}") for i in range(5)]
    found = [i for group in engine(fake).answer(requests, done={0, 2, 3}) for i, _ in group]
    assert sorted(found) == [1, 4]
    assert {question(body) for body in fake.bodies} == {"question 1", "question 4"}
    assert list(engine(fake).answer(requests, done=set(range(5)))) == []


def test_what_begins_alike_is_asked_together() -> None:
    fake = FakeServer()
    answers(fake, *(request(f"q{i}", shots=i % 2) for i in range(12)))
    lengths = [len(body["messages"]) for body in fake.bodies]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize(
    "outcome",
    [
        error(429, "slow down", {"retry-after": "0"}),
        error(500, "oops"),
        error(502, "bad gateway"),
        error(503, "busy"),
        error(504, "late"),
        httpx2.ConnectError("refused"),
        httpx2.ReadError("reset by peer"),
        httpx2.RemoteProtocolError("closed mid-body"),
        httpx2.Response(200, text='{"choices": [{"mess'),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(outcome: Outcome) -> None:
    fake = FakeServer(first(outcome, outcome))
    assert [reply.error for reply in answers(fake, request("a"))] == [None]
    assert len(fake.bodies) == 3
    assert fake.bodies[0] == fake.bodies[2]


def test_a_server_is_left_alone_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm_tui.engine.remote.pool.LONG", 0.5)
    times: list[float] = []
    said: list[str] = []
    slow = first(error(429, "slow down", {"retry-after": "1"}))

    def respond(body: Body) -> Outcome:
        times.append(time.monotonic())
        return slow(body)

    (reply,) = answers(FakeServer(respond), request("a"), said=said, patience=0.2, deadline=0.5)
    assert reply.error is None
    assert times[1] - times[0] >= 1.0
    assert said[1:] == [f"{URL} asks to be left alone for 1 s: HTTP 429: slow down"]


def test_a_server_that_wants_to_be_left_alone_for_too_long_ends_the_run() -> None:
    fake = FakeServer(first(GOOD, then=error(429, "quota", {"retry-after": "7200"})))
    with pytest.raises(EngineLost) as caught:
        list(engine(fake).answer([request(f"q{i}") for i in range(20)]))
    assert str(caught.value) == (
        f"all endpoints are lost: {URL}: HTTP 429: quota; it asks to be left alone for 2 h 00 min;"
        " what is answered is stored"
    )


def test_a_run_is_stopped_while_a_server_is_left_alone() -> None:
    fake = FakeServer(lambda _: error(429, "slow down", {"retry-after": "600"}))
    running = engine(fake).answer([request("a")])
    with interrupted():
        next(running)


def test_a_request_that_breaks_the_server_fails_alone() -> None:
    def respond(body: Body) -> Outcome:
        return error(500, "oops") if question(body) == "poison" else GOOD

    fake = FakeServer(respond)
    replies = answers(fake, *(request(f"q{i}") for i in range(9)), request("poison"))
    assert [reply.error for reply in replies[:9]] == [None] * 9
    assert replies[9].error == "given up after 5 tries: HTTP 500: oops"
    assert Counter(map(question, fake.bodies))["poison"] == 5


def test_a_request_that_is_refused_fails_at_once() -> None:
    def respond(body: Body) -> Outcome:
        return error(400, "bad words") if question(body) == "bad" else GOOD

    fake = FakeServer(respond)
    replies = answers(fake, request("bad"), request("good"))
    assert [reply.error for reply in replies] == ["HTTP 400: bad words", None]
    assert len(fake.bodies) == 2


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (error(401, "no"), "the API key is missing or not accepted"),
        (error(403, "no"), "the API key is missing or not accepted"),
        (error(404, "no"), "the model or the address is not there"),
        (httpx2.Response(302, headers={"location": "http://other/"}), "points to http://other/"),
    ],
    ids=str,
)
def test_what_no_request_survives_ends_the_run(outcome: Outcome, problem: str) -> None:
    fake = FakeServer(first(GOOD, GOOD, then=outcome))
    running = engine(fake).answer([request(f"q{i}") for i in range(40)])
    with pytest.raises(ModelError, match=f"^{URL}: .*{problem}"):
        list(running)


def test_a_sampled_answer_of_another_form_is_asked_for_with_another_seed() -> None:
    bad = '{"reasoning": "so so", "score": 101}'
    fake = FakeServer(first("no JSON", bad))
    (reply,) = answers(fake, request("a", temperature=0.7))
    assert (reply.text, reply.error) == (GOOD, None)
    seeds = [body["seed"] for body in fake.bodies]
    again = [derive_seed(7, "again", attempt) & 0x7FFFFFFF for attempt in (1, 2)]
    assert seeds == [7, *again]


def test_a_sampled_answer_fails_after_three_of_another_form() -> None:
    fake = FakeServer(lambda _: '{"reasoning": "so so", "score": 101}')
    (reply,) = answers(fake, request("a", temperature=0.7))
    assert reply.error == "answer.score: 101 is not from 0 to 100"
    assert reply.text == '{"reasoning": "so so", "score": 101}'
    assert len(fake.bodies) == 3


def test_a_greedy_answer_is_asked_for_once_more_as_it_is() -> None:
    fake = FakeServer(lambda _: "no JSON")
    (reply,) = answers(fake, request("a"))
    assert reply.error is not None
    assert reply.error.startswith("not JSON")
    assert len(fake.bodies) == 2
    assert fake.bodies[0] == fake.bodies[1]


def test_an_answer_that_is_cut_off_says_so() -> None:
    fake = FakeServer(lambda _: completion('{"reasoning": "and so', finish_reason="length"))
    (reply,) = answers(fake, request("a"))
    assert reply.error == ('the answer was cut off after 10 tokens: \'{"reasoning": "and so\'')


def test_an_answer_that_is_complete_before_it_is_cut_off_is_taken() -> None:
    fake = FakeServer(lambda _: completion(f"{GOOD}\n\n\n", finish_reason="length"))
    assert answers(fake, request("a"))[0].error is None


def test_a_server_that_ignores_constraints_is_asked_in_words() -> None:
    said: list[str] = []
    fake = FakeServer(lambda _: f"```json\n{GOOD}\n```", honours=())
    (reply,) = answers(fake, request("a"), said=said)
    assert (reply.text, reply.error) == (GOOD, None)
    assert "Write nothing but this JSON object" in fake.bodies[0]["messages"][0]["content"]
    assert any("asking in words" in line for line in said)


def fits(most: int) -> Callable[[Body], Outcome]:
    """Return a server with room for this many examples."""

    def respond(body: Body) -> Outcome:
        if (len(body["messages"]) - 2) / 2 > most:
            return error(400, "This model's maximum context length is 2048 tokens.")
        return GOOD

    return respond


def test_the_least_similar_examples_are_left_out() -> None:
    said: list[str] = []
    fake = FakeServer(fits(1))
    replies = answers(fake, *(request(f"q{i}", shots=i) for i in range(4)), said=said)
    assert [reply.dropped_shots for reply in replies] == [0, 0, 1, 2]
    assert [reply.error for reply in replies] == [None] * 4
    last = fake.bodies[-1]["messages"]
    assert [message["content"] for message in last] == ["Judge.", "example 0", GOOD, "q3"]
    assert sum("too small for all worked examples" in line for line in said) == 1


def test_a_request_that_does_not_fit_at_all_fails() -> None:
    (reply,) = answers(FakeServer(fits(-1)), request("a", shots=2))
    assert reply.error == (
        "no room in the model's context, without any example: HTTP 400: This model's maximum"
        " context length is 2048 tokens."
    )
    assert reply.dropped_shots == 2


def test_an_answer_that_fills_the_context_leaves_out_an_example() -> None:
    def respond(body: Body) -> Outcome:
        crowded = len(body["messages"]) > 4
        return completion('{"reaso', finish_reason="length") if crowded else GOOD

    fake = FakeServer(respond, entry={"max_model_len": 110})
    (reply,) = answers(fake, request("a", shots=3))
    assert (reply.dropped_shots, reply.error) == (2, None)


def test_a_context_that_is_too_small_for_anything_is_told_before_any_work() -> None:
    fake = FakeServer(entry={"max_model_len": 50})
    with pytest.raises(ModelError, match="the context of 50 tokens is too small"):
        answers(fake, request("a" * 1000))
    assert fake.bodies == []


def test_a_server_that_stays_away_ends_the_run() -> None:
    said: list[str] = []
    fake = FakeServer(first(GOOD, GOOD, then=httpx2.ConnectError("refused")))
    running = engine(fake, said=said, patience=0.3).answer([request(f"q{i}") for i in range(20)])
    got: list[int] = []
    with pytest.raises(ModelError) as caught:
        got.extend(index for group in running for index, _ in group)
    assert str(caught.value) == (
        f"all endpoints are lost: {URL}: cannot be reached (refused); what is answered is stored"
    )
    assert len(got) == 2
    assert f"{URL} is set aside for now: cannot be reached (refused)" in said


def test_a_server_that_comes_back_is_used_again() -> None:
    said: list[str] = []
    away: list[Outcome] = [httpx2.ConnectError("refused")] * 40
    fake = FakeServer(first(GOOD, GOOD, *away))
    replies = answers(fake, *(request(f"q{i}") for i in range(20)), said=said)
    assert [reply.error for reply in replies] == [None] * 20
    assert said[-1] == f"{URL} answers again"


class Two:
    """Two servers behind one transport."""

    def __init__(self, one: FakeServer, other: FakeServer) -> None:
        self.fakes = {"one": one, "other": other}
        self.transport = httpx2.MockTransport(
            lambda request: self.fakes[request.url.host].handle(request)
        )

    def engine(self, **options: Any) -> RemoteEngine:
        urls = ["http://one/v1", "http://other/v1"]
        return RemoteEngine(urls, "m", key=None, transport=self.transport, **options)


def test_requests_are_spread_and_what_begins_alike_stays_together() -> None:
    one, other = FakeServer(), FakeServer(owner="vllm", honours=("structured_outputs",))
    requests = [request(f"q{i} {sample}", shots=i) for i in range(10) for sample in range(5)]
    replies = [r for group in Two(one, other).engine().answer(requests) for _, r in group]
    assert [reply.error for reply in replies] == [None] * 50
    assert {way_of(body) for body in one.bodies} == {"json_schema"}
    assert {way_of(body) for body in other.bodies} == {"structured_outputs"}
    asked = [{question(body).split()[0] for body in fake.bodies} for fake in (one, other)]
    assert not asked[0] & asked[1]
    assert min(map(len, asked)) >= 3


def test_the_work_of_a_server_that_fails_goes_to_the_other() -> None:
    said: list[str] = []
    one, other = FakeServer(first(GOOD, then=httpx2.ConnectError("refused"))), FakeServer()
    requests = [request(f"q{i}", shots=i % 7) for i in range(100)]
    engine = Two(one, other).engine(patience=0.01, say=said.append)
    replies = [r for group in engine.answer(requests) for _, r in group]
    assert [reply.error for reply in replies] == [None] * 100


def test_what_was_meant_for_a_server_that_is_left_alone_goes_to_the_other() -> None:
    busy: list[Outcome] = [error(503, "busy")] * 8
    tired = FakeServer(first(*busy, then=error(429, "slow down", {"retry-after": "600"})))
    requests = [request(f"q{i}") for i in range(400)]
    groups = Two(tired, FakeServer()).engine().answer(requests)
    assert [reply.error for group in groups for _, reply in group] == [None] * 400


def test_both_servers_lost() -> None:
    away = FakeServer(lambda _: httpx2.ConnectError("refused"))
    busy = FakeServer(lambda _: error(503, "busy"))
    with pytest.raises(ModelError) as caught:
        list(Two(away, busy).engine(patience=0.05).answer([request(f"q{i}") for i in range(50)]))
    assert str(caught.value) == (
        "all endpoints are lost: http://one/v1: cannot be reached (refused); http://other/v1:"
        " HTTP 503: busy; what is answered is stored"
    )


def test_contexts_that_differ_are_told() -> None:
    said: list[str] = []
    Two(FakeServer(entry={"max_model_len": 1024}), FakeServer()).engine(say=said.append)
    assert said[-1].startswith("the servers' contexts differ")


def test_weights_that_differ_are_told() -> None:
    said: list[str] = []
    one, other = (FakeServer(entry={"root": root}) for root in ("/models/q4", "/models/q8"))
    Two(one, other).engine(say=said.append)
    assert said[-1] == "the servers' models may differ: /models/q4; /models/q8"


def test_a_mistake_in_the_program_is_not_hidden() -> None:
    def respond(_: Body) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answers(FakeServer(respond), request("a"))


def test_the_key_is_in_no_message_and_no_repr() -> None:
    said: list[str] = []
    fake = FakeServer(lambda _: error(400, "your key is sesame"), key="sesame")
    engine = RemoteEngine(
        [URL], "m", key=Key("sesame", True), say=said.append, transport=fake.transport
    )
    ((answer,),) = engine.answer([request("a")])
    assert answer[1].error == "HTTP 400: your key is [key]"
    assert "sesame" not in f"{engine!r} {engine.servers!r} {said}"


def test_an_answer_that_holds_the_key_stays_as_it_is() -> None:
    fake = FakeServer(key="good")
    engine = RemoteEngine([URL], "m", key=Key("good", True), transport=fake.transport)
    ((answer,),) = engine.answer([request("a")])
    assert answer[1].text == GOOD


@pytest.mark.parametrize("said", ["token-abc123", "token%2Dabc123", "dG9rZW4tYWJjMTIz"])
def test_an_answer_that_repeats_a_key_which_is_no_word_is_cleared_of_it(said: str) -> None:
    fake = FakeServer(lambda _: GOOD.replace("good", said), key="token-abc123")
    engine = RemoteEngine([URL], "m", key=Key("token-abc123", True), transport=fake.transport)
    ((answer,),) = engine.answer([request("a")])
    assert answer[1].text == GOOD.replace("good", "[key]")


def test_an_answer_that_cannot_be_read_is_told_without_the_key() -> None:
    body = httpx2.Response(200, text='"choices" sesame ses%61me', headers={"x": "sesame"})
    fake = FakeServer(lambda _: body, key="sesame")
    engine = RemoteEngine(
        [URL], "m", key=Key("sesame", True), transport=fake.transport, deadline=0.1
    )
    ((answer,),) = engine.answer([request("a")])
    assert answer[1].error
    assert "[key] [key]" in answer[1].error
    assert "sesame" not in answer[1].error
