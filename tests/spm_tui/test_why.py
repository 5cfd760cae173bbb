"""Why a pick is wrong: every claim is checked against brute force."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spm_tui.alignment import FUNCTIONS, Aim, Floats, Function, distances
from spm_tui.scoring.outcomes import Judged
from spm_tui.scoring.standing import Status, stand
from spm_tui.scoring.why import blamed, why
from tests.spm_tui.test_scoring import judgements
from tests.spm_tui.test_standing import aims, in_other_units


@st.composite
def mistakes(draw: st.DrawFn) -> tuple[Judged, int, Aim]:
    """A method with scores, one of its wrong picks, and the aim."""
    judged = draw(judgements())
    assume(judged.scores is not None)
    aim = draw(aims(len(judged.sizes)))
    wrong = np.flatnonzero(stand(judged, aim).status == Status.WRONG)
    assume(len(wrong))
    return judged, draw(st.sampled_from(wrong.tolist())), aim


def corrected(judged: Judged, attributes: tuple[int, ...]) -> Judged:
    assert judged.scores is not None
    scores = judged.scores.copy()
    scores[..., list(attributes)] = judged.values[..., list(attributes)]
    return Judged(judged.levels, judged.sizes, scores=scores)


def smallest_sets(judged: Judged, scenario: int, aim: Aim) -> tuple[tuple[int, ...], ...]:
    for size in range(1, len(aim.attributes) + 1):
        sets = tuple(
            one
            for one in combinations(aim.attributes, size)
            if stand(corrected(judged, one), aim).status[scenario] == Status.RIGHT
        )
        if sets:
            return sets
    raise AssertionError("all attributes corrected, and still wrong")


def shapley(judged: Judged, scenario: int, aim: Aim, pair: tuple[int, int]) -> Floats:
    """Mean fall of the margin between correct and picked, over all orders of correction."""
    correct, picked = pair
    attributes = range(len(judged.sizes))

    def margin(done: tuple[int, ...]) -> float:
        scores = corrected(judged, done).scores
        assert scores is not None
        found = distances(scores[[scenario]], aim)[0]
        return float(found[correct] - found[picked])

    falls = np.zeros(len(judged.sizes))
    orders = list(permutations(attributes))
    for order in orders:
        for place, attribute in enumerate(order):
            falls[attribute] += margin(order[:place]) - margin(order[: place + 1])
    return falls / len(orders) / (margin(()) - margin(tuple(attributes)))


@settings(max_examples=80, deadline=None)
@given(mistakes())
def test_flips_are_the_smallest_sets_that_make_the_pick_right(
    case: tuple[Judged, int, Aim],
) -> None:
    judged, scenario, aim = case
    assert why(judged, scenario, aim).flips == smallest_sets(judged, scenario, aim)


@settings(max_examples=80, deadline=None)
@given(mistakes())
def test_shares_are_shapley_values(case: tuple[Judged, int, Aim]) -> None:
    judged, scenario, aim = case
    found = why(judged, scenario, aim)
    assert found.shares.sum() == pytest.approx(1)
    assert not found.shares[aim.weight == 0].any()
    expected = shapley(judged, scenario, aim, (found.correct, found.picked))
    assert found.shares == pytest.approx(expected)


@settings(max_examples=80, deadline=None)
@given(mistakes())
def test_margins_are_those_of_the_standing(case: tuple[Judged, int, Aim]) -> None:
    judged, scenario, aim = case
    found, standings = why(judged, scenario, aim), stand(judged, aim)
    assert found.picked == standings.picked[scenario]
    assert standings.right[scenario, found.correct]
    assert found.predicted_margin == pytest.approx(standings.margin[scenario])
    assert found.label_margin > 0


@settings(max_examples=80, deadline=None)
@given(judgements(), st.data())
def test_the_blamed_are_those_in_a_smallest_set(judged: Judged, data: st.DataObject) -> None:
    assume(judged.scores is not None)
    aim = data.draw(aims(len(judged.sizes)))
    found = blamed(judged, aim)
    for scenario, status in enumerate(stand(judged, aim).status):
        flips = why(judged, scenario, aim).flips if status == Status.WRONG else ()
        assert set(np.flatnonzero(found[scenario])) == {a for flip in flips for a in flip}


def test_a_mistake_by_hand() -> None:
    """Aimed at 1 on both; the first attribute of the first response is scored far too low."""
    levels = np.array([[[4, 2], [0, 2]]], dtype=np.int16)
    judged = Judged(levels, (5, 5), scores=np.array([[[0.2, 0.5], [0.4, 0.6]]]))
    found = why(judged, 0, Aim(np.ones(2), np.ones(2), "city-block"))
    assert (found.picked, found.correct, found.flips) == (1, 0, ((0,),))
    assert found.label_margin == pytest.approx(1.0)
    assert found.predicted_margin == pytest.approx(0.3)
    assert found.shares == pytest.approx([1.2 / 1.3, 0.1 / 1.3])


def test_either_attribute_may_be_to_blame_or_only_both() -> None:
    levels = np.array([[[4, 4], [0, 0]]] * 2, dtype=np.int16)
    scores = np.array([[[0.4, 0.4], [0.6, 0.6]], [[0.0, 0.0], [1.0, 1.0]]])
    judged, aim = Judged(levels, (5, 5), scores=scores), Aim(np.ones(2), np.ones(2))
    assert why(judged, 0, aim).flips == ((0,), (1,))
    assert blamed(judged, aim).tolist() == [[True, True], [True, True]]
    behind = Judged(levels[:, ::-1], (5, 5), scores=scores[:, ::-1])
    assert why(behind, 1, aim).flips == ((0, 1),), "after one they are as near, and the first wins"


def test_a_missing_score_takes_all_the_blame() -> None:
    levels = np.array([[[4, 4], [0, 0]]], dtype=np.int16)
    judged = Judged(levels, (5, 5), scores=np.array([[[np.nan, 0.9], [0.1, 0.8]]]))
    for function in FUNCTIONS:
        found = why(judged, 0, Aim(np.ones(2), np.ones(2), function))
        assert found.predicted_margin == np.inf
        assert found.flips == ((0,),)
        assert found.shares.tolist() == [1, 0]


@pytest.mark.parametrize("function", ["weighted-euclidean", "chebyshev"])
def test_many_attributes_are_tried_only_so_far(function: Function) -> None:
    """Every score is the opposite of its label: half of the attributes, at least, are needed."""
    attributes = 26
    levels = np.array([[[0] * attributes, [4] * attributes]], dtype=np.int16)
    judged = Judged(levels, (5,) * attributes, scores=1 - levels / 4)
    aim = Aim(np.ones(attributes), np.ones(attributes), function)
    found = why(judged, 0, aim)
    assert found.flips == (tuple(range(attributes)),)
    assert found.shares == pytest.approx(np.full(attributes, 1 / attributes))
    assert blamed(judged, aim).all()


def test_all_sets_of_twelve_attributes_are_tried() -> None:
    """All scores but the last attribute's are the opposite of the label, and one is enough."""
    levels = np.array([[[0] * 12, [4] * 12]], dtype=np.int16)
    scores = 1 - levels / 4
    scores[..., -1] = levels[..., -1] / 4
    judged = Judged(levels, (5,) * 12, scores=scores)
    found = why(judged, 0, Aim(np.ones(12), np.ones(12), "chebyshev"))
    assert found.flips == (tuple(range(11)),)


def test_only_a_wrong_pick_from_scores_has_a_reason() -> None:
    levels = np.array([[[4], [0]]], dtype=np.int16)
    aim = Aim(np.ones(1), np.ones(1))
    with pytest.raises(ValueError, match="scenario 0 is not wrong"):
        why(Judged(levels, (5,), scores=levels / 4), 0, aim)
    chosen = Judged(levels, (5,), chosen=np.array([1]))
    with pytest.raises(ValueError, match="no scores"):
        why(chosen, 0, aim)
    with pytest.raises(ValueError, match="no scores"):
        blamed(chosen, aim)


@settings(max_examples=60, deadline=None)
@given(mistakes(), st.data())
def test_the_unit_of_weights_changes_no_reason(
    mistake: tuple[Judged, int, Aim], data: st.DataObject
) -> None:
    judged, scenario, aim = mistake
    other = in_other_units(data, aim)
    one, another = why(judged, scenario, aim), why(judged, scenario, other)
    assert one.shares.tolist() == another.shares.tolist()
    assert replace(one, shares=another.shares) == another
    assert (blamed(judged, aim) == blamed(judged, other)).all()
