"""Benchmarks come back as they went in, and only once."""

from dataclasses import replace
from datetime import timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings

from store import benchmarks, browse, pages
from store.connection import Connection
from store.errors import NotInStore
from store.migrations import MIGRATIONS, migrate
from store.records import Benchmark, RuleOfThumb, Split
from tests import build
from tests.build import SMALL
from tests.conftest import AT


@settings(max_examples=25, deadline=None)
@given(build.benchmarks())
def test_come_back_as_they_went_in(benchmark: Benchmark) -> None:
    with duckdb.connect() as db:
        migrate(db, at=AT)
        assert benchmarks.add(db, benchmark, at=AT)
        loaded = benchmarks.load(db, benchmark.identity)
    assert loaded == benchmark
    assert loaded.identity == benchmark.identity


def test_a_store_without_rules_gains_them_and_keeps_its_benchmarks() -> None:
    """SMALL has none, so that it goes into the tables of before as it did then."""
    with duckdb.connect() as db:
        migrate(db, at=AT, migrations=MIGRATIONS[:3])
        benchmarks.add(db, SMALL, at=AT)
        migrate(db, at=AT)
        assert benchmarks.load(db, SMALL.identity) == SMALL


def test_only_rules_that_are_there_count_towards_the_identity() -> None:
    first, *others = SMALL.scenarios
    rules = (RuleOfThumb(0, 1, -1, "Be kind."),)
    ruled = replace(first, responses=(replace(first.responses[0], rules=rules),))
    assert SMALL.identity.startswith("8c4ee18cc83e")
    assert replace(SMALL, scenarios=(ruled, *others)).identity != SMALL.identity


def test_twice_changes_nothing(db: Connection) -> None:
    assert benchmarks.add(db, SMALL, at=AT)
    assert not benchmarks.add(db, replace(SMALL, name="again"), at=AT)
    (row,) = benchmarks.listing(db)
    assert (row.name, row.attributes, row.train, row.eval) == ("small", 2, 4, 3)


def test_a_name_means_its_newest_content(db: Connection) -> None:
    newer = build.benchmark([[[0, 0], [1, 1]]])
    benchmarks.add(db, newer, at=AT + timedelta(days=1))
    benchmarks.add(db, SMALL, at=AT)
    assert benchmarks.find(db, "small").identity == newer.identity
    assert benchmarks.find(db, SMALL.identity[:8]).identity == SMALL.identity


def test_unknown_ones_are_named_beside_the_known(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    with pytest.raises(NotInStore, match=r"no benchmark 'large' in the store \(there: small\)"):
        benchmarks.find(db, "large")
    with pytest.raises(NotInStore):
        benchmarks.load(db, "no such identity")


def test_a_later_reasoning_takes_the_place_of_an_earlier_one(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    benchmarks.add_reasonings(
        db,
        SMALL.identity,
        [("train", 1, 0, 1, "since it is so")],
        provenance="a model",
        at=AT + timedelta(hours=1),
    )
    response = benchmarks.load(db, SMALL.identity).split("train")[0].responses[0]
    assert response.reasonings == ("because 0", "since it is so")


def test_an_embedding_is_of_finite_numbers(db: Connection) -> None:
    vector = np.array([0.5, np.nan], np.float32)
    with pytest.raises(ValueError, match="not finite"):
        benchmarks.add_embeddings(db, "mini", {"a": np.ones(2, np.float32), "b": vector})
    assert benchmarks.embeddings(db, "mini", ["a", "b"]) == {}


def test_embeddings_keep_their_first_value(db: Connection) -> None:
    first, second = np.array([1, 2], dtype=np.float32), np.array([3, 4], dtype=np.float32)
    benchmarks.add_embeddings(db, "mini", {"a": first})
    benchmarks.add_embeddings(db, "mini", {"a": second, "b": second})
    found = benchmarks.embeddings(db, "mini", ["a", "b", "c"])
    assert {key: vector.tolist() for key, vector in found.items()} == {"a": [1, 2], "b": [3, 4]}
    assert benchmarks.embeddings(db, "other", ["a"]) == {}


def test_labels_are_an_array_padded_where_responses_are_missing(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    labels = browse.labels(db, SMALL.identity, "eval")
    assert labels.shape == (3, 3, 2)
    assert labels[1].tolist() == [[1, 1], [3, 2], [2, 4]]
    assert labels[0].tolist() == [[0, 4], [4, 0], [-1, -1]]


def test_pages_and_search_find_scenarios_by_number(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    texts = pages.texts(db, SMALL.identity, "eval", [2, 3])
    assert [(number, len(texts[number].responses)) for number in sorted(texts)] == [(2, 3), (3, 2)]
    assert browse.search(db, SMALL.identity, "eval", "QUESTION 3") == [3]
    assert browse.search(db, SMALL.identity, "eval", "response 2 to") == [2]
    assert browse.search(db, SMALL.identity, "eval", "100%_") == []


def test_reasonings_of_a_later_time_can_be_left_out(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    later = AT + timedelta(hours=1)
    rows: list[tuple[Split, int, int, int, str]] = [("train", 1, 0, 0, "a later reason")]
    benchmarks.add_reasonings(db, SMALL.identity, rows, provenance="x", at=later)
    assert benchmarks.load(db, SMALL.identity) != SMALL
    assert benchmarks.load(db, SMALL.identity, until=later) != SMALL
    for earlier in (AT, AT - timedelta(days=1)):
        assert benchmarks.load(db, SMALL.identity, until=earlier) == SMALL


def test_who_wrote_the_newest_reasoning_of_a_label_is_known(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    rows: list[tuple[Split, int, int, int, str]] = [("train", 1, 0, 1, "why")]
    for author in ("ada", "ben"):
        benchmarks.add_reasonings(db, SMALL.identity, rows, provenance=author, at=AT)
    written = benchmarks.provenances(db, SMALL.identity, "train")
    assert len(written) == 16
    assert {place for place, by in written.items() if by != benchmarks.SOURCE} == {(1, 0, 1)}
    assert written[1, 0, 1] == "ben"
