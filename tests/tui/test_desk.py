"""The desk and what is remembered of it: a place in a list survives what can be survived."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_tui.bench.extent import Extent
from spm_tui.scoring.outcomes import Judged
from spm_tui.targets import Target
from spm_tui.tui.desk import Desk
from spm_tui.tui.listing import MARKS, OUTCOMES, Filter, Outcome, Sort
from spm_tui.tui.memory import key_of, restore, snapshot
from spm_tui.tui.remembered import Remembered
from spm_tui.tui.session import Opened, open_run, open_split
from spm_tui.tui.steering import high
from store.connection import Store
from store.records import Annotation, BenchmarkRow, Run, RunSpec
from tests.build import attribute
from tests.conftest import AT
from tests.spm_tui.test_report import fill
from tests.spm_tui.test_scoring import judgements

NAN = float("nan")


def opened(
    judged: Judged,
    *,
    notes: tuple[Annotation, ...] = (),
    failed: tuple[int, ...] = (),
    run: Run | None = None,
    questions: tuple[str, ...] = (),
) -> Opened:
    """A split with labels and scores as given; attributes are a0, a1, …"""
    scenarios = len(judged.levels)
    where = np.zeros(scenarios, dtype=bool)
    where[list(failed)] = True
    attributes = tuple(attribute(f"a{i}", size) for i, size in enumerate(judged.sizes))
    return Opened(
        benchmark=BenchmarkRow("identity", "small", "made", AT, len(attributes), 0, scenarios),
        split="eval",
        attributes=attributes,
        questions=questions or tuple(f"question {number}" for number in range(1, scenarios + 1)),
        run=run,
        judged=judged,
        failed=where,
        notes=notes,
        planned=Extent(frozenset(range(len(attributes))), frozenset(range(1, scenarios + 1))),
    )


def a_run(config: str = '{"method": {"temperature": 0}}', **changes: Any) -> Run:
    """A run as listed, of no store."""
    spec = RunSpec("identity", "eval", "few-shot-comparative", "smol", config)
    return replace(Run(3, spec, "finished", AT, AT, "here:1", "{}"), **changes)


def note(scenario: int, verdict: str) -> Annotation:
    return Annotation(3, scenario, None, None, verdict, "", "ada", AT)


def scored(*first: float, second: float | None = None) -> Judged:
    """Two responses each, labelled 4 and 0 of 4; `first` are the scores of the first response.

    Against high a score over one half is right, one below is wrong, NaN is not run.
    """
    columns = 1 if second is None else 2
    levels = np.array([[[4] * columns, [0] * columns]] * len(first), dtype=np.int16)
    scores = np.array([[[one], [0.5 + 0 * one]] for one in first])
    if second is not None:
        scores = np.concatenate([scores, 0 * scores + second], axis=2)
    return Judged(levels, (5,) * columns, scores=scores)


def mixed() -> Desk:
    """Right, wrong, right, wrong, right, not run."""
    return Desk(opened(scored(0.9, 0.1, 0.8, 0.2, 0.7, NAN)), {})


# the scenario at hand


def test_the_scenario_at_hand_stays_at_hand_while_it_is_listed() -> None:
    desk = mixed()
    assert desk.go(3)
    desk.narrow(Filter("misaligned"), Sort())
    assert (desk.order.tolist(), desk.place, desk.index) == ([1, 3], 1, 3)
    desk.narrow(Filter("misaligned"), Sort("margin"))
    assert (desk.order.tolist(), desk.index) == ([3, 1], 3)
    desk.narrow(Filter(), Sort("error"))
    assert desk.index == 3
    desk.search("x", np.array([3, 5]))
    assert (desk.place, desk.index) == (0, 3)


@pytest.mark.parametrize("chosen", [[0, 1], [-1, -1]])
def test_without_scores_nothing_is_misaligned_because_of_an_attribute(chosen: list[int]) -> None:
    judged = Judged(scored(0.9, 0.1).levels, (5,), chosen=np.array(chosen))
    desk = Desk(opened(judged), {})
    desk.narrow(Filter(because=0), Sort())
    assert desk.order.tolist() == []


# what is remembered

SORTS: tuple[Literal["number", "margin", "error"], ...] = ("number", "margin", "error")
weights = st.sampled_from([0.5, 2.0])


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    """A desk after any sequence of what a person does."""
    judged = draw(judgements())
    size, attributes = judged.levels.shape[0], len(judged.sizes)
    place, index = st.integers(0, size - 1), st.integers(0, attributes - 1)
    notes = tuple(
        note(draw(place) + 1, draw(st.sampled_from(["flag", "unflag", "agree"])))
        for _ in range(draw(st.integers(0, 3)))
    )
    run = a_run() if draw(st.booleans()) else None
    desk = Desk(opened(judged, notes=notes, run=run), {"mine": [Target((("a0", 0.25),), (4.0,))]})
    causes = st.none() | index if judged.scores is not None else st.none()
    for act in draw(st.lists(st.integers(0, 8), max_size=8)):
        steering = desk.steering
        match act:
            case 0:
                desk.steer(steering.move(draw(index), draw(st.integers(-2, 2))))
            case 1:
                desk.steer(steering.move(draw(index), draw(st.integers(-2, 2)), fine=True))
            case 2:
                desk.steer(steering.toggle(draw(index)))
            case 3:
                desk.steer(steering.weigh(draw(index), draw(weights)))
            case 4:
                desk.steer(steering.next_function())
            case 5:
                desk.step_preset(draw(st.integers(-2, 2)))
            case 6:
                found = draw(st.none() | st.lists(place, max_size=3))
                desk.search(*(("", None) if found is None else ("x", np.array(found, dtype=int))))
            case 7:
                filter_ = Filter(
                    draw(st.sampled_from(OUTCOMES)), draw(st.sampled_from(MARKS)), draw(causes)
                )
                by = draw(st.sampled_from(SORTS))
                desk.narrow(filter_, Sort(by, draw(st.none() | index) if by == "error" else None))
            case _:
                desk.go(draw(place))
    return desk


@settings(max_examples=100, deadline=None)
@given(desks())
def test_what_is_at_hand_is_listed_whatever_one_does(desk: Desk) -> None:
    if len(desk.order):
        assert 0 <= desk.place < len(desk.order)
        assert desk.index == desk.order[desk.place]
    else:
        assert desk.index is None
    assert len(set(desk.order.tolist())) == len(desk.order)
    if desk.found is not None:
        assert set(desk.order.tolist()) <= set(desk.found.tolist())
    outcome: dict[Outcome, int] = {"misaligned": 1, "right": 0, "tie": 2, "not run": 3}
    for index in desk.order.tolist():
        status = desk.standings.status[index]
        assert status == outcome.get(desk.filter.outcome, status)


@settings(max_examples=100, deadline=None)
@given(desks())
def test_a_desk_is_restored_as_it_was_remembered(desk: Desk) -> None:
    remembered = snapshot(desk, "spm-dark")
    other = Desk(desk.opened, desk.saved)
    restore(other, remembered)
    assert other.steering == desk.steering
    assert (other.filter, other.sort) == (desk.filter, desk.sort)
    if desk.index is not None:
        assert other.index == desk.index
        assert snapshot(other, "spm-dark") == remembered
    assert other.standings.status.tolist() == desk.standings.status.tolist()
    if desk.found is None:
        assert other.order.tolist() == desk.order.tolist()


def test_a_snapshot_says_all_in_names_and_numbers() -> None:
    desk = Desk(opened(scored(0.9, 0.1, 0.8, second=0.0), run=a_run()), {})
    desk.steer(desk.steering.move(0, -1).weigh(0, 2).toggle(1).next_function())
    desk.narrow(Filter("any", "not annotated"), Sort("error", 1))
    desk.go(2)
    assert snapshot(desk, "spm-light") == Remembered(
        opened="run:3",
        scenario=3,
        preset="custom",
        target=(("a0", 0.75), ("a1", 1.0)),
        weights=(("a0", 2.0), ("a1", 1.0)),
        off=("a1",),
        function="city-block",
        outcome="any",
        mark="not annotated",
        because="",
        sort="error",
        sort_attribute="a1",
        theme="spm-light",
    )
    desk.narrow(Filter("misaligned", because=0), Sort())
    assert snapshot(desk, "x").because == "a0"


NONSENSE = {
    "words of nobody's": Remembered(
        function="cosine", outcome="bad", mark="blue", because="zeal", sort="size",
        sort_attribute="zeal",
    ),
    "a scenario that is not there": Remembered(scenario=1000),
    "the values of other attributes": Remembered(
        preset="mine", target=(("a0", 0.0), ("zeal", 0.0)), function="chebyshev"
    ),
    "the value of one attribute of two": Remembered(preset="mine", target=(("a0", 0.0),)),
    "nothing": Remembered(),
}  # fmt: skip


@pytest.mark.parametrize("remembered", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_passed_over(remembered: Remembered) -> None:
    desk = Desk(opened(scored(0.9, 0.1, second=0.5)), {})
    restore(desk, remembered)
    assert desk.steering == high(desk.opened.attributes)
    assert (desk.filter, desk.sort) == (Filter(), Sort())
    assert (desk.order.tolist(), desk.index) == ([0, 1], 0)


def test_what_makes_sense_is_taken_beside_nonsense() -> None:
    desk = Desk(opened(scored(0.9, 0.1, second=0.5)), {})
    remembered = Remembered(
        scenario=2,
        target=(("a1", 0.5), ("a0", 0.25)),
        weights=(("a0", 2.0), ("zeal", 3.0)),
        off=("a1", "zeal"),
        function="cosine",
        outcome="bad",
        mark="not annotated",
    )
    restore(desk, remembered)
    assert desk.steering.target() == Target((("a0", 0.25),), (2.0,))
    assert desk.steering.slots[1].value == 0.5
    assert (desk.steering.name, desk.steering.function) == ("custom", "weighted-euclidean")
    assert desk.filter == Filter(mark="not annotated")
    assert desk.index == 1


def test_a_key_opens_the_same_again(store: Store) -> None:
    fill(store)
    assert key_of(open_run(store, 2)) == "run:2"
    train = open_split(store, "small", "train")
    assert key_of(train) == f"split:{train.benchmark.identity}:train"
