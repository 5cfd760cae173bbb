"""Requests: their identity, and the seeds and orders they are made with."""

import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.forms import Text
from spm_tui.prompts import comparative_form
from spm_tui.wire import Rating, Request, Shot, Stance, derive_seed, request_key, shuffled
from store.identity import content_hash

FORM = comparative_form(2, Text(40, 12))
REQUEST = Request("rules", (Shot("q1", "a1", 1), Shot("q2", "a2", 0)), "what?", FORM, 0.7, 5)

CHANGES: list[dict[str, Any]] = [
    {"system": "other rules"},
    {"question": "who?"},
    {"shots": REQUEST.shots[:1]},
    {"shots": REQUEST.shots[::-1]},
    {"form": comparative_form(3, Text(40, 12))},
    {"form": comparative_form(2, Text(40, 13))},
    {"form": comparative_form(2, Text(41, 12))},
    {"temperature": 0.8},
    {"seed": 6},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_all_that_affects_an_answer_is_in_the_key(change: dict[str, Any]) -> None:
    changed = replace(REQUEST, **change)
    assert request_key(changed, "model") != request_key(REQUEST, "model")


def test_the_model_is_in_the_key() -> None:
    assert request_key(REQUEST, "model/float32") != request_key(REQUEST, "model/bfloat16")
    assert request_key(REQUEST, "model") == request_key(replace(REQUEST), "model")


def test_keys_are_frozen() -> None:
    """Stored answers are found by them."""
    asked = (REQUEST, Rating("q", ("a", "b")), Stance("q", "a", "care", 9))
    assert [request_key(one, "model")[:16] for one in asked] == [
        "1d8d603603e536b3",
        "3f8fe32fdebaa638",
        "b8f724e6a535f2f4",
    ]


def test_texts_are_not_kept_for_good() -> None:
    text = "a text of its own " * 3
    shown = replace(REQUEST, shots=(Shot(text, text, 0),), question=text)
    before = sys.getrefcount(text)
    request_key(shown, "model")
    for number in range(5000):
        other = (Shot(f"{number}?", "so", 0),)
        request_key(replace(REQUEST, shots=other, question=str(number)), "model")
    assert sys.getrefcount(text) == before


def test_the_least_similar_examples_are_left_out_first() -> None:
    kept = [m.content for m in REQUEST.messages(without=1)]
    assert kept == ["rules", "q2", "a2", "what?"]
    assert [m.content for m in REQUEST.messages(without=2)] == ["rules", "what?"]
    roles = [m.role for m in REQUEST.messages()]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]


@given(st.integers(1, 26), st.integers(0, 2**63 - 1))
def test_a_shuffle_is_a_permutation_that_its_seed_decides(count: int, seed: int) -> None:
    order = shuffled(count, seed)
    assert sorted(order) == list(range(count))
    assert order == tuple(sorted(order, key=lambda i: content_hash(["order", seed, i])))


def test_shuffles_put_every_response_first_about_equally_often() -> None:
    firsts = [shuffled(3, seed)[0] for seed in range(3000)]
    assert all(900 < firsts.count(index) < 1100 for index in range(3))


@given(st.lists(st.integers(0, 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_seed_is_the_content_hash_of_what_it_is_for(parts: list[str | int]) -> None:
    assert derive_seed(*parts) == int(content_hash(parts)[:16], 16) >> 1


def test_seeds_are_frozen() -> None:
    """Stored samples are found by them."""
    assert derive_seed(0, "key", "care", 1) == 2639005143092731696
    assert shuffled(5, 7) == (4, 3, 1, 2, 0)
