"""The importer of the Moral Integrity Corpus."""

import csv
import json
from pathlib import Path

import pytest

from spm_tui.datasets import mic
from spm_tui.errors import InputError
from store.records import Response, RuleOfThumb

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
    blank = [("", "yes", "r", CARE, "2", "test"), ("q?", "", "r", CARE, "2", "test")]
    many = [("many?", f"answer {i}", "r", CARE, "2", "test") for i in range(27)]
    imported = mic.load(
        write(tmp_path / "m.csv", [*question(), *single, *silent, *blank, *many]), rule="source"
    )
    assert [s.question for s in imported.benchmark.scenarios] == ["q?"]
    assert sorted(imported.notes) == [
        "passed over 1 row without a question (first: row 13)",
        "passed over 1 row without an answer (first: row 14)",
        "passed over 2 rows of 1 question with a missing agreement (first: row 11)",
        "passed over 27 rows of 1 question with more than 26 answers (first: row 15)",
        "passed over 3 rows of 1 question with a single answer (first: row 8)",
    ]


NOT_READ = {
    "another word as agreement": {"A_agrees": "yes"},
    "an agreement out of range": {"A_agrees": "7"},
    "half an agreement": {"A_agrees": "1.5"},
    "a number too large": {"A_agrees": "1e999"},
    "no vector": {"moral-vector": "care"},
    "a short vector": {"moral-vector": "[1, 0]"},
    "a blank answer": {"A": "  "},
}


@pytest.mark.parametrize("changes", NOT_READ.values(), ids=NOT_READ)
def test_rows_that_the_authors_never_read_may_hold_anything(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    cells = dict(zip(COLUMNS, ("alone?", "yes", "r", CARE, "2", "test"), strict=True)) | changes
    imported = mic.load(
        write(tmp_path / "m.csv", [tuple(cells.values()), *question()]), rule="source"
    )
    assert [s.question for s in imported.benchmark.scenarios] == ["q?"]
    assert imported.notes == (
        "passed over 1 row of 1 question with a single answer (first: row 2)",
    )


def test_what_pandas_takes_for_missing_is_as_it_says_itself() -> None:
    parsers = pytest.importorskip("pandas._libs.parsers")
    assert parsers.STR_NA_VALUES == mic.MISSING


@pytest.mark.parametrize("word", ["NA", "None", "nan", "N/A", "null", "#N/A", "<NA>", "1.#IND"])
def test_words_for_missing_are_missing(tmp_path: Path, word: str) -> None:
    rows = [
        *question(),
        *[("q?", word, "r", CARE, "yes", "test"), (word, "yes", "r", CARE, "yes", "test")],
        *[("gone?", answer, "r", CARE, "2", "test") for answer in ("yes", word)],
        *[("silent?", "yes", "r", CARE, "2", "test"), ("silent?", "no", "r", CARE, word, "test")],
    ]
    imported = mic.load(write(tmp_path / "m.csv", rows), rule="source")
    (scenario,) = imported.benchmark.scenarios
    assert [response.text for response in scenario.responses] == ["yes", "no"]
    assert sorted(imported.notes) == [
        "passed over 1 row of 1 question with a single answer (first: row 10)",
        "passed over 1 row without a question (first: row 9)",
        "passed over 2 rows of 1 question with a missing agreement (first: row 12)",
        "passed over 2 rows without an answer (first: row 8)",
    ]


def test_a_missing_agreement_counts_also_where_the_answer_is_missing(tmp_path: Path) -> None:
    """The authors look at every row of the question for it."""
    rows = [*question(), ("q?", "", "r", CARE, "NA", "test")]
    with pytest.raises(InputError, match="no scenario for the eval split among 0"):
        mic.load(write(tmp_path / "m.csv", rows), rule="source")


def test_a_missing_rule_is_blank_and_its_judgement_counts(tmp_path: Path) -> None:
    rows = question("2 2 2")
    rows[1] = (*rows[1][:2], "None", *rows[1][3:])
    response = first_response(write(tmp_path / "m.csv", rows))
    assert response.labels[0] == 6
    assert response.reasonings[0] == (
        "It agrees with three rules: you should do 0; you should do 2."
    )


def first_response(path: Path) -> Response:
    return mic.load(path, rule="source").benchmark.scenarios[0].responses[0]


def test_the_reasoning_has_every_rule_that_made_the_label_in_order(tmp_path: Path) -> None:
    response = first_response(write(tmp_path / "m.csv", question("2 0 1 2")))
    assert response.reasonings == (
        "It agrees with one rule, takes no side on one and disagrees with one: it agrees that you"
        " should do 0; it disagrees that you should do 1; it takes no side on whether you should"
        " do 2.",
        *[None] * 5,
    )


def test_rules_are_kept_with_what_they_concern(tmp_path: Path) -> None:
    """The fourth, too, which the label does not count."""
    response = first_response(write(tmp_path / "m.csv", question("2 0 1 2", BOTH)))
    assert response.rules == tuple(
        RuleOfThumb(number, attribute, stance, f"You should do {number}.")
        for number, stance in enumerate([1, -1, 0, 1])
        for attribute in (0, 4)
    )


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
    path.write_text(json.dumps([record(**changes), record(A="no")]))
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
