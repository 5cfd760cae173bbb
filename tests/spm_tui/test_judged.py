"""Answers beside labels: half a scenario counts for nothing, and whose half it is, is said."""

import numpy as np

from spm_tui.bench.judged import known, read_judged
from spm_tui.scoring.outcomes import Judged
from store import browse
from store.connection import Store
from tests.build import SMALL
from tests.spm_tui.test_report import fill


def read(store: Store, run: int, needed: tuple[int, ...] | None = None) -> Judged:
    with store.reading() as db:
        levels = browse.labels(db, SMALL.identity, "eval")
        return read_judged(db, run, levels, (5, 5), needed=needed)


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
    fill(store)
    forget(store, "attribute = 1")
    found = read(store, 1)
    assert answered(found) == [True, True, True]
    assert found.scores is not None
    assert known(found.scores).tolist() == [True, False]
    assert answered(read(store, 1, needed=(0, 1))) == [False, False, False]


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
