"""Runs: one per spec, answers once, failures replaced."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from store import annotations, benchmarks, browse, pages, runs
from store.connection import Connection
from store.errors import NotInStore
from store.records import Annotation, Choice, Generation, Item, Prediction, RunSpec
from tests.build import SMALL
from tests.conftest import AT

SPEC = RunSpec(SMALL.identity, "eval", "few-shot-comparative", "smol", "{}")
ANSWER = Generation("key", "text", 10, 5, 0, 1.5, error=None)


def opened(db: Connection, spec: RunSpec = SPEC) -> int:
    return runs.open_run(db, spec, process="here:1", environment="{}", at=AT)


def prediction(sample: int, score: float, *, response: int = 0) -> Prediction:
    return Prediction(1, 0, sample, response, score, f"reason {sample}")


def test_the_same_spec_is_the_same_run(db: Connection) -> None:
    first = opened(db)
    assert opened(db, replace(SPEC, method="oracle")) == first + 1
    assert opened(db) == first
    assert [run.number for run in runs.listing(db)] == [first, first + 1]


def test_the_latest_mark_is_the_state(db: Connection) -> None:
    number = opened(db)
    later = AT + timedelta(minutes=1)
    runs.mark(db, number, "interrupted", process="there:2", environment="{}", at=later)
    run = runs.get(db, number)
    assert (run.state, run.process, run.updated_at, run.created_at) == (
        "interrupted",
        "there:2",
        later,
        AT,
    )
    assert run.spec == SPEC


def test_an_unknown_run_is_named_beside_the_known(db: Connection) -> None:
    opened(db)
    with pytest.raises(NotInStore, match=r"no run 7 in the store \(there: 1\)"):
        runs.get(db, 7)


def test_a_good_answer_is_never_replaced_a_failed_one_is(db: Connection) -> None:
    number = opened(db)
    failed = replace(ANSWER, text="", error="nothing came")
    for generation in (failed, ANSWER, replace(ANSWER, text="other")):
        runs.add_batch(db, number, runs.Batch([generation]), at=AT)
    assert runs.answered(db, ["key", "unknown"]) == {"key": ANSWER}
    attempts = db.execute("SELECT attempts FROM generations").fetchall()
    assert attempts == [(2,)]


def test_what_is_stored_already_is_not_stored_twice(db: Connection) -> None:
    number = opened(db)
    item = Item(1, 0, -1, 0, "", "key")
    batch = runs.Batch([ANSWER], [item], [prediction(0, 0.5)], [Choice(1, "", 0, 1, "")])
    runs.add_batch(db, number, batch, at=AT)
    runs.add_batch(db, number, batch, at=AT)
    assert runs.items(db, number) == {item}
    assert db.execute("SELECT count(*) FROM predictions").fetchall() == [(1,)]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_is_a_finite_number(db: Connection, score: float) -> None:
    number = opened(db)
    with pytest.raises(ValueError, match="no finite number"):
        runs.add_batch(db, number, runs.Batch([ANSWER], [], [prediction(0, score)]), at=AT)
    assert runs.answered(db, ["key"]) == {}


def test_a_run_is_discarded_and_its_answers_are_not(db: Connection) -> None:
    kept, gone = opened(db), opened(db, replace(SPEC, method="oracle"))
    batch = runs.Batch([ANSWER], [Item(1, 0, -1, 0, "", "key")], [prediction(0, 0.5)])
    for number in (kept, gone):
        runs.add_batch(db, number, batch, at=AT)
    assert runs.discard(db, gone)
    assert [run.number for run in runs.listing(db)] == [kept]
    assert len(runs.items(db, kept)) == 1
    assert runs.items(db, gone) == set()
    assert runs.answered(db, ["key"]) == {"key": ANSWER}
    assert opened(db, replace(SPEC, method="oracle")) == gone
    note = Annotation(gone, 1, None, None, "right", "", "ada", AT)
    annotations.annotate(db, note)
    assert not runs.discard(db, gone)
    assert [run.number for run in runs.listing(db)] == [kept, gone]


def test_scores_are_means_over_samples(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    number = opened(db)
    predictions = [prediction(0, 0.2), prediction(1, 0.4), prediction(0, 1.0, response=1)]
    runs.add_batch(db, number, runs.Batch(predictions=predictions), at=AT)
    scores = browse.scores(db, number, (3, 3, 2))
    assert scores[0, :2, 0] == pytest.approx([0.3, 1.0])
    assert np.isnan(scores[1:]).all()
    per_sample = browse.sample_scores(db, number, (3, 3, 2), samples=2)
    assert per_sample[0, 0, 0].tolist() == [0.2, 0.4]
    (second,) = (p for p in pages.predictions(db, number, [1]) if p.sample == 1)
    assert (second.response, second.attribute, second.reasoning) == (0, 0, "reason 1")
    assert browse.scored_attributes(db, number) == [0]
    assert browse.search(db, SMALL.identity, "eval", "Reason 1", runs=[number]) == [1]


def test_choices_are_votes_by_target(db: Connection) -> None:
    benchmarks.add(db, SMALL, at=AT)
    number = opened(db)
    batch = runs.Batch()
    batch.say([Choice(2, "high", sample, sample % 2, f"Why {sample}") for sample in range(3)])
    batch.say([Choice(1, "", 0, 2, "")])
    runs.add_batch(db, number, batch, at=AT)
    votes = browse.votes(db, number, (3, 3))
    assert {target: counts.tolist() for target, counts in votes.items()} == {
        "": [[0, 0, 1], [0, 0, 0], [0, 0, 0]],
        "high": [[0, 0, 0], [2, 1, 0], [0, 0, 0]],
    }
    assert browse.votes(db, number + 1, (3, 3)) == {}
    assert browse.search(db, SMALL.identity, "eval", "why 2", runs=[number]) == [2]


def test_a_run_knows_which_targets_it_was_asked_about(db: Connection) -> None:
    number = opened(db)
    items = [Item(1, -1, -1, 0, target, f"key{target}") for target in ("low", "high", "")]
    runs.add_batch(db, number, runs.Batch(items=items), at=AT)
    assert browse.asked_targets(db, number) == ["high", "low"]


def test_the_cost_counts_each_answer_once(db: Connection) -> None:
    number = opened(db)
    items = [Item(1, 0, -1, sample, "", "key") for sample in (0, 1)]
    failed = replace(ANSWER, request="bad", error="broken", answer_tokens=0)
    items.append(Item(2, 0, -1, 0, "", "bad"))
    runs.add_batch(db, number, runs.Batch([ANSWER, failed], items), at=AT)
    cost = runs.cost(db, number)
    assert (cost.answers, cost.failed, cost.prompt_tokens, cost.answer_tokens) == (2, 1, 20, 5)
    assert cost.seconds == pytest.approx(3.0)
