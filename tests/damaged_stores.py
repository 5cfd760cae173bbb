"""Store files as they come out of faults: flipped bits, lost ends, blocks in others' places.

``python -m tests.damaged_stores [--every 10] [--only wal] [--out FILE]`` tries all of them: lists
the runs, scores one, reads it as the app does, writes. Each must work or be refused in a line, and
a file that is refused is left as it was.
"""

import argparse
import gzip
import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np

from spm_tui.report import board, files  # noqa: F401  # imported before a child is forked
from spm_tui.targets import TargetSet, target
from spm_tui.tui import session
from store import annotations, benchmarks, runs
from store.connection import Store
from store.records import Annotation, Generation, Item, Prediction, RunSpec
from tests.build import benchmark
from tests.forked import Ending, forked

AT = datetime(2026, 11, 24, 12, 0, 0)
BLOCK = 1 << 18
"""Bytes of DuckDB's blocks; three headers of 4,096 are before them."""
HEADERS = 3 * 4096


@dataclass(frozen=True, slots=True)
class Bases:
    """The stores that are damaged."""

    whole: bytes
    """Closed."""
    cut: bytes
    """Left by a process that was killed: its last changes are in the log."""
    log: bytes
    other_log: bytes
    """Of another store."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A damaged store."""

    name: str
    content: bytes
    log: bytes | None = None
    statement: str = ""
    """Of SQL, which another program runs on it before it is used."""


def make(path: Path, *, wide: int = 40) -> None:
    """Write a store with a benchmark, two runs, embeddings and annotations."""
    store = Store(path)
    levels = [[[n % 5, (n + k) % 5] for k in range(3)] for n in range(wide)]
    made = benchmark(levels, levels[:8])
    attributes = made.attributes
    with store.writing() as db:
        benchmarks.add(db, made, at=AT)
        benchmarks.add_embeddings(
            db, "embedder", {f"{n:064}": np.full(384, n, np.float32) for n in range(wide)}
        )
    for seed in (1, 2):
        config = json.dumps({"method": {"method": "oracle", "seed": seed}})
        spec = RunSpec(made.identity, "eval", "oracle", "", config)
        with store.writing() as db:
            run = runs.open_run(db, spec, process="host:1", environment="{}", at=AT)
            batch = runs.Batch()
            for n in range(1, wide + 1):
                for a in range(len(attributes)):
                    key = hashlib.sha256(f"{seed} {n} {a}".encode()).hexdigest()
                    batch.generations.append(
                        Generation(key, f"text {key}" * 20, 10, 20, 0, 0.5, None)
                    )
                    batch.items.append(Item(n, a, 0, 0, "", key))
                    batch.say(
                        Prediction(n, a, 0, r, 0.25 * ((n + r + a) % 5), f"because {key}")
                        for r in range(3)
                    )
            runs.add_batch(db, run, batch, at=AT)
            runs.mark(db, run, "finished", process="host:1", environment="{}", at=AT)
            annotations.annotate(db, Annotation(run, 1, 0, 0, "flag", "", "ada", AT))


def use(path: Path) -> str:
    """Do with a store what commands and the app do; return what came of it."""
    store = Store(path, patience=1.0)
    with store.reading() as db:
        listed = runs.listing(db)
        contents = session.read_contents(db)
    numbers = [run.number for run in listed] or [1]
    for number in numbers[:2]:
        with store.reading() as db:
            session.read_run(db, number)
    with store.blamed():
        subject = board.subject_of(store, numbers[:1])
        attributes = subject.benchmark.attributes
        high = target({attribute.name: 1.0 for attribute in attributes}, attributes)
        sets = [TargetSet("high", (high,))]
        scored = board.score(store, subject, numbers[:1], sets, everything=False)
    with store.writing() as db:
        annotations.annotate(db, Annotation(numbers[0], 2, 0, 0, "flag", "", "ada", AT))
    return f"{len(listed)} runs, {len(contents.benchmarks)} benchmarks, {len(scored.rows)} rows"


def _child(act: Callable[[], None]) -> None:
    def acted() -> str:
        act()
        return ""

    ending = forked(acted, memory=8 << 30, seconds=120)
    if ending.kind != "worked":
        raise AssertionError(ending)


