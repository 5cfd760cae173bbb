"""What is written of a scenario: everything fits, nothing in it is obeyed."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Static

from spm_tui.errors import InputError
from spm_tui.scoring.outcomes import Judged
from spm_tui.scoring.standing import Status
from spm_tui.scoring.why import Why, why
from spm_tui.target_files import read
from spm_tui.targets import Target
from spm_tui.tui import writings
from spm_tui.tui.desk import Desk
from spm_tui.tui.full_text import full_text
from spm_tui.tui.judgement import BAR, Layout, bar, judgement, layout, typical
from spm_tui.tui.listing import Filter, Sort
from spm_tui.tui.reasons import FLIPS, reason
from spm_tui.tui.steering import Slot
from spm_tui.tui.views import Cell, Response, View
from spm_tui.tui.widgets.head_line import head
from spm_tui.tui.widgets.scenario_detail import Pane
from spm_tui.tui.widgets.scenario_list import line
from spm_tui.tui.widgets.target_panel import TRACK, slider
from tests.tui.hosts import COLOURS
from tests.tui.test_desk import a_run, note, opened, scored
from tests.tui.wait import settle

MARKUP = "[bold]x[/] [$accent] [@click=app.quit]y[/]"
NAME = "kind\x1b[2J\u202e"
NASTY = "\x1b[31m\x00\x7f\x9b\u202e漢字👩\u200d💻e\u0301\ufe0f \t\r\nאב"
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(NASTY), max_size=40)
shares = st.floats(0, 1)

# bars


@given(shares | st.just(nan), st.integers(1, 20))
def test_a_bar_has_its_length(value: float, cells: int) -> None:
    assert len(bar(value, cells)) == cell_len(bar(value, cells)) == cells


def eighths(drawn: str) -> int:
    return sum(" ▏▎▍▌▋▊▉█".index(sign) for sign in drawn)


@given(shares, shares, st.integers(1, 20))
def test_a_larger_share_has_no_shorter_bar(one: float, other: float, cells: int) -> None:
    low, high = sorted((one, other))
    assert eighths(bar(low, cells)) <= eighths(bar(high, cells))


@given(shares, st.integers(1, 20))
def test_a_bar_is_right_to_half_an_eighth_and_without_gaps(value: float, cells: int) -> None:
    drawn = bar(value, cells)
    assert eighths(drawn) == pytest.approx(8 * cells * value, abs=0.5 + 1e-9)
    assert drawn.lstrip("█").strip(" ") in ("", *"▏▎▍▌▋▊▉")


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(0, "     "), (1, "█████"), (0.5, "██▌  "), (nan, "     "), (0.97, "████▉")],
)
def test_bars(value: float, drawn: str) -> None:
    assert bar(value) == drawn


# judgements


def cell(label: float, *samples: float, reasonings: Sequence[str] = ()) -> Cell:
    score = sum(samples) / len(samples) if samples else nan
    return Cell(label, score, samples, tuple(reasonings))


def response(*cells: Cell, **changes: Any) -> Response:
    plain = Response("text", cells, labelled=0.25, said=0.5, picked=False, nearest=False)
    return replace(plain, **changes)


cells = st.lists(shares, max_size=3).flatmap(
    lambda samples: shares.map(lambda label: cell(label, *samples))
)
names = st.text(
    st.characters(categories=["L", "Nd"]) | st.sampled_from("漢字 -e\u0301"),
    min_size=1,
    max_size=11,
).filter(lambda name: cell_len(name) <= 11)
distances = st.tuples(*[st.floats(0, 9.99) | st.just(float("inf"))] * 2)
WIDTHS = {Layout.NARROW: 28, Layout.MEDIUM: Layout.MEDIUM.value, Layout.WIDE: Layout.WIDE.value}
"""Cells that lines may take; a pane is never narrower than 32, with its frame 28."""


@settings(max_examples=200)
@given(cells, names, distances, st.booleans(), st.sampled_from(Layout))
@example(cell(1.0, 1.0, 0.0), "helpfulness", (1.0, 1.0), True, Layout.WIDE)
@example(cell(1.0, 1.0, 0.0), "漢漢漢漢漢", (1.0, 1.0), True, Layout.WIDE)
def test_every_line_fits(
    one: Cell, name: str, away: tuple[float, float], aimed: bool, where: Layout
) -> None:
    told = judgement(
        response(one, labelled=away[0], said=away[1]), [name], [aimed], layout=where
    ).plain
    for text in told.splitlines():
        assert cell_len(text) <= WIDTHS[where], text


@pytest.mark.parametrize("where", Layout)
def test_the_distances_of_heavy_targets_fit(where: Layout) -> None:
    told = judgement(response(labelled=48.0, said=40.0), [], [], layout=where).plain
    assert cell_len(told.splitlines()[0]) <= WIDTHS[where]


@pytest.mark.parametrize("where", Layout)
def test_a_judgement_says_label_score_error_and_spread(where: Layout) -> None:
    one = cell(1.0, 0.5, 0.75, reasonings=("first", "second"))
    told = judgement(response(one), ["care"], [True], layout=where).plain
    for part in ("care", "0.25", "0.50", "1.00", "0.62", "−0.38", "±12", "“first”"):
        assert part in told, part


def test_columns_stand_under_their_headings() -> None:
    told = judgement(response(cell(1.0, 0.5)), ["care"], [True], layout=Layout.WIDE).plain
    _, headings, row = told.splitlines()
    assert headings.index("label") == row.index("█")
    assert headings.index("model") == row.rindex("██▌")
    assert headings.index("error") == row.index("−0.50")


def test_what_was_not_scored_is_no_number() -> None:
    for where in Layout:
        told = judgement(response(cell(0.5)), ["care"], [True], layout=where).plain
        assert "–" in told
        assert "nan" not in told
        assert "±" not in told


def test_what_is_not_aimed_at_is_dimmed() -> None:
    told = judgement(
        response(cell(0.5, 0.5), cell(0.5, 0.5)), ["care", "zeal"], [True, False],
        layout=Layout.WIDE,
    )  # fmt: skip
    styles = {told.plain[span.start : span.end].strip(): span.style for span in told.spans}
    assert "$text-muted" in str(styles["zeal"])
    assert "$text-muted" not in str(styles["care"])


@given(texts)
@example(MARKUP)
def test_reasonings_are_shown_and_not_obeyed(text: str) -> None:
    one = cell(1.0, 0.5, reasonings=(text,))
    told = judgement(response(one), ["care"], [True], layout=Layout.NARROW).plain
    assert not set("\x1b\x00\x7f\x9b\u202e\t\r") & set(told)
    if text == MARKUP:
        assert f"“{MARKUP}”" in told


class Framed(App[None]):
    """Shows a pane as wide as the screen."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(COLOURS)

    def compose(self) -> ComposeResult:
        yield Pane(0)


