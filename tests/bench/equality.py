"""The fast engine's greedy answers against the plain one's, letter by letter.

Requests of both splits of the built-in benchmarks, and of HelpSteer2 where its data are at hand.
The plain engine takes about half an hour for them on two cores; its answers are kept, so that
a changed fast engine is checked in minutes.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from spm_tui.bench.subject import Selection
from spm_tui.report.tables import Table
from spm_tui.report.text import markdown
from spm_tui.wire import Request, request_key
from store.connection import Store
from tests.bench import engines

EVERY = 4
"""Of the built-in benchmarks' requests this one is asked; attributes take turns."""
FULL_LENGTH = Selection(limit=40)
"""Of HelpSteer2, each scenario asked about one attribute."""
BATCH = 10
"""So many requests are answered by the plain engine before its answers are kept."""


def cases() -> Iterator[tuple[str, tuple[Request, ...]]]:
    """Yield a name and its requests: by benchmark and split."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.duckdb")
        for name in engines.benchmarks(store):
            if name == "helpsteer2":
                yield name, diagonal(engines.requests_of(store, name, FULL_LENGTH), 5)
                continue
            for split in ("eval", "train"):
                requests = engines.requests_of(store, name, Selection(split))
                yield f"{name}, {split}", diagonal(requests, EVERY)


def diagonal(requests: Sequence[Request], every: int) -> tuple[Request, ...]:
    """Return one request in `every`, of each scenario another attribute's."""
    attributes = len({request.system for request in requests})
    return tuple(r for i, r in enumerate(requests) if sum(divmod(i, attributes)) % every == 0)


def run(out: Path) -> None:
    """Compare, say and leave which answers differ."""
    asked = list(cases())
    known = out / "bench-plain-answers.json"
    plain = kept(known, [request for _, requests in asked for request in requests])
    fast = engines.Answerer("fast")
    rows, differing = [], []
    for name, requests in asked:
        texts = fast.answer(requests)["texts"]
        pairs = [(plain[key(one)], text) for one, text in zip(requests, texts, strict=True)]
        apart = [
            {"case": name, "request": i, "plain": expected, "fast": text}
            for i, (expected, text) in enumerate(pairs)
            if text != expected
        ]
        rows.append((name, str(len(pairs)), str(len(pairs) - len(apart))))
        differing += apart
    fast.end()
    text = markdown(Table(("requests", "asked", "same answer"), tuple(rows)))
    (out / "bench-equality.md").write_text(text)
    (out / "bench-equality.json").write_text(json.dumps(differing, indent=1))
    print(text)


def kept(file: Path, requests: Sequence[Request]) -> dict[str, str]:
    """Return the plain engine's answers by request, those from the file and new ones."""
    answers: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [request for request in requests if key(request) not in answers]
    if not missing:
        return answers
    plain = engines.Answerer("plain")
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        answers |= zip(map(key, batch), plain.answer(batch)["texts"], strict=True)
        file.write_text(json.dumps(answers, indent=1))
        print(f"plain: {start + len(batch)} of {len(missing)}", flush=True)
    plain.end()
    return answers


def key(request: Request) -> str:
    """Return what an answer is kept under."""
    return request_key(request, "")
