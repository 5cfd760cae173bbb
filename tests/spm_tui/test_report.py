"""Reports: frozen tables of a small board, whole files, figures that can be opened."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from spm_tui.bench.execute import run_asking, run_direct
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, Subject, load_subject
from spm_tui.bench.target_sets import members, standard_sets
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.errors import InputError
from spm_tui.format import NOTHING
from spm_tui.methods.base import Settings
from spm_tui.report import board, figures, files, paired, tables, text
from spm_tui.report.board import Board
from spm_tui.report.plotting import Drawn
from spm_tui.report.tables import Table
from store import benchmarks, browse, runs
from store.connection import Store
from store.errors import FileUnusable
from tests import build, golden
from tests.build import SMALL
from tests.conftest import AT
from tests.machine import embed, judge

SETS = ("sampled", "high", "low")


def fill(store: Store, *, attributes: tuple[str, ...] = ()) -> Subject:
    """A store with a few-shot run, an oracle and a random run."""
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    subject = load_subject(store, "small", Selection(attributes=attributes), at=AT)
    context = Context(store, "here:1", '{"python": "3"}', lambda: AT, lambda: False)
    asking = Settings(SMALL.attributes, temperature=0.7, samples=2)
    job = Job(subject, "few-shot-comparative", asking, Backbone("smol", "r/float32"), "mini")
    plan = make_plan(store, job, embed)
    list(run_asking(context, job, plan, lambda: ScriptedEngine(judge)))
    for method in ("oracle", "random"):
        list(run_direct(context, Job(subject, method, Settings(SMALL.attributes))))
    return subject


def scored(store: Store) -> Board:
    subject = fill(store)
    sets = standard_sets(subject.selected, SETS)
    return board.score(store, subject, [1, 2, 3], sets, everything=True, resamples=200)


def test_tables_are_frozen(store: Store) -> None:
    one = scored(store)
    golden.check("accuracy.md", text.accuracy_markdown(one))
    golden.check("accuracy.csv", text.comma_separated(tables.accuracy_values(one)))
    golden.check("accuracy.json", text.accuracy_json(one))
    golden.check("by_target.csv", text.comma_separated(tables.by_target(one)))
    golden.check("by_attribute_count.csv", text.comma_separated(tables.by_attributes(one)))
    golden.check("bias.csv", text.comma_separated(tables.bias(one)))
    golden.check("agreement.csv", text.comma_separated(tables.agreement(one)))
    golden.check("runtime.csv", text.comma_separated(tables.runtime(one)))
    golden.check("brief.md", text.markdown(tables.accuracy_brief(one)))


def test_the_oracle_is_always_right_and_sets_have_their_sizes(store: Store) -> None:
    one = scored(store)
    assert one.columns == ("all", "sampled", "high", "low")
    for name, targets in (("all", 24), ("sampled", 18), ("high", 1), ("low", 1)):
        accuracy = one.rows[1].sets[name].accuracy
        assert (accuracy.mean, accuracy.expected, accuracy.targets) == (1, 1, targets)
    assert [row.answered for row in one.rows] == [3, 3, 3]


def test_files_are_written_whole_and_can_be_written_again(store: Store, tmp_path: Path) -> None:
    one = scored(store)
    folder = tmp_path / "deep" / "out"
    first = {path.name: path.read_bytes() for path in files.write(one, folder, record={})}
    assert {path.name for path in folder.iterdir()} == set(first), "and nothing else"
    again = {path.name: path.read_bytes() for path in files.write(one, folder, record={})}
    assert again == first
    assert first["accuracy.png"].startswith(b"\x89PNG")
    assert b"<svg" in first["accuracy.svg"]
    record = json.loads(first["run.json"])
    assert [run["method"] for run in record["runs"]] == ["few-shot-comparative", "oracle", "random"]
    assert record["runs"][0]["environment"] == {"python": "3"}
    assert record["benchmark"]["identity"] == SMALL.identity
    for name, content in first.items():
        if name.endswith(".csv"):
            assert len(list(csv.DictReader(content.decode().splitlines()))) > 0, name


HOSTILE = "\x1b[2Jn$\\frac{$_|\u202e`<b>\n漢\U0001f642" + "x" * 300


def test_names_are_drawn_and_written_as_they_are(store: Store, tmp_path: Path) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("UPDATE runs SET model = ?", [HOSTILE])
    with store.reading() as db:
        assert runs.get(db, 1).spec.model == HOSTILE
    subject = board.subject_of(store, [1, 2])
    named = replace(subject.benchmark, name=HOSTILE)
    one = replace(
        board.score(store, subject, [1, 2], (), everything=True, resamples=0),
        subject=replace(subject, benchmark=named),
    )
    undrawn: list[str] = []
    for path in files.write(one, tmp_path, record={}, tell=undrawn.append):
        if path.suffix not in (".png", ".csv"):  # a CSV file has its data as they are
            text = path.read_text(encoding="utf-8")
            assert not {"\x1b", "\u202e"} & set(text), path
    assert undrawn == []
    table = (tmp_path / "accuracy.md").read_text().splitlines()
    pipes = {len(re.findall(r"(?<!\\)\|", row)) for row in table if row.startswith("|")}
    assert len(pipes) == 1, "no name ends a cell"


def test_a_figure_that_cannot_be_drawn_keeps_nothing_else_from_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("Image size of 900000x3 pixels is too large\nor so")

    monkeypatch.setattr(figures, "accuracy", fail)
    undrawn: list[str] = []
    written = files.write(scored(store), tmp_path, record={}, tell=undrawn.append)
    assert undrawn == [
        "the figure accuracy was not drawn: ValueError: Image size of 900000x3 pixels is too large"
    ]
    names = {path.name for path in written}
    assert {"accuracy.md", "run.json", "by_attribute_count.svg"} <= names
    assert "accuracy.png" not in names


@pytest.mark.parametrize("name", ["accuracy.md", "run.json", "bias.csv", "accuracy.png"])
def test_files_of_somebody_else_are_not_replaced(
    name: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "render", lambda makers: Drawn({"accuracy.png": b"\x89PNG"}, ()))
    one = scored(store)
    (tmp_path / name).write_text("mine, of years")
    for _ in range(2):
        with pytest.raises((InputError, FileUnusable), match=name):
            files.write(one, tmp_path, record={})
        assert [path.name for path in tmp_path.iterdir() if path.name != "store.duckdb"] == [name]
    (tmp_path / name).unlink()
    files.write(one, tmp_path, record={})
    files.write(one, tmp_path, record={})
    (tmp_path / "link").write_text("mine")
    for change in ("write", "link"):
        (tmp_path / name).unlink()
        if change == "write":
            (tmp_path / name).write_text("mine, of years")
        else:
            (tmp_path / name).symlink_to("link")
        with pytest.raises((InputError, FileUnusable), match=name):
            files.write(one, tmp_path, record={})
    assert (tmp_path / "link").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: cannot be written"):
        files.prepare(tmp_path / "file")


def test_runs_on_some_attributes_are_scored_on_those(store: Store) -> None:
    fill(store, attributes=("fairness",))
    subject = board.subject_of(store, [1, 2])
    assert [attribute.name for attribute in subject.selected] == ["fairness"]
    one = board.score(store, subject, [1, 2], [], everything=True, resamples=0)
    assert one.rows[0].answered == 3
    assert one.rows[1].sets["all"].accuracy.mean == 1


def test_half_answered_scenarios_are_not_scored(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 1 AND scenario = 2 AND attribute = 1")
    subject = board.subject_of(store, [1])
    one = board.score(store, subject, [1], standard_sets(subject.selected, SETS), everything=True)
    (row,) = one.rows
    assert row.answered == 2
    assert row.sets["high"].accuracy.targets == 0, "the first and the third are ties there"
    assert row.sets["all"].accuracy.scored == 1


def test_runs_on_different_splits_are_not_compared(store: Store) -> None:
    fill(store)
    context = Context(store, "here:1", "{}", lambda: AT, lambda: False)
    subject = load_subject(store, "small", Selection(split="train"), at=AT)
    list(run_direct(context, Job(subject, "oracle", Settings(SMALL.attributes))))
    with pytest.raises(InputError, match="on different benchmarks or splits"):
        board.subject_of(store, [1, 4])


def test_where_there_is_nothing_to_compare_there_is_no_p(store: Store) -> None:
    subject = fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 2")
    found = paired.paired(
        store, subject, (1, 2), standard_sets(subject.selected, SETS), everything=True
    )
    rows = board.score(store, subject, (1, 2), (), everything=False, resamples=0).rows
    values = text.records(paired.values(found, (rows[0], rows[1])))
    assert [row["p"] for row in values] == [None] * 4
    assert {row["second_answered"] for row in values} == {0}
    assert {row[-1] for row in paired.table(found, (1, 2)).rows} == {NOTHING}
    same = paired.paired(store, subject, (1, 1), (), everything=True)
    assert same["all"].p == 1


def test_too_many_combinations_are_left_out_with_a_note(store: Store) -> None:
    many = build.benchmark([[[0] * 9, [4] * 9]], names=[f"a{i}" for i in range(9)], levels=6)
    with store.writing() as db:
        benchmarks.add(db, many, at=AT)
    subject = load_subject(store, "small", Selection(), at=AT)
    context = Context(store, "here:1", "{}", lambda: AT, lambda: False)
    list(run_direct(context, Job(subject, "oracle", Settings(many.attributes))))
    one = board.score(store, subject, [1], standard_sets(subject.selected, SETS), everything=True)
    assert one.columns == SETS
    assert one.notes == ("set all: 10,077,696 combinations are too many; left out",)
    assert "Note: set all: 10,077,696" in text.accuracy_markdown(one)


def told(store: Store, *names: str, attributes: tuple[str, ...] = ()) -> Subject:
    """A run that is told targets, of these sets, after those of `fill`."""
    subject = fill(store, attributes=attributes)
    context = Context(store, "here:1", "{}", lambda: AT, lambda: False)
    wanted = members(standard_sets(subject.selected, names))
    backbone = Backbone("smol", "r/float32")
    settings = Settings(SMALL.attributes)
    job = Job(subject, "prompt-aligned-zero-shot", settings, backbone, targets=wanted)
    plan = make_plan(store, job, embed)
    list(run_asking(context, job, plan, lambda: ScriptedEngine(judge)))
    return subject


def test_sets_that_a_run_was_not_asked_about_are_not_run(store: Store, tmp_path: Path) -> None:
    subject = told(store, "sampled", "high")
    sets = standard_sets(subject.selected, SETS)
    one = board.score(store, subject, [4, 1], sets, everything=True, resamples=20)
    row = one.rows[0]
    assert list(row.sets) == ["sampled", "high", "low"], "low is among the sampled"
    assert list(row.bias) == ["high", "low"]
    assert row.agreement == {}
    assert row.answered == 3
    cells = dict(zip(tables.accuracy(one).columns, tables.accuracy(one).rows[0], strict=True))
    assert [cells[name] == "not run" for name in one.columns] == [True, False, False, False]
    brief = dict(zip(tables.accuracy_brief(one).columns, tables.accuracy_brief(one).rows[0]))  # noqa: B905
    assert [brief[name] == "not run" for name in one.columns] == [True, False, False, False]
    for table in (tables.accuracy_values(one), tables.by_target(one), tables.by_attributes(one)):
        where = table.columns.index("set")
        assert {cells[where] for cells in table.rows if cells[0] == 4} == set(row.sets)
    assert "all: 24 targets" in text.accuracy_markdown(one), "as the other run has it"
    written = {path.name for path in files.write(one, tmp_path / "out", record={})}
    assert {"accuracy.png", "by_attribute_count.png"} <= written


def test_a_run_that_is_told_targets_is_right_where_its_choice_is(store: Store) -> None:
    subject = told(store, "high")
    sets = standard_sets(subject.selected, ["sampled", "high"])
    one = board.score(store, subject, [4], sets, everything=True, resamples=0)
    assert list(one.rows[0].sets) == ["high"], "high is one of the sampled, and not all"
    with store.reading() as db:
        (votes,) = browse.votes(db, 4, (3, 3)).values()
    # at the target high the first and the third scenario are ties, the second's last is right
    assert one.rows[0].sets["high"].each.correct.tolist() == [int(votes[1, 2])]
    assert one.rows[0].sets["high"].each.scored.tolist() == [1]


def test_a_run_told_of_some_attributes_is_scored_on_those(store: Store) -> None:
    told(store, "high", "low", attributes=("fairness",))
    subject = board.subject_of(store, [4, 2])
    assert [attribute.name for attribute in subject.selected] == ["fairness"]
    sets = standard_sets(subject.selected, ["high", "low"])
    one = board.score(store, subject, [4], sets, everything=True, resamples=0)
    assert list(one.rows[0].sets) == ["high", "low"]


def test_markup_in_cells_stays_text() -> None:
    table = Table(("a", "b"), (("x|y", 1.5), ("[red]", float("nan"))))
    assert text.markdown(table).splitlines()[2] == "| x\\|y  | 1.5 |"
    assert text.comma_separated(table) == "a,b\nx|y,1.500000\n[red],\n"
    assert text.records(table) == [{"a": "x|y", "b": 1.5}, {"a": "[red]", "b": None}]


def test_the_list_of_runs_says_where_each_stands(store: Store) -> None:
    fill(store)
    with store.reading() as db:
        table = tables.run_list(runs.listing(db), {SMALL.identity: "small"})
    assert [row[:5] for row in table.rows] == [
        (1, "small/eval", "few-shot-comparative", "smol", "finished"),
        (2, "small/eval", "oracle", "", "finished"),
        (3, "small/eval", "random", "", "finished"),
    ]
