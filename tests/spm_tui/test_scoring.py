"""Scoring: worked examples, and properties that hold for any labels and scores."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from spm_tui import targets
from spm_tui.alignment import picks
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import by_attribute_count, summarise
from spm_tui.scoring.agreement import agreement, quadratic_kappa
from spm_tui.scoring.bias import bias
from spm_tui.scoring.outcomes import Judged, Outcomes, join, listed, majority, said
from spm_tui.targets import Target
from tests.build import attribute


@st.composite
def judgements(draw: st.DrawFn, *, exact: bool = False) -> Judged:
    """Labels of ragged scenarios, with scores on a coarse grid so that ties occur, or choices."""
    sizes = tuple(draw(st.lists(st.sampled_from([2, 3, 4, 5, 7]), min_size=1, max_size=4)))
    if draw(st.booleans()):
        sizes = (sizes[0],) * len(sizes)
    n, r = draw(st.integers(1, 6)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = rng.integers(0, sizes, (n, r, len(sizes))).astype(np.int16)
    levels[rng.random(n) < 0.4, 2:] = -1
    tops = np.array(sizes) - 1
    if exact:
        return Judged(levels, sizes, scores=np.where(levels < 0, np.nan, levels / tops))
    if draw(st.booleans()):
        chosen = np.where(rng.random(n) < 0.2, -1, rng.integers(0, 2, n))
        return Judged(levels, sizes, chosen=chosen)
    steps = draw(st.sampled_from([2, 4, 100]))
    scores = rng.integers(0, steps + 1, levels.shape) / steps
    scores[levels < 0] = np.nan
    scores[rng.random(n) < 0.2] = np.nan
    return Judged(levels, sizes, scores=scores)


def combinations(judged: Judged) -> list[Target]:
    """All level combinations, neutral attributes dropped, the empty one left out."""
    values = [[level / (size - 1) for level in range(size)] for size in judged.sizes]
    named = (
        tuple((str(i), value) for i, value in enumerate(one) if value != 0.5)
        for one in itertools.product(*values)
    )
    return [Target(one) for one in named if one]


def all_listed(judged: Judged, wanted: list[Target]) -> Outcomes:
    attributes = [attribute(str(i), size) for i, size in enumerate(judged.sizes)]
    return join(list(listed(judged, *targets.arrays(wanted, attributes))))


@settings(max_examples=60, deadline=None)
@given(judgements())
def test_the_grid_says_what_the_list_says(judged: Judged) -> None:
    wanted = combinations(judged)
    expected = all_listed(judged, wanted)
    found = join(list(grid.everything(judged)))
    assert found.attributes.tolist() == expected.attributes.tolist()
    assert (found.scored == expected.scored).all()
    assert (found.correct == expected.correct).all()
    assert found.expected == pytest.approx(expected.expected)


@settings(max_examples=60, deadline=None)
@given(judgements(exact=True))
def test_exact_predictions_are_right_everywhere(judged: Judged) -> None:
    for outcomes in grid.everything(judged):
        assert (outcomes.correct == outcomes.scored).all()
        assert outcomes.expected == pytest.approx(outcomes.scored.sum(axis=1))


@settings(max_examples=60, deadline=None)
@given(judgements())
def test_never_more_are_correct_than_are_scored(judged: Judged) -> None:
    for outcomes in grid.everything(judged):
        assert not (outcomes.correct & ~outcomes.scored).any()
        assert (outcomes.expected <= outcomes.scored.sum(axis=1) + 1e-9).all()
        assert (outcomes.expected >= 0).all()


def test_a_scenario_by_hand() -> None:
    """Labels 0 and 4 of 4; the method scores the first higher."""
    judged = Judged(np.array([[[0], [4]]], dtype=np.int16), (5,), scores=np.array([[[0.9], [0.2]]]))
    outcomes = join(list(grid.everything(judged)))
    assert outcomes.attributes.tolist() == [1, 1, 1, 1], "the neutral target is left out"
    assert outcomes.scored.all()
    assert not outcomes.correct.any()


def test_responses_with_equal_labels_are_not_scored() -> None:
    judged = Judged(np.array([[[3], [3]]], dtype=np.int16), (5,), scores=np.array([[[0.9], [0.2]]]))
    assert not join(list(grid.everything(judged))).scored.any()
    accuracy, _ = summarise(grid.everything(judged), scenarios=1)
    assert np.isnan(accuracy.mean)
    assert (accuracy.targets, accuracy.scored) == (0, 0)


def test_equal_predictions_count_half_on_average_and_the_first_by_rule() -> None:
    judged = Judged(np.array([[[0], [4]]], dtype=np.int16), (5,), scores=np.full((1, 2, 1), 0.5))
    high, low = (np.array([[value]]) for value in (1.0, 0.0))
    for value, correct in ((high, 0), (low, 1)):
        (outcomes,) = listed(judged, value, np.ones((1, 1)))
        assert outcomes.correct.sum() == correct
        assert outcomes.expected == pytest.approx([0.5])


def test_accuracy_is_averaged_over_targets() -> None:
    levels = np.array([[[0], [4]], [[4], [0]], [[1], [3]]], dtype=np.int16)
    scores = np.array([[[0.0], [1.0]], [[0.0], [1.0]], [[0.1], [0.9]]])
    accuracy, each = summarise(grid.everything(Judged(levels, (5,), scores=scores)), scenarios=3)
    assert each.accuracy.tolist() == pytest.approx([2 / 3] * 4)
    assert accuracy.mean == pytest.approx(2 / 3)
    assert (accuracy.sd, accuracy.targets, accuracy.scored) == (0, 4, 3)
    assert accuracy.low <= accuracy.mean <= accuracy.high
    ((mean, sd, number),) = by_attribute_count(each).values()
    assert mean == pytest.approx(2 / 3)
    assert (sd, number) == (0, 4)


def test_the_interval_is_reproducible_and_narrows_with_scenarios() -> None:
    rng = np.random.default_rng(1)
    widths = []
    for n in (20, 500):
        levels = rng.integers(0, 5, (n, 2, 2)).astype(np.int16)
        judged = Judged(levels, (5, 5), scores=rng.random((n, 2, 2)))
        one, _ = summarise(grid.everything(judged), scenarios=n)
        two, _ = summarise(grid.everything(judged), scenarios=n)
        assert one == two
        assert one.low < one.mean < one.high
        widths.append(one.high - one.low)
    assert widths[1] < widths[0] / 3


def test_the_number_of_combinations_does_not_overflow() -> None:
    assert grid.size((7,) * 6) == 117_649
    assert grid.size((101,) * 26) == 101**26


@given(st.integers(0, 2**32), st.integers(2, 7))
def test_agreement_is_that_of_the_libraries(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, levels, (12, 2, 1)).astype(np.int16)
    scores = rng.integers(0, 11, (12, 2, 1)) / 10
    found = agreement(Judged(labels, (levels,), scores=scores), 0)
    flat, label = scores.ravel(), labels.ravel()
    rounded = np.floor(flat * (levels - 1) + 0.5).astype(int)
    assert found.error == pytest.approx(np.abs(flat - label / (levels - 1)).mean())
    if len(set(flat)) > 1 and len(set(label)) > 1:
        assert found.spearman == pytest.approx(spearmanr(flat, label).statistic)
    if len({*rounded, *label}) > 1:
        expected: Any = cohen_kappa_score(
            label, rounded, weights="quadratic", labels=list(range(levels))
        )
        assert found.kappa == pytest.approx(expected)


def test_agreement_without_variation_or_scores_is_unknown() -> None:
    constant = Judged(np.full((3, 2, 1), 2, dtype=np.int16), (5,), scores=np.full((3, 2, 1), 0.5))
    assert np.isnan(agreement(constant, 0).spearman)
    assert np.isnan(quadratic_kappa(np.array([2, 2]), np.array([2, 2]), levels=5))
    nothing = Judged(constant.levels, (5,), scores=np.full((3, 2, 1), np.nan))
    assert agreement(nothing, 0).responses == 0
    with pytest.raises(ValueError, match="no scores"):
        agreement(Judged(constant.levels, (5,), chosen=np.zeros(3, dtype=int)), 0)


def test_bias_compares_what_is_picked_with_what_is_right() -> None:
    levels = np.array([[[0, 4], [4, 0]], [[2, 2], [4, 4]]], dtype=np.int16)
    judged = Judged(levels, (5, 5), chosen=np.array([0, 0]))
    found = bias(judged, np.ones(2), np.ones(2))
    assert found.picked.tolist() == [0.25, 0.75]
    assert found.ideal.tolist() == [0.75, 0.75]
    silent = bias(Judged(levels, (5, 5), chosen=np.array([-1, -1])), np.ones(2), np.ones(2))
    assert np.isnan(silent.picked).all()


# choices made target by target


def told(judged: Judged, wanted: list[Target]) -> Judged:
    """A method that chooses for each of these targets what another selects."""
    attributes = [attribute(str(i), size) for i, size in enumerate(judged.sizes)]
    values, weights = targets.arrays(wanted, attributes)
    chosen = [picks(said(judged, *pair)) for pair in zip(values, weights, strict=True)]
    return Judged(
        judged.levels, judged.sizes, chosen=np.stack(chosen, axis=1), targets=(values, weights)
    )


@settings(max_examples=40, deadline=None)
@given(judgements(), st.data())
def test_choices_by_target_count_as_what_they_choose(judged: Judged, data: st.DataObject) -> None:
    wanted = data.draw(
        st.lists(st.sampled_from(combinations(judged)), min_size=1, max_size=9, unique=True)
    )
    one, other = all_listed(told(judged, wanted), wanted), all_listed(judged, wanted)
    assert (one.scored == other.scored).all()
    assert (one.correct == other.correct).all()
    back = wanted[::-1]
    assert (all_listed(told(judged, wanted), back).correct == one.correct[::-1]).all()


def test_for_a_target_it_was_not_asked_about_nothing_is_chosen() -> None:
    levels = np.array([[[0, 4], [4, 0]]], dtype=np.int16)
    here = (np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]))
    judged = Judged(levels, (5, 5), chosen=np.array([[1]]), targets=here)
    assert judged.choice(np.array([1.0, 0.7]), np.array([1.0, 0.0])).tolist() == [1]
    for value, weight in (([0.9, 0], [1, 0]), ([1, 0], [1, 1]), ([1, 0], [2, 0]), ([1, 0], [0, 0])):
        assert judged.choice(np.array(value), np.array(weight)).tolist() == [-1]
    with pytest.raises(ValueError, match="was not asked about all"):
        list(grid.everything(judged))


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e-12, 1e12, 1e300])
def test_a_target_is_known_by_what_was_told_also_with_weights_of_any_size(scale: float) -> None:
    levels = np.array([[[0, 4], [4, 0]]], dtype=np.int16)
    weights = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]) * scale
    judged = Judged(
        levels, (5, 5), chosen=np.array([[1, 0, 1]]), targets=(np.ones((3, 2)), weights)
    )
    found = [judged.choice(np.ones(2), weight).tolist() for weight in weights]
    assert found == [[1], [0], [1]]
    assert not judged.asked(np.ones(2), 3 * weights[0])
    assert judged.on([0]).choice(np.ones(1), weights[0, :1]).tolist() == [1]


def test_on_some_attributes_the_targets_that_name_others_are_gone() -> None:
    levels = np.array([[[0, 4], [4, 0]], [[1, 1], [2, 2]]], dtype=np.int16)
    values, weights = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    judged = Judged(levels, (5, 5), chosen=np.array([[1, 0], [1, 1]]), targets=(values, weights))
    one = judged.on([1])
    assert one.levels.shape == (2, 2, 1)
    assert one.choice(np.array([1.0]), np.array([2.0])).tolist() == [0, 1]
    assert one.choice(np.array([1.0]), np.array([1.0])).tolist() == [-1, -1]
    second = judged.of(np.array([1]))
    assert second.choice(*(rows[0] for rows in (values, weights))).tolist() == [1]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(5, 7))
def test_the_majority_has_most_votes_and_the_lowest_index_among_equals(
    votes: list[int], responses: int
) -> None:
    counts = np.bincount(votes, minlength=responses)
    found = int(majority(counts[None])[0])
    assert votes.count(found) == counts.max()
    assert all(votes.count(earlier) < counts.max() for earlier in range(found))
    assert majority(np.zeros((2, responses), dtype=int)).tolist() == [-1, -1]


@given(st.permutations(range(4)), st.integers(0, 2**32))
def test_permuting_responses_permutes_the_majority(order: list[int], seed: int) -> None:
    counts = np.random.default_rng(seed).permutation(4)[None]
    assert order[int(majority(counts[:, order])[0])] == majority(counts)[0]
