"""Standings: worked examples, and agreement with the outcomes that make the tables."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_tui.alignment import FUNCTIONS, Aim, Function
from spm_tui.datasets import builtin
from spm_tui.scoring.bias import bias
from spm_tui.scoring.outcomes import Judged, listed
from spm_tui.scoring.standing import Status, aimed, stand
from tests.spm_tui.test_scoring import judgements


@st.composite
def aims(draw: st.DrawFn, attributes: int, functions: tuple[Function, ...] = FUNCTIONS) -> Aim:
    """Aims at one attribute at least, at levels or between them."""
    values = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.61, 1.0])
    weights = draw(
        st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=attributes, max_size=attributes)
    )
    weights[draw(st.integers(0, attributes - 1))] = 1.0
    value = draw(st.lists(values, min_size=attributes, max_size=attributes))
    return Aim(np.array(value), np.array(weights), draw(st.sampled_from(functions)))


@settings(max_examples=60, deadline=None)
@given(judgements(), st.data())
def test_standings_count_what_outcomes_count(judged: Judged, data: st.DataObject) -> None:
    aim = data.draw(aims(len(judged.sizes), ("weighted-euclidean",)))
    standings = stand(judged, aim)
    (expected,) = listed(judged, aim.value[None], aim.weight[None])
    assert ((standings.status == Status.RIGHT) == expected.correct[0]).all()
    assert ((standings.status <= Status.WRONG) == expected.scored[0]).all()
    assert standings.correct == expected.correct.sum()
    assert standings.scored == expected.scored.sum()
    found = aimed(judged, aim)
    assert found.attributes.tolist() == expected.attributes.tolist()
    assert (found.correct == expected.correct).all()
    assert (found.scored == expected.scored).all()
    assert found.expected.tolist() == expected.expected.tolist()


@settings(max_examples=60, deadline=None)
@given(judgements(), st.data())
def test_the_margin_has_the_sign_of_the_status(judged: Judged, data: st.DataObject) -> None:
    standings = stand(judged, data.draw(aims(len(judged.sizes))))
    scored = standings.status <= Status.WRONG
    if judged.scores is None:
        assert np.isnan(standings.margin).all()
        return
    assert (np.isfinite(standings.margin) == scored).all()
    assert (standings.margin[standings.status == Status.WRONG] >= 0).all()
    assert (standings.margin[standings.status == Status.RIGHT] <= 0).all()


def in_other_units(data: st.DataObject, aim: Aim) -> Aim:
    """The same aim with its weights in another unit."""
    scale = data.draw(st.floats(1e-12, 1e12) | st.sampled_from([1e-300, 1e300, 1e-12, 1e-9, 1e12]))
    return replace(aim, weight=aim.weight * scale)


@settings(max_examples=100, deadline=None)
@given(judgements(), st.data())
def test_the_unit_of_weights_changes_nothing(judged: Judged, data: st.DataObject) -> None:
    aim = data.draw(aims(len(judged.sizes)))
    other = in_other_units(data, aim)
    ones, others = stand(judged, aim), stand(judged, other)
    for field in fields(ones):
        first, second = getattr(ones, field.name), getattr(others, field.name)
        assert np.array_equal(first, second, equal_nan=first.dtype.kind == "f"), field.name
    for measured, again in (
        (aimed(judged, aim), aimed(judged, other)),
        *zip(
            listed(judged, aim.value[None], aim.weight[None]),
            listed(judged, other.value[None], other.weight[None]),
            strict=True,
        ),
    ):
        assert measured.attributes.tolist() == again.attributes.tolist()
        assert measured.correct.tolist() == again.correct.tolist()
        assert measured.scored.tolist() == again.scored.tolist()
        assert measured.expected.tolist() == again.expected.tolist()
    one, another = (bias(judged, each.value, each.weight) for each in (aim, other))
    assert np.array_equal(one.picked, another.picked, equal_nan=True)
    assert np.array_equal(one.ideal, another.ideal, equal_nan=True)


@pytest.mark.parametrize("weight", [5e-324, 1e-12, 1e-9, 1e-8, 0.5, 2.0, 1e12, 1e300])
def test_perfect_scores_are_right_with_weights_of_any_size(weight: float) -> None:
    scenarios = builtin.load("mini-mic").benchmark.split("eval")
    levels = np.full((24, max(len(one.responses) for one in scenarios), 6), -1, dtype=np.int16)
    for row, one in zip(levels, scenarios, strict=True):
        row[: len(one.responses)] = [response.labels for response in one.responses]
    labels = Judged(levels, (7,) * 6)
    judged = replace(labels, scores=labels.values)
    value = np.array([1, 2, 5, 4, 1, 2]) / 6
    assert stand(judged, Aim(value, np.full(6, weight))).correct == 24


@settings(max_examples=60, deadline=None)
@given(judgements(), st.data())
def test_permuting_responses_permutes_the_pick(judged: Judged, data: st.DataObject) -> None:
    aim = data.draw(aims(len(judged.sizes)))
    order = np.array(data.draw(st.permutations(range(judged.levels.shape[1]))))
    places = np.argsort(order)
    before = stand(judged, aim)
    after = stand(
        Judged(
            judged.levels[:, order],
            judged.sizes,
            scores=None if judged.scores is None else judged.scores[:, order],
            chosen=None
            if judged.chosen is None
            else np.where(judged.chosen < 0, -1, places[judged.chosen]),
        ),
        aim,
    )
    assert (after.right == before.right[:, order]).all()
    least = before.said.min(axis=1, keepdims=True)
    alone = (before.said == least).sum(axis=1) == 1
    assert (after.picked[alone] == places[before.picked[alone]]).all()
    assert (after.status[alone] == before.status[alone]).all()
    assert after.margin == pytest.approx(before.margin, nan_ok=True)


def test_each_status_by_hand() -> None:
    """One attribute of five levels, aimed at 1; three responses, the last often absent."""
    levels = np.array([[[4], [0], [-1]], [[4], [0], [2]], [[3], [3], [-1]], [[4], [0], [-1]]])
    nan = np.nan
    scores = np.array(
        [[[0.9], [0.2], [nan]], [[0.5], [0.4], [0.7]], [[0.1], [0.2], [nan]], [[nan]] * 3]
    )
    judged = Judged(levels.astype(np.int16), (5,), scores=scores)
    standings = stand(judged, Aim(np.ones(1), np.ones(1)))
    assert standings.status.tolist() == [
        Status.RIGHT,
        Status.WRONG,
        Status.TIE,
        Status.NOT_RUN,
    ]
    assert standings.picked.tolist() == [0, 2, 1, -1]
    assert standings.right[1].tolist() == [True, False, False]
    assert standings.margin == pytest.approx(np.array([-0.7, 0.2, nan, nan]), nan_ok=True)
    assert standings.labelled[1].tolist() == [0, 1, 0.5]
    assert standings.said[1] == pytest.approx([0.5, 0.6, 0.3])
    assert (standings.correct, standings.scored, standings.accuracy) == (1, 2, 0.5)


def test_a_choice_is_nearest_and_has_no_margin() -> None:
    levels = np.array([[[4], [0]], [[4], [0]], [[4], [0]]], dtype=np.int16)
    judged = Judged(levels, (5,), chosen=np.array([0, 1, -1]))
    standings = stand(judged, Aim(np.ones(1), np.ones(1), "city-block"))
    assert standings.status.tolist() == [Status.RIGHT, Status.WRONG, Status.NOT_RUN]
    assert standings.said.tolist() == [[0, np.inf], [np.inf, 0], [np.inf, np.inf]]
    assert np.isnan(standings.margin).all()


def test_the_function_decides_what_is_right() -> None:
    """Gaps (1/2, 1/2) against (0, 3/4): city-block prefers the second, chebyshev the first."""
    levels = np.array([[[2, 2], [4, 1]]], dtype=np.int16)
    judged = Judged(levels, (5, 5), chosen=np.array([0]))
    status: dict[Function, Status] = {"city-block": Status.WRONG, "chebyshev": Status.RIGHT}
    for function, expected in status.items():
        assert stand(judged, Aim(np.ones(2), np.ones(2), function)).status == [expected]


def test_nothing_to_aim_at_is_a_tie_and_nothing_scored_has_no_accuracy() -> None:
    levels = np.array([[[4], [0], [-1]]], dtype=np.int16)
    judged = Judged(levels, (5,), scores=np.array([[[0.9], [0.2], [np.nan]]]))
    for function in FUNCTIONS:
        standings = stand(judged, Aim(np.ones(1), np.zeros(1), function))
        assert standings.status.tolist() == [Status.TIE]
        assert np.isnan(standings.accuracy)


def test_a_right_response_without_a_score_is_infinitely_behind() -> None:
    levels = np.array([[[4], [0]]], dtype=np.int16)
    judged = Judged(levels, (5,), scores=np.array([[[np.nan], [0.2]]]))
    assert stand(judged, Aim(np.ones(1), np.ones(1))).margin.tolist() == [np.inf]
