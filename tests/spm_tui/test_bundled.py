"""Runs that ship with the program, and bundles on built-in benchmarks."""

import json
from pathlib import Path

import pytest

from spm_tui.bench import bundled
from spm_tui.bench.execute import run_asking
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.bench.target_sets import standard_sets
from spm_tui.datasets import builtin
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.methods.base import Settings
from spm_tui.report import board
from store import benchmarks, bundles, runs
from store.connection import Store
from store.errors import FileUnusable, NotInStore
from tests.conftest import AT
from tests.machine import embed, judge
from tests.spm_tui.test_report import fill


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A scripted run on a built-in benchmark, as files."""
    sender = Store(tmp_path / "sender.duckdb")
    subject = load_subject(sender, "mini-mic", Selection(limit=2), at=AT)
    context = Context(sender, "here:1", "{}", lambda: AT, lambda: False)
    settings = Settings(subject.benchmark.attributes)
    job = Job(subject, "few-shot-comparative", settings, Backbone("smol", "r/float32"), "mini")
    list(run_asking(context, job, make_plan(sender, job, embed), lambda: ScriptedEngine(judge)))
    with sender.reading() as db:
        bundles.save(db, 1, tmp_path / "bundle")
    return tmp_path / "bundle"


def test_the_built_in_benchmark_comes_with_its_run(store: Store, bundle: Path) -> None:
    assert bundled.load(store, bundle, at=AT) == 1
    assert bundled.load(store, bundle, at=AT) == 1
    subject = board.subject_of(store, [1])
    assert subject.benchmark == builtin.load("mini-mic").benchmark
    sets = standard_sets(subject.selected, ["high"])
    (row,) = board.score(store, subject, [1], sets, everything=False).rows
    assert (row.answered, row.run.spec.model) == (2, "smol")


def test_a_run_on_another_benchmark_of_that_name_is_refused(store: Store, tmp_path: Path) -> None:
    sender = Store(tmp_path / "sender.duckdb")
    fill(sender)
    with sender.writing() as db:
        db.execute("UPDATE benchmarks SET name = 'mini-mic'")
        bundles.save(db, 1, tmp_path / "bundle")
    with pytest.raises(NotInStore, match="'mini-mic'"):
        bundled.load(store, tmp_path / "bundle", at=AT)
    with store.reading() as db:
        assert benchmarks.listing(db) == []


def test_a_refused_bundle_leaves_nothing(store: Store, bundle: Path) -> None:
    (bundle / "items.parquet").unlink()
    with pytest.raises(FileUnusable, match=r"items.parquet: No such file"):
        bundled.load(store, bundle, at=AT)
    with store.reading() as db:
        assert (benchmarks.listing(db), runs.listing(db)) == ([], [])


def test_a_run_that_is_not_shipped_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "BUNDLED", {"mini-mic": "runs/none"})
    assert bundled.shipped() == ()
    with pytest.raises(FileUnusable, match=r"runs/none/record.json: No such file"):
        bundled.add(store, "mini-mic", at=AT)


@pytest.mark.parametrize("name", bundled.shipped())
def test_shipped_runs_are_whole_and_fit_their_benchmark(store: Store, name: str) -> None:
    number = bundled.add(store, name, at=AT)
    assert bundled.add(store, name, at=AT) == number
    with store.reading() as db:
        run = runs.get(db, number)
        failed = runs.cost(db, number).failed
        assert benchmarks.find(db, name).identity == run.spec.benchmark
    assert (run.state, failed) == ("finished", 0)
    assert json.loads(run.environment).keys() >= {"python", "spm-tui"}
    subject = board.subject_of(store, [number])
    (row,) = board.score(store, subject, [number], standard_sets(subject.selected, ["high"]),
                         everything=False).rows  # fmt: skip
    assert row.answered == len(subject.scenarios)
