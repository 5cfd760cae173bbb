"""The importer of a user's own benchmark."""

import json
from pathlib import Path
from typing import Any

import pytest

from spm_tui.datasets import plain
from spm_tui.datasets.split import Imported
from spm_tui.errors import InputError

ATTRIBUTES = """
[[attributes]]
name = "politeness"
definition = "how considerate the response is."
levels = 3
low = "the response is rude"

[[attributes]]
name = "brevity"
definition = "how short the response is."
levels = 5
"""


def load(folder: Path, name: str, content: str, attributes: str = ATTRIBUTES) -> Imported:
    (folder / "attributes.toml").write_text(attributes)
    (folder / name).write_text(content)
    return plain.load(folder / name, folder / "attributes.toml")


def scenario(question: str = "q", split: str | None = "eval", **changes: object) -> dict[str, Any]:
    labels = {"politeness": 0, "brevity": 4}
    record = {
        "question": question,
        "responses": [{"text": "a", "labels": labels}, {"text": "b", "labels": labels}],
    }
    return record | ({"split": split} if split else {}) | changes


def test_flat_rows_with_the_same_question_belong_together(tmp_path: Path) -> None:
    content = (
        "question,response,politeness,brevity,split,politeness_reasoning\n"
        "q,a,0,4,eval,\nt,c,1,1,train,it is kind\nq,b,2,0,eval,\nt,d,1,2,train,\n"
    )
    benchmark = load(tmp_path, "mine.csv", content).benchmark
    assert benchmark.name == "mine"
    (one,), (train,) = benchmark.split("eval"), benchmark.split("train")
    assert [(r.text, r.labels) for r in one.responses] == [("a", (0, 4)), ("b", (2, 0))]
    assert train.responses[0].reasonings == ("it is kind", None)
    first = benchmark.attributes[0]
    assert (first.low, first.high) == ("the response is rude", "it has the most politeness")


def test_nested_records_are_whole_scenarios(tmp_path: Path) -> None:
    reasoned = {
        "text": "a",
        "labels": {"politeness": 1, "brevity": 1},
        "reasonings": {"brevity": "short"},
    }
    other = {"text": "b", "labels": {"politeness": 2, "brevity": 1}}
    content = json.dumps([scenario(), scenario("t", "train", responses=[reasoned, other])])
    benchmark = load(tmp_path, "mine.json", content).benchmark
    assert benchmark.split("train")[0].responses[0].reasonings == (None, "short")
    assert benchmark.split("train")[0].responses[1].reasonings == (None, None)


@pytest.mark.parametrize(
    "header", ["question,response,politness,brevity", "Question,response,politeness,brevity", "a;b"]
)
def test_a_missing_column_is_named_beside_those_that_are_there(tmp_path: Path, header: str) -> None:
    content = f"{header}\n{','.join('1' * len(header.split(',')))}\n"
    with pytest.raises(InputError, match=r"missing; the columns are: " + header.replace(",", ", ")):
        load(tmp_path, "mine.csv", content)


def test_what_is_not_read_and_what_is_lacking_is_told(tmp_path: Path) -> None:
    content = "question,response,politeness,brevity,Split\n"
    content += "".join(f"q{i},{text},{i % 5},1,train\n" for i in range(3) for text in "ab")
    found = load(tmp_path, "mine.csv", content)
    assert found.notes[0] == "ignored the field 'Split', which means nothing here"
    alone = load(tmp_path, "one.json", json.dumps([scenario("q", note="x")]))
    assert alone.notes == (
        "ignored the field 'note', which means nothing here",
        "no scenario is for train, so that few-shot methods have no examples",
    )


def test_without_splits_scenarios_are_divided(tmp_path: Path) -> None:
    records = [scenario(f"q{i}", None) for i in range(4)]
    imported = load(tmp_path, "mine.jsonl", "\n".join(map(json.dumps, records)))
    assert len(imported.benchmark.split("eval")) == 4


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"split": ["eval"]}, r"row 1, field 'split': expected a text, found \['eval'\]"),
        ({"split": "dev"}, "row 1, field 'split': expected train or eval, found 'dev'"),
        ({"question": ""}, "field 'question': expected a text"),
        (
            {"responses": [{"text": "a", "labels": {"politeness": 0, "brevity": 0}}]},
            "1 responses, 2",
        ),
        ({"responses": "x"}, "field 'responses': expected a list"),
        ({"responses": ["x", "y"]}, "field 'responses': expected an object"),
        ({"responses": [{"text": "a"}] * 2}, "field 'labels': expected an object"),
        (
            {"responses": [{"text": "a", "labels": {"politeness": 3, "brevity": 0}}] * 2},
            "field 'politeness': expected a whole number from 0 to 2, found 3",
        ),
        (
            {"responses": [{"text": "a", "labels": {"politeness": 1, "brevity": 0}}] * 2},
            "field 'response': this response to the same question is there already",
        ),
        ({"responses": [{"text": "a", "labels": {"politeness": 1}}] * 2}, "field 'brevity'"),
    ],
)
def test_a_bad_record_is_refused_in_its_place(
    tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        load(tmp_path, "mine.json", json.dumps([scenario(**changes)]))  # type: ignore[arg-type]


def test_27_responses_are_too_many(tmp_path: Path) -> None:
    rows = "".join(f"q,r{i},0,0\n" for i in range(27))
    with pytest.raises(InputError, match="27 responses, 2 to 26 are needed"):
        load(tmp_path, "mine.csv", "question,response,politeness,brevity\n" + rows)


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ([scenario(), scenario()], "row 2, field 'question': this question is there already"),
        ([scenario(), scenario("p", None)], "row 2, field 'split': other records name a split"),
        ([scenario(split="train")], "no scenario for the eval split"),
    ],
)
def test_records_that_do_not_go_together_are_refused(
    tmp_path: Path, records: list[dict[str, Any]], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        load(tmp_path, "mine.json", json.dumps(records))


def test_a_question_in_both_splits_is_refused(tmp_path: Path) -> None:
    content = "question,response,politeness,brevity,split\nq,a,0,4,eval\nq,b,0,4,train\n"
    with pytest.raises(
        InputError, match="row 3, field 'split': row 2 puts this question elsewhere"
    ):
        load(tmp_path, "mine.csv", content)


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[[attributes", "not TOML"),
        pytest.param(f"x = {'[' * 100_000}", "not TOML", id="deep"),
        ("x = 1", r"needs at least one \[\[attributes\]\] table"),
        ('[[attributes]]\nname = "x"', "row 1, field 'definition'"),
        (
            '[[attributes]]\nname = "x"\ndefinition = "d"\nlevels = 1',
            "number from 2 to 101, found 1",
        ),
        ('[[attributes]]\nname = "a=b"\ndefinition = "d"\nlevels = 2', "a name has no comma"),
        ('[[attributes]]\nname = "a\\u001b"\ndefinition = "d"\nlevels = 2', "control character"),
        (
            '[[attributes]]\nname = "weights"\ndefinition = "d"\nlevels = 2',
            "row 1, field 'name': is where a target has its weights; choose another name",
        ),
        (ATTRIBUTES + ATTRIBUTES, "row 3: 'politeness' is there twice"),
    ],
)
def test_bad_attributes_are_refused(tmp_path: Path, toml: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        load(tmp_path, "mine.json", json.dumps([scenario()]), toml)