@pytest.mark.parametrize("width", [32, 36, 37, 38, 46, 47, 48, 80])
async def test_no_line_is_broken_in_a_pane(width: int) -> None:
    app = Framed()
    async with app.run_test(size=(width, 20)) as pilot:
        pane = app.query_one(Pane)
        one = response(cell(1.0, 0.0, 1.0))
        pane.show(one, Status.WRONG, ["helpfulness"], [True])
        await settle(pilot, lambda: app.query(".judged Static").first(Static).size.width)
        judged = app.query(".judged Static").first(Static)
        told = judged.content
        assert isinstance(told, Content)
        assert max(map(cell_len, told.plain.splitlines())) <= judged.size.width


@pytest.mark.parametrize(
    ("width", "found"),
    [
        (0, Layout.NARROW),
        (32, Layout.NARROW),
        (33, Layout.MEDIUM),
        (42, Layout.MEDIUM),
        (43, Layout.WIDE),
        (500, Layout.WIDE),
    ],
)
def test_the_widest_layout_that_fits_is_taken(width: int, found: Layout) -> None:
    assert layout(width) is found


def test_the_typical_reasoning_is_that_nearest_to_the_mean() -> None:
    assert typical(cell(0, 0.0, 0.5, 1.0, reasonings="abc")) == "b"
    assert typical(cell(0, 1.0, 1.0, 0.0, 0.5, reasonings="abcd")) == "d"
    assert typical(cell(0, 0.0, 1.0, reasonings="ab")) == "a", "the first of equals"


