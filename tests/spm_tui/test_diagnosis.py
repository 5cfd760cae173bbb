"""Where scores go wrong: worked examples, and sums that must hold."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from spm_tui.scoring.agreement import agreement, quadratic_kappa
from spm_tui.scoring.diagnosis import (
    calibration,
    confusion,
    error_by_length,
    nearest_levels,
    position_bias,
)
from spm_tui.scoring.outcomes import Judged
from tests.spm_tui.test_scoring import judgements

CHOSEN = Judged(np.array([[[4], [0]]], dtype=np.int16), (5,), chosen=np.array([0]))


@settings(max_examples=60, deadline=None)
@given(judgements())
def test_confusion_counts_every_scored_response_once(judged: Judged) -> None:
    assume(judged.scores is not None)
    assert judged.scores is not None
    for attribute, size in enumerate(judged.sizes):
        where = ~np.isnan(judged.scores[..., attribute])
        label = judged.levels[..., attribute][where]
        predicted = nearest_levels(judged.scores[..., attribute][where], size)
        found = confusion(judged, attribute)
        assert found.shape == (size, size)
        assert found.sum() == where.sum()
        if where.any():
            expected = confusion_matrix(label, predicted, labels=list(range(size)))
            assert (found == expected).all()


@settings(max_examples=60, deadline=None)
@given(judgements())
def test_confusion_rounds_as_agreement_does(judged: Judged) -> None:
    assume(judged.scores is not None)
    for attribute, size in enumerate(judged.sizes):
        counts = confusion(judged, attribute)
        if counts.any():
            pairs = np.repeat(np.argwhere(counts), counts[counts > 0], axis=0)
            kappa = quadratic_kappa(pairs[:, 0], pairs[:, 1], levels=size)
            assert kappa == pytest.approx(agreement(judged, attribute).kappa, nan_ok=True)


def test_the_nearest_level_is_the_upper_of_two() -> None:
    scores = np.array([0, 0.12, 0.125, 0.5, 0.875, 1])
    assert nearest_levels(scores, 5).tolist() == [0, 0, 1, 2, 4, 4]


def test_confusion_by_hand() -> None:
    levels = np.array([[[0], [2]], [[2], [-1]]], dtype=np.int16)
    scores = np.array([[[0.1], [0.5]], [[1.0], [np.nan]]])
    found = confusion(Judged(levels, (3,), scores=scores), 0)
    assert found.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]


def test_calibration_by_hand() -> None:
    """Tenths of the scale: 0.29 and 0.2 share one, 0.3 begins the next, 1 ends the last."""
    levels = np.array([[[0], [2]], [[4], [4]], [[1], [-1]]], dtype=np.int16)
    scores = np.array([[[0.29], [0.2]], [[0.3], [1.0]], [[0.95], [np.nan]]])
    found = calibration(Judged(levels, (5,), scores=scores), 0)
    assert [one.score for one in found] == pytest.approx([0.245, 0.3, 0.975])
    assert [(one.label, one.count) for one in found] == [(0.25, 2), (1.0, 1), (0.625, 2)]


def test_whole_percentages_begin_their_bin() -> None:
    scores = np.arange(100).reshape(50, 2, 1) / 100
    judged = Judged(np.ones((50, 2, 1), dtype=np.int16), (5,), scores=scores)
    for bins in (10, 20, 100):
        assert {one.count for one in calibration(judged, 0, bins=bins)} == {100 // bins}


@settings(max_examples=60, deadline=None)
@given(judgements(), st.integers(1, 12))
def test_bins_hold_all_responses_between_them(judged: Judged, bins: int) -> None:
    assume(judged.scores is not None)
    assert judged.scores is not None
    known = ~np.isnan(judged.scores[..., 0])
    rows = calibration(judged, 0, bins=bins)
    assert sum(row.count for row in rows) == known.sum()
    assert sum(row.score * row.count for row in rows) == pytest.approx(
        judged.scores[..., 0][known].sum()
    )
    assert sum(row.label * row.count for row in rows) == pytest.approx(
        judged.values[..., 0][known].sum()
    )


def test_exact_scores_are_calibrated_and_without_error() -> None:
    levels = np.arange(20, dtype=np.int16).reshape(5, 2, 2) % 5
    judged = Judged(levels, (5, 5), scores=levels / 4)
    assert all(row.score == row.label for row in calibration(judged, 1))
    rows = error_by_length(judged, np.arange(10).reshape(5, 2), bins=3)
    assert [(row.shortest, row.longest, row.count) for row in rows] == [
        (0, 3, 4),
        (4, 6, 3),
        (7, 9, 3),
    ]
    assert not any(row.error for row in rows)


def test_error_by_length_by_hand() -> None:
    """Short responses are off by 0.1 and 0.3 on average over attributes, the long one by 0.5."""
    levels = np.array([[[0, 0], [0, 0]], [[2, 2], [-1, -1]], [[0, 0], [0, 0]]], dtype=np.int16)
    scores = np.array(
        [
            [[0.2, 0.0], [0.3, 0.3]],
            [[0.5, 0.5], [np.nan, np.nan]],
            [[np.nan, 0.0], [0.0, np.nan]],
        ]
    )
    judged = Judged(levels, (3, 3), scores=scores)
    lengths = np.array([[10, 12], [900, 0], [11, 950]])
    found = error_by_length(judged, lengths, bins=2)
    assert [one.error for one in found] == pytest.approx([0.2, 0.5])
    assert [(one.shortest, one.longest, one.count) for one in found] == [(10, 12, 2), (900, 900, 1)]


@given(st.lists(st.integers(1, 9), min_size=2, max_size=40), st.integers(1, 7))
def test_equal_lengths_share_a_bin(lengths: list[int], bins: int) -> None:
    levels = np.zeros((len(lengths), 1, 1), dtype=np.int16)
    judged = Judged(levels, (5,), scores=np.full(levels.shape, 0.5))
    rows = error_by_length(judged, np.array(lengths)[:, None], bins=bins)
    assert len(rows) <= bins
    assert sum(row.count for row in rows) == len(lengths)
    edges = [edge for row in rows for edge in sorted({row.shortest, row.longest})]
    assert edges == sorted(set(edges))


def test_position_bias_by_hand() -> None:
    """One scenario of three responses and one of two, one attribute, samples in their orders."""
    nan = np.nan
    samples = np.array(
        [
            [[[0.9, 0.9, nan, 0.2]], [[0.5, 0.5, 0.5, 0.5]], [[0.1, 0.1, 0.4, 0.2]]],
            [[[0.3, 0.3, 0.3, 0.3]], [[0.8, 0.8, 0.8, 0.8]], [[nan, nan, nan, nan]]],
        ]
    )
    order = np.array(
        [
            [[[0, 1, 2], [2, 1, 0], [0, 1, 2], [0, 1, 2]]],
            [[[1, 0, -1], [0, 1, -1], [0, -1, -1], [-1, -1, -1]]],
        ]
    )
    found = position_bias(samples, order)
    assert found.comparisons.tolist() == [5]
    assert found.equal.tolist() == [1]
    assert found.share.tolist() == [0.5], "first of 0 1 2, and of 1 0"


@given(st.integers(0, 2**32))
def test_scores_that_fall_with_the_place_are_biased(seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = np.argsort(rng.random((4, 2, 3, 3)), axis=-1)
    places = np.moveaxis(np.argsort(order, axis=-1), -1, 1)
    found = position_bias(1 - places / 10, order)
    assert found.share.tolist() == [1, 1]
    assert found.comparisons.tolist() == [12, 12]
    assert position_bias(places / 10, order).share.tolist() == [0, 0]
    level = position_bias(np.full(places.shape, 0.4), order)
    assert level.equal.tolist() == [12, 12]
    assert np.isnan(level.share).all()


def test_choices_have_nothing_to_diagnose() -> None:
    for diagnose in (
        lambda: confusion(CHOSEN, 0),
        lambda: calibration(CHOSEN, 0),
        lambda: error_by_length(CHOSEN, np.ones((1, 2), dtype=int)),
    ):
        with pytest.raises(ValueError, match="no scores"):
            diagnose()


def test_without_scores_there_are_no_rows() -> None:
    judged = Judged(CHOSEN.levels, (5,), scores=np.full((1, 2, 1), np.nan))
    assert calibration(judged, 0) == ()
    assert error_by_length(judged, np.ones((1, 2), dtype=int)) == ()
    assert not confusion(judged, 0).any()
