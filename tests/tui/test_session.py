"""What is read of a store before anything is aligned."""

import numpy as np
import pytest

from spm_tui.bench.execute import run_asking, run_direct
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.methods.base import Settings
from spm_tui.target_files import to_mapping
from spm_tui.targets import Target
from spm_tui.tui.session import (
    Contents,
    contents,
    first_key,
    open_run,
    open_split,
    saved_targets,
)
from spm_tui.tui.steering import high
from store import annotations, benchmarks, runs
from store.connection import Store
from store.errors import NotInStore
from store.records import Annotation
from tests.build import SMALL
from tests.conftest import AT
from tests.machine import embed, judge
from tests.spm_tui.test_report import fill


def note(scenario: int, verdict: str, *, run: int = 1) -> Annotation:
    return Annotation(run, scenario, None, None, verdict, "", "ada", AT)


def context(store: Store) -> Context:
    return Context(store, "here:1", "{}", lambda: AT, lambda: False)


def test_a_run_is_opened_with_its_labels_and_mean_scores(store: Store) -> None:
    fill(store)
    opened = open_run(store, 1)
    assert (opened.benchmark.name, opened.split, opened.names) == (
        "small",
        "eval",
        ("care", "fairness"),
    )
    assert opened.questions == tuple(f"eval question {number}?" for number in (1, 2, 3))
    assert opened.run is not None
    assert (opened.run.number, opened.run.spec.method) == (1, "few-shot-comparative")
    levels = opened.judged.levels
    assert levels[1].tolist() == [[1, 1], [3, 2], [2, 4]]
    assert levels[0].tolist() == [[0, 4], [4, 0], [-1, -1]]
    assert opened.judged.scores is not None
    known = ~np.isnan(opened.judged.scores)
    assert (known == (levels >= 0)).all(), "a score for every response that exists"
    with store.reading() as db:
        mean = db.execute(
            """SELECT avg(score) FROM predictions
               WHERE run = 1 AND scenario = 2 AND response = 2 AND attribute = 1"""
        ).fetchall()[0][0]
    assert opened.judged.scores[1, 2, 1] == pytest.approx(mean)
    assert opened.scored == (True, True)
    assert not opened.failed.any()


def test_the_oracle_errs_nowhere(store: Store) -> None:
    fill(store)
    opened = open_run(store, 2)
    assert opened.errors == pytest.approx(np.zeros((3, 2)))


