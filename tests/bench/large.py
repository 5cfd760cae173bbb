"""A store as large as all of HelpSteer2, with a five-sample run: made, not imported."""

from pathlib import Path

import numpy as np

from spm_tui.datasets.attributes import HELPSTEER2
from store import benchmarks, runs
from store.connection import Store
from store.records import Benchmark, Response, RunSpec, Scenario
from tests.conftest import AT

SCENARIOS, SAMPLES = 10_679, 5
_PROSE = (
    "the answer explains why a careful reader would rather see a short list of steps than one"
    " long paragraph about soup gravity taxes bicycles or the history of the printing press and"
    " what it leaves out is often worth more than what it says with great confidence"
)
_WORDS = tuple(_PROSE.split())


def make(path: Path) -> Store:
    """Fill a store; texts have about the lengths of HelpSteer2's."""
    rng = np.random.default_rng(0)
    texts = [_text(rng, int(size)) for size in rng.lognormal(4.6, 0.9, 6000).clip(5, 800)]
    scenarios = tuple(
        Scenario("eval", number, f"{number} {_pick(rng, texts)}", tuple(_responses(rng, texts)))
        for number in range(1, SCENARIOS + 1)
    )
    benchmark = Benchmark("large", "made", HELPSTEER2, scenarios)
    store = Store(path)
    spec = RunSpec(
        benchmark.identity,
        "eval",
        "few-shot-comparative",
        "made",
        '{"method":{"samples":5,"seed":0,"shots":5,"temperature":0.7}}',
    )
    with store.writing() as db:
        benchmarks.add(db, benchmark, at=AT)
        run = runs.open_run(db, spec, process="here:1", environment="{}", at=AT)
        db.execute("SELECT setseed(0.5)")
        db.execute(
            """INSERT INTO predictions
               SELECT $run, s, a, k, r, round(random() * 100) / 100,
                      'The response ' || $texts[1 + (hash(s, a, k, r) % 500)::INTEGER]
               FROM range(1, $n + 1) t(s), range(5) u(a), range(5) v(k), range(2) w(r)""",
            {"run": run, "n": SCENARIOS, "texts": [_text(rng, 18) for _ in range(500)]},
        )
        runs.mark(db, run, "finished", process="here:1", environment="{}", at=AT)
    return store


def _text(rng: np.random.Generator, words: int) -> str:
    return " ".join(_WORDS[i] for i in rng.integers(0, len(_WORDS), words))


def _pick(rng: np.random.Generator, texts: list[str]) -> str:
    return texts[int(rng.integers(0, len(texts)))]


def _responses(rng: np.random.Generator, texts: list[str]) -> list[Response]:
    nothing = (None,) * len(HELPSTEER2)
    return [
        Response(
            f"{place} {_pick(rng, texts)} {_pick(rng, texts)}",
            tuple(rng.integers(0, 5, len(HELPSTEER2)).tolist()),
            nothing,
        )
        for place in range(2)
    ]