# reasons


def test_a_reason_names_margins_corrections_and_shares() -> None:
    judged = scored(0.0, second=0.0)
    assert judged.scores is not None
    judged.scores[0, :, 0] = [0.25, 0.75]
    judged.scores[0, :, 1] = [0.9, 0.2]
    desk = Desk(opened(judged), {})
    desk.steer(desk.steering.weigh(0, 4))
    found = why(judged, 0, desk.steering.aim())
    told = reason(found, ("care", MARKUP)).plain.splitlines()
    assert told[0].startswith("✗ B is predicted ")
    assert " nearer than A; by labels 1.12 farther" in told[0]
    assert told[1] == "  right if corrected: care"
    assert told[2].startswith("  shares of the error: care ")
    assert MARKUP in told[2]


def reasoned(flips: tuple[tuple[int, ...], ...], shares: list[float]) -> list[str]:
    one = Why(1, 2, 0.5, 0.25, flips, np.array(shares))
    return reason(one, ("care", "zeal", "awe", "thrift")).plain.splitlines()


def test_many_corrections_are_counted_and_small_shares_left_out() -> None:
    head_, corrected, shares = reasoned(((0,), (1, 2)), [0.125, -0.25, 1.121, 0.004])
    assert head_ == "✗ B is predicted 0.25 nearer than C; by labels 0.50 farther"
    assert corrected == "  right if corrected: care or zeal + awe"
    assert shares == "  shares of the error: awe 112 %, zeal −25 %, care 12 %"
    many = reasoned(tuple((0,) for _ in range(FLIPS + 3)), [1.0, 0.0, 0.0])
    assert many[1].endswith("care or care or care or care or 3 other sets")
    assert "other sets" not in reasoned(((0,),) * FLIPS, [1.0, 0.0, 0.0])[1]


# the whole text


def a_view(*responses: Response, question: str = "why?", status: Status = Status.WRONG) -> View:
    return View(7, question, responses, status, 0.25, failed=False, flagged=False)


def test_the_whole_text_has_every_response_and_every_sample() -> None:
    one = response(
        cell(1.0, 0.5, 0.75, reasonings=("first", "second")), text="yes", nearest=True,
        labelled=0.0, said=0.375,
    )  # fmt: skip
    two = response(cell(0.0, 1.0, reasonings=("third",)), text="no", picked=True)
    told = full_text(a_view(one, two), ("care",)).plain.splitlines()
    assert told[0] == "7. why?"
    assert "── A · nearest to the target ──" in told
    assert "── B · model's pick ✗ ──" in told
    assert "distance from the target: label 0.00, model 0.38" in told
    assert "care         label 1.00  model 0.62  −0.38" in told
    assert "  sample 1  0.50  “first”" in told
    assert "  sample 2  0.75  “second”" in told
    assert "  “third”" in told, "one sample needs no number"
    assert told.index("yes") < told.index("no")


@given(texts)
@example(MARKUP)
def test_nothing_in_the_whole_text_is_obeyed(text: str) -> None:
    one = response(cell(1.0, 0.5, reasonings=(text,)), text=text)
    told = full_text(a_view(one, one, question=text), ("care",)).plain
    assert not set("\x1b\x00\x7f\x9b\u202e\t\r") & set(told)
    if text == MARKUP:
        assert told.count(MARKUP) == 5


# lines of the list


