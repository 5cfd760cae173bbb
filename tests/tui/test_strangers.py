"""A run from anybody: nothing it names is asked or loaded before a person has agreed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from spm_tui.bench.named_here import FILE, NamedHere
from spm_tui.bench.options import KEY, RunOptions
from spm_tui.engine.remote.key import Key
from spm_tui.tui.app import SpmApp
from spm_tui.tui.config import Config, read
from spm_tui.tui.jobs import COMMAND
from spm_tui.tui.run_texts import addresses
from spm_tui.tui.screens.run_form import RunForm
from store import bundles, runs
from store.connection import Store
from store.identity import Canonical, canonical_json
from tests.conftest import AT
from tests.spm_tui.remote_server import FakeServer, listening, through
from tests.tui.apps import FAKE, folder_of, opened, shows
from tests.tui.wait import settle

SECRET = "secret-of-ours"


def imported(store: Store, **options: Canonical) -> None:
    """Put a run into the store that somebody has sent."""
    record = canonical_json({"options": options})
    folder = store.path.parent / "bundle"
    with store.writing() as db:
        old = runs.get(db, 1).spec
        config = canonical_json(json.loads(old.config) | {"method": {"temperature": 0}})
        spec = replace(old, method="zero-shot-comparative", model="m", config=config)
        number = runs.open_run(db, spec, process="h:1", environment=record, at=AT)
    with store.reading() as db:
        bundles.save(db, number, folder)
    with store.writing() as db:
        runs.discard(db, number)
        bundles.load(db, folder, at=AT)


def app_of(store: Store, *command: str) -> SpmApp:
    settings = Config(author="ada", theme="spm-dark")
    return SpmApp(store, config=settings, folder=folder_of(store), command=command)


async def form_of(pilot: Pilot[None], app: SpmApp, key: str) -> str:
    """Open the form; return what it points out."""
    await opened(pilot, app)
    await pilot.press(key)
    await settle(pilot, lambda: isinstance(app.screen, RunForm))
    await pilot.pause()
    note = app.screen.query_one("#strangers", Static)
    return str(note.content) if note.display else ""


async def test_a_server_that_a_bundle_names_is_sent_nothing_before_a_yes(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    fake = FakeServer()
    with listening(lambda handler, body: through(fake, handler, body)) as url:
        imported(filled, backend="vllm", url=[url], model="m")
        app = app_of(filled, *COMMAND)
        async with app.run_test(size=(100, 45), notifications=True) as pilot:
            note = await form_of(pilot, app, "r")
            assert f"Only the run's record names server {url.removesuffix('/v1')}" in note
            assert app.screen.query_one("#url", Input).value == url
            assert (app.queue.jobs, fake.headers) == ([], [])
            await pilot.press("ctrl+t")
            await settle(pilot, lambda: fake.headers, seconds=30)
            await pilot.press("escape", "r")
            await settle(pilot, lambda: isinstance(app.screen, RunForm))
            assert not app.queue.jobs
            assert all("authorization" not in headers for headers in fake.headers)
            fake.headers.clear()
            await pilot.press("ctrl+r")
            await settle(pilot, lambda: app.queue.jobs)
            await settle(pilot, lambda: fake.headers or app.queue.jobs[0].over, seconds=120)
            assert {one["authorization"] for one in fake.headers} == {f"Bearer {SECRET}"}
            app.queue.close()
        assert not NamedHere(app.folder / FILE).missing(app.queue.jobs[0].options)


@pytest.mark.parametrize(
    ("options", "pointed_out"),
    [
        ({"model": "/tmp/evil"}, "model /tmp/evil"),
        ({"model": "evil/hub"}, "model evil/hub"),
        ({"model": "evil/hub", "revision": "refs/pr/1"}, "model evil/hub@refs/pr/1"),
        (
            {"model": "m", "backend": "ray", "ray-address": "ray://x:1"},
            "model m; cluster ray://x:1",
        ),
    ],
)
async def test_a_model_that_a_bundle_names_is_not_loaded_before_a_yes(
    filled: Store, options: dict[str, str], pointed_out: str
) -> None:
    imported(filled, **options)
    app = app_of(filled, *FAKE)
    async with app.run_test(size=(100, 45), notifications=True) as pilot:
        assert pointed_out in await form_of(pilot, app, "r")
        await pilot.press("escape", "r")
        await shows(pilot, app, "Only the run's record names")
        assert not app.queue.jobs


async def test_a_run_of_ones_own_is_repeated_without_a_question(filled: Store) -> None:
    imported(filled, backend="vllm", url=["http://127.0.0.1:9/v1"], model="m")
    options = RunOptions(backend="vllm", url=("http://127.0.0.1:9/v1",))
    NamedHere(folder_of(filled) / FILE).add(options)
    app = app_of(filled, *FAKE)
    async with app.run_test(size=(100, 45), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("r")
        await settle(pilot, lambda: app.queue.jobs)
        assert app.queue.jobs[0].options.url == options.url
        app.queue.close()


def test_an_address_that_the_key_may_not_go_to_is_named() -> None:
    with pytest.raises(Exception, match="would travel unencrypted"):
        addresses("http://server:8000/v1", key=Key(SECRET))
    for key in (None, Key(SECRET, unencrypted=True)):
        assert addresses("http://server:8000/v1", key=key)


def test_the_option_for_plain_http_can_be_configured(tmp_path: Path, filled: Store) -> None:
    path = tmp_path / "config.toml"
    path.write_text("insecure-key = true\n")
    settings = read(path, user="ada")
    assert settings.insecure_key
    app = SpmApp(filled, config=settings, folder=folder_of(filled), command=FAKE)
    assert "--insecure-key" in app.queue._words(RunOptions())
    path.write_text("insecure-key = 'yes'\n")
    with pytest.raises(Exception, match=r"insecure-key.*expected true or false, found 'yes'"):
        read(path, user="ada")
