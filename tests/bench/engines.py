"""The fast engine against the plain one, on the same real requests, in turn.

Requests are those of real runs: few-shot comparative regression on the built-in benchmarks,
and on HelpSteer2 with its full-length prompts where its data are at hand.
"""

import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.importing import Source, import_source
from spm_tui.bench.jobs import embedded
from spm_tui.bench.plan import make_plan
from spm_tui.bench.subject import Job, Selection, load_subject
from spm_tui.engine import models
from spm_tui.engine.device import place
from spm_tui.methods.base import Settings
from spm_tui.report.tables import Table
from spm_tui.report.text import markdown
from spm_tui.wire import Request
from store.connection import Store
from tests.bench import answerer, limits
from tests.conftest import AT

DATA = Path(os.environ.get("SPM_SHARED_DATA", "../shared/data"))
"""Real data, which the repository does not have."""
SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Case:
    """Requests to be answered."""

    benchmark: str
    requests: tuple[Request, ...]
    samples: int

    @property
    def name(self) -> str:
        """For people."""
        how = "greedy" if self.samples == 1 else f"{self.samples} samples"
        return f"{self.benchmark}, {how}, {len(self.requests)} requests"


@dataclass(frozen=True, slots=True)
class Compared:
    """A case's figures; medians over rounds."""

    case: str
    plain: dict[str, Any]
    fast: dict[str, Any]
    ratio: float
    """The plain engine's seconds by the fast one's."""
    same: float
    """Share of the answers that are equal to the letter."""


def cases(scenarios: int) -> Iterator[Case]:
    """Yield the cases: each benchmark greedy, then sampled."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.duckdb")
        for name in benchmarks(store):
            for samples, some in ((1, scenarios), (SAMPLES, max(1, scenarios // 2))):
                requests = requests_of(store, name, Selection(limit=some), samples)
                yield Case(name, requests, samples)


def benchmarks(store: Store) -> list[str]:
    """Return the names of those that requests are made of; imports HelpSteer2 if it is here."""
    names = ["mini-mic", "mini-helpsteer"]
    if (DATA / "helpsteer2").is_dir():
        import_source(store, Source("helpsteer2", str(DATA / "helpsteer2")), at=AT)
        names.append("helpsteer2")
    return names


def requests_of(
    store: Store, name: str, selection: Selection, samples: int = 1
) -> tuple[Request, ...]:
    """Return those of few-shot comparative regression on a part of a benchmark."""
    subject = load_subject(store, name, selection, at=AT)
    backend = Backend(ModelChoice(), say=print)
    temperature = 0.7 if samples > 1 else 0.0
    settings = Settings(subject.benchmark.attributes, samples=samples, temperature=temperature)
    backbone = backend.backbone("language")
    method = "few-shot-comparative"
    embedding = backend.embedding(embedded(subject, method, settings))
    job = Job(subject, method, settings, backbone, embedding.identity)
    return tuple(ask.request for ask in make_plan(store, job, backend.embed).asks)


class Answerer:
    """An engine in a process of its own."""

    def __init__(self, which: str, *more: str) -> None:
        folder = models.locate(models.LANGUAGE_MODEL, say=print).folder
        words = [sys.executable, "-m", "tests.bench.answerer", which, str(folder), *more]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def answer(self, requests: Sequence[Request]) -> dict[str, Any]:
        """Return what answering requests took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.NamedTemporaryFile() as file:
            file.write(pickle.dumps(requests))
            file.flush()
            self._process.stdin.write(f"{file.name}\n")
            self._process.stdin.flush()
            return dict(json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        """Let go of it."""
        self._process.terminate()
        self._process.wait()


def table(found: Sequence[Compared], limit: limits.Limits, shape: limits.Shape) -> Table:
    """Return the figures for people."""
    heads = ("requests", "plain s", "fast s", "ratio", "same", "prompt tok/s", "answer tok/s")
    rows = []
    for one in found:
        fast, parts = one.fast, one.fast["parts"]
        seconds = fast["seconds"]
        least = shape.operations(parts["tokens"], parts["seen"] / parts["tokens"]) / limit.multiply
        other = seconds - parts["model"]
        rows.append(
            (
                one.case,
                f"{one.plain['seconds']:.1f}",
                f"{seconds:.1f}",
                f"{one.ratio:.2f}",
                f"{one.same:.0%}",
                f"{fast['prompt_tokens'] / seconds:.0f}",
                f"{fast['answer_tokens'] / seconds:.1f}",
                f"{least / seconds:.0%}",
                f"{parts['attention'] / seconds:.0%}",
                f"{parts.get('masks', 0.0) / seconds:.1%}",
                f"{other / seconds:.1%}",
                f"{one.plain['peak_mb']:.0f}",
                f"{fast['peak_mb']:.0f}",
            )
        )
    more = ("of limit", "attention", "masks", "not model", "plain MB", "fast MB")
    return Table((*heads, *more), tuple(rows))


def run(out: Path, *, scenarios: int = 2, rounds: int = 1) -> None:
    """Compare on every case, say and leave the figures; on a GPU in Llama-3.2-3B's shape."""
    placement = place()
    shaped = placement.device == "cuda"
    folder = models.locate(models.LANGUAGE_MODEL, say=print).folder
    shape = answerer.shape(folder, placement, shaped=shaped)
    limit = limits.measure(shape, device=placement.device, dtype=placement.dtype, tokens=256)
    print(f"limits: {limit.multiply / 1e9:.0f} GFLOP/s, {limit.memory / 1e9:.0f} GB/s", flush=True)
    found = []
    for case in cases(scenarios):
        one = compare(case, rounds=rounds, more=["shaped"] if shaped else [])
        found.append(one)
        print(f"{one.case}: {one.fast['seconds']:.1f} s, {one.ratio:.2f} x", flush=True)
        text = markdown(table(found, limit, shape))
        (out / "bench-engines.md").write_text(text)
        record = {"limits": asdict(limit), "cases": [asdict(one) for one in found]}
        (out / "bench-engines.json").write_text(json.dumps(record, indent=1))
    print(text)


def compare(case: Case, *, rounds: int, more: Sequence[str] = ()) -> Compared:
    """Let both engines answer, in turn."""
    plain, fast = Answerer("plain", *more), Answerer("fast", *more)
    for one in (plain, fast):
        one.answer(case.requests[:1])
    pairs = [(plain.answer(case.requests), fast.answer(case.requests)) for _ in range(rounds)]
    plain.end()
    fast.end()
    ratio = statistics.median(slow["seconds"] / quick["seconds"] for slow, quick in pairs)
    texts = [
        a == b for slow, quick in pairs for a, b in zip(slow["texts"], quick["texts"], strict=True)
    ]
    middle = sorted(pairs, key=lambda pair: pair[1]["seconds"])[len(pairs) // 2]
    return Compared(case.name, *middle, ratio=ratio, same=sum(texts) / len(texts))