def bases(folder: Path) -> Bases:
    """Make the stores, in children."""
    _child(partial(make, folder / "whole.duckdb"))
    logs = []
    for name in ("cut", "other"):
        if name == "cut":
            shutil.copy(folder / "whole.duckdb", folder / "cut.duckdb")
        else:
            _child(partial(make, folder / "other.duckdb", wide=30))
        program = (
            f"import duckdb, os\ndb = duckdb.connect({str(folder / f'{name}.duckdb')!r})\n"
            "db.execute('INSERT INTO annotations SELECT 1, 1 + range % 30, 0, 0, ?, ?, ?, now()"
            " FROM range(300)', ['flag', 'a note of some length', 'ada'])\n"
            "db.execute('DELETE FROM choices')\n"
            "db.execute('UPDATE predictions SET reasoning = upper(reasoning) WHERE run = 2')\n"
            "os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", program], check=True)
        logs.append((folder / f"{name}.duckdb.wal").read_bytes())
    return Bases(
        (folder / "whole.duckdb").read_bytes(),
        (folder / "cut.duckdb").read_bytes(),
        logs[0],
        logs[1],
    )


_TABLES = (
    "benchmarks", "attributes", "scenarios", "responses", "labels", "reasonings", "embeddings",
    "runs", "run_states", "generations", "items", "predictions", "choices", "annotations",
    "target_sets", "rules", "identity", "migrations",
)  # fmt: skip
_COLUMNS = {
    "runs": ("config", "split", "identity", "method"), "scenarios": ("question", "split"),
    "labels": ("level", "attribute"), "predictions": ("score", "response"),
    "annotations": ("verdict", "made_at"), "identity": ("value",), "migrations": ("number",),
    "attributes": ("levels", "name"), "run_states": ("state", "environment"),
}  # fmt: skip
STATEMENTS = (
    *(f"DROP TABLE {table} CASCADE" for table in _TABLES),
    *(f"DELETE FROM {table}" for table in _TABLES),
    *(
        f"CREATE TABLE new AS SELECT * EXCLUDE ({name}) FROM {table};DROP TABLE {table} CASCADE;"
        f"ALTER TABLE new RENAME TO {table}"
        for table, names in _COLUMNS.items()
        for name in names
    ),
    *(
        f"CREATE TABLE new AS SELECT * REPLACE ('x' || {name} AS {name}) FROM {table};"
        f"DROP TABLE {table} CASCADE;ALTER TABLE new RENAME TO {table}"
        for table, names in _COLUMNS.items()
        for name in names
    ),
    "DROP VIEW mean_predictions",
    "DROP VIEW mean_predictions;CREATE TABLE mean_predictions AS SELECT 1 AS x",
    "UPDATE runs SET config = '{}'",
    "UPDATE runs SET config = '['",
    "UPDATE runs SET config = 'null'",
    "UPDATE runs SET split = 'other'",
    "UPDATE runs SET method = 'other'",
    "UPDATE runs SET benchmark = 'other'",
    "UPDATE run_states SET state = 'other'",
    "UPDATE run_states SET environment = '['",
    "UPDATE run_states SET environment = '[]'",
    "UPDATE attributes SET levels = 1",
    "UPDATE attributes SET levels = 0",
    "UPDATE attributes SET attribute = attribute + 7",
    "UPDATE attributes SET name = 'same'",
    "UPDATE labels SET level = 30",
    "UPDATE labels SET level = -30",
    "UPDATE labels SET attribute = attribute + 7",
    "UPDATE labels SET response = response + 7",
    "DELETE FROM labels WHERE scenario = 3",
    "DELETE FROM labels WHERE attribute = 1",
    "DELETE FROM responses WHERE response = 1",
    "DELETE FROM scenarios WHERE scenario = 3",
    "UPDATE scenarios SET scenario = scenario + 100000",
    "UPDATE scenarios SET scenario = -scenario",
    "UPDATE predictions SET score = 'nan'",
    "UPDATE predictions SET score = 1e308",
    "UPDATE predictions SET response = response + 9 WHERE scenario = 2",
    "UPDATE predictions SET attribute = attribute + 9 WHERE scenario = 2",
    "UPDATE predictions SET scenario = scenario + 999 WHERE scenario = 2",
    "UPDATE annotations SET verdict = 'other', response = 99, attribute = 99",
    "UPDATE annotations SET scenario = -4",
    "UPDATE identity SET value = 'other'",
    "UPDATE migrations SET number = number + 500",
    "DELETE FROM migrations WHERE number > 2",
    "UPDATE migrations SET number = number - 2000",
    "INSERT INTO target_sets VALUES ('x', 'y', 1, '[', now()::TIMESTAMP)",
    "INSERT INTO target_sets SELECT 'x', benchmark, 1, '[', now()::TIMESTAMP FROM benchmarks",
    "INSERT INTO choices SELECT 1, scenario, '[', 0, 77, '' FROM scenarios WHERE split = 'eval'",
)


