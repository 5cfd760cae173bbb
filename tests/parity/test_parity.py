"""Frozen figures of the authors' published code."""

import json
from pathlib import Path

import numpy as np

from spm_tui import targets
from spm_tui.datasets import helpsteer2, mic
from spm_tui.scoring.outcomes import Judged, listed


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
