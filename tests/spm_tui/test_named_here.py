"""What only a record names is not used until a person has named it on this machine."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spm_tui.bench.named_here import NamedHere
from spm_tui.bench.options import KEY, LANGUAGE_MODEL, RunOptions
from tests.spm_tui.remote_server import FakeServer, listening, through
from tests.spm_tui.test_cli import Shell, shell

__all__ = ["shell"]

SERVED = RunOptions(backend="vllm", url=("http://server:8000/v1",), model="m")
ZERO_SHOT = RunOptions(method=("zero-shot-comparative",))


def names(named: NamedHere, options: RunOptions) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in named.missing(options)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (RunOptions(), []),
        (RunOptions(method=("kaleido", "reward", "oracle")), []),
        (SERVED, [("server", "http://server:8000")]),
        (replace(SERVED, url=("HTTPS://Server/v1",)), [("server", "https://server:443")]),
        (replace(SERVED, url=("no address",)), [("server", "no address")]),
        (replace(SERVED, backend="local"), [("model", "m")]),
        (replace(ZERO_SHOT, model="a/b", revision="refs/pr/1"), [("model", "a/b@refs/pr/1")]),
        (replace(ZERO_SHOT, model="qwen2.5-7b"), [("model", "Qwen/Qwen2.5-7B-Instruct")]),
        (replace(ZERO_SHOT, backend="ray", ray_address="ray://x:1"), [("cluster", "ray://x:1")]),
        (replace(ZERO_SHOT, embedder="a/b", kaleido_model="c/d"), []),
        (RunOptions(embedder="a/b"), [("model", "a/b")]),
        (RunOptions(method=("surface",), embedder="a/b"), [("model", "a/b")]),
        (RunOptions(method=("kaleido",), kaleido_model="c/d", model="x/y"), [("model", "c/d")]),
        (RunOptions(method=("reward",), reward_model="c/d"), [("model", "c/d")]),
        (RunOptions(method=("oracle",), model="a/b", embedder="c/d"), []),
    ],
)
def test_what_a_run_uses_is_asked_about_until_it_is_named(
    tmp_path: Path, options: RunOptions, expected: list[tuple[str, str]]
) -> None:
    path = tmp_path / "state" / "named.jsonl"
    assert names(NamedHere(path), options) == expected
    NamedHere(path).add(options)
    assert names(NamedHere(path), options) == []
    assert path.exists() == bool(expected)


def test_another_host_port_or_scheme_is_another_server(tmp_path: Path) -> None:
    named = NamedHere(tmp_path / "named.jsonl")
    named.add(SERVED)
    assert not named.missing(replace(SERVED, url=("http://SERVER:8000/other/v1",)))
    for url in ("https://server:8000/v1", "http://server/v1", "http://server.evil:8000/v1"):
        assert named.missing(replace(SERVED, url=(*SERVED.url, url)))


def test_a_folder_is_known_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "m").mkdir(parents=True)
    (tmp_path / "there" / "m").mkdir(parents=True)
    named = NamedHere(tmp_path / "named.jsonl")
    monkeypatch.chdir(tmp_path / "here")
    named.add(replace(ZERO_SHOT, model="m"))
    assert not named.missing(replace(ZERO_SHOT, model=str(tmp_path / "here" / "m")))
    monkeypatch.chdir(tmp_path / "there")
    assert named.missing(replace(ZERO_SHOT, model="m"))


def test_a_damaged_file_counts_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "named.jsonl"
    path.write_bytes(b'\xff\n[1, 2]\n{}\n["server", "http://server:8000"]\n["serv')
    assert not NamedHere(path).missing(SERVED)
    NamedHere(tmp_path).add(SERVED)  # a folder, which cannot be written
    assert NamedHere(tmp_path).missing(SERVED)
    configured = NamedHere(tmp_path / "none", models=["a/b"])
    assert not configured.missing(replace(ZERO_SHOT, model="a/b"))


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nobody has named anything."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("recorded", "option"),
    [
        ({"backend": "vllm", "url": ["http://evil:8000/v1"], "model": "m"}, "--url"),
        ({"backend": "ray", "ray-address": "ray://evil:1"}, "--ray-address"),
        ({"model": "/tmp/evil"}, "--model"),
        ({"model": "evil/model"}, "--model"),
        ({"revision": "refs/pr/9", "model": "m/m"}, "--model"),
        ({"method": ["few-shot-comparative"], "embedder": "evil/model"}, "--embedder"),
        ({"method": ["kaleido"], "kaleido-model": "evil/model"}, "--kaleido-model"),
        ([{"limit": 1}, {"reward-model": "evil/model", "method": ["reward"]}], "--reward-model"),
    ],
)
def test_a_record_is_not_followed_to_what_only_it_names(
    shell: Shell, recorded: object, option: str
) -> None:
    Path("run.json").write_text(json.dumps({"options": recorded}))
    out, errors = shell("--headless", "--config=run.json", "--limit=1", code=2)
    assert out == ""
    assert len(errors.splitlines()) == 1
    assert f"run.json, field {option!r}: the " in errors
    assert (
        f"was never named on this machine, and a record may be anybody's; to use it, give {option}"
        in errors
    )


@pytest.mark.usefixtures("fresh")
def test_what_was_typed_or_is_in_a_persons_own_file_is_followed_later(shell: Shell) -> None:
    words = ("--headless", "--limit=1", "--method=zero-shot-comparative", "--targets=high")
    Path("mine.toml").write_text('model = "own/model"\n')
    shell(*words, "--config=mine.toml", "--out=first")
    shell("--headless", "--config=first/run.json", "--out=again")
    record = json.loads(Path("first/run.json").read_text())
    record["options"]["model"] = "evil/model"
    Path("evil.json").write_text(json.dumps(record))
    shell("--headless", "--config=evil.json", code=2)
    record["options"]["revision"] = "refs/pr/9"
    Path("evil.json").write_text(json.dumps(record))
    shell("--headless", "--config=evil.json", "--model=own/model", code=2)
    shell("--headless", "--config=evil.json", "--model=own/model", "--revision=main")
    assert LANGUAGE_MODEL not in Path("state/spm-tui/named-here.jsonl").read_text()


@pytest.mark.usefixtures("fresh")
def test_a_servers_address_in_a_record_is_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY, "secret-of-ours")
    fake = FakeServer()
    with listening(lambda handler, body: through(fake, handler, body)) as url:
        options = {"backend": "vllm", "url": [url], "model": "m", "limit": 1}
        options |= {"method": ["zero-shot-comparative"]}
        Path("run.json").write_text(json.dumps({"options": options}))
        given = Shell(tmp_path, capsys)
        given("--headless", "--config=run.json", code=2)
        assert not fake.headers
        given("--headless", "--config=run.json", f"--url={url}", code=1)
        assert {one["authorization"] for one in fake.headers} == {"Bearer secret-of-ours"}
        given("--headless", "--config=run.json", code=1)


@pytest.mark.usefixtures("fresh")
def test_a_key_needs_https_or_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY, "secret-of-ours")
    given = Shell(tmp_path, capsys)
    run = ("--headless", "--method=zero-shot-comparative", "--limit=1")
    words = (*run, "--backend=vllm", "--model=m", "--url=http://spm.invalid:9/v1")
    _, errors = given(*words, code=2)
    assert "http://spm.invalid:9/v1: the API key would travel unencrypted" in errors
    monkeypatch.setattr("spm_tui.bench.backend.PATIENCE", 0.0)
    _, errors = given(*words, "--insecure-key", code=2)
    assert "cannot be reached" in errors