def variants(made: Bases) -> Iterator[Variant]:
    """Yield every damaged store."""
    yield from _flips(made)
    yield from _lengths(made)
    yield from _blocks(made)
    yield from _logs(made)
    yield from _foreign()
    for statement in STATEMENTS:
        yield Variant(f"sql/{statement}", made.whole, statement=statement)


def _flips(made: Bases) -> Iterator[Variant]:
    rng = random.Random(1)
    whole = made.whole
    starts = {"main": range(4096), "header1": range(4096, 8192), "header2": range(8192, HEADERS)}
    for name, places in starts.items():
        for at in (*list(places)[:80:2], *rng.sample(places, 10)):
            yield Variant(f"flip/{name}/{at}", _flipped(whole, at, rng.randrange(8)))
    for _ in range(100):
        at = rng.randrange(HEADERS, len(whole))
        yield Variant(f"flip/block/{at}", _flipped(whole, at, rng.randrange(8)))
    for block in range((len(whole) - HEADERS) // BLOCK):
        for offset in (0, 8, 16, 24, 100):
            at = HEADERS + block * BLOCK + offset
            yield Variant(f"flip/start/{at}", _flipped(whole, at, rng.randrange(8)))


def _flipped(content: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    return bytes(changed)


def _lengths(made: Bases) -> Iterator[Variant]:
    rng = random.Random(2)
    whole = made.whole
    edges = [0, 1, 8, 12, 100, 4095, 4096, 4097, 8192, HEADERS - 1, HEADERS, HEADERS + 1]
    edges += [HEADERS + BLOCK * n for n in range(1, (len(whole) - HEADERS) // BLOCK)]
    for size in (*edges, *(rng.randrange(len(whole)) for _ in range(25)), len(whole) - 1):
        yield Variant(f"short/{size}", whole[:size])
        yield Variant(f"zeros/{size}", whole[:size] + bytes(len(whole) - size))
    for size in (1, 100, 4096, BLOCK, 3 * BLOCK):
        yield Variant(f"longer/noise/{size}", whole + rng.randbytes(size))
        yield Variant(f"longer/zeros/{size}", whole + bytes(size))
    yield Variant("twice", whole + whole)
    for size in (1, 4096, HEADERS):
        yield Variant(f"headless/{size}", whole[size:])


def _blocks(made: Bases) -> Iterator[Variant]:
    whole = made.whole
    head, blocks = (
        whole[:HEADERS],
        [whole[at : at + BLOCK] for at in range(HEADERS, len(whole), BLOCK)],
    )
    rng = random.Random(5)
    for _ in range(60):
        first, second = rng.sample(range(len(blocks)), 2)
        swapped = list(blocks)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        yield Variant(f"swapped/{first}/{second}", head + b"".join(swapped))
        copied = list(blocks)
        copied[first] = copied[second]
        yield Variant(f"copied/{second}/{first}", head + b"".join(copied))
    for first in range(len(blocks)):
        zeroed = list(blocks)
        zeroed[first] = bytes(len(blocks[first]))
        yield Variant(f"zeroed/{first}", head + b"".join(zeroed))
        noise = list(blocks)
        noise[first] = random.Random(first).randbytes(len(blocks[first]))
        yield Variant(f"noise/{first}", head + b"".join(noise))
    for page in range(0, len(whole), 4096 * 29):
        yield Variant(f"page/{page}", whole[:page] + bytes(4096) + whole[page + 4096 :])
    yield Variant("headers/old", whole[:4096] + whole[8192:HEADERS] * 2 + whole[HEADERS:])
    yield Variant("headers/new", whole[:4096] + whole[4096:8192] * 2 + whole[HEADERS:])


def _logs(made: Bases) -> Iterator[Variant]:
    rng = random.Random(3)
    cut, log = made.cut, made.log
    yield Variant("wal/its own", cut, log)
    yield Variant("wal/other", cut, made.other_log)
    yield Variant("wal/of the whole", made.whole, made.other_log)
    yield Variant("wal/empty", cut, b"")
    for size in (1, 8, 100, 4096, 100_000):
        yield Variant(f"wal/noise/{size}", cut, rng.randbytes(size))
        yield Variant(f"wal/zeros/{size}", cut, bytes(size))
    for at in (*range(0, 64, 2), *(rng.randrange(len(log)) for _ in range(60))):
        yield Variant(f"wal/flip/{at}", cut, _flipped(log, at, rng.randrange(8)))
    for size in (rng.randrange(len(log)) for _ in range(30)):
        yield Variant(f"wal/short/{size}", cut, log[:size])
    yield Variant("wal/twice", cut, log + log)
    yield Variant("wal/longer", cut, log + rng.randbytes(1000))
    yield Variant("wal/the store", cut, made.whole)


def _foreign() -> Iterator[Variant]:
    rng = random.Random(4)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.sqlite"
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE runs (x)")
        db.close()
        yield Variant("foreign/sqlite", path.read_bytes())
    for name, content in {
        "text": b"hello\n" * 3000,
        "json": b'{"a": 1}',
        "gzip": gzip.compress(b"x" * 9000),
        "zip": b"PK\3\4" + rng.randbytes(9000),
        "png": b"\x89PNG\r\n\x1a\n" + rng.randbytes(9000),
        "parquet": b"PAR1" + rng.randbytes(9000) + b"PAR1",
        "gguf": b"GGUF" + rng.randbytes(9000),
        "noise": rng.randbytes(1 << 20),
        "zeros": bytes(1 << 20),
        "magic": bytes(8) + b"DUCK" + rng.randbytes(1 << 16),
        "elf": b"\x7fELF" + rng.randbytes(9000),
    }.items():
        yield Variant(f"foreign/{name}", content)
    for version in (0, 1, 38, 39, 51, 63, 64, 65, 68, 70, 99, 2**31, 2**63):
        head = bytes(8) + b"DUCK" + version.to_bytes(8, "little") + bytes(4096 - 20)
        yield Variant(f"foreign/version/{version}", head + bytes(8192))


def _run(path: Path, statements: str) -> None:
    with duckdb.connect(str(path)) as db:
        for statement in statements.split(";"):
            db.execute(statement)


def try_variant(variant: Variant, folder: Path) -> Ending:
    """Use a damaged store; a file that is refused but changed counts as raised."""
    path = folder / "store.duckdb"
    log = folder / "store.duckdb.wal"
    path.write_bytes(variant.content)
    log.unlink(missing_ok=True)
    if variant.log is not None:
        log.write_bytes(variant.log)
    if variant.statement:
        _child(partial(_run, path, variant.statement))
    content = path.read_bytes()
    ending = forked(partial(use, path))
    if ending.kind == "refused":
        same = path.read_bytes() == content
        same_log = (log.read_bytes() if log.exists() else None) == variant.log
        if not same or not same_log:
            what = "store" if not same else "log"
            return Ending("changed", f"{what}: {ending.text}", ending.seconds, ending.megabytes)
    return ending


def main() -> int:
    """Try the variants, count how they end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    endings: dict[str, Ending] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        every = (v for v in variants(bases(folder)) if options.only in v.name)
        wanted = islice(every, 0, None, options.every)
        for variant in wanted:
            ending = endings[variant.name] = try_variant(variant, folder)
            if not ending.good:
                print(f"{variant.name:.60}: {ending.kind}: {ending.text[-900:]!r}", flush=True)
    if options.out:
        options.out.write_text(json.dumps({k: asdict(v) for k, v in endings.items()}, indent=1))
    counts = Counter((name.partition("/")[0], one.kind) for name, one in endings.items())
    for (group, kind), count in sorted(counts.items()):
        print(f"{group:9} {kind:8} {count:4}")
    print(len(endings), "variants", Counter(one.kind for one in endings.values()))
    print(
        f"slowest {max(one.seconds for one in endings.values()):.1f} s,"
        f" largest {max(one.megabytes for one in endings.values()):.0f} MB"
    )
    return any(not one.good for one in endings.values())


if __name__ == "__main__":
    sys.exit(main())
