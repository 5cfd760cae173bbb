"""The alignment function: properties that hold for any scores, and worked examples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spm_tui.alignment import (
    FUNCTIONS,
    Aim,
    Floats,
    Function,
    combine,
    costs,
    distances,
    measure,
    nearest,
    picks,
    relative,
    squared_distances,
    ties,
)

shares = st.floats(0, 1)
cases = hnp.array_shapes(min_dims=3, max_dims=3, max_side=5).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(float, shape, elements=shares),
        hnp.arrays(float, shape[2], elements=shares),
        hnp.arrays(float, shape[2], elements=st.sampled_from([0.0, 1.0, 2.5])),
    )
)


@given(cases)
def test_distances_are_weighted_sums_of_squares(case: tuple[Floats, Floats, Floats]) -> None:
    scores, target, weights = case
    expected = (relative(weights) * (scores - target) ** 2).sum(axis=2)
    assert squared_distances(scores, target, weights) == pytest.approx(expected)


@given(cases, st.randoms())
def test_permuting_responses_permutes_the_nearest(
    case: tuple[Floats, Floats, Floats], random: "np.random.Generator"
) -> None:
    scores, target, weights = case
    order = list(range(scores.shape[1]))
    random.shuffle(order)
    near = nearest(squared_distances(scores, target, weights))
    shuffled = nearest(squared_distances(scores[:, order], target, weights))
    assert (shuffled == near[:, order]).all()


@given(cases)
def test_a_response_at_the_target_is_nearest(case: tuple[Floats, Floats, Floats]) -> None:
    scores, target, weights = case
    scores[:, -1] = target
    found = squared_distances(scores, target, weights)
    assert nearest(found)[:, -1].all()
    assert (found[:, -1] == 0).all()
    assert (found[np.arange(len(found)), picks(found)] == 0).all()


def test_missing_responses_are_infinitely_far() -> None:
    scores = np.array([[[0.2], [np.nan]], [[np.nan], [np.nan]]])
    found = squared_distances(scores, np.array([0.9]), np.array([1.0]))
    assert nearest(found).tolist() == [[True, False], [False, False]]
    assert picks(found).tolist() == [0, -1]


def test_the_lowest_index_wins_among_equals() -> None:
    scores = np.array([[[0.5], [0.0], [0.0]]])
    found = squared_distances(scores, np.array([0.0]), np.array([1.0]))
    assert picks(found).tolist() == [1]
    assert nearest(found).tolist() == [[False, True, True]]


def test_levels_at_the_same_distance_tie_in_spite_of_rounding() -> None:
    """1/6 and 5/6 are as far from 1/2 as 0.1666… and 0.8333… in floating point are not."""
    scores = np.array([[[1 / 6, 4 / 6], [5 / 6, 2 / 6]]])
    near = nearest(squared_distances(scores, np.array([0.5, 0.5]), np.ones(2)))
    assert ties(near, np.ones((1, 2), dtype=bool)).all()


def test_a_tie_is_between_all_present_responses() -> None:
    near = np.array([[True, True, False], [True, True, False]])
    present = np.array([[True, True, False], [True, True, True]])
    assert ties(near, present).tolist() == [True, False]


@given(cases)
def test_the_default_function_is_the_weighted_euclidean_one(
    case: tuple[Floats, Floats, Floats],
) -> None:
    scores, target, weights = case
    expected = squared_distances(scores, target, weights)
    assert (distances(scores, Aim(target, weights)) == expected).all()


@given(cases)
def test_functions_are_what_they_are_called(case: tuple[Floats, Floats, Floats]) -> None:
    scores, target, weights = case
    gaps = np.abs(scores - target)
    weights = relative(weights)
    expected: dict[Function, Floats] = {
        "euclidean": np.sqrt(((weights > 0) * gaps**2).sum(axis=2)),
        "weighted-euclidean": np.sqrt((weights * gaps**2).sum(axis=2)),
        "city-block": (weights * gaps).sum(axis=2),
        "chebyshev": (weights * gaps).max(axis=2),
    }
    assert tuple(expected) == FUNCTIONS
    for function, natural in expected.items():
        found = measure(distances(scores, Aim(target, weights, function)), function)
        assert found == pytest.approx(natural), function


def test_distances_by_hand() -> None:
    """Gaps of 0.6 and 0.2, the second attribute four times as heavy."""
    scores = np.array([[[0.4, 0.8]]])
    expected: dict[Function, float] = {
        "euclidean": math.sqrt(0.36 + 0.04),
        "weighted-euclidean": math.sqrt(0.09 + 0.04),
        "city-block": 0.35,
        "chebyshev": 0.2,
    }
    for function, natural in expected.items():
        for weights in ([1.0, 4.0], [0.25, 1.0], [1e-12, 4e-12], [5e-324, 2e-323]):
            found = distances(scores, Aim(np.ones(2), np.array(weights), function))
            assert measure(found, function).item() == pytest.approx(natural), function


@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.3, 1.0, 2.5, 7.0]), min_size=1, max_size=5),
    st.floats(1e-12, 1e12),
)
def test_weights_of_any_unit_are_the_same_to_the_last_bit(
    weights: list[float], scale: float
) -> None:
    ones, others = relative(np.array(weights)), relative(np.array(weights) * scale)
    assert ones.tolist() == others.tolist()
    assert ones.max() == float(any(weights))
    assert (ones > 0).tolist() == [weight > 0 for weight in weights]


@given(hnp.arrays(float, (3, 4), elements=st.floats(0, 1.7e308)))
def test_weights_of_any_size_are_shares_in_their_order(weights: Floats) -> None:
    shares = relative(weights)
    assert ((shares >= 0) & (shares <= 1)).all()
    for row, weight in zip(shares, weights, strict=True):
        assert (row == relative(weight)).all()
        assert row[weight == 0].sum() == 0
        assert (np.diff(row[np.argsort(weight)]) >= 0).all()
        if weight.any():
            assert row.tolist() == pytest.approx((weight / weight.max()).tolist(), rel=1e-11)


@pytest.mark.parametrize("weights", [[1.0, 0.3, 0.0], [0.123456789012, 1.0, 1e-12]])
def test_weights_of_which_the_largest_is_one_are_as_they_are(weights: list[float]) -> None:
    assert relative(np.array(weights)).tolist() == weights


@given(cases, st.floats(5e-324, 1.7e308), st.sampled_from(FUNCTIONS))
def test_equal_weights_of_any_size_are_none(
    case: tuple[Floats, Floats, Floats], weight: float, function: Function
) -> None:
    scores, target, weights = case
    equal = np.where(weights > 0, weight, 0)
    plain = distances(scores, Aim(target, (weights > 0).astype(float), function))
    assert (distances(scores, Aim(target, equal, function)) == plain).all()


def test_a_weight_that_vanishes_beside_another_still_wants_a_score() -> None:
    scores = np.array([[[0.5, np.nan], [0.25, 0.5]]])
    found = distances(scores, Aim(np.ones(2), np.array([1e300, 1e-300])))
    assert found.tolist() == [[np.inf, 0.5625]]


@given(cases, st.sampled_from(FUNCTIONS), st.data())
def test_missing_responses_are_infinitely_far_by_any_function(
    case: tuple[Floats, Floats, Floats], function: Function, data: st.DataObject
) -> None:
    scores, target, weights = case
    missing = data.draw(hnp.arrays(bool, scores.shape[:2]))
    scores[missing] = np.nan
    found = distances(scores, Aim(target, weights, function))
    assert (np.isinf(found) == missing).all(), "also where nothing is aimed at"


def test_attributes_not_aimed_at_need_no_score() -> None:
    scores = np.array([[[0.5, np.nan]]])
    for function in FUNCTIONS:
        aim = Aim(np.ones(2), np.array([1.0, 0.0]), function)
        assert aim.attributes == [0]
        assert np.isfinite(distances(scores, aim)).all()


@given(cases, st.sampled_from(FUNCTIONS), st.data())
def test_costs_mix(
    case: tuple[Floats, Floats, Floats], function: Function, data: st.DataObject
) -> None:
    """Distances of mixed scores are those of mixed costs, to the last bit."""
    scores, target, weights = case
    others = data.draw(hnp.arrays(float, scores.shape, elements=shares))
    taken = data.draw(hnp.arrays(bool, scores.shape[2]))
    aim = Aim(target, weights if weights.any() else np.ones_like(weights), function)
    pairs = zip(taken, costs(scores, aim), costs(others, aim), strict=True)
    mixed = combine([other if take else cost for take, cost, other in pairs], function)
    assert (mixed == distances(np.where(taken, others, scores), aim)).all()
