"""Frozen figures: of the authors' published code, and of the cheap baselines on the same data."""

import csv
import gzip
import json
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import get_args

import duckdb
import numpy as np
import pytest

from spm_tui import targets
from spm_tui.datasets import helpsteer2, mic
from spm_tui.methods.base import Settings
from spm_tui.methods.catalogue import DIRECT, TRAINED
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import Accuracy, summarise
from spm_tui.scoring.outcomes import Judged, listed
from store.records import Attribute, Benchmark, Choice, Prediction, Split


def test_scores_on_helpsteer2_match_to_the_unit(shared: Path) -> None:
    benchmark = helpsteer2.load(shared / "helpsteer2").benchmark
    frozen = json.loads((shared / "parity" / "helpsteer2_scoring.json").read_text())
    names = [attribute.name for attribute in benchmark.attributes]
    judged = Judged(
        np.array(
            [[r.labels for r in s.responses] for s in benchmark.split("eval")], dtype=np.int16
        ),
        tuple(attribute.levels for attribute in benchmark.attributes),
        scores=np.array([[[r[n] for n in names] for r in s] for s in frozen["predictions"]]),
    )
    assert len(frozen["results"]) == 52
    for name, expected in frozen["results"].items():
        one = targets.target(expected["target"], benchmark.attributes)
        (outcomes,) = listed(judged, *targets.arrays([one], benchmark.attributes))
        found = (outcomes.correct.sum(), outcomes.scored.sum())
        assert found == (expected["correct"], expected["scored"]), name


def judged(benchmark: Benchmark, decisions: Iterable[Prediction | Choice]) -> Judged:
    """The labels of the eval split beside predictions."""
    levels = np.array(
        [[r.labels for r in s.responses] for s in benchmark.split("eval")], dtype=np.int16
    )
    scores = np.full(levels.shape, np.nan)
    for one in decisions:
        assert isinstance(one, Prediction)
        scores[one.scenario - 1, one.response, one.attribute] = one.score
    return Judged(levels, tuple(a.levels for a in benchmark.attributes), scores=scores)


def over_all(judged: Judged) -> Accuracy:
    found, _ = summarise(grid.everything(judged), scenarios=len(judged.levels), resamples=0)
    return found


def over_sampled(judged: Judged, attributes: tuple[Attribute, ...]) -> Accuracy:
    members = targets.sampled(attributes).targets
    outcomes = listed(judged, *targets.arrays(members, attributes))
    found, _ = summarise(outcomes, scenarios=len(judged.levels), resamples=0)
    return found


def test_length_alone_is_as_good_as_a_language_model(shared: Path) -> None:
    """The paper has 55.2 % for few-shot comparative regression with Llama-3.2-3B (Table 1)."""
    benchmark = helpsteer2.load(shared / "helpsteer2").benchmark
    method = DIRECT["length"](Settings(benchmark.attributes))
    found = judged(benchmark, (p for s in benchmark.split("eval") for p in method.decide(s)))
    accuracy = over_all(found)
    assert accuracy.mean == pytest.approx(0.557, abs=5e-4)
    assert accuracy.sd == pytest.approx(0.097, abs=5e-4)
    assert accuracy.expected == pytest.approx(0.555, abs=5e-4), "ties broken at random"
    assert over_sampled(found, benchmark.attributes).mean == pytest.approx(0.566, abs=5e-4)


def test_surface_regression_sees_as_much_as_a_small_language_model(shared: Path) -> None:
    """Without embeddings, as if all texts were alike: what remains needs no model at all."""
    benchmark = helpsteer2.load(shared / "helpsteer2").benchmark
    method = TRAINED["surface"](Settings(benchmark.attributes))
    alike = np.ones(1, dtype=np.float32)
    vectors = {text: alike for one in benchmark.scenarios for text in method.texts(one)}
    decide = method.learn(benchmark.split("train"), vectors)
    found = judged(benchmark, (p for s in benchmark.split("eval") for p in decide(s)))
    assert over_all(found).mean == pytest.approx(0.611, abs=2e-3)
    assert over_sampled(found, benchmark.attributes).mean == pytest.approx(0.618, abs=2e-3)


def helpsteer2_raw(shared: Path, folder: Path, kind: str) -> Path:
    """The raw files as they are, or written anew in another format."""
    source = shared / "parity" / "helpsteer2_raw"
    for name in ("train", "validation"):
        content = (source / f"{name}.jsonl.gz").read_bytes()
        path = folder / f"{name}{kind}"
        if kind == ".parquet":
            rows = source / f"{name}.jsonl.gz"
            duckdb.sql(f"COPY (SELECT * FROM read_json('{rows}')) TO '{path}'")
        else:
            path.write_bytes(gzip.decompress(content) if kind == ".jsonl" else content)
    return folder


@pytest.mark.parametrize("kind", [".jsonl.gz", ".jsonl", ".parquet"])
def test_raw_helpsteer2_is_divided_as_the_authors_do(
    shared: Path, tmp_path: Path, kind: str
) -> None:
    frozen = json.loads((shared / "parity" / "helpsteer2_raw" / "expected.json").read_text())
    imported = helpsteer2.load(helpsteer2_raw(shared, tmp_path, kind))
    for split in get_args(Split):
        assert [s.question for s in imported.benchmark.split(split)] == frozen[split]
    assert imported.notes == (
        f"left out the last pair, of train{kind}, as the authors' converter does:"
        " rows 4999 and 5000, 't2499 prompt'",
        f"left out the last pair, of validation{kind}, as the authors' converter does:"
        " rows 239 and 240, 'v119 prompt'",
        "left out 1649 prompts that fell into neither split",
    )


def test_unread_rows_change_nothing_in_mic(shared: Path, tmp_path: Path) -> None:
    """Rows without a question, and of questions with one answer, may hold whatever they like."""
    source = shared / "mic" / "MIC_synthetic.csv"
    path = tmp_path / "MIC_synthetic.csv"
    with source.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    column = {name: header.index(name) for name in header}
    answers: dict[str, set[str]] = {}
    for row in rows:
        answers.setdefault(row[column["Q"]], set()).add(row[column["A"]])
    alone = [row for row in rows if len(answers[row[column["Q"]]]) == 1]
    for row, word in zip(alone, cycle(["yes", "9", "NA", "1.5", "None"]), strict=False):
        row[column["A_agrees"]], row[column["moral-vector"]] = word, "unread"
    for word in ("NA", "None", "nan"):
        rows.insert(7, [word if name == "Q" else "unread" for name in header])
        rows.append([word if name == "A" else rows[0][column[name]] for name in header])
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    assert len(alone) == 175
    assert mic.load(path).benchmark == mic.load(source).benchmark


def test_mic_is_imported_as_the_authors_do(shared: Path) -> None:
    benchmark = mic.load(shared / "mic" / "MIC_synthetic.csv").benchmark
    frozen = json.loads((shared / "parity" / "mic_synthetic_expected.json").read_text())
    assert [s.question for s in benchmark.split("eval")] == frozen["eval_prompts"]
    assert [s.question for s in benchmark.split("train")] == frozen["train_prompts"]
    expected = {scenario["prompt"]: scenario for scenario in frozen["scenarios"]}
    assert set(expected) == {scenario.question for scenario in benchmark.scenarios}
    names = [attribute.name for attribute in benchmark.attributes]
    for scenario in benchmark.scenarios:
        one = expected[scenario.question]
        assert [response.text for response in scenario.responses] == one["responses"]
        levels = [[round(labels[name] * 6) for name in names] for labels in one["labels"]]
        assert [list(response.labels) for response in scenario.responses] == levels
