"""Tests of paired differences, beside those of the statistics library."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test

from spm_tui.alignment import Floats
from spm_tui.scoring.significance import MOST_EXACT, sign_flip_test, sign_test

steps = st.integers(-6, 6).map(lambda step: step / 6)
differences = st.lists(steps, min_size=2, max_size=60).map(np.array)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_sign_test_is_that_of_the_library(better: int, worse: int) -> None:
    number = better + worse
    expected = binomtest(better, number).pvalue if number else 1.0
    assert sign_test(better, worse) == pytest.approx(expected)


def test_large_counts_do_not_overflow() -> None:
    assert sign_test(5300, 5700) == pytest.approx(binomtest(5300, 11000).pvalue)
    assert sign_test(5500, 5500) == 1
    assert sign_test(0, 11000) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=11).map(np.array))
def test_few_differences_are_enumerated_as_in_the_library(each: Floats) -> None:
    assume(np.abs(each).max() > 1e-6)
    expected = permutation_test(
        (each, np.zeros(len(each))),
        lambda x, y, axis: np.round((x - y).sum(axis=axis), 11),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert sign_flip_test(np.round(each, 11)) == pytest.approx(min(expected.pvalue, 1))


@given(st.integers(0, 40), st.integers(0, 40))
@settings(deadline=None)
def test_right_or_wrong_alone_makes_it_the_sign_test(better: int, worse: int) -> None:
    each = np.array([1.0] * better + [-1.0] * worse + [0.0] * 5)
    exact = better + worse <= MOST_EXACT
    wide = 1e-9 if exact else 0.025
    assert sign_flip_test(each) == pytest.approx(sign_test(better, worse), abs=wide)


@settings(deadline=None)
@given(differences, st.randoms(use_true_random=False))
def test_neither_order_nor_overall_sign_matters(each: Floats, random: object) -> None:
    p = sign_flip_test(each)
    assert 0 < p <= 1
    assert sign_flip_test(-each) == p
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(each))  # type: ignore[attr-defined]
    assert sign_flip_test(each[order]) == pytest.approx(p)
    assert sign_flip_test(np.append(each, [0.0] * 7)) == pytest.approx(p)


@pytest.mark.parametrize("number", [0, 1, 10, 400])
def test_no_difference_is_as_likely_as_can_be(number: int) -> None:
    assert sign_flip_test(np.zeros(number)) == 1
    assert sign_flip_test(np.resize([0.5, -0.5], 2 * number)) == 1


def test_a_random_way_is_never_none_of_them() -> None:
    """However clear the difference, p is no smaller than what so many flips can tell."""
    assert sign_flip_test(np.ones(500)) == 1 / 10_001
    assert sign_flip_test(np.ones(500), flips=99) == 1 / 100
    assert sign_flip_test(np.ones(10)) == 2 / 2**10


def test_what_cancels_out_over_many_targets_is_no_difference() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-16, 300)
    assert sign_flip_test(noise) == 1


@pytest.mark.parametrize("number", [12, 80])
def test_under_no_difference_p_is_small_as_often_as_it_says(number: int) -> None:
    """Of 400 pairs of equal methods about 20 have p up to 0.05, and 200 up to 0.5."""
    rng = np.random.default_rng(7)
    found = [
        sign_flip_test(rng.normal(0, rng.random(number)) / number, flips=499, seed=i)
        for i in range(400)
    ]
    assert 8 <= sum(p <= 0.05 for p in found) <= 34
    assert 165 <= sum(p <= 0.5 for p in found) <= 235


def test_p_of_many_flips_is_near_the_exact_one() -> None:
    """As the library has it from 100,000 flips of its own."""
    rng = np.random.default_rng(3)
    each = rng.normal(0.08, 1, 500) / 500
    expected = permutation_test(
        (each, np.zeros(500)),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        batch=2_000,
        vectorized=True,
        rng=np.random.default_rng(1),
    )
    assert sign_flip_test(each) == pytest.approx(expected.pvalue, abs=0.015)
