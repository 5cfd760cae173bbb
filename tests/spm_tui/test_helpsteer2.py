"""The importer of HelpSteer2, raw and reformatted."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spm_tui.datasets import helpsteer2
from spm_tui.datasets.split import Rule
from spm_tui.errors import InputError
from store.records import Benchmark


def raw(prompt: str, response: str, *levels: int, **more: object) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "response": response,
        **dict(zip(helpsteer2.NAMES, levels or (0, 1, 2, 3, 4), strict=True)),
        **more,
    }


def reformatted(prompt: str = "p", **changes: object) -> dict[str, Any]:
    values = dict.fromkeys(helpsteer2.NAMES, 0.25)
    record = {"prompt": prompt, "responses": ["a", "b"], "labels": [values, values]}
    return record | changes


def lines(path: Path, records: list[dict[str, Any]]) -> Path:
    text = "\n".join(map(json.dumps, records)).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


LAST = [raw("last", "x"), raw("last", "y")]
"""The pair that the authors' converter never reaches."""


def pairs(benchmark: Benchmark) -> list[tuple[str, list[str]]]:
    return [(s.question, [r.text for r in s.responses]) for s in benchmark.scenarios]


def test_raw_rows_are_taken_two_by_two(tmp_path: Path) -> None:
    records = [raw("p", "a"), raw("p", "b", 4, 4, 4, 4, 4), raw("q", "x"), raw("q", "y"), *LAST]
    imported = helpsteer2.load(lines(tmp_path / "r.jsonl", records))
    assert sorted(pairs(imported.benchmark)) == [("p", ["a", "b"]), ("q", ["x", "y"])]
    first = next(s for s in imported.benchmark.scenarios if s.question == "p")
    assert first.responses[0].labels == (0, 1, 2, 3, 4)
    assert imported.notes == (
        "left out the last pair, of r.jsonl, as the authors' converter does: rows 5 and 6, 'last'",
    )


ODD = {
    "a prompt twice": (
        [raw("p", "a"), raw("p", "b"), raw("p", "c"), raw("p", "d"), *LAST],
        [("p", ["a", "b"]), ("p", ["c", "d"])],
        "rows 5 and 6, 'last'",
        None,
    ),
    "the same pair twice": (
        [raw("p", "a"), raw("p", "b"), raw("p", "a"), raw("p", "b"), *LAST],
        [("p", ["a", "b"]), ("p", ["a", "b"])],
        "rows 5 and 6, 'last'",
        None,
    ),
    "two identical responses": (
        [raw("p", "a"), raw("p", "a", 4, 4, 4, 4, 4), raw("q", "x"), raw("q", "y"), *LAST],
        [("p", ["a", "a"]), ("q", ["x", "y"])],
        "rows 5 and 6, 'last'",
        "pairs of responses with the same text, 1 (first: rows 1 and 2 of r.jsonl)",
    ),
    "three responses": (
        [raw("p", "a"), raw("p", "b"), raw("p", "c"), raw("q", "x"), raw("q", "y")],
        [("p", ["a", "b"]), ("p", ["c", "x"])],
        "the last row, which has no second, of r.jsonl, as the authors' converter does: row 5, 'q'",
        "pairs of rows with different prompts, both responses under the first, 1"
        " (first: rows 3 and 4 of r.jsonl)",
    ),
}


@pytest.mark.parametrize(("records", "scenarios", "left_out", "kept"), ODD.values(), ids=ODD)
def test_what_is_unusual_does_not_shift_the_pairs(
    tmp_path: Path,
    records: list[dict[str, Any]],
    scenarios: list[tuple[str, list[str]]],
    left_out: str,
    kept: str | None,
) -> None:
    imported = helpsteer2.load(lines(tmp_path / "r.jsonl", records))
    assert sorted(pairs(imported.benchmark)) == scenarios
    assert left_out in imported.notes[0]
    told = [note for note in imported.notes if note.startswith("kept")]
    assert told == ([f"kept, as the authors' converter does: {kept}"] if kept else [])


def test_the_pair_that_is_left_out_is_not_read(tmp_path: Path) -> None:
    records = [raw("p", "a"), raw("p", "b"), raw("last", "x", 9, 9, 9, 9, 9), {"prompt": None}]
    imported = helpsteer2.load(lines(tmp_path / "r.jsonl", records))
    assert pairs(imported.benchmark) == [("p", ["a", "b"])]


@pytest.mark.parametrize("rows", [1, 2])
def test_a_file_without_another_pair_is_refused(tmp_path: Path, rows: int) -> None:
    path = lines(tmp_path / "r.jsonl", LAST[:rows])
    with pytest.raises(InputError, match=r"r\.jsonl: too few rows: the last pair is left out"):
        helpsteer2.load(path)


def test_where_the_data_divides_itself_rows_are_grouped_by_prompt(tmp_path: Path) -> None:
    records = [raw("p", "a"), raw("q", "x"), raw("p", "b"), raw("p", "c"), raw("q", "y")]
    path = lines(tmp_path / "r.jsonl", [record | {"split": "eval"} for record in records])
    imported = helpsteer2.load(path, rule="source")
    assert pairs(imported.benchmark) == [("p", ["a", "b", "c"]), ("q", ["x", "y"])]
    assert imported.notes == ()


