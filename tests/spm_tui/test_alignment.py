"""The alignment function: properties that hold for any scores, and worked examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spm_tui.alignment import Floats, nearest, picks, squared_distances, ties

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
    expected = (weights * (scores - target) ** 2).sum(axis=2)
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
    distances = squared_distances(scores, target, weights)
    assert nearest(distances)[:, -1].all()
    assert (distances[:, -1] == 0).all()
    assert (distances[np.arange(len(distances)), picks(distances)] == 0).all()


def test_missing_responses_are_infinitely_far() -> None:
    scores = np.array([[[0.2], [np.nan]], [[np.nan], [np.nan]]])
    distances = squared_distances(scores, np.array([0.9]), np.array([1.0]))
    assert nearest(distances).tolist() == [[True, False], [False, False]]
    assert picks(distances).tolist() == [0, -1]


def test_the_lowest_index_wins_among_equals() -> None:
    scores = np.array([[[0.5], [0.0], [0.0]]])
    distances = squared_distances(scores, np.array([0.0]), np.array([1.0]))
    assert picks(distances).tolist() == [1]
    assert nearest(distances).tolist() == [[False, True, True]]


def test_levels_at_the_same_distance_tie_in_spite_of_rounding() -> None:
    """1/6 and 5/6 are as far from 1/2 as 0.1666… and 0.8333… in floating point are not."""
    scores = np.array([[[1 / 6, 4 / 6], [5 / 6, 2 / 6]]])
    near = nearest(squared_distances(scores, np.array([0.5, 0.5]), np.ones(2)))
    assert ties(near, np.ones((1, 2), dtype=bool)).all()


def test_a_tie_is_between_all_present_responses() -> None:
    near = np.array([[True, True, False], [True, True, False]])
    present = np.array([[True, True, False], [True, True, True]])
    assert ties(near, present).tolist() == [True, False]
