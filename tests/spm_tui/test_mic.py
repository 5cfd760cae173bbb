"""The importer of the Moral Integrity Corpus."""

import csv
import json
from pathlib import Path

import pytest

from spm_tui.datasets import mic
from spm_tui.errors import InputError

COLUMNS = ("Q", "A", "rot", "moral-vector", "A_agrees", "split")
CARE = "[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]"
BOTH = "[1, 0, 0, 0, 1, 0]"


def write(path: Path, rows: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def question(
    agreements: str = "2 0 1", vector: str = CARE, split: str = "test"
) -> list[tuple[str, ...]]:
    """Rows of a question with a first response so annotated and a second, neutral one."""
    first = [
        ("q?", "yes", f"You should do {i}.", vector, value, split)
        for i, value in enumerate(agreements.split(" "))
    ]
    return [*first, *[("q?", "no", "Rule.", "[0, 0, 0, 0, 0, 0]", "2", split)] * 3]


def labels(path: Path) -> tuple[int, ...]:
    (scenario,) = mic.load(path, rule="source").benchmark.scenarios
    return scenario.responses[0].labels


@pytest.mark.parametrize(
    ("agreements", "care"),
    [("2 2 2", 6), ("0 0 0", 0), ("1 1 1", 3), ("2 0 1", 3), ("2 2 1", 5), ("2 2 0 0", 4)],
)
def test_a_level_is_three_plus_what_the_first_three_annotators_said(
    tmp_path: Path, agreements: str, care: int
) -> None:
    assert labels(write(tmp_path / "m.csv", question(agreements))) == (care, 3, 3, 3, 3, 3)


@pytest.mark.parametrize("two", ["2", "2.0", '"2"', " 2 "])
def test_numbers_may_be_written_in_many_ways(tmp_path: Path, two: str) -> None:
    path = write(tmp_path / "m.csv", [("q?", "yes", "r", BOTH, two, "test"), *question("2 2")[2:]])
    assert labels(path) == (4, 3, 3, 3, 4, 3)


def test_questions_without_a_complete_pair_are_left_out_and_counted(tmp_path: Path) -> None:
    single = [("alone?", "yes", "r", CARE, "2", "test")] * 3
    silent = [("silent?", a, "r", CARE, agree, "test") for a, agree in [("x", "2"), ("y", "")]]
    blank = [("", "yes", "r", CARE, "2", "test")]
    imported = mic.load(
        write(tmp_path / "m.csv", [*question(), *single, *silent, *blank]), rule="source"
    )
    assert [s.question for s in imported.benchmark.scenarios] == ["q?"]
    assert imported.notes == (
        "left out 1 rows without question or answer",
        "left out 2 questions without 2 to 26 responses or with a missing agreement",
    )


def test_the_reasoning_names_agreement_and_disagreement(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", question("2 0 1"))
    response = mic.load(path, rule="source").benchmark.scenarios[0].responses[0]
    assert response.reasonings == (
        "It agrees that you should do 0; it takes no side on whether you should do 2;"
        " it disagrees that you should do 1.",
        *[None] * 5,
    )


@pytest.mark.parametrize(
    ("rule", "clause"),
    [
        ("It is good.", "it is good"),
        ("I must go!", "I must go"),
        ("I'm late", "I'm late"),
        ("NATO is big.", "NATO is big"),
        ("", ""),
    ],
)
def test_a_rule_of_thumb_fits_into_a_sentence(rule: str, clause: str) -> None:
    assert mic._clause(rule) == clause


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (question("3"), r"row 2, field 'A_agrees': expected a whole number from 0 to 2, found '3'"),
        (question("yes"), "field 'A_agrees'"),
        (question(vector="[1, 0]"), "field 'moral-vector': expected six zeros and ones"),
        (question(vector="[2, 0, 0, 0, 0, 0]"), "field 'moral-vector'"),
        (question(vector="__import__('os').abort()"), "field 'moral-vector'"),
        (question(vector="[" * 150), "field 'moral-vector'"),
        (question(vector=""), "field 'moral-vector'"),
        (question(split="train"), "no scenario for the eval split among 1"),
    ],
)
def test_what_cannot_be_read_is_refused_in_its_place(
    tmp_path: Path, rows: list[tuple[str, ...]], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        mic.load(write(tmp_path / "m.csv", rows), rule="source")


def record(**changes: object) -> dict[str, object]:
    return dict(zip(COLUMNS, question()[0], strict=True)) | changes


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"split": ["test"]}, r"row 1, field 'split': expected a text, found \['test'\]"),
        ({"rot": "\ud83d"}, "row 1, field 'rot': holds half a surrogate pair"),
        ({"rot": 5}, "row 1, field 'rot': expected a text, found 5"),
    ],
)
def test_what_is_no_text_is_refused(
    tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps([record(**changes)]))
    with pytest.raises(InputError, match=complaint):
        mic.load(path)


@pytest.mark.parametrize("rule", ["", "  ", None])
def test_a_rule_of_thumb_may_be_blank(tmp_path: Path, rule: str | None) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps([record(rot=rule), record(A="no")]))
    (scenario,) = mic.load(path).benchmark.scenarios
    assert scenario.responses[0].reasonings == (None,) * 6


def test_a_name_that_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", question())
    with pytest.raises(InputError, match=r"m\.csv, field '--name': a benchmark's name must be"):
        mic.load(path, name="caf\udce9")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", [("q?", "yes")], ("Q", "A"))
    with pytest.raises(InputError, match="field 'rot, moral-vector, A_agrees': missing"):
        mic.load(path)
