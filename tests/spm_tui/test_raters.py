"""Agreement of two people: worked examples, and figures of the statistics library."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from spm_tui.scoring.raters import reliability

verdicts = st.lists(st.tuples(*[st.sampled_from(["right", "wrong", "unclear"])] * 2), min_size=1)


@given(verdicts)
def test_kappa_is_that_of_the_library(pairs: list[tuple[str, str]]) -> None:
    first, second = zip(*pairs, strict=True)
    found = reliability(first, second)
    assert found.items == len(pairs)
    assert found.agreement == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))
    if len({*first, *second}) > 1:
        assert found.kappa == pytest.approx(cohen_kappa_score(first, second))
    else:
        assert math.isnan(found.kappa)


@given(verdicts)
def test_who_comes_first_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    first, second = zip(*pairs, strict=True)
    there, back = reliability(first, second), reliability(second, first)
    assert there.agreement == back.agreement
    assert there.kappa == pytest.approx(back.kappa, nan_ok=True)


def test_verdicts_by_hand() -> None:
    """Three of four the same; by chance half would be."""
    found = reliability(["yes", "yes", "no", "no"], ["yes", "no", "no", "no"])
    assert (found.items, found.agreement, found.kappa) == (4, 0.75, 0.5)


def test_nothing_judged_is_unknown() -> None:
    found = reliability([], [])
    assert found.items == 0
    assert math.isnan(found.agreement)
    assert math.isnan(found.kappa)


def test_each_item_needs_both_verdicts() -> None:
    with pytest.raises(ValueError, match="shorter"):
        reliability(["yes", "no"], ["yes"])
