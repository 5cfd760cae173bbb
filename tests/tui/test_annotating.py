"""The queue of scenarios to judge: undo, progress, what counts; agreement of authors."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.tui import annotation_texts as texts
from spm_tui.tui.annotating import NOTE, SKIP, VERDICTS, Queue, Thing, agreement, thing
from spm_tui.tui.outbox import Outbox
from store import annotations
from store.annotations import FLAG, UNFLAG, WITHDRAWN, standing
from store.connection import Store
from store.records import Annotation
from tests.conftest import AT

NAMES = ("care", "fairness")
RESPONSES = (2, 3, 2, 2, 4)


def queue(*history: Annotation, order: tuple[int, ...] = (3, 0, 1), author: str = "ada") -> Queue:
    return Queue(history, run=1, author=author, order=order, responses=RESPONSES, attributes=2)


def entry(scenario: int, verdict: str, author: str = "ada", **fields: object) -> Annotation:
    return replace(
        Annotation(1, scenario, None, None, verdict, "", author, AT),
        **fields,  # type: ignore[arg-type]  # a test names them rightly
    )


def time(step: int) -> datetime:
    return AT + timedelta(seconds=step)


names = st.sampled_from([verdict.name for verdict in VERDICTS])
moves = st.one_of(
    names,
    st.sampled_from(["note", "left", "right", "open", "tab", "whole"]),
    st.integers(0, 4),
)
pasts = st.lists(
    st.builds(
        entry,
        st.integers(1, len(RESPONSES)),
        st.sampled_from([*(v.name for v in VERDICTS), NOTE, FLAG, UNFLAG, WITHDRAWN]),
        st.sampled_from(["ada", "bo"]),
        response=st.none() | st.integers(0, 1),
        attribute=st.none() | st.integers(0, 1),
    ),
    max_size=8,
)


def move(one: Queue, what: str | int, step: int) -> bool:
    """Do something; whether it said something."""
    match what:
        case int():
            one.choose_response(what)
        case "note":
            return one.note(f"note {step}", at=time(step)) is not None
        case "left" | "right":
            one.step(1 if what == "right" else -1)
        case "open":
            one.next_undone()
        case "tab":
            one.step_attribute(1)
        case "whole":
            one.choose_response(None)
        case _:
            return one.judge(what, at=time(step)) is not None
    return False


def state(one: Queue) -> set[tuple[Thing, str, str, str]]:
    return {(thing(e), e.author, e.verdict, e.note) for e in standing(one.history)}


@given(pasts, st.lists(moves, max_size=20))
def test_undoing_all_restores_what_stood_and_history_only_grows(
    past: list[Annotation], done: list[str | int]
) -> None:
    one = queue(*past)
    before, judged, left = state(one), one.judged, one.left
    said = 0
    for step, what in enumerate(done):
        size = len(one.history)
        spoke = move(one, what, step)
        said += spoke
        assert len(one.history) == size + spoke
        assert one.at_hand is not None
        assert (one.response or 0) < RESPONSES[one.index or 0]
    for step in range(said):
        size = len(one.history)
        undone = one.undo(at=time(100 + step))
        assert undone is not None
        assert one.at_hand == thing(undone.taken), "one stands before what was taken back"
        assert one.history[size:] == [undone.entry]
    assert one.history[: len(past)] == past
    assert state(one) == before
    one.response = one.attribute = None
    assert (one.judged, one.left) == (judged, left)


@given(pasts, st.lists(moves, max_size=12))
def test_what_the_store_gives_back_counts_the_same(
    past: list[Annotation], done: list[str | int]
) -> None:
    one = queue(*past)
    for step, what in enumerate(done):
        move(one, what, step)
    again = queue(*one.history)
    again.response, again.attribute = one.response, one.attribute
    assert (again.judged, again.left) == (one.judged, one.left)


def test_the_next_scenario_comes_by_itself_and_judged_ones_are_passed() -> None:
    one = queue(entry(1, "label wrong"))
    assert (one.index, one.judged, one.left) == (3, 1, 2)
    one.judge("reasoning wrong", at=AT)
    assert one.index == 1, "scenario 1 is judged"
    one.judge("both plausible", at=AT)
    assert (one.judged, one.left, one.next_undone()) == (3, 0, False)


def test_it_goes_round_to_what_was_passed_over() -> None:
    one = queue()
    one.step(2)
    one.judge("label wrong", at=AT)
    assert one.place == 0


def test_responses_come_one_after_the_other() -> None:
    one = queue(entry(2, "label wrong", response=1), order=(0, 1))
    assert one.choose_response(0)
    seen = []
    for _ in range(4):
        seen.append(one.at_hand)
        one.judge("label wrong", at=AT)
    assert seen == [Thing(1, 0), Thing(1, 1), Thing(2, 0), Thing(2, 2)]
    assert (one.judged, one.left) == (2, 0)
    assert not one.choose_response(3)


def test_attributes_are_things_apart() -> None:
    one = queue(entry(4, "label wrong"))
    assert one.left == 2
    one.step_attribute(1)
    assert one.left == 3
    one.judge("label wrong", at=AT)
    assert one.history[-1].attribute == 0
    assert one.attribute == 0, "it stays from one scenario to the next"
    one.step_attribute(1)
    one.step_attribute(1)
    assert one.attribute is None
    one.step_attribute(-1)
    assert one.attribute == 1


def test_a_note_waits_for_its_verdict_and_is_not_one() -> None:
    one = queue()
    one.note("misreads it", at=AT)
    assert (one.judged, one.last_note()) == (0, "misreads it")
    judged = one.judge("reasoning wrong", at=AT)
    assert judged
    assert judged.note == "misreads it"
    one.step(-1)
    noted = one.note("all of it", at=AT)
    assert noted
    assert (noted.verdict, noted.note, one.judged) == ("reasoning wrong", "all of it", 1)
    one.undo(at=AT)
    assert one.said
    assert one.said.note == "misreads it"
    one.undo(at=AT)
    one.undo(at=AT)
    assert one.said is None
    assert one.history[-1].verdict == WITHDRAWN
    assert one.last_note() == "misreads it", "to be offered again"


def test_skipping_what_is_judged_takes_nothing_back() -> None:
    one = queue(entry(4, "label wrong"))
    assert one.judge(SKIP, at=AT) is None
    assert len(one.history) == 1
    assert one.place == 1
    assert one.judge(SKIP, at=AT)
    assert one.judged == 2


def test_what_was_said_another_day_can_be_withdrawn() -> None:
    one = queue(entry(4, "label wrong"), entry(4, "both plausible", "bo"))
    undone = one.undo(at=time(1))
    assert undone
    assert (undone.entry.verdict, undone.entry.author) == (WITHDRAWN, "ada")
    assert one.judged == 0
    assert one.undo(at=time(2)) is None
    assert [e.author for e in standing(one.history)] == ["bo"]


def test_others_and_flags_do_not_count() -> None:
    one = queue(entry(4, "label wrong", "bo"), entry(1, "label wrong"), entry(1, FLAG))
    assert one.judged == 1, "a flag does not take the verdict's place"


def test_an_empty_list_is_at_rest() -> None:
    one = queue(order=())
    one.step(1)
    assert (one.index, one.left, one.next_undone()) == (None, 0, False)
    assert not one.choose_response(0)
    assert one.judge("label wrong", at=AT) is one.note("x", at=AT) is None
    assert one.undo(at=AT) is None


def test_agreement_is_on_what_both_judged_last() -> None:
    pairs = agreement(
        [
            entry(1, "label wrong"),
            entry(1, "label wrong", "bo"),
            entry(1, FLAG, "bo"),
            entry(2, "label wrong"),
            entry(2, "both plausible"),
            entry(2, "reasoning wrong", "bo"),
            entry(3, "label wrong", "bo"),
            entry(3, "label wrong"),
            entry(3, WITHDRAWN),
            entry(4, SKIP),
            entry(4, NOTE, "bo"),
            entry(5, "label wrong", response=1),
            entry(5, "label wrong", "bo", response=0),
            entry(9, SKIP, "cy"),
        ]
    )
    ((pair),) = pairs
    assert (pair.first, pair.second) == ("ada", "bo")
    assert (pair.reliability.items, pair.reliability.agreement) == (2, 0.5)
    table = texts.agreement_table(pairs).plain
    assert "ada – bo" in table
    assert " 50.0" in table
    assert "Fewer than two" in texts.agreement_table([]).plain


def test_agreement_on_nothing_is_unknown() -> None:
    ((pair),) = agreement([entry(1, "label wrong"), entry(2, "label wrong", "bo")])
    assert pair.reliability.items == 0
    assert math.isnan(pair.reliability.kappa)
    assert "–" in texts.agreement_table([pair]).plain


@pytest.mark.parametrize("width", [200, 90, 70, 40])
def test_progress_fits_on_one_line(width: int) -> None:
    line = texts.progress(queue(entry(1, "label wrong")), NAMES, width=width)
    assert line.cell_length <= width
    assert "1/5" in line.plain


def test_progress_in_full() -> None:
    one = queue(entry(1, "label wrong"), author="ada")
    assert texts.progress(one, NAMES, width=86).plain == (
        "1/5 judged · 2 left in this list · author ada · scenario as a whole · all attributes"
    )
    one.choose_response(1)
    one.step_attribute(2)
    line = texts.progress(one, NAMES, width=200, trouble="3 not stored").plain
    assert line.endswith("author ada · response B · fairness · 3 not stored")


def test_what_was_said_is_shown_newest_first_and_as_it_is() -> None:
    note = entry(4, "label wrong", "b[o]\x1b", note="[red]no\x07", response=1, attribute=0)
    one = queue(note, entry(1, "label wrong", "cy"))
    mine = one.note("wait", at=time(60))
    assert mine
    assert texts.given(one, NAMES, [mine], failed=False).plain == (
        "ada  note  “wait”  2026-11-24 12:01  storing …\n"
        "b[o]␛  label wrong  response B · care  “[red]no␇”  2026-11-24 12:00"
    )
    assert "not stored" in texts.given(one, NAMES, [mine], failed=True).plain


@given(st.lists(st.lists(names, max_size=3), max_size=4))
def test_the_outbox_empties_in_order(batches: list[list[str]]) -> None:
    """Without a store: what is dropped is the front."""
    box = Outbox(Store(Path("unused")), 1)
    said = [entry(i + 1, name) for i, name in enumerate(chain(*batches))]
    for one in said:
        box.put(one)
    for batch in batches:
        assert list(box.waiting()) == said
        box.drop(len(batch))
        said = said[len(batch) :]
    assert box.waiting() == ()


def test_the_outbox_stores_all_and_tells_everyones(store: Store) -> None:
    with store.writing() as db:
        annotations.annotate(db, entry(1, "label wrong", "bo"))
    box = Outbox(store, 1)
    assert box.drain() is None
    said = [entry(1, "label wrong"), entry(1, WITHDRAWN)]
    for one in said:
        box.put(one)
    assert box.drain() == [entry(1, "label wrong", "bo"), *said]
    assert box.waiting() == ()
