"""Exports: whole tables for other programs."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from store import annotations, benchmarks, exports, runs
from store.connection import Connection
from store.errors import FileUnusable, NotInStore
from store.records import Annotation, Choice, Prediction, Run, RunSpec
from tests.build import SMALL
from tests.conftest import AT

SPEC = RunSpec(SMALL.identity, "eval", "few-shot-comparative", "smol", "{}")
FIRST = Annotation(1, 3, 0, 1, "label wrong", 'says "so",\nthen not', "ada", AT)


@pytest.fixture
def run(db: Connection) -> Run:
    benchmarks.add(db, SMALL, at=AT)
    number = runs.open_run(db, SPEC, process="here:1", environment="{}", at=AT)
    batch = runs.Batch(predictions=[Prediction(1, 1, 0, 0, 0.25, "because")])
    runs.add_batch(db, number, batch, at=AT)
    return runs.get(db, number)


def test_predictions_stand_beside_their_labels(db: Connection, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "it's.jsonl"
    assert exports.export_answers(db, run, path) == "1 predictions"
    (row,) = map(json.loads, path.read_text().splitlines())
    assert (row["attribute"], row["score"], row["label"]) == ("fairness", 0.25, 1.0)
    assert row["question"] == "eval question 1?"


TOLD = '{"fairness":1.0}'


@pytest.fixture
def choosing(db: Connection, run: Run) -> Run:
    """Two samples about a target in the second scenario, and a choice without one in the first."""
    number = runs.open_run(
        db, replace(SPEC, method="unaligned"), process="h:1", environment="{}", at=AT
    )
    choices = [
        Choice(2, TOLD, 0, 2, 'says "so",\nthen not'),
        Choice(2, TOLD, 1, 0, ""),
        Choice(1, "", 0, 1, "best"),
    ]
    runs.add_batch(db, number, runs.Batch(choices=choices), at=AT)
    return runs.get(db, number)


def test_choices_stand_beside_the_labels_of_all_responses(
    db: Connection, choosing: Run, tmp_path: Path
) -> None:
    path = tmp_path / "choices.jsonl"
    assert exports.export_answers(db, choosing, path) == "3 choices"
    first, second, third = map(json.loads, path.read_text().splitlines())
    assert first == {
        "scenario": 1,
        "target": None,
        "sample": 0,
        "response": 1,
        "reasoning": "best",
        "labels": {"care": [0.0, 1.0], "fairness": [1.0, 0.0]},
        "question": "eval question 1?",
        "response_text": "eval response 1 to 1",
    }
    assert second["target"] == {"fairness": 1.0}
    assert second["labels"] == {"care": [0.25, 0.75, 0.5], "fairness": [0.25, 0.5, 1.0]}
    assert [(one["sample"], one["response"]) for one in (second, third)] == [(0, 2), (1, 0)]


def test_choices_are_the_same_in_every_format(
    db: Connection, choosing: Run, tmp_path: Path
) -> None:
    exports.export_answers(db, choosing, tmp_path / "c.csv")
    exports.export_answers(db, choosing, tmp_path / "c.parquet")
    with (tmp_path / "c.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    table = db.execute(f"FROM '{tmp_path / 'c.parquet'}'")
    assert header == [name for name, *_ in table.description or ()]
    assert [
        ["" if value is None else str(value) for value in row] for row in table.fetchall()
    ] == rows
    assert [row[1] for row in rows] == ["", TOLD, TOLD], "targets are JSON, nothing for none"


@pytest.mark.parametrize("suffix", exports.EXPORT_FORMATS)
def test_every_annotation_is_exported_in_order_of_entry(
    db: Connection, run: Run, tmp_path: Path, suffix: str
) -> None:
    whole = replace(FIRST, response=None, attribute=None, scenario=1, note="")
    for annotation in (FIRST, whole, replace(FIRST, verdict="agree"), replace(FIRST, run=2)):
        annotations.annotate(db, annotation)
    path = tmp_path / f"annotations{suffix}"
    assert exports.export_annotations(db, run, path) == 3
    rows = db.execute(f"FROM '{path}'").fetchall()
    assert [row[:5] for row in rows] == [
        (1, 3, 0, "fairness", "label wrong"),
        (1, 1, None, None, "label wrong"),
        (1, 3, 0, "fairness", "agree"),
    ]
    assert rows[0][5:] == (FIRST.note, "ada", AT)
    assert [path.name for path in tmp_path.iterdir()] == [path.name], "and nothing beside it"


def test_a_spreadsheet_has_a_header(db: Connection, run: Run, tmp_path: Path) -> None:
    annotations.annotate(db, FIRST)
    exports.export_annotations(db, run, tmp_path / "a.csv")
    header, row = csv.reader((tmp_path / "a.csv").read_text().splitlines(keepends=True))
    assert header[:4] == ["run", "scenario", "response", "attribute"]
    assert header[4:] == ["verdict", "note", "author", "time"]
    assert row[5] == FIRST.note


def test_nothing_is_written_when_there_is_nothing(db: Connection, run: Run, tmp_path: Path) -> None:
    with pytest.raises(NotInStore, match="run 1 has no annotations"):
        exports.export_annotations(db, run, tmp_path / "a.csv")
    db.execute("DELETE FROM predictions")
    with pytest.raises(NotInStore, match="run 1 has no answers"):
        exports.export_answers(db, run, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["gone/a.csv", "folder.csv"])
def test_a_place_that_cannot_be_written_is_named(
    db: Connection, run: Run, tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileUnusable) as caught:
        exports.export_answers(db, run, tmp_path / place)
    assert str(caught.value).startswith(f"{tmp_path / place}: ")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


@pytest.mark.parametrize("suffix", exports.EXPORT_FORMATS)
def test_an_export_replaces_an_export_and_nothing_else(
    suffix: str, db: Connection, choosing: Run, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / f"x[1]{suffix}"
    exports.export_answers(db, run, path)
    exports.export_answers(db, choosing, path)
    written = path.read_bytes()
    (tmp_path / f"link{suffix}").symlink_to(path)
    (tmp_path / f"own{suffix}").write_text("mine")
    (tmp_path / f"folder{suffix}").mkdir()
    for name in ("link", "own", "folder"):
        with pytest.raises(FileUnusable, match=name):
            exports.export_answers(db, run, tmp_path / f"{name}{suffix}")
    assert path.read_bytes() == written
    assert (tmp_path / f"own{suffix}").read_text() == "mine"
    assert not list(tmp_path.glob(".*"))


def test_no_text_of_a_csv_file_is_computed(db: Connection, run: Run, tmp_path: Path) -> None:
    notes = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=x", "'x", "x=", ""]
    for number, note in enumerate(notes):
        annotations.annotate(db, replace(FIRST, scenario=number + 1, note=note))
    exports.export_annotations(db, run, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        written = [row["note"] for row in csv.DictReader(file)]
    assert written == [f"'{note}" for note in notes[:7]] + notes[7:]
    exports.export_annotations(db, run, tmp_path / "a.jsonl")
    rows = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert [row["note"] for row in rows] == notes
