"""The charts on screen, with only the keyboard."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Input, Static

from spm_tui.bench.extent import Extent
from spm_tui.tui.screens.analyse import AnalyseScreen, kinds
from spm_tui.tui.session import open_run, open_split
from spm_tui.tui.steering import high
from store.connection import Store
from tests.spm_tui.test_report import fill
from tests.tui.hosts import Host
from tests.tui.wait import settle


def screen(store: Store, run: int) -> AnalyseScreen:
    fill(store)
    opened = open_run(store, run)
    return AnalyseScreen(store, opened, high(opened.attributes))


def sentence(shown: AnalyseScreen) -> str:
    return str(shown.query_one("#analyse-sentence", Static).content)


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (40, 12)])
async def test_keys_go_through_all_charts(store: Store, size: tuple[int, int]) -> None:
    shown = screen(store, 1)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=size) as pilot:
        await settle(pilot, lambda: sentence(shown).startswith("Accuracy is "))
        assert "small/eval" in host.picture()
        assert "│ target high │ " in host.picture()
        await pilot.press("tab")
        await settle(pilot, lambda: shown.chart and shown.chart.title.endswith("set all"))
        await pilot.press("right")
        await settle(pilot, lambda: sentence(shown).startswith("For target high, "))
        assert "█" in host.picture()
        await pilot.press("3", "down")
        await settle(pilot, lambda: shown.chart and shown.chart.title == "levels of fairness")
        await pilot.press("up", "up", "4")
        await settle(pilot, lambda: sentence(shown).startswith("Points on the diagonal"))
        await pilot.press("5")
        await settle(pilot, lambda: sentence(shown).startswith("The mean absolute error is"))
        await pilot.press("space", "b", "l")
        await settle(pilot, lambda: sentence(shown).startswith("The response shown first"))
        await pilot.press("y", "left", "left")
        await settle(pilot, lambda: sentence(shown).startswith("Points on the diagonal"))
        assert host.copied[0].startswith("attribute,share,comparisons,equal\ncare,")
        await pilot.press("escape")
        await settle(pilot, lambda: host.answers == [None])
        assert host.problems == []


async def test_a_chart_is_written_where_one_says(store: Store, tmp_path: Path) -> None:
    shown = screen(store, 1)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: shown.chart)
        path = tmp_path / "chart.svg"

        async def write(to: Path) -> None:
            await pilot.press("e")
            await settle(pilot, lambda: bool(host.screen.query(Input)))
            assert host.screen.query_one(Input).value.endswith("run1_by_attribute_count.png")
            host.screen.query_one(Input).value = str(to)
            await pilot.press("enter")

        await write(path)
        await settle(pilot, path.exists, seconds=60)
        assert b"<svg" in path.read_bytes()
        await write(tmp_path / "chart.gif")
        await settle(pilot, lambda: len(host.problems) == 1)
        assert "chart.gif: a chart is written as .png or .svg" in host.problems[0]
        await write(tmp_path / "none" / "chart.png")
        await pilot.pause()
        assert host.screen.query(Input), "what cannot be written can be mended"


async def test_a_run_that_grows_is_drawn_again_where_one_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    whole = open_run(store, 1)
    assert whole.judged.scores is not None
    scores = whole.judged.scores.copy()
    scores[1:], scores[..., 0] = np.nan, np.nan
    young = replace(
        whole,
        judged=replace(whole.judged, scores=scores),
        planned=Extent(frozenset({1}), whole.planned.scenarios),
    )
    shown = AnalyseScreen(store, young, high(whole.attributes))
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await settle(pilot, lambda: shown.chart and "levels of fairness" in shown.chart.title)
        assert shown.chart is not None
        assert shown.chart.title == "levels of fairness, 1 of 3 answered"
        before = shown.chart
        said: list[str] = []
        place = shown.query_one("#analyse-sentence", Static)
        monkeypatch.setattr(place, "update", lambda text: said.append(str(text)))
        assert shown.followed == (young,)
        shown.grew(whole)
        assert shown.chart is before, "it stays until the new one is made"
        await settle(pilot, lambda: shown.chart is not before)
        assert shown.chart is not None
        assert shown.chart.title == "levels of fairness", "though another attribute has come"
        assert sum(row[-1] for row in shown.chart.table.rows) == 7  # type: ignore[misc]
        assert "computing …" not in said
        made = shown.chart
        shown.grew(replace(whole, notes=()))
        shown.grew(open_run(store, 2))
        assert shown.chart is made, "nothing has come for it"
        assert shown.followed[0].run == whole.run


async def test_a_choosing_run_says_what_it_lacks(store: Store) -> None:
    shown = screen(store, 3)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.press("6")
        await settle(pilot, lambda: "random chooses without scores" in sentence(shown))
        await pilot.press("y", "e", "tab", "3")
        await settle(pilot, lambda: "random chooses without scores" in sentence(shown))
        assert host.copied == []
        assert host.screen is shown


async def test_a_split_without_a_run_and_a_store_out_of_reach(store: Store) -> None:
    fill(store)
    opened = open_split(store, "small", "eval")
    shown = AnalyseScreen(store, opened, high(opened.attributes))
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: sentence(shown).startswith("Nothing has been run here"))
    opened = open_run(store, 1)
    store.path.write_text("hello")
    shown = AnalyseScreen(store, opened, high(opened.attributes))
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot, lambda: len(host.problems) == 1)
        assert "not a valid DuckDB database" in host.problems[0]


def test_the_list_of_charts_is_short_where_it_is_tight() -> None:
    assert kinds("bias", 80).plain.startswith("1 attributes  2 bias  3 levels")
    assert kinds("bias", 30).plain == "1  2 bias  3  4  5  6"
