"""What becomes of the app when the store's file is held, deleted, or replaced."""

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from spm_tui.tui.screens.annotate import AnnotateScreen
from spm_tui.tui.screens.browse import BrowseScreen
from spm_tui.tui.screens.welcome import WelcomeScreen
from store import annotations, benchmarks
from store.connection import Store
from tests import build
from tests.conftest import AT
from tests.store.test_connection import held
from tests.tui.apps import make_app, opened, screen, shows
from tests.tui.wait import settle


def notes(app: Any, text: str) -> int:
    """How many notifications say this."""
    return sum(text in note.message for note in app._notifications)


def test_leaving_does_not_wait_for_whoever_holds_the_store(filled: Store) -> None:
    app = make_app(Store(filled.path))  # it waits for half a minute
    left = 0.0
    with ExitStack() as stack:

        async def leave(pilot: Pilot[Any]) -> None:
            nonlocal left
            await opened(pilot, app)
            stack.enter_context(held(filled.path))
            os.utime(filled.path)
            await settle(pilot, lambda: any(work.group == "grow" for work in app.workers))
            await pilot.press("o", "j", "j", "enter")
            left = time.monotonic()
            await pilot.press("q")

        app.run(headless=True, size=(80, 24), auto_pilot=leave)
        assert time.monotonic() - left < 5


async def test_a_deleted_store_is_told_once_and_not_made_again(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        moved = filled.path.rename(filled.path.with_name("moved.duckdb"))
        await shows(pilot, app, "store.duckdb: has been deleted or moved; what was read of it")
        await pilot.press("j", "t", "left", "escape", "j")
        await shows(pilot, app, "3/3", "eval question 3?", "target custom")
        await pilot.press("m")
        await shows(pilot, app, "not stored: ")
        assert notes(app, "what was read of it stays") == 1
        assert not filled.path.exists()
        moved.rename(filled.path)
        await settle(pilot, lambda: app._stamp is not None)
        await pilot.press("m", "m")
        await app.workers.wait_for_complete()
        assert isinstance(app.screen, BrowseScreen)
        assert app.desk is not None
        assert app.desk.steering.name == "custom", "it is the same store"
    with filled.reading() as db:
        assert len(annotations.history(db, 3)) == 2


async def test_another_store_in_its_place_is_opened_anew(filled: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other.duckdb")
    twin = build.benchmark([[[0], [4]], [[1], [3]]], names=["zeal"])
    with other.writing() as db:
        benchmarks.add(db, twin, at=AT)
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("j", "a")
        await settle(pilot, lambda: isinstance(app.screen, AnnotateScreen))
        other.path.replace(filled.path)
        await pilot.press("s")
        await shows(pilot, app, "another store has taken its place and is opened")
        await shows(pilot, app, "small/eval · not run", "1. eval question 1?")
        assert isinstance(app.screen, BrowseScreen)
        assert app.desk is not None
        assert app.desk.opened.benchmark.identity == twin.identity
        await pilot.press("j")
        await shows(pilot, app, "2. eval question 2?", "2/2")
        assert notes(app, "is opened") == 1
    with app.store.reading() as db:
        assert db.execute("SELECT count(*) FROM annotations").fetchone() == (0,)
    again = make_app(Store(filled.path))
    async with again.run_test(size=(100, 30)) as pilot:
        await shows(pilot, again, "2. eval question 2?")


async def test_an_empty_store_in_its_place_welcomes(filled: Store, tmp_path: Path) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        filled.path.unlink()
        Store(filled.path).reading().__enter__()
        await settle(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await pilot.press("enter")
        await shows(pilot, app, "mini-mic/eval", "1. A bathhouse in Japan")
        assert "what was read of it" not in screen(app)
