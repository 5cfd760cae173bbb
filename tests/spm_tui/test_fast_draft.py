"""Drafts are what followed the place that agrees with the end longest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.engine.fast.draft import LEAST, MOST, draft


def defined(context: list[int]) -> list[int]:
    for agreed in range(MOST, LEAST - 1, -1):
        for end in range(len(context) - 1, agreed - 1, -1):
            if context[end - agreed : end] == context[-agreed:]:
                return context[end : end + agreed]
    return []


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_a_draft_follows_the_latest_of_the_longest_agreements(context: list[int]) -> None:
    assert draft(np.array(context, np.int64)) == defined(context)


def test_what_never_came_before_has_no_draft() -> None:
    assert draft(np.arange(100)) == []
    assert draft(np.array([7, 1, 2, 3, 7])) == [], "one token is no agreement"
