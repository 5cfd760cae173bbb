"""`make bench`: how fast the parts are, as medians of interleaved rounds.

Each line compares a way of doing something with another way, alternating between the two,
so that a noisy machine disturbs both alike. Figures are printed and left in
`spm-results/bench.json` and `bench.md`.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from spm_tui import fewshot, targets
from spm_tui.report.tables import Table
from spm_tui.report.text import markdown
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import summarise
from spm_tui.scoring.outcomes import Judged, listed
from store import runs
from store.connection import Store
from store.records import Prediction
from tests.bench import app, engines, equality, quantized
from tests.build import attribute
from tests.conftest import AT

Act = Callable[[], object]
ROUNDS = 5
OUT = Path("spm-results")


@dataclass(frozen=True, slots=True)
class Line:
    """Two ways of doing the same, and how much the first gains."""

    what: str
    against: str
    seconds: float
    against_seconds: float
    ratio: float
    """Median over rounds of the second's time by the first's."""


def compare(what: str, act: Act, against: str, other: Act, *, scale: float = 1.0) -> Line:
    """Time two acts in turn; `scale` is how many times the first's work the second would do."""
    pairs = [(_seconds(act), scale * _seconds(other)) for _ in range(ROUNDS)]
    first, second = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(slow / fast for fast, slow in pairs)
    return Line(what, against, first, second, ratio)


def _seconds(act: Act) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def scoring() -> Iterator[Line]:
    """All targets of MIC's size, as a grid and as a list."""
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 7, (336, 3, 6)).astype(np.int16)
    levels[rng.random(336) < 0.75, 2] = -1
    scores = np.where(levels < 0, np.nan, rng.integers(0, 501, levels.shape) / 500)
    judged = Judged(levels, (7,) * 6, scores=scores)
    some = targets.sampled([attribute(str(i), 7) for i in range(6)])
    arrays = targets.arrays(some.targets, [attribute(str(i), 7) for i in range(6)])

    def everything() -> None:
        summarise(grid.everything(judged), scenarios=336, resamples=0)

    def sample() -> None:
        summarise(listed(judged, *arrays), scenarios=336, resamples=0)

    ratio = 117_648 / len(some.targets)
    yield compare("score 117,648 targets as a grid", everything, "as a list", sample, scale=ratio)
    yield compare(
        "… with a bootstrap interval",
        lambda: summarise(grid.everything(judged), scenarios=336),
        "without",
        everything,
    )


def selection() -> Iterator[Line]:
    """Worked examples for 500 scenarios from 500, five attributes, and the embedding part of it."""
    rng = np.random.default_rng(0)
    vectors = rng.random((1000, 384)).astype(np.float32)
    levels = rng.integers(0, 5, (500, 2, 5)).astype(np.int16)

    def similar() -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        return fewshot.similarities(vectors[:500], vectors[500:])

    def select() -> None:
        fewshot.select(similar(), levels, shots=5)

    yield compare("select examples, 500 x 500 x 5", select, "similarities alone", similar)


def storing() -> Iterator[Line]:
    """A batch of 2,000 predictions in one insert, and row by row."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.duckdb")
        numbers = iter(range(1, 10**6))

        def predictions() -> list[Prediction]:
            number = next(numbers)
            return [
                Prediction(number, a, 0, r, 0.5, "because") for a in range(50) for r in range(40)
            ]

        def bulk() -> None:
            with store.writing() as db:
                runs.add_batch(db, 1, runs.Batch(predictions=predictions()), at=AT)

        def rows() -> None:
            with store.writing() as db:
                for p in predictions():
                    db.execute(
                        "INSERT INTO predictions VALUES (1, ?, ?, ?, ?, ?, ?)",
                        [p.scenario, p.attribute, p.sample, p.response, p.score, p.reasoning],
                    )

        bulk()
        yield compare("store 2,000 predictions in bulk", bulk, "row by row", rows)


def starting() -> Iterator[Line]:
    """The command line's help, and Python alone."""

    def call(*words: str) -> Act:
        return lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True)

    help_ = "from spm_tui.cli.main import parser; parser().format_help()"
    yield compare("spm-tui --help", call("-c", help_), "python -c pass", call("-c", "pass"))


def main() -> None:
    """Measure everything, print the tables, leave the figures.

    Words after the command choose parts: `make bench` runs all, `python -m tests.bench app`
    the app alone, `… engines 4 3` the engines on four scenarios in three rounds.
    """
    parts = {part.__name__: part for part in (scoring, selection, storing, starting)}
    wanted = sys.argv[1:] or [*parts, "app", "engines"]
    OUT.mkdir(exist_ok=True)
    if "app" in wanted:
        measure_app()
    if "engines" in wanted:
        scenarios, rounds = [*(int(word) for word in wanted if word.isdigit()), 2, 1][:2]
        engines.run(OUT, scenarios=scenarios, rounds=rounds)
    if "equality" in wanted:
        equality.run(OUT)
    if "quantized" in wanted:
        quantized.run(OUT)
    if lines := [line for name, part in parts.items() if name in wanted for line in told(part)]:
        write_ratios(lines)


def told(part: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Say each line of a part as soon as it is there."""
    for line in part():
        print(f"{line.what}: {line.seconds:.3f} s, {line.ratio:.2f} x", flush=True)
        yield line


def measure_app() -> None:
    """Measure the app in a terminal, against what was promised of it."""
    rows = [
        (one.what, f"{one.median:.3f}", f"{one.worst:.3f}", f"{one.promised:g}", one.unit)
        for one in app.measure()
    ]
    text = markdown(Table(("the app", "median", "worst", "promised", "unit"), tuple(rows)))
    (OUT / "bench-app.md").write_text(text)
    print(text)


def write_ratios(lines: list[Line]) -> None:
    """Print and leave the ratios."""
    table = Table(
        ("what", "seconds", "against", "seconds there", "ratio"),
        tuple(
            (o.what, f"{o.seconds:.3f}", o.against, f"{o.against_seconds:.3f}", f"{o.ratio:.2f}")
            for o in lines
        ),
    )
    (OUT / "bench.json").write_text(json.dumps([asdict(line) for line in lines], indent=1))
    (OUT / "bench.md").write_text(markdown(table))
    print(markdown(table))


if __name__ == "__main__":
    main()
