"""Comparing two runs: worked examples, and figures of the statistics library."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from spm_tui.alignment import Aim, Floats, Function
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import summarise
from spm_tui.scoring.compare import Change, Comparison, changes, compare, shared
from spm_tui.scoring.outcomes import Judged, Outcomes, listed
from spm_tui.scoring.standing import aimed, stand
from tests.spm_tui.test_scoring import judgements
from tests.spm_tui.test_standing import aims

LEVELS = np.array([[[4], [0]]] * 6 + [[[2], [2]]] + [[[4], [0]]], dtype=np.int16)
"""Six scenarios whose first response is nearest to 1, a tie, and one more."""
HIGH = Aim(np.ones(1), np.ones(1))


def choosing(*chosen: int) -> Judged:
    return Judged(LEVELS, (5,), chosen=np.array(chosen))


FIRST = choosing(0, 0, 1, 1, 1, 1, 0, -1)
SECOND = choosing(0, 1, 0, 0, 0, 1, 1, 0)


def towards(aim: Aim) -> Callable[[Judged], Iterator[Outcomes]]:
    return lambda judged: iter([aimed(judged, aim)])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Judged, Judged]:
    """Two methods on the same scenarios; the second scores, or chooses."""
    first = draw(judgements())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if draw(st.booleans()):
        chosen = rng.integers(-1, 2, len(first.levels))
        return first, Judged(first.levels, first.sizes, chosen=chosen)
    scores = rng.integers(0, 5, first.levels.shape) / 4
    scores[first.levels < 0] = np.nan
    return first, Judged(first.levels, first.sizes, scores=scores)


@settings(max_examples=40, deadline=None)
@given(judgements(), st.data())
def test_a_run_is_as_good_as_itself(judged: Judged, data: st.DataObject) -> None:
    aim = data.draw(aims(len(judged.sizes)))
    for outcomes in (towards(aim), grid.everything):
        found = compare(judged, judged, outcomes, resamples=20)
        assert (found.better, found.worse) == (0, 0)
        assert found.p == 1 if found.scenarios else np.isnan(found.p)
        if found.scenarios:
            assert found.difference == 0
        bounds = (0, 0) if found.scenarios > 1 else (np.nan, np.nan)
        assert (found.low, found.high) == pytest.approx(bounds, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(pairs())
def test_the_other_way_round_is_the_opposite(pair: tuple[Judged, Judged]) -> None:
    there = compare(*pair, grid.everything, resamples=50)
    back = compare(pair[1], pair[0], grid.everything, resamples=50)
    assert (there.first, there.second) == pytest.approx((back.second, back.first), nan_ok=True)
    assert (there.better, there.worse) == (back.worse, back.better)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), nan_ok=True)
    assert there.p == pytest.approx(back.p, nan_ok=True)
    assert there.test == back.test
    assert there.scenarios == back.scenarios


@settings(max_examples=40, deadline=None)
@given(pairs())
def test_means_are_the_accuracies_over_shared_scenarios(pair: tuple[Judged, Judged]) -> None:
    found = compare(*pair, grid.everything, resamples=0)
    for judged, mean in zip(shared(*pair), (found.first, found.second), strict=True):
        assert found.scenarios <= len(judged.levels)
        if found.scenarios:
            accuracy, _ = summarise(
                grid.everything(judged), scenarios=len(judged.levels), resamples=0
            )
            assert mean == pytest.approx(accuracy.mean, nan_ok=True)
    assert np.isnan(found.low)


@settings(max_examples=40, deadline=None)
@given(pairs(), st.data())
def test_changes_of_one_target_are_better_and_worse(
    pair: tuple[Judged, Judged], data: st.DataObject
) -> None:
    aim = data.draw(aims(len(pair[0].sizes)))
    found = compare(*pair, towards(aim), resamples=0)
    change = changes(stand(pair[0], aim), stand(pair[1], aim))
    assert found.scenarios == (change != Change.NOT_COMPARED).sum(), "what accuracy is out of"
    assert found.better == (change == Change.FIXED).sum()
    assert found.worse == (change == Change.BROKEN).sum()


def test_a_comparison_by_hand() -> None:
    """Six scenarios that are no tie are answered by both; three are fixed, one is broken."""
    found = compare(FIRST, SECOND, towards(HIGH))
    assert (found.first, found.second) == pytest.approx((2 / 6, 4 / 6))
    assert found.difference == pytest.approx(2 / 6)
    assert -1 <= found.low < found.difference < found.high <= 1
    assert (found.scenarios, found.better, found.worse) == (6, 3, 1)
    assert found.p == pytest.approx(10 / 16)
    assert found.test == "McNemar"
    assert found == compare(FIRST, SECOND, towards(HIGH)), "the same seed, the same interval"


def test_listed_targets_count_by_scenario() -> None:
    """Of two opposite targets a choice is right for one: no scenario is better or worse."""
    values = np.array([[1.0], [0.0]])
    both = compare(FIRST, SECOND, lambda judged: listed(judged, values, np.ones((2, 1))))
    assert (both.first, both.second) == pytest.approx((0.5, 0.5))
    assert (both.better, both.worse, both.p, both.test) == (0, 0, 1, "sign-flip")
    assert both.scenarios == 6, "each counts once, the tie for both targets does not"


def test_the_function_of_the_aim_is_the_one_compared_by() -> None:
    """Gaps (1/2, 1/2) against (0, 3/4): see the standings."""
    levels = np.array([[[2, 2], [4, 1]]], dtype=np.int16)
    first, second = (Judged(levels, (5, 5), chosen=np.array([one])) for one in (0, 1))
    expected: dict[Function, tuple[int, int]] = {"city-block": (1, 0), "chebyshev": (0, 1)}
    for function, counts in expected.items():
        found = compare(first, second, towards(Aim(np.ones(2), np.ones(2), function)))
        assert (found.better, found.worse) == counts


def test_changes_by_hand() -> None:
    found = changes(stand(FIRST, HIGH), stand(SECOND, HIGH))
    assert found.tolist() == [
        Change.BOTH_RIGHT,
        Change.BROKEN,
        Change.FIXED,
        Change.FIXED,
        Change.FIXED,
        Change.BOTH_WRONG,
        Change.NOT_COMPARED,
        Change.NOT_COMPARED,
    ]


def test_half_a_scenario_is_not_answered() -> None:
    levels = np.array([[[4, 0], [0, 4], [-1, -1]]] * 2, dtype=np.int16)
    scores = np.full((2, 3, 2), 0.5)
    scores[:, 2] = np.nan
    whole = Judged(levels, (5, 5), scores=scores)
    half = replace(whole, scores=scores.copy())
    assert half.scores is not None
    half.scores[1, 0, 1] = np.nan
    one, other = shared(whole, half)
    assert len(one.levels) == len(other.levels) == 1


def test_runs_without_a_shared_scenario_have_no_difference() -> None:
    nobody = choosing(*[-1] * 8)
    for outcomes in (towards(HIGH), grid.everything):
        found = compare(nobody, SECOND, outcomes)
        assert (found.scenarios, found.better, found.worse) == (0, 0, 0)
        figures = (found.first, found.second, found.difference, found.low, found.high, found.p)
        assert np.isnan(figures).all()


def test_runs_of_other_scenarios_are_refused() -> None:
    other = Judged(LEVELS[::-1], (5,), chosen=np.zeros(8, dtype=int))
    with pytest.raises(ValueError, match="not of the same scenarios"):
        compare(FIRST, other, towards(HIGH))


def test_the_interval_covers_the_true_difference() -> None:
    """Of 40 pairs, the second is right 10 points more often; about 38 intervals cover that."""
    rng = np.random.default_rng(3)
    levels = np.repeat(LEVELS[:1], 150, axis=0)

    def one() -> Comparison:
        first, second = (
            Judged(levels, (5,), chosen=(rng.random(150) > share).astype(int))
            for share in (0.6, 0.7)
        )
        return compare(first, second, towards(HIGH), resamples=300)

    covered = sum(found.low <= 0.1 <= found.high for found in (one() for _ in range(40)))
    assert 34 <= covered <= 40


def shares(
    first: Judged, second: Judged, outcomes: Callable[[Judged], Iterator[Outcomes]]
) -> Floats:
    """What each scenario adds to the difference, target by target as the docstring has it."""
    one, other = shared(first, second)
    parts = []
    for before, after in zip(outcomes(one), outcomes(other), strict=True):
        for t in range(len(before.attributes)):
            both = before.scored[t] & after.scored[t]
            if both.any():
                gain = after.correct[t].astype(int) - before.correct[t]
                parts.append(np.where(both, gain, 0) / both.sum())
    return np.mean(parts, axis=0) if parts else np.zeros(len(one.levels))


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_the_test_is_of_the_difference_that_is_shown(pair: tuple[Judged, Judged]) -> None:
    """As the library's permutation test of the pairs has it, whose statistic is their sum."""
    found = compare(*pair, grid.everything, resamples=0)
    each = shares(*pair, grid.everything)
    if not found.scenarios:
        return
    assert each.sum() == pytest.approx(found.difference, abs=1e-12)
    if len(each) < 2 or np.abs(each).max() < 1e-12:
        assert found.p == 1
        return
    expected = permutation_test(
        (each, np.zeros(len(each))),
        lambda x, y, axis: np.round((x - y).sum(axis=axis), 10),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert found.p == pytest.approx(min(expected.pvalue, 1))


def test_an_interval_needs_two_scenarios() -> None:
    for scenarios, known in ((1, False), (2, True)):
        first, second = (one.of(np.arange(scenarios)) for one in (FIRST, SECOND))
        found = compare(first, second, towards(HIGH))
        assert found.scenarios == scenarios
        assert (not np.isnan(found.low), not np.isnan(found.high)) == (known, known)
        accuracy, _ = summarise([aimed(first, HIGH)], scenarios=scenarios)
        assert (not np.isnan(accuracy.low), not np.isnan(accuracy.high)) == (known, known)
        assert not np.isnan(accuracy.mean)


def test_scenarios_that_are_never_scored_do_not_make_an_interval() -> None:
    tie_and_one = FIRST.of(np.array([5, 6]))
    accuracy, _ = summarise([aimed(tie_and_one, HIGH)], scenarios=2)
    assert accuracy.targets == 1
    assert np.isnan(accuracy.low)
    assert np.isnan(accuracy.high)


def test_runs_are_compared_on_what_both_were_asked_about() -> None:
    ones = (np.array([[1.0], [0.0]]), np.ones((2, 1)))
    by_target = np.stack([FIRST.chosen, np.full(8, -1)], axis=1)  # type: ignore[list-item]
    told = Judged(LEVELS, (5,), chosen=by_target, targets=ones)
    for aim in (HIGH, Aim(np.zeros(1), np.ones(1))):
        found = compare(told, SECOND, towards(aim), resamples=0)
        back = compare(SECOND, told, towards(aim), resamples=0)
        assert (found.better, found.worse) == (back.worse, back.better)
        if aim is HIGH:
            assert found == compare(FIRST, SECOND, towards(aim), resamples=0)
        else:
            assert (found.scenarios, found.better, found.worse) == (0, 0, 0)
