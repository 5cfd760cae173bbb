"""Annotations are only added; targets are saved by name."""

from dataclasses import replace
from datetime import timedelta

from store import annotations
from store.connection import Connection
from store.records import Annotation
from tests.conftest import AT

FIRST = Annotation(1, 5, 0, None, "reasoning wrong", "misreads it", "ada", AT)


def test_the_latest_counts_and_the_others_stay(db: Connection) -> None:
    second = replace(FIRST, verdict="label wrong", at=AT + timedelta(minutes=1))
    other = replace(FIRST, author="bo")
    for annotation in (FIRST, second, other):
        annotations.annotate(db, annotation)
    assert set(annotations.history(db, 1)) == {FIRST, second, other}
    assert set(annotations.standing(annotations.history(db, 1))) == {second, other}
    assert annotations.history(db, 2) == []


def test_saved_targets_come_back_in_order_and_are_replaced_by_name(db: Connection) -> None:
    annotations.save_targets(db, "mine", "bench", [{"care": 1.0}], at=AT)
    annotations.save_targets(db, "mine", "bench", [{"b": 0.5, "a": 1.0}, {"care": 0.0}], at=AT)
    assert annotations.saved_targets(db, "bench") == {"mine": ['{"a":1.0,"b":0.5}', '{"care":0.0}']}
    assert annotations.saved_targets(db, "other") == {}
    annotations.save_targets(db, "a", "bench", [{"care": 1}], at=AT)
    annotations.save_targets(db, "mine", "more", [{"zeal": 1}], at=AT)
    assert annotations.saved_names(db) == {"bench": ("a", "mine"), "more": ("mine",)}


def test_what_stands_is_the_latest_unless_withdrawn(db: Connection) -> None:
    other = replace(FIRST, author="bo")
    flag = replace(other, verdict=annotations.FLAG)
    for annotation in (FIRST, other, flag, replace(FIRST, verdict=annotations.WITHDRAWN)):
        annotations.annotate(db, annotation)
    entries = annotations.history(db, 1)
    assert len(entries) == 4, "nothing is taken away"
    assert annotations.standing(entries) == [other]
    again = replace(FIRST, verdict="label wrong")
    assert annotations.standing([*entries, again]) == [other, again]
