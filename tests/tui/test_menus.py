"""The menus: whatever they offer is understood, and then shown as chosen."""

from dataclasses import replace

import pytest

from spm_tui.bench import bundled
from spm_tui.datasets import builtin
from spm_tui.tui.desk import Desk
from spm_tui.tui.listing import Filter, Sort
from spm_tui.tui.menus import choose_filter, filters, openings
from spm_tui.tui.screens.dialogs import Entry
from spm_tui.tui.screens.welcome import ABOUT, choices
from spm_tui.tui.session import Contents
from store.records import BenchmarkRow, RunSpec
from tests.conftest import AT
from tests.tui.test_desk import a_run, opened, scored


def desk() -> Desk:
    return Desk(opened(scored(0.9, 0.1, second=0.25)), {})


def chosen(one: Desk) -> set[str]:
    return {entry.key for entry in filters(one) if entry.text.plain.startswith("●")}


KEYS = [entry.key for entry in filters(desk()) if entry.key]
IDLE = {"outcome:any", "mark:any", "because:", "sort:number"}


def test_at_first_everything_is_listed_by_number() -> None:
    assert chosen(desk()) == IDLE
    assert len(KEYS) == len(set(KEYS)), "no two entries have the same key"


@pytest.mark.parametrize("key", KEYS)
def test_what_is_offered_is_understood_and_then_shown_as_chosen(key: str) -> None:
    one = desk()
    choose_filter(one, key)
    group = key.partition(":")[0].replace("error", "sort")
    assert chosen(one) == {k for k in IDLE if not k.startswith(f"{group}:")} | {key}


@pytest.mark.parametrize("first", KEYS)
def test_one_choice_of_each_group_counts_whatever_was_chosen_before(first: str) -> None:
    for second in KEYS:
        one = desk()
        choose_filter(one, first)
        choose_filter(one, second)
        assert second in chosen(one)
        assert len(chosen(one)) == len(IDLE)


@pytest.mark.parametrize("first", KEYS)
def test_all_can_be_undone(first: str) -> None:
    one = desk()
    choose_filter(one, first)
    for key in sorted(IDLE):
        choose_filter(one, key)
    assert (one.filter, one.sort) == (Filter(), Sort())
    assert one.order.tolist() == [0, 1]


def test_a_choice_lists_at_once() -> None:
    one = desk()
    choose_filter(one, "outcome:misaligned")
    assert one.order.tolist() == [1]
    choose_filter(one, "because:1")
    assert one.filter == Filter("misaligned", because=1)
    choose_filter(one, "error:1")
    assert one.sort == Sort("error", 1)


def test_headings_cannot_be_chosen_and_all_else_names_what_it_does() -> None:
    found = filters(desk())
    headings = [entry.text.plain for entry in found if not entry.key]
    assert headings == ["list", "only", "misaligned", "in order of"]
    by_key = {entry.key: entry.text.plain for entry in found}
    assert by_key["because:1"] == "○ because of a1"
    assert by_key["error:0"] == "○ largest error on a0"
    assert by_key["outcome:any"] == "● all"


def row(identity: str, name: str, *, train: int = 4, eval_: int = 1200) -> BenchmarkRow:
    return BenchmarkRow(identity, name, "made", AT, 2, train, eval_)


def holding(*rows: BenchmarkRow, runs: int = 0) -> Contents:
    some = tuple(a_run(number=number) for number in range(1, runs + 1))
    return Contents(tuple(rows), some, {}, {}, "token")


BUILT_IN = ("", "bundled:mini-mic", "bundled:mini-helpsteer")


def told(entries: list[Entry]) -> list[tuple[str, str]]:
    return [(entry.key, entry.text.plain) for entry in entries]


def test_runs_are_offered_the_newest_commit_first_then_splits() -> None:
    found = told(openings(holding(row("identity", "small"), row("other", "large"), runs=12)))
    assert [key for key, _ in found] == [
        "",
        *(f"run:{number}" for number in range(12, 0, -1)),
        "",
        "split:identity:eval",
        "split:identity:train",
        "split:other:eval",
        "split:other:train",
        *BUILT_IN,
    ]
    texts = dict(found)
    assert texts["run:3"] == "  3  small/eval  few-shot-comparative · smol · greedy"
    assert texts["run:12"].startswith(" 12  small/eval  ")
    assert texts["split:identity:eval"] == "     small/eval  1,200 scenarios"


def test_empty_splits_and_no_runs_are_not_offered() -> None:
    found = told(openings(holding(row("identity", "small", train=0))))
    assert [key for key, _ in found] == ["", "split:identity:eval", *BUILT_IN]
    assert [key for key, _ in told(openings(holding()))] == ["", *BUILT_IN]


def test_a_built_in_benchmark_is_offered_until_it_is_there() -> None:
    found = told(openings(holding(row(bundled.benchmark("mini-mic"), "mini-mic"))))
    assert found[-1][0] == "bundled:mini-helpsteer"
    assert "bundled:mini-mic" not in dict(found)
    found = told(openings(holding(row("of an older version", "mini-mic"))))
    assert [key for key, _ in found[-2:]] == ["bundled:mini-mic", "bundled:mini-helpsteer"]


def test_only_what_this_installation_has_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "shipped", lambda: ("mini-helpsteer",))
    assert [key for key, _ in told(openings(holding()))] == ["", "", "bundled:mini-helpsteer"]
    assert [key for key, _ in choices()] == ["bundled:mini-helpsteer", "import"]
    monkeypatch.setattr(bundled, "shipped", tuple)
    assert told(openings(holding())) == [("", "benchmarks")]
    assert [key for key, _ in choices()] == ["import"]


def test_what_a_benchmark_holds_is_said_of_all_that_are_built_in() -> None:
    assert set(ABOUT) == set(builtin.NAMES)


def test_benchmarks_of_one_name_are_told_apart() -> None:
    rows = (row("identity-1", "small"), row("another-1", "small"), row("third", "large"))
    texts = dict(told(openings(holding(*rows, runs=0))))
    assert texts["split:identity-1:eval"] == "     small (identi)/eval  1,200 scenarios"
    assert texts["split:another-1:train"] == "     small (anothe)/train  4 scenarios"
    assert texts["split:third:eval"] == "     large/eval  1,200 scenarios"


def test_a_run_that_has_not_finished_says_so_and_one_without_a_model_names_none() -> None:
    direct = RunSpec("identity", "train", "oracle", "", '{"method": {}}')
    runs = (
        a_run(number=1, state="interrupted"),
        a_run(number=2, spec=direct),
        a_run('{"method": {"temperature": 0.7, "samples": 5}}', number=3),
    )
    contents = replace(holding(row("identity", "small")), runs=runs)
    texts = dict(told(openings(contents)))
    assert texts["run:1"].endswith(" · greedy · interrupted")
    assert texts["run:2"] == "  2  small/train  oracle"
    assert texts["run:3"].endswith(" · 5 samples, T 0.7")


def test_names_in_the_opening_menu_are_not_obeyed() -> None:
    found = openings(holding(row("identity", "s\x1b[2J[bold]m"), runs=1))
    texts = [entry.text.plain for entry in found]
    assert sum("[bold]m" in text for text in texts) == 3
    assert not any("\x1b" in text for text in texts)