def test_errors_are_averages_over_responses_and_unknown_without_scores(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("UPDATE predictions SET score = 1 WHERE run = 2 AND scenario = 1")
        db.execute("DELETE FROM predictions WHERE run = 2 AND scenario = 3")
    errors = open_run(store, 2).errors
    assert errors[0].tolist() == [0.5, 0.5], "labels 0 and 1, on both attributes"
    assert errors[1].tolist() == [0, 0]
    assert np.isnan(errors[2]).all()
    assert np.isnan(open_run(store, 3).errors).all()
    assert open_run(store, 3).errors.shape == (3, 2)


@pytest.mark.parametrize("split", ["train", "eval"])
def test_a_split_without_a_run_has_labels_and_nothing_else(store: Store, split: str) -> None:
    fill(store)
    opened = open_split(store, "small", "train" if split == "train" else "eval")
    assert opened.run is None
    assert len(opened.questions) == {"train": 4, "eval": 3}[split]
    assert opened.questions[0] == f"{split} question 1?"
    assert opened.judged.scores is None
    assert opened.judged.chosen is not None
    assert (opened.judged.chosen == -1).all()
    assert len(opened.judged.levels) == len(opened.questions) == len(opened.failed)
    assert opened.notes == ()
    assert opened.scored == (True, True)


def test_a_split_is_found_by_its_benchmarks_identity(store: Store) -> None:
    fill(store)
    assert open_split(store, SMALL.identity, "eval").benchmark.name == "small"
    with pytest.raises(NotInStore, match="no benchmark 'large'"):
        open_split(store, "large", "eval")
    with pytest.raises(NotInStore, match="no run 9 in the store"):
        open_run(store, 9)


def test_a_half_answered_scenario_is_as_good_as_not_run(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 1 AND scenario = 2 AND attribute = 1")
    scores = open_run(store, 1).judged.scores
    assert scores is not None
    assert np.isnan(scores[1]).all()
    assert not np.isnan(scores[0, :2]).any()
    assert not np.isnan(scores[2, :2]).any()


def test_one_response_without_a_score_is_half_answered_too(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute(
            """DELETE FROM predictions
               WHERE run = 1 AND scenario = 2 AND attribute = 0 AND response = 2"""
        )
    scores = open_run(store, 1).judged.scores
    assert scores is not None
    assert np.isnan(scores[1]).all()


def test_some_samples_are_enough(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 1 AND scenario = 2 AND sample = 0")
    scores = open_run(store, 1).judged.scores
    assert scores is not None
    assert not np.isnan(scores[1]).any()


def test_a_run_on_some_attributes_counts_on_those(store: Store) -> None:
    fill(store, attributes=("fairness",))
    opened = open_run(store, 1)
    assert opened.scored == (False, True)
    scores = opened.judged.scores
    assert scores is not None
    assert np.isnan(scores[..., 0]).all()
    assert not np.isnan(scores[0, :2, 1]).any()
    assert opened.names == ("care", "fairness"), "those without scores are shown too"


def test_a_choosing_run_has_choices_and_no_scores(store: Store) -> None:
    fill(store)
    opened = open_run(store, 3)
    assert opened.judged.scores is None
    assert opened.judged.chosen is not None
    with store.reading() as db:
        stored = db.execute(
            "SELECT response FROM choices WHERE run = 3 ORDER BY scenario"
        ).fetchall()
    assert opened.judged.chosen.tolist() == [response for (response,) in stored]
    assert opened.scored == (True, True)


def test_a_choosing_run_over_some_scenarios_chose_none_of_the_others(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM choices WHERE run = 3 AND scenario = 2")
    chosen = open_run(store, 3).judged.chosen
    assert chosen is not None
    assert [one < 0 for one in chosen.tolist()] == [False, True, False]


def test_a_run_without_answers_yet_has_no_scores_and_no_choices(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 1")
    opened = open_run(store, 1)
    assert opened.judged.chosen is None
    assert opened.judged.scores is not None
    assert np.isnan(opened.judged.scores).all()
    assert opened.scored == (True, True), "it is to say something of both"
    assert opened.part(high(opened.attributes).aim()) == "0 of 3 answered"


def test_a_scenario_with_an_unusable_answer_has_failed(store: Store) -> None:
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    subject = load_subject(store, "small", Selection(), at=AT)
    backbone = Backbone("smol", "r/float32")
    job = Job(subject, "zero-shot-comparative", Settings(SMALL.attributes), backbone)
    engine = ScriptedEngine(lambda r: "not JSON" if "eval question 2?" in r.question else judge(r))
    list(run_asking(context(store), job, make_plan(store, job, embed), lambda: engine))
    opened = open_run(store, 1)
    assert opened.failed.tolist() == [False, True, False]
    assert opened.marks.failed.tolist() == [False, True, False]
    assert opened.judged.scores is not None
    assert np.isnan(opened.judged.scores[1]).all()


def test_flags_are_set_and_taken_off_and_are_no_annotations(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        for one in (
            note(1, "flag"),
            note(2, "flag"),
            note(2, "unflag"),
            note(3, "agree"),
            note(1, "agree", run=2),
        ):
            annotations.annotate(db, one)
    opened = open_run(store, 1)
    assert opened.marks.flagged.tolist() == [True, False, False]
    assert opened.marks.annotated.tolist() == [False, False, True]
    assert len(opened.notes) == 4
    more = opened.with_notes((*opened.notes, note(2, "flag"), note(1, "label wrong")))
    assert more.marks.flagged.tolist() == [True, True, False]
    assert more.marks.annotated.tolist() == [True, False, True]
    assert opened.marks.flagged.tolist() == [True, False, False], "the old one is as it was"


def test_what_is_withdrawn_does_not_count_as_annotated(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        annotations.annotate(db, note(1, "agree"))
        annotations.annotate(db, note(1, annotations.WITHDRAWN))
    assert open_run(store, 1).marks.annotated.tolist() == [False, False, False]


# what to open first


def test_a_store_tells_what_it_holds_the_newest_commit_last(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        for run in (1, 2, 3):
            db.execute(
                "UPDATE run_states SET marked_at = ? WHERE run = ?", [AT.replace(hour=run), run]
            )
        db.execute("UPDATE run_states SET marked_at = ? WHERE run = 1", [AT.replace(hour=20)])
    found = contents(store)
    assert [run.number for run in found.runs] == [2, 3, 1]
    assert [row.name for row in found.benchmarks] == ["small"]
    assert found.attributes == {SMALL.identity: ("care", "fairness")}
    assert len(found.token) > 8
    assert contents(store).token == found.token


def keys(store: Store) -> Contents:
    fill(store)
    return contents(store)


def test_what_was_open_is_opened_again_while_it_is_there(store: Store) -> None:
    found = keys(store)
    for key in ("run:1", "run:3", f"split:{SMALL.identity}:eval", f"split:{SMALL.identity}:train"):
        assert first_key(found, key) == key


@pytest.mark.parametrize("remembered", ["", "run:9", "split:gone:eval", "nonsense", "run:"])
def test_else_the_run_with_the_newest_commit_is_opened(store: Store, remembered: str) -> None:
    found = keys(store)
    newest = found.runs[-1].number
    assert first_key(found, remembered) == f"run:{newest}"


def test_without_runs_a_benchmark_is_opened_and_without_benchmarks_nothing(store: Store) -> None:
    assert first_key(contents(store), "run:1") == ""
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    assert first_key(contents(store), "") == f"split:{SMALL.identity}:eval"


# saved targets


def test_saved_targets_come_back_with_their_weights(store: Store) -> None:
    fill(store)
    kind = Target((("care", 1.0), ("fairness", 0.25)), (2.0, 0.5))
    fair = Target((("fairness", 0.61),))
    with store.writing() as db:
        annotations.save_targets(
            db, "pair", SMALL.identity, [to_mapping(kind), to_mapping(fair)], at=AT
        )
        annotations.save_targets(db, "fair", SMALL.identity, [to_mapping(fair)], at=AT)
        annotations.save_targets(db, "other", "another benchmark", [{"zeal": 1}], at=AT)
    with store.reading() as db:
        found = saved_targets(db, SMALL.identity, SMALL.attributes)
        assert saved_targets(db, "no such benchmark", SMALL.attributes) == {}
    assert found == {"pair": [kind, fair], "fair": [fair]}


def test_a_run_on_the_train_split_is_opened_with_that(store: Store) -> None:
    """Runs are opened by number alone, whatever split they are on."""
    fill(store)
    subject = load_subject(store, "small", Selection(split="train"), at=AT)
    list(run_direct(context(store), Job(subject, "oracle", Settings(SMALL.attributes))))
    opened = open_run(store, 4)
    assert (opened.split, len(opened.questions)) == ("train", 4)
    with store.reading() as db:
        assert runs.get(db, 4).spec.split == "train"
