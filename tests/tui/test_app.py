"""The app: what it shows of a store, with only the keyboard."""

import asyncio
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from spm_tui.targets import high
from spm_tui.tui.app import SpmApp
from spm_tui.tui.detail import bar
from spm_tui.tui.session import Status, open_run
from store.connection import Store
from tests.spm_tui.test_report import fill


async def settle(pilot: Pilot[None], ready: Callable[[], bool]) -> None:
    """Wait, within bounds, until the app shows what its workers have read."""
    for _ in range(200):
        await pilot.pause()
        if ready():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the app did not come to rest")


def text(app: SpmApp, name: str) -> str:
    with Console(width=100, file=StringIO()) as console, console.capture() as written:
        console.print(app.query_one(f"#{name}", Static).content, markup=False)
    return written.get()


def lines(app: SpmApp) -> list[str]:
    return [str(option.prompt) for option in app.query_one(OptionList).options]


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (40, 12)])
async def test_the_newest_run_is_shown_against_the_target(
    store: Store, size: tuple[int, int]
) -> None:
    fill(store)
    app = SpmApp(store)
    async with app.run_test(size=size) as pilot:
        await settle(pilot, lambda: len(lines(app)) == 3)
        await pilot.press("r")
        await settle(pilot, lambda: "run 2 oracle" in text(app, "head"))
        assert "accuracy 100.0 % (1/1) │ target high: care=1, fairness=1" in text(app, "head")
        assert lines(app) == [
            "= 001 eval question 1?",
            "✓ 002 eval question 2?",
            "= 003 eval question 3?",
        ]


async def test_keys_move_through_scenarios_targets_and_runs(store: Store) -> None:
    fill(store)
    app = SpmApp(store)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot, lambda: len(lines(app)) == 3)
        await pilot.press("r", "r", "r")
        await settle(pilot, lambda: "run 1 few-shot" in text(app, "head"))
        await pilot.press("j")
        await settle(pilot, lambda: "2. eval question 2?" in text(app, "detail"))
        assert "on eval response 2 to 2" in text(app, "detail"), "the model's reasoning"
        assert "★ nearest to the target" in text(app, "detail")
        before = text(app, "head")
        await pilot.press("t")
        await settle(pilot, lambda: "target low: care=0" in text(app, "head"))
        await pilot.press("T")
        await settle(pilot, lambda: text(app, "head") == before)
        assert app.query_one(OptionList).highlighted == 1


async def test_an_empty_store_says_what_to_do(store: Store) -> None:
    app = SpmApp(store)
    async with app.run_test() as pilot:
        await settle(pilot, lambda: "spm-tui --headless" in text(app, "detail"))
        await pilot.press("t", "r", "j")


async def test_an_unusable_store_is_a_notification(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    path.write_text("hello")
    app = SpmApp(Store(path))
    async with app.run_test() as pilot:
        await settle(pilot, lambda: len(app._notifications) == 1)
        (notification,) = app._notifications
        assert "not a valid DuckDB database" in notification.message


def test_standings_say_what_is_picked_and_what_is_right(store: Store) -> None:
    subject = fill(store)
    opened = open_run(store, 2)
    (target,) = high(subject.selected).targets
    first, second, third = opened.standings(target)
    assert (first.status, third.status) == (Status.TIE, Status.TIE)
    assert (second.status, second.picked, second.right) == (Status.RIGHT, 2, (2,))
    assert [name for name, _ in opened.presets()][:3] == ["high", "low", "sampled 1"]


@pytest.mark.parametrize(
    ("value", "drawn"), [(0, "     "), (1, "█████"), (0.5, "██▌  "), (float("nan"), "     ")]
)
def test_bars(value: float, drawn: str) -> None:
    assert bar(value) == drawn
