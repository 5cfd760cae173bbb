"""Worked examples: every level is shown, then the most similar."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui import fewshot

# Four train scenarios, two responses each; level 3 is only in the least similar one.
LEVELS = np.array([[0, 2], [2, 2], [0, -1], [3, 0]], dtype=np.int16)[..., None]
SIMILARITY = np.array([[0.9, 0.8, 0.7, 0.1]], dtype=np.float32)


def test_every_level_that_occurs_is_covered_by_its_most_similar_scenario() -> None:
    assert fewshot.select(SIMILARITY, LEVELS, shots=1) == [[(0, 3)]]


def test_the_most_similar_others_fill_up() -> None:
    assert fewshot.select(SIMILARITY, LEVELS, shots=3) == [[(0, 3, 1)]]
    assert fewshot.select(SIMILARITY, LEVELS, shots=9) == [[(0, 3, 1, 2)]]


def test_the_order_is_by_level_covered() -> None:
    levels = np.array([[3, 3], [1, 1], [0, 0]], dtype=np.int16)[..., None]
    assert fewshot.select(SIMILARITY[:, :3], levels, shots=3) == [[(2, 1, 0)]]


def test_the_most_similar_come_in_order_the_lower_index_first_among_equals() -> None:
    similarity = np.array([[0.1, 0.9, -np.inf, 0.9]], dtype=np.float32)
    assert fewshot.most_similar(similarity, shots=2) == [(1, 3)]
    assert fewshot.most_similar(similarity, shots=9) == [(1, 3, 0)]
    assert fewshot.most_similar(similarity, shots=0) == [()]


def test_nothing_is_selected_from_nothing() -> None:
    nothing = np.empty((1, 0), dtype=np.float32)
    assert fewshot.select(nothing, np.empty((0, 2, 1), dtype=np.int16), shots=5) == [[()]]
    assert fewshot.select(SIMILARITY, LEVELS, shots=0) == [[()]]


def test_an_excluded_scenario_is_not_taken_even_for_a_level_only_it_has() -> None:
    similarity = np.array([[0.9, 0.8, 0.7, -np.inf]], dtype=np.float32)
    assert fewshot.select(similarity, LEVELS, shots=1) == [[(0,)]]
    assert fewshot.select(similarity, LEVELS, shots=9) == [[(0, 1, 2)]]


def test_similarity_does_not_depend_on_how_many_are_compared() -> None:
    rng = np.random.default_rng(0)
    queries = rng.standard_normal((64, 384)).astype(np.float32)
    train = rng.standard_normal((500, 384)).astype(np.float32)
    together = fewshot.similarities(queries, train)
    for place in range(len(queries)):
        alone = fewshot.similarities(queries[place : place + 1], train)
        assert np.array_equal(alone, together[place : place + 1])


@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_properties_of_any_selection(train: int, levels: int, shots: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, levels, (train, 2)).astype(np.int16)
    similarity = rng.random((3, train)).astype(np.float32)
    (selected,) = fewshot.select(similarity, table[..., None], shots=shots)
    for row, chosen in zip(similarity, selected, strict=True):
        assert len(set(chosen)) == len(chosen), "no example twice"
        occurring = set(np.unique(table).tolist())
        assert {int(level) for place in chosen for level in table[place]} >= occurring
        assert min(shots, train) <= len(chosen) <= max(shots, len(occurring))
        for level in occurring:
            having = [place for place in range(train) if level in table[place]]
            assert max(having, key=lambda place: row[place]) in chosen


def test_similarity_is_the_cosine() -> None:
    queries = np.array([[3, 0], [1, 1], [0, 0]], dtype=np.float32)
    train = np.array([[2, 0], [0, 5]], dtype=np.float32)
    expected = [[1, 0], [0.5**0.5, 0.5**0.5], [0, 0]]
    assert fewshot.similarities(queries, train) == pytest.approx(np.array(expected))
