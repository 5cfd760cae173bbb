"""What quantized weights change: the fast engine's speed, memory and predictions.

The same greedy requests are answered with whole and with quantized weights, in turn.
"""

import json
import statistics
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from spm_tui.bench.options import QUANTIZATIONS
from spm_tui.report.tables import Table
from spm_tui.report.text import comma_separated, markdown
from tests.bench.engines import Answerer, cases


def run(out: Path, *, scenarios: int = 2) -> None:
    """Compare on the first benchmark's greedy requests; say and leave the figures."""
    case = next(cases(scenarios))
    engines = {name: Answerer("fast", name) for name in ("whole", *QUANTIZATIONS)}
    for one in engines.values():
        one.answer(case.requests[:1])
    answers = {name: one.answer(case.requests) for name, one in engines.items()}
    for one in engines.values():
        one.end()
    found = table(answers)
    print(f"{case.name}\n\n{markdown(found)}")
    (out / "bench-quantized.csv").write_text(comma_separated(found))


def table(answers: dict[str, dict[str, Any]]) -> Table:
    """Return the figures by precision; scores are in [0, 100]."""
    whole = answers["whole"]
    rows = []
    for name, one in answers.items():
        pairs = list(zip(map(_scores, whole["texts"]), map(_scores, one["texts"]), strict=True))
        same = [a == b for a, b in zip(whole["texts"], one["texts"], strict=True)]
        apart = [abs(x - y) for a, b in pairs for x, y in zip(a, b, strict=True)]
        rows.append(
            (
                name,
                f"{one['seconds']:.1f}",
                f"{whole['seconds'] / one['seconds']:.2f}",
                f"{one['peak_mb']:.0f}",
                f"{statistics.fmean(same):.0%}",
                f"{statistics.fmean(apart):.1f}",
                f"{statistics.fmean(_flips(pairs)):.0%}",
            )
        )
    columns = (
        "weights",
        "seconds",
        "ratio",
        "peak MB",
        "same text",
        "score apart",
        "order differs",
    )
    return Table(columns, tuple(rows))


def _scores(text: str) -> list[int]:
    return [entry["score"] for entry in json.loads(text).values()]


def _flips(pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bool]:
    """Return, for each two responses of a request, whether another is the higher, or neither."""
    return [
        np.sign(before[i] - before[j]) != np.sign(after[i] - after[j])
        for before, after in pairs
        for i, j in combinations(range(len(before)), 2)
    ]