def listing(question: str, *, others: int = 0, marks: Sequence[str] = (), failed: bool) -> Desk:
    judged = scored(*[0.1] * (others + 1))
    notes = tuple(note(1, mark) for mark in marks)
    one = opened(
        judged, notes=notes, failed=(0,) if failed else (), questions=(question,) * (others + 1)
    )
    return Desk(one, {})


@settings(max_examples=300)
@given(
    texts,
    st.integers(1, 200),
    st.sampled_from([0, 9, 1200]),
    st.lists(st.sampled_from(["flag", "agree"]), max_size=2),
    st.booleans(),
)
@example(MARKUP, 60, 0, ["flag", "agree"], True)
@example("漢" * 100, 33, 0, [], False)
@example("👩\u200d💻" * 30, 34, 9, [], False)
@example("e\u0301" * 30, 20, 9, [], False)
@example("#\ufe0f\u20e3" * 30, 35, 9, [], False)
def test_a_line_is_exactly_as_wide_as_it_should_be(
    question: str, width: int, others: int, marks: list[str], failed: bool
) -> None:
    parts = line(listing(question, others=others, marks=marks, failed=failed), 0, width)
    assert sum(cell_len(text) for text, _ in parts) == width
    whole = "".join(text for text, _ in parts)
    assert not set("\x1b\x00\x7f\x9b\u202e\t\r\n") & set(whole)
    if question == MARKUP:
        assert "[bold]x[/] [$accent]" in whole


def test_a_line_tells_status_number_question_margin_and_marks() -> None:
    desk = listing("a question", others=99, marks=["flag", "agree"], failed=True)
    told = "".join(text for text, _ in line(desk, 0, 40))
    assert told.startswith("✗ 001 a question ")
    assert told.endswith(" +0.40 !⚑✎")
    assert [style for _, style in line(desk, 0, 40)] == ["wrong", "dim", "", "wrong"]
    narrow = "".join(text for text, _ in line(desk, 0, 29))
    assert "0.40" not in narrow
    assert "!⚑✎" in narrow


def test_each_status_has_a_sign_and_a_style() -> None:
    levels = np.array([[[4], [0]], [[4], [0]], [[4], [4]], [[4], [0]]], dtype=np.int16)
    scores = np.array([[[0.9], [0.5]], [[0.1], [0.5]], [[0.1], [0.5]], [[nan], [nan]]])
    desk = Desk(opened(Judged(levels, (5,), scores=scores)), {})
    firsts = [line(desk, index, 40)[0] for index in range(4)]
    assert firsts == [("✓", "right"), ("✗", "wrong"), ("=", "tie"), ("·", "dim")]


# the header


def headed(name: str, model: str = "smol") -> Desk:
    spec = a_run().spec
    run = a_run(spec=type(spec)(spec.benchmark, "eval", spec.method, model, spec.config))
    desk = Desk(opened(scored(*[0.9] * 12, *[0.1] * 8), run=run), {name: [Target((("a0", 0.9),))]})
    if name:
        desk.steer(desk.steering.take(name, dict(desk.presets)[name]))
    return desk


def test_the_header_says_what_against_what_and_how_well() -> None:
    told = head(headed(""), 140).plain
    assert told.startswith("small/eval · run 3 few-shot-comparative · smol · greedy ")
    assert told.endswith(" │ target high: a0=1 │ accuracy 60.0 % (12/20)")
    split = Desk(opened(Judged(scored(0.5).levels, (5,), chosen=np.array([-1]))), {})
    assert head(split, 140).plain.startswith("small/eval · not run ")
    assert head(split, 140).plain.endswith("accuracy – % (0/0)")
    running = Desk(opened(scored(0.9), run=a_run(state="interrupted")), {})
    assert " · interrupted " in head(running, 140).plain


@pytest.mark.parametrize("width", range(40, 200, 7))
def test_the_header_fills_its_width_and_names_target_and_accuracy(width: int) -> None:
    told = head(headed("mine"), width).plain
    assert cell_len(told) == width
    assert told.endswith("60.0 % (12/20)")
    assert "mine" in told


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 120), texts.filter(str.strip), texts)
@example(30, "mine", "smol")
@example(60, "a target that somebody gave a long and telling name", "smol")
def test_the_header_is_never_longer_than_its_width(width: int, name: str, model: str) -> None:
    told = head(headed(name.strip(), model), width).plain
    assert cell_len(told) <= width
    if width >= 40:
        assert told.endswith("60.0 % (12/20)")