def test_what_makes_no_scenario_is_left_out_and_counted(tmp_path: Path) -> None:
    records = [raw("p", "a"), raw("p", "b"), raw("p", "a"), raw("alone", "x")]
    path = lines(tmp_path / "r.jsonl.gz", [record | {"split": "eval"} for record in records])
    imported = helpsteer2.load(path, rule="source")
    assert len(imported.benchmark.scenarios) == 1
    assert imported.notes == (
        "left out 1 rows that repeat a response to the same prompt",
        "left out 1 prompts without 2 to 26 responses",
    )


def test_a_folder_of_raw_files_says_the_split_when_asked_to(tmp_path: Path) -> None:
    lines(tmp_path / "train.jsonl.gz", [raw("p", "a"), raw("p", "b")])
    lines(tmp_path / "validation.jsonl.gz", [raw("q", "a"), raw("q", "b")])
    benchmark = helpsteer2.load(tmp_path, rule="source").benchmark
    assert {s.question: s.split for s in benchmark.scenarios} == {"p": "train", "q": "eval"}


def test_parquet_rows_are_read(tmp_path: Path) -> None:
    records = [raw("p", "a"), raw("p", "b", 4, 3, 2, 1, 0), *LAST]
    source = lines(tmp_path / "r.jsonl", records)
    path = tmp_path / "r.parquet"
    duckdb.sql(f"COPY (SELECT * FROM read_json('{source}')) TO '{path}'")
    benchmark = helpsteer2.load(path).benchmark
    assert [r.labels for r in benchmark.scenarios[0].responses] == [
        (0, 1, 2, 3, 4),
        (4, 3, 2, 1, 0),
    ]


def test_a_reformatted_folder_is_divided_already(tmp_path: Path) -> None:
    reasons = [dict.fromkeys(helpsteer2.NAMES, "because"), {}]
    (tmp_path / "train.json").write_text(json.dumps([reformatted("t", reasonings=reasons)]))
    (tmp_path / "eval.json").write_text(json.dumps([reformatted("e")]))
    benchmark = helpsteer2.load(tmp_path).benchmark
    assert {s.question: s.split for s in benchmark.scenarios} == {"t": "train", "e": "eval"}
    (train,) = benchmark.split("train")
    assert train.responses[0].labels == (1,) * 5
    assert train.responses[0].reasonings == ("because",) * 5
    assert train.responses[1].reasonings == (None,) * 5


BAD_LABEL = [dict.fromkeys(helpsteer2.NAMES, 0.3)] * 2
HIGH_LABEL = [dict.fromkeys(helpsteer2.NAMES, 1.25)] * 2


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (raw("p", "b", 0, 1, 2, 3, 5), "row 2, field 'verbosity': expected a whole number from 0"),
        (raw("p", " "), "row 2, field 'response': expected a text"),
        (raw("p", "b", split="train", reasonings="x"), "field 'reasonings': expected an object"),
        ({"prompt": "p", "response": "b"}, "field 'helpfulness'"),
    ],
)
@pytest.mark.parametrize("rule", ["stratified", "source"])
def test_a_bad_raw_row_is_refused_in_its_place(
    tmp_path: Path, record: dict[str, Any], complaint: str, rule: Rule
) -> None:
    path = lines(tmp_path / "r.jsonl", [raw("p", "a"), record, *LAST])
    with pytest.raises(InputError, match=complaint):
        helpsteer2.load(path, rule=rule)


def test_a_split_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "r.jsonl", [raw("p", "a"), raw("p", "b", split=["eval"])])
    with pytest.raises(InputError, match="row 2, field 'split': expected a text"):
        helpsteer2.load(path, rule="source")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"labels": BAD_LABEL}, "row 1, field 'helpfulness': expected a multiple of 0.25"),
        ({"labels": HIGH_LABEL}, "'helpfulness': expected a multiple of 0.25 from 0 to 1, found"),
        ({"labels": [dict.fromkeys(helpsteer2.NAMES, float("inf"))] * 2}, "0 to 1, found inf"),
        ({"labels": [dict.fromkeys(helpsteer2.NAMES, True)] * 2}, "0 to 1, found True"),
        ({"split": ["eval"]}, r"row 1, field 'split': expected a text, found \['eval'\]"),
        ({"labels": [{}]}, "field 'labels, reasonings': expected one entry per response"),
        ({"labels": [{}, {}]}, "field 'helpfulness': expected a multiple"),
        ({"labels": "x"}, "field 'labels': expected a list"),
        ({"responses": ["a", "a"]}, "field 'responses': expected 2 to 26 different responses"),
        ({"responses": ["a", 5]}, "field 'response': expected a text"),
        ({"prompt": ""}, "field 'prompt': expected a text"),
    ],
)
def test_a_bad_reformatted_record_is_refused_in_its_place(
    tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps([reformatted(**changes)]))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=complaint):
        helpsteer2.load(path)


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a folder needs train\.json and eval\.json"):
        helpsteer2.load(tmp_path)


def test_a_folder_one_may_not_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")  # nobody keeps root out

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(InputError, match=f"{tmp_path}: Permission denied"):
        helpsteer2.load(tmp_path)


def test_the_real_files_are_read(shared: Path) -> None:
    benchmark = helpsteer2.load(shared / "helpsteer2").benchmark
    assert (len(benchmark.split("train")), len(benchmark.split("eval"))) == (500, 500)
    assert all(None not in r.reasonings for s in benchmark.split("train") for r in s.responses)
