"""Pace, health and shares of time, with time passed in."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.engine.remote.health import DOWN, Health
from spm_tui.engine.remote.pace import MOST, START, Pace, Shares


def drive(pace: Pace, *, capacity: float, rounds: int, now: float = 0.0) -> float:
    """Answer at the speed of a server that is full at `capacity` requests at a time."""
    for _ in range(rounds):
        speed = min(pace.limit, capacity)
        for _ in range(pace.limit):
            now += 1 / speed
            pace.answered(1.0, now)
    return now


def test_more_is_sent_while_that_is_faster() -> None:
    pace = Pace(now=0.0)
    limits = []
    now = 0.0
    for _ in range(12):
        limits.append(pace.limit)
        now = drive(pace, capacity=1e9, rounds=1, now=now)
    assert limits[:4] == [START, 12, 18, 27]
    assert pace.limit == MOST


@pytest.mark.parametrize("capacity", [1, 10, 40, 100])
def test_a_full_server_is_not_sent_more(capacity: int) -> None:
    pace = Pace(now=0.0)
    limits = []
    now = 0.0
    for _ in range(100):
        now = drive(pace, capacity=capacity, rounds=1, now=now)
        limits.append(pace.limit)
    usual = sorted(limits[20:])[40]
    assert usual <= max(START, 1.5 * capacity)
    assert usual >= min(START, capacity / 1.5)


def test_refusals_halve_once_for_what_was_under_way() -> None:
    pace = Pace(now=0.0, start=64)
    for moment in (5.0, 5.1, 5.2):
        pace.refused(sent=1.0, now=moment)
    assert pace.limit == 32
    pace.refused(sent=5.05, now=6.0)
    assert pace.limit == 16
    for second in range(10):
        pace.refused(sent=10.0 + second, now=10.5 + second)
    assert pace.limit == 1


def test_after_a_refusal_more_is_tried_again_later() -> None:
    pace = Pace(now=0.0, start=16)
    pace.refused(sent=0.0, now=1.0)
    now = drive(pace, capacity=1e9, rounds=8, now=1.0)
    assert pace.limit == 8
    drive(pace, capacity=1e9, rounds=1, now=now)
    assert pace.limit == 12


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 10.0)), max_size=200))
def test_the_pace_stays_in_its_bounds(steps: list[tuple[bool, float]]) -> None:
    pace = Pace(now=0.0, most=32)
    now = 0.0
    for refused, seconds in steps:
        now += seconds
        if refused:
            pace.refused(now - 0.5 * seconds, now)
        else:
            pace.answered(seconds, now)
        assert 1 <= pace.limit <= 32


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)).map(sorted), min_size=1, max_size=20)
)
def test_shares_add_up_to_the_time_in_which_anything_was_under_way(
    spans: list[list[float]],
) -> None:
    events = sorted(
        [(start, True, i) for i, (start, _) in enumerate(spans)]
        + [(end, False, i) for i, (_, end) in enumerate(spans)],
        key=lambda event: (event[0], not event[1]),
    )
    shares = Shares()
    begun: dict[int, float] = {}
    total = covered = before = 0.0
    for at, starts, i in events:
        covered += at - before if begun else 0.0
        before = at
        if starts:
            begun[i] = shares.begin(at)
        else:
            total += shares.end(begun.pop(i), at)
    assert total == pytest.approx(covered, abs=1e-6)


def health(patience: float = 120.0) -> Health:
    return Health(patience=patience, rng=random.Random(0))


def test_pauses_grow_and_are_bounded() -> None:
    one, now, pauses = health(), 0.0, []
    for _ in range(10):
        one.failed("away", sent=now, now=now)
        pauses.append(one.until - now)
        now = one.until
    assert 0.25 <= pauses[0] <= 0.5
    assert 4.0 <= pauses[4] <= 8.0
    assert all(15.0 <= pause <= 30.0 for pause in pauses[-3:])


def test_what_was_under_way_counts_as_one_failure() -> None:
    one = health()
    for moment in (10.0, 10.1, 10.2):
        one.failed("away", sent=1.0, now=moment)
    assert one.failures == 1
    one.failed("away", sent=10.15, now=12.0)
    one.failed("away", sent=12.5, now=13.0)
    assert (one.failures, one.down) == (DOWN, True)


def test_a_server_is_left_alone_as_long_as_it_wants() -> None:
    one = health(patience=60.0)
    assert one.failed("busy", sent=0.0, now=1.0, wait=20.0) == 20.0
    assert one.until == 21.0
    assert one.failed("busy", sent=0.5, now=2.0, wait=1000.0) == 981.0
    assert one.failed("busy", sent=0.5, now=2.0, wait=600.0) == 0.0
    assert one.until == 1002.0
    assert not one.lost(1002.0)
    assert one.problem == "busy"


def test_patience_is_for_what_a_server_does_not_ask_for() -> None:
    one = health(patience=60.0)
    one.failed("busy", sent=0.0, now=0.0, wait=1000.0)
    one.failed("away", sent=1000.0, now=1059.0)
    assert not one.lost(1059.0)
    assert one.lost(1061.0)
    one.succeeded()
    one.failed("busy", sent=1061.0, now=1100.0, wait=1000.0)
    one.succeeded()
    one.failed("busy", sent=1062.0, now=1101.0, wait=999.0)
    assert not one.lost(2100.0), "asked for in an earlier row of failures"


def test_short_waits_asked_for_again_and_again_do_not_go_on_for_ever() -> None:
    one, now = health(patience=60.0), 0.0
    while not one.lost(now):
        one.failed("busy", sent=now, now=now, wait=1.0)
        now = one.until
    assert 60.0 <= now <= 200.0


def test_a_server_that_wants_too_much_time_is_lost() -> None:
    one = health(patience=60.0)
    one.failed("busy", sent=0.0, now=0.0, wait=3000.0)
    assert not one.lost(0.0)
    one.failed("busy", sent=3000.0, now=3000.0, wait=3000.0)
    assert one.lost(3000.0)
    assert one.problem == "busy; it asks to be left alone for 50 min 00 s"


def test_a_server_is_lost_after_nothing_but_failures() -> None:
    one = health(patience=60.0)
    assert not one.lost(1e6)
    one.failed("away", sent=0.0, now=100.0)
    assert not one.lost(150.0)
    assert one.lost(161.0)
    one.succeeded()
    assert not one.lost(161.0)
    one.failed("away", sent=161.0, now=170.0)
    assert not one.lost(171.0)
