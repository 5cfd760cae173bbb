"""`--backend vllm` and the like: the same command, answered by a server."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx2
import pytest

from spm_tui import prompts
from spm_tui.bench.backend import Backend
from spm_tui.bench.jobs import model_choice
from spm_tui.bench.options import KEY, SERVERS, RunOptions
from spm_tui.cli import main
from spm_tui.methods.base import REASONING
from spm_tui.wire import Request
from store import runs
from store.connection import Store
from tests.machine import judge
from tests.spm_tui.remote_server import Body, FakeServer, Outcome, error, listening, through

Run = Callable[..., tuple[int, str]]
WORDS = ("--headless", "--limit=2", "--method=zero-shot-comparative", "--targets=high,low")
REQUESTS = 12


def judged(body: Body) -> Outcome:
    """Answer a real request as the stand-in for a model does."""
    letters = body["response_format"]["json_schema"]["schema"]["properties"]
    form = prompts.comparative_form(len(letters), REASONING)
    system, *_, question = (message["content"] for message in body["messages"])
    return judge(Request(system, (), question, form, temperature=0.0, seed=0))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*words: str) -> tuple[int, str]:
        where = [f"--store={tmp_path / 'store.duckdb'}", f"--out={tmp_path / 'out'}"]
        code = main([*where, *WORDS, *words])
        return code, capsys.readouterr().err

    return running


def state(folder: Path) -> tuple[str, int, str]:
    store = Store(folder / "store.duckdb")
    with store.reading() as db:
        (only,) = runs.listing(db)
        return only.state, runs.cost(db, only.number).answers, only.spec.model


@pytest.fixture
def served() -> Iterator[tuple[FakeServer, str]]:
    fake = FakeServer(respond=judged)
    with listening(lambda handler, body: through(fake, handler, body)) as url:
        yield fake, url


def test_a_run_is_answered_by_a_server(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, url = served
    monkeypatch.setenv(KEY, "secret-of-ours")
    code, told = run("--backend=vllm", f"--url={url}", "--model=m")
    assert (code, state(tmp_path)) == (0, ("finished", REQUESTS, "m"))
    assert f"{url}: a server with m, json_schema" in told
    assert {headers["authorization"] for headers in fake.headers} == {"Bearer secret-of-ours"}
    assert b"secret-of-ours" not in (tmp_path / "store.duckdb").read_bytes()
    assert "secret-of-ours" not in told
    assert "secret-of-ours" not in (tmp_path / "out" / "run.json").read_text()


def test_a_finished_run_needs_no_server(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str]
) -> None:
    _, url = served
    run("--backend=vllm", f"--url={url}", "--model=m")
    first = (tmp_path / "out" / "accuracy.json").read_text()
    code, _ = run("--backend=vllm", "--url=http://127.0.0.1:9/v1", "--model=m")
    assert code == 0
    assert (tmp_path / "out" / "accuracy.json").read_text() == first


def test_answers_of_different_software_are_kept_apart(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str]
) -> None:
    fake, url = served
    for number, backend in enumerate(SERVERS, start=1):
        code, _ = run(f"--backend={backend}", f"--url={url}", "--model=m")
        assert (code, len(fake.bodies)) == (0, number * REQUESTS)
    store = Store(tmp_path / "store.duckdb")
    with store.reading() as db:
        models = [json.loads(one.spec.config)["model"] for one in runs.listing(db)]
    assert models == [f"m/served/{backend}" for backend in SERVERS]


@pytest.mark.parametrize("backend", ["vllm", "openai"])
def test_software_that_a_server_denies_is_said(
    run: Run, served: tuple[FakeServer, str], backend: str
) -> None:
    fake, url = served
    fake.owner = "llamacpp"
    code, told = run(f"--backend={backend}", f"--url={url}", "--model=m")
    assert (code, fake.bodies) == (2, [])
    assert (
        f"error: {url} runs llama.cpp, whose answers are kept apart from those of"
        f" --backend {backend}: use --backend llama.cpp"
    ) in told
    fake.honours = ("json_schema",)
    code, _ = run("--backend=llama.cpp", f"--url={url}", "--model=m")
    assert code == 0


def test_a_short_name_and_its_hub_id_are_one_model(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str]
) -> None:
    fake, url = served
    fake.entry = {"id": "Qwen/Qwen2.5-7B-Instruct"}
    code, _ = run("--backend=vllm", f"--url={url}", "--model=qwen2.5-7b")
    assert (code, state(tmp_path)) == (0, ("finished", REQUESTS, "Qwen/Qwen2.5-7B-Instruct"))
    assert {body["model"] for body in fake.bodies} == {"Qwen/Qwen2.5-7B-Instruct"}
    code, _ = run("--backend=vllm", f"--url={url}", "--model=Qwen/Qwen2.5-7B-Instruct")
    assert (code, len(fake.bodies)) == (0, REQUESTS)


def test_what_servers_say_of_themselves_is_known_once_they_were_asked(
    served: tuple[FakeServer, str],
) -> None:
    fake, url = served
    fake.owner, fake.entry = "vllm", {"root": "/models/m"}
    fake.pages = {"/version": httpx2.Response(200, json={"version": "0.32.0"})}
    options = RunOptions(backend="vllm", url=(url,), model="m")
    backend = Backend(model_choice(options), say=lambda _: None)
    assert not backend.asked("language")
    backend.engine("language")
    facts = {"url": url, "model": "m", "kind": "vllm", "version": "0.32.0", "weights": "/models/m"}
    assert backend.asked("language") == [
        {**facts, "dialect": "json_schema", "thinking": "asked not to"}
    ]
    assert not backend.asked("kaleido")


def test_the_record_says_what_has_answered(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str]
) -> None:
    def recorded() -> list[str]:
        record = json.loads((tmp_path / "out" / "run.json").read_text())
        return [one.get("version") for one in record["runs"][0]["environment"].get("servers", [])]

    fake, url = served
    fake.owner = "vllm"
    words = ("--backend=vllm", f"--url={url}", "--model=m")
    fake.pages = {"/version": httpx2.Response(200, json={"version": "0.32.0"})}
    run(*words, "--attributes=care")
    assert recorded() == ["0.32.0"]
    fake.pages = {"/version": httpx2.Response(200, json={"version": "0.33.0"})}
    run(*words)
    assert recorded() == ["0.32.0", "0.33.0"]
    run(*words)
    assert recorded() == ["0.32.0", "0.33.0"], "nobody was asked"


def test_several_servers_share_the_work(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str]
) -> None:
    fake, url = served
    other = FakeServer(respond=judged)
    with listening(lambda handler, body: through(other, handler, body)) as second:
        code, _ = run("--backend=vllm", f"--url={url}", f"--url={second}", "--model=m")
    assert (code, state(tmp_path)) == (0, ("finished", REQUESTS, "m"))
    assert len(fake.bodies) + len(other.bodies) == REQUESTS
    assert other.bodies


def test_a_lost_server_leaves_the_run_to_go_on(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spm_tui.engine.remote.health._FIRST", 0.01)
    monkeypatch.setattr("spm_tui.bench.backend.PATIENCE", 0.3)
    fake = FakeServer(respond=judged)
    left = [3]

    def dying(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if b"capital of France" not in body and body:
            left[0] -= 1
            if left[0] < 0:
                handler.close_connection = True
                return
        through(fake, handler, body)

    with listening(dying) as url:
        code, told = run("--backend=vllm", f"--url={url}", "--model=m")
        assert code == 1
        assert "all endpoints are lost" in told
        assert "Traceback" not in told
        ended, answers, _ = state(tmp_path)
        assert ended == "failed"
        assert 0 < answers < REQUESTS
        left[0] = REQUESTS
        code, told = run("--backend=vllm", f"--url={url}", "--model=m")
    assert code == 0
    assert "3 of them answered" in told
    assert state(tmp_path)[:2] == ("finished", REQUESTS)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--backend=vllm"], "field '--url': expected the address of a server"),
        (
            ["--url=http://x/v1"],
            "field '--url': only servers have one: --backend vllm, sglang, llama.cpp or openai",
        ),
        (["--backend=openai", "--url=ftp://x"], "is not an address"),
        (["--backend=openai", "--url=http://me:pw@x/v1"], "must hold no key"),
        (["--backend=openai", "--url=http://127.0.0.1:9/v1"], "127.0.0.1:9/v1: "),
    ],
)
def test_a_server_that_cannot_be_used_is_said(
    run: Run, words: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spm_tui.bench.backend.PATIENCE", 0.0)
    code, told = run(*words)
    assert code == 2
    (line,) = [line for line in told.splitlines() if line.startswith("spm-tui: error")]
    assert complaint in line


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_an_option_without_effect_is_refused(
    run: Run, served: tuple[FakeServer, str], words: tuple[str, ...]
) -> None:
    fake, url = served
    code, told = run("--backend=vllm", f"--url={url}", "--model=m", "--quantize=int8", *words)
    assert (code, fake.headers) == (2, [])
    assert told == (
        "spm-tui: error: field '--quantize': has no effect on a server: it is set where that is"
        " started\n"
    )


def test_the_models_served_are_named(run: Run, served: tuple[FakeServer, str]) -> None:
    code, told = run("--backend=vllm", f"--url={served[1]}", "--model=llama")
    assert code == 2
    assert "'llama' is not served; there is m" in told


def test_a_wrong_key_is_said(run: Run, served: tuple[FakeServer, str]) -> None:
    fake, url = served
    fake.key = "right"
    code, told = run("--backend=vllm", f"--url={url}", "--model=m")
    assert code == 2
    assert "the API key is missing or not accepted" in told


def test_a_run_on_a_server_without_seeds_says_so_itself(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str]
) -> None:
    fake, url = served
    fake.refuses = {"seed": lambda _: True}
    words = ("--backend=openai", f"--url={url}", "--model=m", "--decoding=sampling", "--samples=2")
    code, told = run(*words, "--seed=3")
    assert (code, fake.bodies) == (2, [])
    assert f"error: {url} takes no seed, so that sampled answers cannot be had again" in told
    code, _ = run(*words, "--seed=3", "--without=seed")
    assert (code, len(fake.bodies)) == (0, 2 * REQUESTS)
    assert not any("seed" in body for body in fake.bodies)
    (record,) = json.loads((tmp_path / "out" / "run.json").read_text())["runs"]
    assert record["environment"]["servers"][0]["seed"] == "not sent"
    assert "2 samples, T 0.7, no seed" in (tmp_path / "out" / "accuracy.json").read_text()
    code, _ = run("--backend=openai", f"--url={url}", "--model=m")
    assert (code, len(fake.bodies)) == (0, 3 * REQUESTS), "greedy answers have no seed"


def test_a_request_that_fails_is_stored_as_failed(
    tmp_path: Path, run: Run, served: tuple[FakeServer, str]
) -> None:
    fake, url = served
    first = [True]

    def once(body: Body) -> Outcome:
        if first.pop() if first else False:
            return error(400, "this one not")
        return judged(body)

    fake.respond = once
    code, _ = run("--backend=vllm", f"--url={url}", "--model=m")
    assert code == 1
    assert state(tmp_path)[0] == "finished"
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["options"]["url"] == [url]