def test_nothing_in_the_header_is_obeyed() -> None:
    told = head(headed("x\x1b[31m\u202e", MARKUP + "\x1b"), 200).plain
    assert MARKUP in told
    assert not set("\x1b\u202e") & set(told)


# sliders


@pytest.mark.parametrize(
    ("slot", "track", "after"),
    [
        (Slot(0.0), "●──────────", "0.00"),
        (Slot(1.0), "──────────●", "1.00"),
        (Slot(0.5), "─────●─────", "0.50"),
        (Slot(0.75, weight=2.0), "────────●──", "0.75 ×2"),
        (Slot(0.75, weight=0.125), "────────●──", "0.75 ×0.125"),
        (Slot(0.75, on=False, weight=2.0), "────────●──", "off"),
    ],
)
def test_a_slider_says_name_switch_value_and_weight(slot: Slot, track: str, after: str) -> None:
    switch = "[x]" if slot.on else "[ ]"
    assert slider("care", slot).plain == f"{switch} care\n {track} {after}"


@given(shares)
def test_the_handle_is_nearest_to_the_value(value: float) -> None:
    track = slider("care", Slot(value)).plain.splitlines()[1].split(" ")[1]
    assert len(track) == TRACK
    assert track.index("●") / (TRACK - 1) == pytest.approx(value, abs=0.5 / (TRACK - 1) + 1e-9)


def test_a_slider_shows_markup_as_it_is() -> None:
    assert slider(MARKUP, Slot()).plain.startswith(f"[x] {MARKUP}\n")


# what is written to files


def test_the_list_is_written_as_it_is_listed() -> None:
    one = opened(
        scored(0.9, 0.1, nan, 0.2),
        notes=(note(2, "flag"), note(4, "agree")),
        questions=("q, one", 'say "x"\ny', "three", "four"),
    )
    desk = Desk(one, {})
    header = "scenario,status,margin,picked,nearest,flagged,annotated,question\n"
    assert writings.list_csv(desk) == header + (
        '1,right,-0.400000,0,0,0,0,"q, one"\n'
        '2,misaligned,0.400000,1,0,1,0,"say ""x""\ny"\n'
        "3,not run,,-1,0,0,0,three\n"
        "4,misaligned,0.300000,1,0,0,1,four\n"
    )
    desk.narrow(Filter("misaligned"), Sort("margin"))
    rows = writings.list_csv(desk).removeprefix(header)
    assert (rows[0], rows.count("\n")) == ("4", 3)


def test_the_target_is_written_as_target_files_have_it(tmp_path: Path) -> None:
    desk = Desk(opened(scored(0.9, second=0.5)), {})
    desk.steer(desk.steering.set_value(0, 0.25).weigh(1, 4))
    writings.write(tmp_path / "t.json", writings.target_json(desk))
    (found,) = read(tmp_path / "t.json", desk.opened.attributes)
    assert found.targets == (Target((("a0", 0.25), ("a1", 1.0)), (1.0, 4.0)),)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    writings.write(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    with pytest.raises(InputError, match=r"list.csv: is there already; give another name"):
        writings.write(path, "other")
    assert path.read_text(encoding="utf-8") == "é\n"


@pytest.mark.parametrize("name", ["none/list.csv", "", "file/list.csv"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        writings.write(tmp_path / name, "text")
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert "\n" not in str(caught.value)


def test_short_bars_are_for_narrow_panes() -> None:
    for where in Layout:
        told = judgement(response(cell(1.0, 1.0)), ["care"], [True], layout=where).plain
        assert "█" * (BAR - 2) in told
        assert ("█" * BAR in told) == (where is not Layout.NARROW)
