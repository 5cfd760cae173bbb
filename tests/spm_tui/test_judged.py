"""Answers beside labels: half a scenario counts for nothing; choices are those of most samples."""

import numpy as np
import pytest

from spm_tui.bench.judged import known, read_judged
from spm_tui.errors import InputError
from spm_tui.scoring.outcomes import Judged
from spm_tui.target_files import to_json
from spm_tui.targets import Target
from store import browse, runs
from store.connection import Store
from store.records import Choice, Item
from tests.build import SMALL
from tests.conftest import AT
from tests.spm_tui.test_report import fill


def read(store: Store, run: int, needed: tuple[int, ...] | None = None) -> Judged:
    with store.reading() as db:
        levels = browse.labels(db, SMALL.identity, "eval")
        return read_judged(db, run, levels, SMALL.attributes, needed=needed)


def answered(judged: Judged) -> list[bool]:
    assert judged.scores is not None
    known_ = np.asarray(~np.isnan(judged.scores))
    return [bool(one.any()) for one in known_]


def forget(store: Store, where: str) -> None:
    with store.writing() as db:
        db.execute(f"DELETE FROM predictions WHERE run = 1 AND {where}")


def test_a_scenario_without_an_answer_it_needs_is_as_good_as_not_run(store: Store) -> None:
    fill(store)
    forget(store, "scenario = 2 AND attribute = 1")
    assert answered(read(store, 1)) == [True, False, True]
    assert answered(read(store, 1, needed=(0,))) == [True, True, True]
    assert answered(read(store, 1, needed=(0, 1))) == [True, False, True]


def test_an_attribute_that_nobody_asked_about_is_needed_only_on_demand(store: Store) -> None:
    fill(store, attributes=("care",))
    judged = read(store, 1)
    assert answered(judged) == [True, True, True]
    assert judged.scores is not None
    assert known(judged.scores).tolist() == [True, False]
    assert answered(read(store, 1, needed=(0, 1))) == [False, False, False]


def test_an_attribute_that_a_run_was_planned_for_is_needed_though_it_has_no_answer(
    store: Store,
) -> None:
    fill(store)
    forget(store, "attribute = 1")
    assert answered(read(store, 1)) == [False, False, False]
    assert answered(read(store, 1, needed=(0,))) == [True, True, True]


def test_without_scores_there_are_choices_or_nothing(store: Store) -> None:
    fill(store)
    random = read(store, 3)
    assert random.scores is None
    assert random.chosen is not None
    assert (random.chosen >= 0).all()
    forget(store, "true")
    nothing = read(store, 1, needed=(0,))
    assert nothing.chosen is None
    assert answered(nothing) == [False, False, False]


def test_choices_are_by_target_and_of_most_samples(store: Store) -> None:
    fill(store)
    care, weighted = Target((("care", 1.0),)), Target((("care", 1.0),), (2.0,))
    failed = Target((("care", 1.0),), (3.0,))
    said = [(care, 1, 0), (care, 1, 1), (care, 1, 1), (care, 2, 2), (care, 2, 0), (weighted, 3, 1)]
    choices = [
        Choice(scenario, to_json(target), sample, response, "")
        for sample, (target, scenario, response) in enumerate(said)
    ]
    items = [Item(c.scenario, -1, -1, c.sample, c.target, f"key{c.sample}") for c in choices]
    items.append(Item(1, -1, -1, 9, to_json(failed), "key9"))
    with store.writing() as db:
        db.execute("DELETE FROM choices WHERE run = 3")
        runs.add_batch(db, 3, runs.Batch(items=items, choices=choices), at=AT)
    found = read(store, 3)
    ones = np.array([1.0, 0.0])
    assert found.choice(ones, ones).tolist() == [1, 0, -1]
    assert found.choice(ones, 2 * ones).tolist() == [-1, -1, 1]
    assert found.choice(ones, np.ones(2)).tolist() == [-1, -1, -1]
    assert [found.asked(ones, weight) for weight in (ones, 3 * ones, np.ones(2))] == [1, 1, 0]


def test_a_target_of_another_benchmark_is_refused(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM choices WHERE run = 3")
        items = [Item(1, -1, -1, 0, '{"zeal": 1}', "key")]
        runs.add_batch(db, 3, runs.Batch(items=items), at=AT)
    with pytest.raises(InputError, match="field 'zeal': not an attribute of this benchmark"):
        read(store, 3)
