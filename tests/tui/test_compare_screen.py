"""Two runs compared: which scenarios changed, by how much, and what the screen does of it."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from textual.widgets import Input, OptionList, Static

from spm_tui.bench.extent import Extent
from spm_tui.report.text import markdown, records
from spm_tui.scoring.compare import Change
from spm_tui.scoring.outcomes import Judged
from spm_tui.tui import comparison_text as text
from spm_tui.tui.comparison import (
    ORDER,
    Line,
    Pairing,
    Stopped,
    partners,
    swapped,
    usual,
    values,
)
from spm_tui.tui.desk import Desk
from spm_tui.tui.screens.compare import CompareScreen
from spm_tui.tui.screens.dialogs import Menu, Reading
from spm_tui.tui.session import Opened, contents, open_run, open_split
from spm_tui.tui.steering import high, presets
from spm_tui.tui.views import read_pages, view
from spm_tui.tui.widgets.change_detail import ChangeDetail
from spm_tui.tui.widgets.compare_table import CompareTable
from spm_tui.tui.widgets.head_line import subject
from spm_tui.tui.widgets.line_list import LineList
from store.connection import Store
from tests.spm_tui.test_report import fill
from tests.tui.hosts import Host
from tests.tui.wait import settle


def never() -> bool:
    return False


def pair(store: Store, first: int = 3, second: int = 2) -> Pairing:
    one = open_run(store, first)
    return Pairing(one, open_run(store, second), high(one.attributes))


def test_partners_are_on_the_same_split_and_the_one_before_is_usual(store: Store) -> None:
    fill(store)
    runs = contents(store).runs
    by_number = {run.number: run for run in runs}
    found = partners(runs, by_number[2])
    assert [run.number for run in found] == [3, 1]
    assert usual(found, by_number[2]) is by_number[1]
    assert usual([by_number[3]], by_number[2]) is by_number[3]
    assert usual([], by_number[2]) is None
    train = replace(by_number[3], spec=replace(by_number[3].spec, split="train"))
    assert partners([train, by_number[1]], by_number[2]) == [by_number[1]]


def test_scenarios_are_listed_by_change_and_the_one_at_hand_stays(store: Store) -> None:
    fill(store)
    first = open_run(store, 3)
    levels = first.judged.levels
    wrong = replace(first, judged=Judged(levels, (5, 5), chosen=np.array([0, 0, 0])))
    pairing = Pairing(wrong, open_run(store, 2), high(first.attributes))
    assert pairing.counts == dict(zip(ORDER, (1, 0, 0, 0, 2), strict=True))
    assert pairing.order.tolist() == [1, 0, 2]
    pairing.go(2)
    pairing.narrow(Change.FIXED)
    assert (pairing.order.tolist(), pairing.index) == ([1], 1)
    other = pairing.swap()
    assert other.only is Change.BROKEN
    assert other.index == 1
    assert other.tags == ("run 2", "run 3")
    other.narrow(Change.BOTH_RIGHT)
    assert other.index is None
    assert other.swap().index is None
    other.narrow(None)
    (name, low) = presets(first.attributes, {})[1]
    other.go(1)
    other.steer(other.steering.take(name, low))
    assert (other.index, other.steering.name) == (1, "low")


def test_a_grown_run_leaves_list_target_and_place_as_they_were(store: Store) -> None:
    fill(store)
    whole = open_run(store, 2)
    assert whole.judged.scores is not None
    scores = whole.judged.scores.copy()
    scores[..., 1] = np.nan
    half = replace(
        whole,
        judged=Judged(whole.judged.levels, (5, 5), scores=scores),
        planned=Extent(frozenset({0}), whole.planned.scenarios),
    )
    pairing = Pairing(open_run(store, 1), half, high(whole.attributes))
    pairing.narrow(Change.NOT_COMPARED)
    pairing.go(2)
    assert [slot.on for slot in pairing.steering.slots] == [True, False]
    grown = pairing.grown(whole)
    assert (grown.only, grown.index) == (Change.NOT_COMPARED, 2)
    assert [slot.on for slot in grown.steering.slots] == [True, True], "as the person wanted it"
    assert grown.runs == (pairing.first, whole)
    grown.narrow(Change.FIXED)
    assert grown.grown(whole).only is Change.FIXED


def test_only_attributes_that_both_scored_count(store: Store) -> None:
    fill(store)
    first = open_run(store, 1)
    assert first.judged.scores is not None
    scores = first.judged.scores.copy()
    scores[..., 0] = np.nan
    some = replace(
        first,
        judged=Judged(first.judged.levels, (5, 5), scores=scores),
        planned=Extent(frozenset({1}), first.planned.scenarios),
    )
    pairing = Pairing(some, open_run(store, 2), high(first.attributes))
    assert pairing.columns == (1,)
    assert [slot.on for slot in pairing.steering.slots] == [False, True]
    for name in pairing.sets():
        found = pairing.on_set(name, never)
        assert found.scenarios == 2, "the third is always a tie"
        assert found.second == 1
    assert pairing.on_target(never) == pairing.on_set("high", never)


def test_the_table_is_told_in_percent_and_written_in_shares(store: Store) -> None:
    fill(store)
    pairing = pair(store, 2, 2)
    lines = [Line("high", pairing.on_set("high", never)), Line("all", None)]
    assert markdown(text.table(lines, ("run 3", "run 2"))) == (
        "| accuracy, % | run 3 | run 2 | difference | better | worse | p     | scenarios |\n"
        "|-------------|-------|-------|------------|--------|-------|-------|-----------|\n"
        "| high        | 100.0 | 100.0 | +0.0       | 0      | 0     | 1.000 | 1         |\n"
        "| all         | …     |       |            |        |       |       |           |\n"
    ), "one scenario has no interval"
    (row,) = records(values(lines, ("run 3", "run 2")))
    assert (row["difference"], row["low"], row["p"], row["test"]) == (0, None, 1, "McNemar")
    for width in (20, 40, 60, 80, 120):
        shown = text.table_text(lines, ("run 3", "run 2"), width).split("\n")
        assert len(shown) == 4
        assert shown[-1].plain.startswith("p: McNemar's exact")
        if width >= 40:
            assert max(line.cell_length for line in shown) <= width


def test_swapping_is_comparing_the_other_way_round(store: Store) -> None:
    fill(store)
    there, back = pair(store, 1, 3), pair(store, 3, 1)
    for name in there.sets():
        one, other = there.on_set(name, never), back.on_set(name, never)
        assert asdict(swapped(swapped(one))) == pytest.approx(asdict(one), nan_ok=True)
        for field in ("first", "second", "difference", "low", "high", "better", "worse", "p"):
            value, back_again = getattr(swapped(one), field), getattr(other, field)
            assert value == pytest.approx(back_again, nan_ok=True), field
        assert swapped(one).test == other.test


def test_comparing_stops_when_nobody_waits(store: Store) -> None:
    fill(store)
    for name in pair(store).sets():
        with pytest.raises(Stopped):
            pair(store).on_set(name, lambda: True)


@pytest.mark.parametrize("width", [30, 90])
def test_a_scenario_shows_what_both_say(store: Store, width: int) -> None:
    fill(store)
    pairing = pair(store, 1, 2)
    pages = [read_pages(store, one, [1])[1] for one in (pairing.first, pairing.second)]
    views = [
        view(one, standings, 1, page)
        for one, standings, page in zip(
            (pairing.first, pairing.second), pairing.standings, pages, strict=True
        )
    ]
    whole = text.detail(views[0], views[1], pairing, width=width, whole=True)
    plain = whole.plain
    assert "2. eval question 2?" in plain
    assert "C · run 2's pick ✓" in plain
    assert "run 1 " in plain
    assert "“on eval response 2 to 2”" in plain.replace("\n", " ") or width == 30
    assert (" │ run 2 0.25 +0.00" in plain) == (width == 90)
    chosen = pair(store, 3, 2)
    texts = text.detail(views[0], views[1], chosen, width=width).plain
    assert "run 3 –, run 2" in texts


def test_lines_fill_their_width_whatever_they_hold(store: Store) -> None:
    fill(store)
    one = open_run(store, 1)
    odd = replace(one, questions=("世界" * 40, "a\x1b[31mb", "[red]c"))
    pairing = Pairing(odd, open_run(store, 2), high(one.attributes))
    for place in range(3):
        for width in range(1, 40):
            parts = text.line(pairing, place, width)
            assert sum(cell_len(part) for part, _ in parts) == width
            assert "\x1b" not in "".join(part for part, _ in parts)
    assert "[red]c" in text.line(pairing, pairing.order.tolist().index(2), 30)[2][0]


def ready(shown: CompareScreen) -> bool:
    lines = shown.query_one(CompareTable).lines
    return bool(lines) and all(line.found for line in lines)


def opened(store: Store, run: int) -> CompareScreen:
    fill(store)
    return CompareScreen(store, Desk(open_run(store, run), {}), contents(store).runs)


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (40, 12)])
async def test_two_runs_are_compared_with_the_keyboard(store: Store, size: tuple[int, int]) -> None:
    shown = opened(store, 3)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=size) as pilot:
        await settle(pilot, lambda: isinstance(host.screen, Menu))
        options = host.screen.query_one(OptionList)
        assert [str(o.prompt).split()[1] for o in options.options] == ["2", "1"]
        assert options.highlighted == 0, "the run before"
        await pilot.press("enter")
        await settle(pilot, lambda: ready(shown))
        assert "target high" in host.picture()
        assert "small/eval · run 3" in host.picture()
        assert shown.pairing is not None
        assert shown.pairing.index == 0
        await pilot.press("G", "g", "j", "k", "f", "f", "2", "1", "1", "space", "b")
        assert shown.pairing.only is None
        await pilot.press("right_square_bracket")
        await settle(pilot, lambda: ready(shown))
        assert shown.pairing.steering.name == "low"
        await pilot.press("left_square_bracket", "left_square_bracket", "s")
        assert shown.pairing.tags == ("run 2", "run 3")
        assert shown.pairing.steering.name == "sampled 18"
        await settle(pilot, lambda: ready(shown))
        await pilot.press("y")
        assert host.copied[0].startswith("| accuracy, %")
        shown.pairing.go(1)
        await pilot.press("escape")
        await settle(pilot, lambda: host.answers == [1])
        assert host.problems == []


async def test_a_scenario_is_read_beside_the_list_and_at_full_size(store: Store) -> None:
    shown = opened(store, 1)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(140, 45)) as pilot:
        await settle(pilot, lambda: isinstance(host.screen, Menu))
        await pilot.press("enter")
        detail = shown.query_one(ChangeDetail).query_one(Static)
        await settle(pilot, lambda: "eval response 0 to 1" in str(detail.content))
        assert shown.query_one(LineList).has_focus
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(host.screen, Reading))
        assert "run 1 and run 2" in host.picture()
        await pilot.press("escape", "c", "enter")
        await settle(pilot, lambda: shown.pairing and shown.pairing.tags == ("run 1", "run 2"))
        await pilot.press("t", "j", "enter")
        await settle(pilot, lambda: shown.pairing and shown.pairing.steering.name == "low")


async def test_the_table_is_written_as_its_suffix_says(store: Store, tmp_path: Path) -> None:
    shown = opened(store, 3)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: isinstance(host.screen, Menu))
        await pilot.press("enter")
        await settle(pilot, lambda: ready(shown))
        for name in ("a.csv", "a.md", "a.txt", "none/a.csv"):
            await pilot.press("e")
            await settle(pilot, lambda: bool(host.screen.query(Input)))
            host.screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await pilot.pause()
        assert host.screen.query(Input), "what cannot be written can be mended"
        await settle(pilot, lambda: host.problems and len([*tmp_path.glob("a.*")]) == 2)
        assert "a.txt: a table is written as .csv or .md" in "\n".join(host.problems)
        lines = (tmp_path / "a.csv").read_text().splitlines()
        assert lines[0] == "targets,run 3,run 2,difference,low,high,better,worse,p,scenarios,test"
        assert [line.split(",")[0] for line in lines[1:]] == [
            "target high",
            "high",
            "low",
            "sampled",
            "all",
        ]


def unanswered(opened: Opened, *scenarios: int) -> Opened:
    """A run as it was before it answered some scenarios."""
    assert opened.judged.scores is not None
    scores = opened.judged.scores.copy()
    scores[list(scenarios)] = np.nan
    return replace(opened, judged=replace(opened.judged, scores=scores))


def counted(table: CompareTable) -> list[int]:
    """How many scenarios each line is over."""
    return [line.found.scenarios for line in table.lines if line.found]


@pytest.mark.parametrize("grows", [1, 2])
async def test_runs_that_grow_are_followed_without_flicker(
    store: Store, grows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    whole = open_run(store, grows)
    first = open_run(store, 1)
    desk = Desk(unanswered(first, 1, 2) if grows == 1 else first, {})
    desk.go(1)
    shown = CompareScreen(store, desk, contents(store).runs)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(140, 45)) as pilot:
        await settle(pilot, lambda: isinstance(host.screen, Menu))
        await pilot.press("enter")
        await settle(pilot, lambda: ready(shown))
        if grows == 2:
            shown.grew(unanswered(whole, 1, 2))
        detail = shown.query_one(ChangeDetail).query_one(Static)
        await settle(pilot, lambda: "eval response 0 to 2" in str(detail.content))
        assert shown.pairing is not None
        assert shown.pairing.counts[Change.NOT_COMPARED] == 3
        assert len(shown.followed) == 2

        said: list[str] = []
        monkeypatch.setattr(detail, "update", lambda text: said.append(str(text)))
        shown.grew(whole)
        lines = shown.query_one(CompareTable).lines
        assert all(line.found for line in lines), "figures stay until newer ones are there"
        assert shown.pairing.counts[Change.NOT_COMPARED] == 2
        assert shown.pairing.index == 1
        table = shown.query_one(CompareTable)
        await settle(pilot, lambda: counted(table) == [1, 1, 1, 2, 2])
        await settle(pilot, lambda: said)
        assert all("eval response 0 to 2" in text for text in said)
        assert shown.query_one(LineList).has_focus
        shown.grew(open_run(store, 3))
        assert len(shown.followed) == 2, "another run changes nothing"


async def test_sets_are_compared_once_more_when_answers_came_meanwhile(store: Store) -> None:
    fill(store)
    whole = open_run(store, 1)
    shown = CompareScreen(store, Desk(unanswered(whole, 0, 1, 2), {}), contents(store).runs)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(140, 45)) as pilot:
        await settle(pilot, lambda: isinstance(host.screen, Menu))
        await pilot.press("enter")
        await settle(pilot, lambda: shown.pairing)
        for missing in ((1, 2), (2,), ()):
            shown.grew(unanswered(whole, *missing))
        table = shown.query_one(CompareTable)
        await settle(pilot, lambda: counted(table) == [1, 1, 1, 2, 2])
        assert shown.pairing is not None
        expected = [shown.pairing.on_set(name, never) for name in shown.pairing.sets()]
        await settle(pilot, lambda: [line.found for line in table.lines[1:]] == expected)


async def test_without_a_second_run_the_screen_says_so(store: Store) -> None:
    fill(store)
    split = open_split(store, "small", "eval")
    for desk, runs, say in (
        (Desk(split, {}), contents(store).runs, "Open a run"),
        (Desk(open_run(store, 1), {}), contents(store).runs[:1], "There is no other run"),
    ):
        shown = CompareScreen(store, desk, runs)
        host = Host(shown)  # type: ignore[arg-type]
        async with host.run_test(size=(80, 24)) as pilot:
            await settle(pilot, lambda h=host, s=say: s in h.picture())  # type: ignore[misc]
            await pilot.press(*"csf1t[]ye", "enter", "j", "G", "space", "escape")
            await settle(pilot, lambda h=host: h.answers == [0])  # type: ignore[misc]


async def test_leaving_the_menu_leaves_the_screen(store: Store) -> None:
    shown = opened(store, 3)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: isinstance(host.screen, Menu))
        await pilot.press("escape")
        await settle(pilot, lambda: host.answers == [0])


async def test_a_store_out_of_reach_is_a_notification(store: Store) -> None:
    shown = opened(store, 3)
    host = Host(shown)  # type: ignore[arg-type]
    async with host.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: isinstance(host.screen, Menu))
        store.path.write_text("hello")
        await pilot.press("enter")
        await settle(pilot, lambda: len(host.problems) == 1)
        assert "not a valid DuckDB database" in host.problems[0]


def test_what_is_open_is_told_in_one_line(store: Store) -> None:
    fill(store)
    assert subject(open_run(store, 1)) == (
        "small/eval · run 1 few-shot-comparative · smol · 2 samples, T 0.7"
    )
    assert subject(open_split(store, "small", "train")) == "small/train · not run"
