"""Servers of all kinds, as the probe finds them."""

import asyncio
import re
from typing import Any

import httpx2
import pytest

from spm_tui.engine.remote.key import Key, read_key
from spm_tui.engine.remote.probe import Server, explore, probe
from spm_tui.errors import ModelError
from tests.spm_tui.remote_server import URL, Body, FakeServer, Outcome, error, way_of


def found(fake: FakeServer, *, url: str = URL, model: str = "m", key: str | None = None) -> Server:
    told = read_key({"KEY": key or ""}, "KEY", unencrypted=True)
    return probe(url, model, key=told, transport=fake.transport)


def complaint(fake: FakeServer, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        found(fake, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def page(value: object, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=value)


VLLM = FakeServer(
    owner="vllm",
    honours=("structured_outputs", "json_schema"),
    entry={"max_model_len": 8192, "root": "owner/model-awq"},
    pages={"/version": page({"version": "0.32.0"})},
)
OLD_VLLM = FakeServer(owner="vllm", honours=("guided_regex", "json_schema"))
SGLANG = FakeServer(
    owner="sglang",
    honours=("regex", "json_schema"),
    entry={"max_model_len": 4096},
    pages={
        "/get_server_info": page(
            {"version": "0.5.4", "model_path": "/models/m", "quantization": "fp8"}
        ),
    },
)
LLAMA_CPP = FakeServer(
    owner="llamacpp",
    honours=("grammar", "json_schema"),
    entry={"meta": {"n_ctx_train": 8192, "size": 2019}},
    pages={
        "/props": page(
            {
                "build_info": "b7",
                "model_path": "/models/m-Q4_K_M.gguf",
                "default_generation_settings": {"n_ctx": 2048},
            }
        ),
    },
)
LLAMA_CPP_PYTHON = FakeServer(owner="me", honours=("json_object",), rejects=("json_schema",))
OTHER = FakeServer()
PROXY_OF_VLLM = FakeServer(honours=("structured_outputs",))


@pytest.mark.parametrize(
    ("fake", "kind", "version", "context", "dialect"),
    [
        (VLLM, "vllm", "0.32.0", 8192, "structured_outputs"),
        (OLD_VLLM, "vllm", None, None, "guided_regex"),
        (SGLANG, "sglang", "0.5.4", 4096, "regex"),
        (LLAMA_CPP, "llama.cpp", "b7", 2048, "grammar"),
        (LLAMA_CPP_PYTHON, "", None, None, "json_object"),
        (OTHER, "", None, None, "json_schema"),
        (PROXY_OF_VLLM, "", None, None, "structured_outputs"),
    ],
)
def test_each_server_is_spoken_to_in_its_own_way(
    fake: FakeServer, kind: str, version: str | None, context: int | None, dialect: str
) -> None:
    server = found(fake)
    assert (server.kind, server.version, server.context) == (kind, version, context)
    assert server.manner.dialect.name == dialect
    assert server.notes == ()


def test_a_server_in_one_line() -> None:
    assert str(found(VLLM)) == (
        "http://server:8000/v1: vllm 0.32.0 with m, context of 8192 tokens, structured_outputs"
    )
    assert str(found(OTHER)) == "http://server:8000/v1: a server with m, json_schema"


@pytest.mark.parametrize(
    ("fake", "facts"),
    [
        (VLLM, {"kind": "vllm", "version": "0.32.0", "weights": "owner/model-awq"}),
        (SGLANG, {"kind": "sglang", "version": "0.5.4", "weights": "/models/m, fp8"}),
        (
            LLAMA_CPP,
            {
                "kind": "llama.cpp",
                "version": "b7",
                "weights": "/models/m-Q4_K_M.gguf, 2019 bytes",
            },
        ),
        (OTHER, {}),
    ],
)
def test_what_is_recorded_of_a_server(fake: FakeServer, facts: dict[str, str]) -> None:
    server = found(fake)
    dialect = server.manner.dialect.name
    told = {"thinking": "asked not to"} if server.kind else {}
    assert server.record == {"url": URL, "model": "m", "dialect": dialect, **facts, **told}


def test_a_short_name_finds_what_is_served_by_its_hub_id() -> None:
    fake = FakeServer(entry={"id": "meta-llama/Llama-3.2-3B-Instruct"})
    server = found(fake, model="llama-3.2-3b")
    assert server.model == "meta-llama/Llama-3.2-3B-Instruct"
    assert {body["model"] for body in fake.trials} == {server.model}
    assert found(FakeServer(entry={"id": "llama-3.2-3b"}), model="llama-3.2-3b").model == (
        "llama-3.2-3b"
    )


def test_a_server_that_ignores_every_constraint_is_named() -> None:
    server = found(FakeServer(honours=(), rejects=("json_object",)))
    assert server.manner.dialect.name == "words"
    assert server.notes == (
        "http://server:8000/v1 does not keep answers to a form, as `transformers serve` does not"
        " (json_schema is ignored; structured_outputs is ignored; json_object: HTTP 500: an"
        " unknown format); asking in words, answers are checked",
    )


def test_a_model_without_a_system_role() -> None:
    fake = FakeServer(has_system=False)
    server = found(fake)
    assert server.manner.joined
    assert [way_of(body) for body in fake.trials] == ["words", "json_schema"]
    assert all(body["messages"][0]["role"] == "user" for body in fake.trials)


def test_a_model_that_thinks_is_asked_not_to() -> None:
    server = found(FakeServer(thinks="unless asked not to"))
    assert (server.manner.unthinking, server.manner.thoughts) == (True, 0)
    assert server.manner.dialect.name == "json_schema"


def test_servers_that_hand_options_on_are_asked_for_no_thoughts_from_the_start() -> None:
    fake = FakeServer(owner="vllm", thinks="unless asked not to")
    server = found(fake)
    assert (server.manner.unthinking, server.manner.thoughts) == (True, 0)
    assert all("chat_template_kwargs" in body for body in fake.trials)
    assert server.record["thinking"] == "asked not to"
    server = found(FakeServer(owner="vllm", thinks="always"))
    assert (server.manner.unthinking, server.manner.thoughts) == (True, 2048)
    assert server.record["thinking"] == "before every answer"


@pytest.mark.parametrize("has_system", [True, False])
def test_a_server_that_refuses_options_of_templates_goes_without(
    has_system: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeServer(owner="vllm", has_system=has_system)
    chat = fake._chat

    def strict(body: Body) -> Outcome:
        if "chat_template_kwargs" in body:
            return error(400, "extra inputs are not permitted")
        return chat(body)

    monkeypatch.setattr(fake, "_chat", strict)
    server = found(fake)
    assert (server.manner.unthinking, server.manner.joined) == (False, not has_system)
    assert "thinking" not in server.record


def test_a_model_that_thinks_all_the_same_has_room_for_it() -> None:
    server = found(FakeServer(thinks="always"))
    assert (server.manner.unthinking, server.manner.thoughts) == (False, 2048)
    assert "thinks before every answer" in server.notes[1]


def test_a_model_that_is_not_served() -> None:
    assert complaint(FakeServer(), model="other") == (
        "http://server:8000/v1: 'other' is not served; there is m"
    )
    many = {"/v1/models": page({"data": [{"id": f"m{i}"} for i in range(8)]})}
    assert complaint(FakeServer(pages=many), model="other").endswith(
        "there is m0, m1, m2, m3, m4 and 3 more"
    )
    none = {"/v1/models": page({"data": []})}
    assert complaint(FakeServer(pages=none)) == "http://server:8000/v1: serves no model"


@pytest.mark.parametrize("url", ["http://server:8000", "http://server:8000/"])
def test_an_address_without_v1(url: str) -> None:
    assert complaint(FakeServer(), url=url) == (
        "http://server:8000: there is no /models; use http://server:8000/v1"
    )


@pytest.mark.parametrize(
    "url", [f"{URL}/", f"{URL}/chat/completions", f"  {URL} ", f"{URL}/chat/completions/"]
)
def test_what_is_copied_along_with_an_address_is_dropped(url: str) -> None:
    assert found(FakeServer(), url=url).url == URL


def test_something_else_than_such_a_server() -> None:
    expected = "no OpenAI-compatible server, there is no /models"
    assert complaint(FakeServer(), url=f"{URL}/x") == f"{URL}/x: {expected}"
    site = {"/v1/models": httpx2.Response(200, text="<html>Welcome</html>")}
    assert complaint(FakeServer(pages=site)) == f"{URL}: {expected}"
    broken = {"/v1/models": error(502, "Bad gateway")}
    assert complaint(FakeServer(pages=broken)) == f"{URL}: HTTP 502: Bad gateway"


def test_a_redirect_is_not_followed() -> None:
    moved = httpx2.Response(301, headers={"location": "https://elsewhere/v1/models"})
    assert complaint(FakeServer(pages={"/v1/models": moved})) == (
        f"{URL}: it points to https://elsewhere/v1/models, where nothing is sent;"
        " give that address instead"
    )


@pytest.mark.parametrize("key", [None, "wrong-secret"])
def test_a_key_that_is_missing_or_wrong_is_never_shown(key: str | None) -> None:
    told = complaint(FakeServer(key="secret"), key=key)
    assert told.startswith(f"{URL}: the API key is missing or not accepted (HTTP 401: wrong key: ")
    assert "secret" not in told


def test_a_key_is_sent_as_it_is_known() -> None:
    fake = FakeServer(key="secret")
    assert found(fake, key=" secret\n").url == URL
    assert {headers["authorization"] for headers in fake.headers} == {"Bearer secret"}
    assert "authorization" not in _headers_without_key()


def _headers_without_key() -> httpx2.Headers:
    fake = FakeServer()
    found(fake)
    return fake.headers[-1]


def test_a_key_that_is_none_is_not_shown() -> None:
    assert complaint(FakeServer(), key="sec\nret") == "the API key holds characters that no key has"
    assert complaint(FakeServer(), key="schlüssel").startswith("the API key holds")


def test_a_key_that_only_chats_need() -> None:
    fake = FakeServer(pages={"/v1/chat/completions": error(401, "no")})
    assert complaint(fake) == f"{URL}: the API key is missing or not accepted (HTTP 401: no)"


@pytest.mark.parametrize(
    "url", ["server:8000/v1", "ftp://server/v1", "http://", "http://server:x/v1", "http://[::1/v1"]
)
def test_what_is_no_address(url: str) -> None:
    assert "is not an address" in complaint(FakeServer(), url=url)


@pytest.mark.parametrize("url", ["http://me:secret@server/v1", "http://server/v1?key=secret"])
def test_an_address_holds_no_key(url: str) -> None:
    told = complaint(FakeServer(), url=url)
    assert told == "the address at server must hold no key; use the environment"


def test_a_server_that_cannot_be_reached() -> None:
    away = FakeServer(pages={"/v1/models": httpx2.ConnectError("Connection refused")})
    assert complaint(away) == f"{URL}: cannot be reached (Connection refused)"


def test_a_server_that_is_loading_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm_tui.engine.remote.trials._LOADING", 0.001)
    fake = FakeServer()
    loading = iter([error(503, "Loading model")] * 3)
    chat = fake._chat
    monkeypatch.setattr(fake, "_chat", lambda body: next(loading, None) or chat(body))
    assert probe(URL, "m", key=None, patience=60.0, transport=fake.transport).model == "m"
    loading = iter([error(503, "Loading model")])
    with pytest.raises(ModelError, match="HTTP 503: Loading model"):
        found(fake)


def test_a_server_that_says_when_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm_tui.engine.remote.trials._LOADING", 0.001)
    monkeypatch.setattr("spm_tui.engine.remote.trials.LONG", 0.5)
    said: list[str] = []
    fake = FakeServer()
    chat = fake._chat

    def explored(*waits: int) -> Server:
        left = iter(waits)

        def limited(body: Body) -> Outcome:
            wait = next(left, None) if way_of(body) == "json_schema" else None
            return error(429, "slow down", {"retry-after": str(wait)}) if wait else chat(body)

        monkeypatch.setattr(fake, "_chat", limited)
        return asyncio.run(
            explore(URL, "m", key=None, patience=0.1, transport=fake.transport, say=said.append)
        )

    assert explored(1).manner.dialect.name == "json_schema"
    assert said == [f"{URL} asks to be left alone for 1 s: HTTP 429: slow down"]
    with pytest.raises(ModelError, match="slow down; it asks to be left alone for 2 h 00 min"):
        explored(7200)


def test_a_server_that_is_busy_is_not_taken_for_one_that_keeps_no_form() -> None:
    fake = FakeServer()
    chat = fake._chat

    def busy(body: Body) -> Outcome:
        return chat(body) if way_of(body) == "words" else error(429, "slow down")

    setattr(fake, "_chat", busy)  # noqa: B010
    assert complaint(fake) == f"{URL}: HTTP 429: slow down"


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, json={"error": {"message": "secret-of-ours is over quota"}}),
        httpx2.Response(302, headers={"location": "http://other/secret-of-ours"}),
        error(401, "secret%2Dof%2Dours"),
        error(403, "c2VjcmV0LW9mLW91cnM="),
        error(400, b"Bearer secret-of-ours".hex(" ")),
    ],
)
def test_a_key_that_a_server_repeats_is_not_passed_on(response: httpx2.Response) -> None:
    server = FakeServer(key="secret-of-ours", pages={"/v1/chat/completions": response})
    with pytest.raises(ModelError) as caught:
        probe(URL, "m", key=Key("secret-of-ours", True), transport=server.transport)
    assert not re.search("secret|c2Vj|73 65", str(caught.value))
    assert "[key]" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://server/v1", "http://127.0.0.2:8000/v1", "http://[::1]/v1"]
)
def test_a_key_goes_where_nobody_can_read_it(url: str) -> None:
    Key("secret").require_safe(url)


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1.evil.com/v1", "http://0.0.0.0:8000/v1"])
def test_a_key_goes_over_plain_http_to_no_other_machine_unless_it_may(url: str) -> None:
    fake = FakeServer(key="secret")
    with pytest.raises(ModelError, match="would travel unencrypted; use https, or --insecure-key"):
        probe(url, "m", key=Key("secret"), transport=fake.transport)
    assert not fake.headers
    Key("secret", unencrypted=True).require_safe(url)
    assert probe(url, "m", key=None, transport=FakeServer().transport).model == "m"


def test_headers_may_hold_any_characters() -> None:
    odd = httpx2.Response(401, headers=[(b"x-note", "schlüssel".encode()), (b"x", b"\xff")])
    fake = FakeServer(pages={"/v1/models": odd})
    assert "API key is missing" in complaint(fake, key="secret")
