"""Habits of servers: each is adapted to, or named in one line; what is not sent is recorded."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from spm_tui.bench.backend import Backend
from spm_tui.bench.jobs import model_choice
from spm_tui.bench.options import RunOptions
from spm_tui.engine.remote.connection import Connection
from spm_tui.engine.remote.engine import RemoteEngine
from spm_tui.engine.remote.probe import probe
from spm_tui.errors import InputError, ModelError
from spm_tui.wire import Reply
from tests.spm_tui.remote_server import (
    GOOD,
    URL,
    Body,
    FakeServer,
    Outcome,
    completion,
    error,
    request,
    way_of,
)


def always(_: object) -> bool:
    return True


def but_one(value: object) -> bool:
    return value != 1


def refusing(*names: str, **values: Callable[[Any], bool]) -> FakeServer:
    return FakeServer(refuses=dict.fromkeys(names, always) | values)


def answered(fake: FakeServer, *, temperature: float = 0.0, without: str = "") -> Reply:
    engine = RemoteEngine(
        [URL], "m", key=None, without=frozenset(without.split()), transport=fake.transport
    )
    ((_, reply),) = [
        one for group in engine.answer([request("?", temperature=temperature)]) for one in group
    ]
    return reply


def settings(fake: FakeServer) -> dict[str, str]:
    record = probe(URL, "m", key=None, transport=fake.transport).record
    return {name: fact for name, fact in record.items() if name not in ("url", "model", "kind")}


def template_options(**habits: Any) -> FakeServer:
    return FakeServer(
        owner="vllm", refuses={"chat_template_kwargs": always, "stream": always}, **habits
    )


@pytest.mark.parametrize(
    ("fake", "facts"),
    [
        (refusing("max_tokens"), {"length": "bounded by max_completion_tokens"}),
        (refusing("max_tokens", "max_completion_tokens"), {"length": "not bounded"}),
        (refusing("stream"), {"stream": "not sent"}),
        (refusing("seed"), {"seed": "not sent"}),
        (refusing("seed", "stream"), {"seed": "not sent", "stream": "not sent"}),
        (FakeServer(has_system=False), {"system": "in the first user's turn"}),
        (
            FakeServer(has_system=False, refuses={"max_tokens": always}),
            {
                "system": "in the first user's turn",
                "length": "bounded by max_completion_tokens",
            },
        ),
        (template_options(honours=("json_schema",)), {"stream": "not sent"}),
        (refusing("response_format"), {"dialect": "words"}),
    ],
)
def test_a_server_that_refuses_a_field_goes_without(fake: FakeServer, facts: Body) -> None:
    assert settings(fake) == {"dialect": "json_schema"} | facts
    assert answered(fake).error is None
    assert not {name for name in fake.refuses if name in fake.bodies[0]}


@pytest.mark.parametrize(
    ("refused", "recorded", "way_out"),
    [
        (but_one, "1", "use --decoding sampling --temperature 1"),
        (lambda value: value == 0, "above 0", "use --decoding sampling"),
        (always, "not sent", "use --decoding sampling --without temperature, for answers at"),
    ],
)
def test_a_server_that_cannot_be_greedy_is_not_asked(
    refused: Callable[[Any], bool], recorded: str, way_out: str
) -> None:
    fake = refusing(temperature=refused)
    assert settings(fake)["temperature"] == recorded
    with pytest.raises(ModelError, match=f"takes no temperature.*: {way_out}"):
        answered(fake)
    assert not fake.bodies


def test_a_temperature_that_a_server_takes_is_used() -> None:
    fake = refusing(temperature=but_one)
    with pytest.raises(ModelError, match="no temperature but 1"):
        answered(fake, temperature=0.7)
    assert answered(fake, temperature=1.0).error is None
    assert fake.bodies[-1]["temperature"] == 1.0


def test_what_a_run_goes_without_is_not_sent() -> None:
    newest = refusing("max_tokens", "seed", temperature=but_one)
    with pytest.raises(ModelError) as caught:
        answered(newest, temperature=0.7)
    assert str(caught.value) == (
        f"{URL} takes no temperature but 1: use --decoding sampling --temperature 1; takes no seed,"
        " so that sampled answers cannot be had again: add --without seed"
    )
    assert answered(newest, temperature=1.0, without="seed").error is None
    for fake in (newest, refusing("temperature", "seed"), FakeServer()):
        assert answered(fake, temperature=0.7, without="seed temperature").error is None
        assert not {"seed", "temperature"} & set(fake.bodies[-1])


def test_what_a_run_goes_without_is_part_of_its_identity() -> None:
    def identity(**options: Any) -> str:
        made = RunOptions(backend="openai", url=(URL,), model="m", **options)
        return Backend(model_choice(made), say=print).backbone("language").identity

    assert identity() == identity(decoding="sampling") == "m/served/openai"
    assert identity(without=("seed",)) == "m/served/openai", "greedy answers have no seed"
    sampled = identity(decoding="sampling", without=("temperature", "seed"))
    assert sampled == "m/served/openai/without-seed+temperature"
    with pytest.raises(InputError, match="add --decoding sampling"):
        identity(without=("temperature",))
    with pytest.raises(InputError, match="only servers may take none"):
        model_choice(RunOptions(decoding="sampling", without=("seed",)))


def message(**fields: Any) -> Callable[[str, Body], Outcome]:
    def write(text: str, _: Body) -> Outcome:
        filled = {name: value(text) if callable(value) else value for name, value in fields.items()}
        return completion("", message=filled)

    return write


def parts(text: str) -> list[Body]:
    half = len(text) // 2
    thought = {"type": "reasoning", "text": "Well."}
    texts = [{"type": "text", "text": one} for one in (text[:half], text[half:])]
    return [thought, *texts]


def streamed(text: str, body: Body) -> Outcome:
    deltas: list[Body] = [{"choices": [{"delta": {"content": one}}]} for one in text]
    deltas.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    deltas.append({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10}})
    lines = [f"data: {json.dumps(one)}" for one in deltas]
    return httpx2.Response(200, text="\n\n".join([": begun", *lines, "data: [DONE]"]))


def uncounted(usage: Any) -> Callable[[str, Body], Outcome]:
    def write(text: str, _: Body) -> Outcome:
        choice = {"message": {"content": text}, "finish_reason": None}
        return httpx2.Response(200, text=json.dumps({"choices": [choice], "usage": usage}))

    return write


@pytest.mark.parametrize(
    ("writes", "tokens"),
    [
        (message(content=parts), 10),
        (message(content=lambda text: {"type": "output_text", "text": text}), 10),
        (message(content=lambda text: json.loads(text) if text[0] == "{" else text), 10),
        (message(content=lambda text: text, refusal=None, tool_calls=[]), 10),
        (streamed, 10),
        (uncounted(None), 0),
        (uncounted([]), 0),
        (uncounted("many"), 0),
        (uncounted({"completion_tokens": float("inf")}), 0),
        (uncounted({"completion_tokens": "7"}), 0),
        (uncounted({"completion_tokens": 7.0}), 7),
        (uncounted({"completion_tokens": -7}), 0),
        (uncounted({"completion_tokens": 1 << 80}), 0),
    ],
)
def test_an_answer_is_read_however_it_is_written(
    writes: Callable[[str, Body], Outcome], tokens: int
) -> None:
    reply = answered(FakeServer(writes=writes))
    assert (reply.text, reply.error, reply.answer_tokens) == (GOOD, None, tokens)


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (
            completion("", message={"refusal": "I will not\njudge."}),
            "refuses to answer: I will not",
        ),
        (
            completion("", message={"content": [{"type": "refusal", "refusal": "No."}]}),
            "refuses to answer: No.",
        ),
        (completion('{"rea', finish_reason="content_filter"), "ended it with content_filter"),
        (completion('{"rea', finish_reason="MAX_TOKENS"), "cut off after 10 tokens"),
        (completion('{"rea', finish_reason="max_output_tokens"), "cut off after 10 tokens"),
        (completion("", message={"content": None, "reasoning": GOOD}), "not JSON"),
        (httpx2.Response(200, json={"choices": [], "usage": {}}), "is not a chat completion"),
        (httpx2.Response(200, json={"error": {"message": "quota"}}), "chat completion: quota"),
        (httpx2.Response(200, text='data: {"choices": [{"delta": {}}]}'), "not a chat completion"),
        (httpx2.Response(200, text="data: {"), "is not a chat completion"),
        (completion("", message={"content": 7}), "is not a chat completion"),
        (error(400, "Invalid 'messages'"), "Invalid 'messages'"),
    ],
)
def test_what_is_no_answer_is_said(
    outcome: Outcome, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spm_tui.engine.remote.health._FIRST", 0.001)
    reply = answered(FakeServer(respond=lambda _: outcome))
    assert problem in (reply.error or "")
    assert "\n" not in (reply.error or "")


def test_thoughts_that_a_server_keeps_to_itself_have_room() -> None:
    def thinking(text: str, _: Body) -> Outcome:
        usage = {"completion_tokens": 90, "completion_tokens_details": {"reasoning_tokens": 64}}
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        return httpx2.Response(200, json={"choices": [choice], "usage": usage})

    hidden = FakeServer(
        writes=thinking, refuses={"max_tokens": always, "chat_template_kwargs": always}
    )
    assert settings(hidden)["thinking"] == "before every answer"
    assert answered(hidden).error is None
    assert hidden.bodies[0]["max_completion_tokens"] > 2048
    silent = FakeServer(writes=lambda text, _: completion("", finish_reason="length"))
    assert settings(silent)["thinking"] == "before every answer"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"reasoning": "it is good", "score": 50.0,}', GOOD),
        (f"Well.</think>\n```json\n{GOOD}\n```", GOOD),
        ('{"answer": {"Reasoning": "it is\ngood", "Score": "50"}}', GOOD),
    ],
)
def test_where_a_form_is_asked_for_in_words_plain_answers_are_stored_in_it(
    said: str, expected: str
) -> None:
    reply = answered(FakeServer(respond=lambda _: said, honours=()))
    assert (reply.text, reply.error) == (expected, None)


def test_where_a_server_keeps_to_the_form_nothing_else_is_read() -> None:
    said = '{"reasoning": "it is good", "score": "50"}'
    reply = answered(FakeServer(respond=lambda _: said))
    assert (reply.text, reply.error) == (said, "answer.score: '50' is not a whole")


def test_ambiguous_words_are_asked_again() -> None:
    fake = FakeServer(respond=lambda _: f"{GOOD} or {GOOD.replace('50', '60')}", honours=())
    reply = answered(fake, temperature=0.7)
    assert "answers that differ" in (reply.error or "")
    assert len({body["seed"] for body in fake.bodies}) == len(fake.bodies) == 3


def test_a_server_that_refuses_everything_is_said() -> None:
    fake = FakeServer()
    fake.pages = {"/v1/chat/completions": error(400, "no\x07thing")}
    with pytest.raises(ModelError, match=f"^{URL}: HTTP 400: no"):
        probe(URL, "m", key=None, transport=fake.transport)


@pytest.mark.parametrize("refuses", [("structured_outputs",), ("structured_outputs", "stream")])
def test_a_dialect_that_is_refused_is_not_used(refuses: tuple[str, ...]) -> None:
    fake = FakeServer(owner="vllm", refuses=dict.fromkeys(refuses, always))
    assert answered(fake).error is None
    assert way_of(fake.bodies[0]) == "json_schema"


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"ALL_PROXY": "socks5://me:secret@proxy:1"}, "pip install 'httpx2[socks]'"),
        ({"http_proxy": "socks5h://me:secret@proxy:1"}, "pip install 'httpx2[socks]'"),
        ({"HTTP_PROXY": "socks4://me:secret@proxy:1"}, "HTTP_PROXY has no usable address"),
        ({"http_proxy": "http://me:secret@[::1"}, "http_proxy has no usable address"),
        ({"ALL_PROXY": "http://me:secret@proxy:99999"}, "ALL_PROXY has no usable address"),
        ({"SSL_CERT_FILE": "/nowhere"}, r"certificates \(SSL_CERT_FILE.*: .*No such file"),
    ],
)
def test_an_environment_that_cannot_be_used_is_one_line(
    variables: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match=problem.replace("[socks]", r"\[socks\]")) as caught:
        Connection("http://192.0.2.1/v1", key=None)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "variables",
    [
        {"ALL_PROXY": "socks5://proxy:1", "NO_PROXY": "192.0.2.1"},
        {"ALL_PROXY": "socks5://proxy:1", "no_proxy": "*"},
        {"HTTPS_PROXY": "socks5://proxy:1"},
        {"HTTP_PROXY": "http://proxy:1", "NO_PROXY": "[::"},
    ],
)
def test_proxies_for_other_addresses_are_in_nobodys_way(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    Connection("http://192.0.2.1/v1", key=None)


@pytest.mark.parametrize("host", ["a\x00b", "\u200b.invalid", "\U0001f4a5.invalid"])
def test_a_host_that_cannot_be_is_one_line(host: str) -> None:
    with pytest.raises(ModelError, match="is not an address"):
        Connection(f"http://{host}/v1", key=None)


@pytest.mark.parametrize("url", ["http://[::1]:8000/v1", "http://host/a/b/openai", "https://é.org"])
def test_addresses_of_all_kinds_are_taken(url: str) -> None:
    assert Connection(url, key=None).url == url
