"""Content hashes do not depend on how the content is put."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.identity import canonical_json, content_hash
from tests.build import SMALL

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values))
def test_ignores_the_order_of_keys(mapping: dict[str, None]) -> None:
    backwards = dict(reversed(mapping.items()))
    assert content_hash(mapping) == content_hash(backwards)


@pytest.mark.parametrize(("one", "other"), [([1], [1.5]), (["a", "b"], ["ab"]), ({}, [])])
def test_tells_different_content_apart(one: list[int], other: list[int]) -> None:
    assert content_hash(one) != content_hash(other)


def test_has_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_is_frozen() -> None:
    """Stored requests are found by it: it must never change."""
    assert content_hash({"b": [1, "é"], "a": None})[:16] == "f8f17faab95c0248"


def test_a_scenario_is_known_by_its_texts() -> None:
    one, *_, other = SMALL.scenarios
    assert one.key == "8f639052b20d2a9c", "stored embeddings are found by it"
    assert replace(one, split="eval", number=9).key == one.key != other.key
