"""Odd command lines, and what must hold of each; run as a module, it tries many.

`python -m tests.command_lines [COUNT [SEED]]`. A store with hostile names, files of the user's
that must not change, and words that nobody types on purpose.
"""

import contextlib
import hashlib
import io
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from spm_tui.cli import headless, main
from store import annotations, benchmarks, runs
from store.connection import Store
from store.records import Annotation, Prediction, RunSpec
from tests.backend import FakeBackend
from tests.build import SMALL

HOSTILE = "\x1b]0;x\x07\x1b[2Jn$\\frac{$\u202e|`<b>`![](http://x)\\input{x}\n../../=1+1\x9b"
_AT = datetime(2026, 11, 24)
_RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_CODES = {0, 1, 2, 130}
_WORDS = (
    HOSTILE,
    "",
    " ",
    "-",
    "--",
    "\x1b[31m",
    "\u202egnp.exe",
    "a\nb",
    "a\rb",
    "a" * 5000,
    "é漢🙂",
    "caf\udce9",
    "%s%n{0}",
    "'; DROP TABLE runs; --",
    "=1+1",
    "-1",
    "0",
    "1",
    "2",
    "3",
    "1e309",
    "nan",
    "9" * 40,
    "care",
    "care=1",
    "care=\x1b[1m",
    "high",
    "small",
)
_PATHS = (
    *_WORDS[:14],
    "notes.md",
    "own.csv",
    "own.jsonl",
    "own.parquet",
    "own",
    "own/accuracy.md",
    "link.csv",
    "dangling.csv",
    "linked",
    "store.duckdb",
    "store.duckdb.wal",
    "/dev/null",
    "/",
    ".",
    "..",
    "../../../../../../proc/x",
    "nowhere/x.csv",
    "new.csv",
    "new.jsonl",
    "new.parquet",
    "new.pdf",
    "x[1].parquet",
    "new\x1b[31m.csv",
    "new\u202e.csv",
    "new\nline",
    "bundle",
    "out",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a command line came to."""

    words: tuple[str, ...]
    code: object
    faults: tuple[str, ...]
    """What must not be: traceback, escape, code, changed."""
    seconds: float


def prepare(folder: Path) -> None:
    """Make a store with hostile names, and files that are the user's own."""
    store = Store(folder / "store.duckdb")
    first = replace(SMALL.attributes[0], name="ca$re\u202e|_x_")
    hostile = replace(SMALL, name=HOSTILE, attributes=(first, SMALL.attributes[1]))
    with store.writing() as db:
        for benchmark in (SMALL, hostile):
            benchmarks.add(db, benchmark, at=_AT)
            spec = RunSpec(
                benchmark.identity, "eval", "few-shot-comparative", HOSTILE, '{"method":{}}'
            )
            number = runs.open_run(db, spec, process="h:1", environment="{}", at=_AT)
            batch = [
                Prediction(s, a, 0, r, 0.25 * r, f"=HYPERLINK() {HOSTILE}")
                for s, count in ((1, 2), (2, 3), (3, 2))
                for r in range(count)
                for a in (0, 1)
            ]
            runs.add_batch(db, number, runs.Batch(predictions=batch), at=_AT)
            runs.mark(db, number, "finished", process="h:1", environment="{}", at=_AT)
            note = Annotation(number, 1, 0, 1, "label wrong", f"@{HOSTILE}", "ada", _AT)
            annotations.annotate(db, note)
    (folder / "own").mkdir()
    for name in ("notes.md", "own.csv", "own.jsonl", "own.parquet", "own/accuracy.md"):
        (folder / name).write_text("mine, of years\n")
    for name in ("items.parquet", "record.json", "paper.md", "comparison.csv", "errors.log"):
        (folder / "own" / name).write_text("mine, too\n")
    (folder / "link.csv").symlink_to("own.csv")
    (folder / "linked").symlink_to("own")
    (folder / "dangling.csv").symlink_to("elsewhere.csv")


def lines(count: int, seed: int) -> Iterator[tuple[str, ...]]:
    """Yield command lines, the same for the same seed."""
    source = random.Random(seed)

    def some(words: Sequence[str]) -> str:
        return source.choice(words)

    def number() -> str:
        return some(["1", "2"] * 3 + list(_WORDS))

    kinds = (
        lambda: ("report", number(), *_sometimes(source, f"--out={some(_PATHS)}")),
        lambda: ("report", number(), f"--targets={some(_WORDS)}", "--json"),
        lambda: ("report", number(), number(), "--compare", f"--out={some(_PATHS)}"),
        lambda: ("report", *_sometimes(source, "--json"), *_sometimes(source, some(_WORDS))),
        lambda: ("export", number(), some(_PATHS), *_sometimes(source, "--annotations")),
        lambda: ("export", some(["1", "2"]), some(_PATHS)),
        lambda: ("import", some(["mic", "helpsteer2", "run"]), some(_PATHS)),
        lambda: ("import", "plain", some(_PATHS), f"--attributes={some(_PATHS)}"),
        lambda: ("import", "reasonings", f"--benchmark={some(_WORDS)}", f"--model={some(_WORDS)}"),
        lambda: ("models", some(_WORDS)),
        lambda: ("doctor",),
        lambda: (some(_WORDS), some(_WORDS)),
        lambda: (f"--{some(_WORDS)}",),
        lambda: ("--headless", f"--config={some(_PATHS)}"),
        lambda: (
            *("--headless", f"--benchmark={some([HOSTILE, 'small', *_WORDS])}", "--dry-run"),
            *(f"--method={some(['oracle', *_WORDS])}", f"--targets={some(['high', *_WORDS])}"),
        ),
        lambda: (
            *("--headless", f"--benchmark={some([HOSTILE, 'small'])}", "--method=oracle"),
            *("--targets=high", f"--events={some(_PATHS)}", f"--limit={some(['1', *_WORDS])}"),
            *_sometimes(source, f"--out={some(_PATHS)}"),
        ),
        lambda: (
            *("--headless", f"--benchmark={HOSTILE}", "--method=oracle"),
            *(f"--{some(['limit', 'seed', 'split', 'scenario', 'shots'])}={some(_WORDS)}",),
            *("--dry-run", *_sometimes(source, "--json")),
        ),
    )
    for _ in range(count):
        yield source.choice(kinds)()


def _sometimes(source: random.Random, word: str) -> tuple[str, ...]:
    return (word,) if source.random() < 0.5 else ()


def attempt(words: Sequence[str], own: dict[str, str], folder: Path) -> Tried:
    """Run a command line in a prepared folder, and say what must not be."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace") for _ in "oe"]
    began = time.monotonic()
    faults = []
    code: object = None
    # Streams of a kind that `main` can ask for a descriptor would need files; none is closed here.
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            code = main(["--store", str(folder / "store.duckdb"), *words])
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            faults.append(f"traceback: {traceback.format_exc().splitlines()[-1][:200]}")
    for stream in streams:
        stream.flush()
        text = stream.buffer.getvalue().decode()
        if match := _RAW.search(text):
            faults.append(f"escape {match[0]!r} in {text[max(match.start() - 30, 0) :][:60]!r}")
    if not faults and code not in _CODES:
        faults.append(f"code {code!r}")
    changed = [name for name, digest in own.items() if fingerprint(folder / name) != digest]
    faults += [f"changed {name}" for name in changed]
    own |= {name: fingerprint(folder / name) for name in changed}  # each change counts once
    return Tried(tuple(words), code, tuple(faults), time.monotonic() - began)


def fingerprint(path: Path) -> str:
    """Return what tells whether a file, a link or a store is still what it was."""
    if path.is_symlink():
        return str(path.readlink())
    if path.suffix == ".duckdb":  # runs are added to it
        return path.read_bytes()[8:12].decode("latin-1")
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "gone"


def owned(folder: Path) -> dict[str, str]:
    """Return the user's files with their fingerprints."""
    every = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    return {str(path.relative_to(folder)): fingerprint(path) for path in every}


def tried(count: int, seed: int, folder: Path) -> list[Tried]:
    """Try command lines in a folder, which becomes the current one."""
    prepare(folder)
    os.chdir(folder)
    own = owned(folder)
    results = []
    for words in lines(count, seed):
        results.append(attempt(words, own, folder))
        if results[-1].faults:
            print(repr(words)[:300], *results[-1].faults, sep="\n    ", flush=True)
    return results


def leftovers(folder: Path) -> list[str]:
    """Return files that were begun and not finished."""
    return [str(path.relative_to(folder)) for path in folder.rglob(".*") if path.is_file()]


if __name__ == "__main__":
    setattr(headless, "Backend", FakeBackend)  # noqa: B010
    asked, start = (*map(int, sys.argv[1:]), 500, 0)[:2]
    with tempfile.TemporaryDirectory() as name:
        results = tried(asked, start, Path(name))
        wrong = Counter(re.split("[ :]", fault)[0] for one in results for fault in one.faults)
        print(f"{len(results)} lines; faults {dict(wrong)}; codes", end=" ")
        print(Counter(one.code for one in results), "left", leftovers(Path(name)))
        print(f"slowest {max(one.seconds for one in results):.1f} s")
