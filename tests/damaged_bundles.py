"""Run bundles damaged in every way: `python -m tests.damaged_bundles [--every N] [--only TEXT]`.

Whatever is done to a bundle, with its hashes made right again, it is either imported and can be
read, or refused in one line, and then the store holds what it held before.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from spm_tui.bench import bundled
from spm_tui.bench.execute import run_asking
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.repeating import options_of
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.bench.target_sets import members, standard_sets
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.errors import SpmError
from spm_tui.methods.base import Settings
from spm_tui.report import board, tables, text
from spm_tui.report.paper.settings import settings_of
from spm_tui.tui import session, study
from store import benchmarks, bundles
from store.connection import Store
from store.errors import StoreError
from store.identity import content_hash
from tests.build import SMALL
from tests.conftest import AT
from tests.machine import embed, judge

Damage: TypeAlias = Callable[[Path], object]
TABLES = ("generations", "items", "predictions", "choices", "embeddings")
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 3, 1e308, 10**30, "", "x", "\x1b[2J", "\ud800", [], {}, [[1, 2]], {"a": 1},
)  # fmt: skip
CELLS = (
    "NULL", "'x'", "''", "-1", "0", "7", "40000", "99999999999", "1e308::DOUBLE", "'NaN'::DOUBLE",
    "'-inf'::DOUBLE", "1.5::DOUBLE", "'\\x01\\x02\\x03'::BLOB", "repeat('x', 70000)::BLOB",
    "'infinity'::TIMESTAMP", "'0001-01-01'::TIMESTAMP", "[1, 2]", "true", "repeat('ab', 32)",
    "'{\"helpfulness\": 7}'", "'{\"nobody\": 1}'", "decode('\\xC2\\x9B31m'::BLOB)",
)  # fmt: skip
FOLDERS = ("x[1]", "scenario=7", "~", "a b", "é漢", "it's", "a%20{}", "new\nline", "*", "score=1")


@dataclass(frozen=True, slots=True)
class Variant:
    """A bundle that is not as it was written."""

    name: str
    damage: Damage


def variants() -> list[Variant]:
    """Return all that is done to the bundle of a run."""
    return [*_records(), *_texts(), *_tables(), *_bytes(), *_folders()]


def _records() -> Iterator[Variant]:
    paths: tuple[tuple[str, ...], ...] = (
        ("format",), ("run",), ("benchmark",), ("benchmark", "name"), ("benchmark", "identity"),
        ("split",), ("method",), ("model",), ("config",), ("config", "method"),
        *(("config", "method", field) for field in (
            "temperature", "samples", "shots", "seed", "reasoning", "novel")),
        *(("config", field) for field in ("model", "wording", "embedder", "examples", "novel")),
        ("state",), ("created_at",), ("updated_at",), ("environment",),
        *(("environment", field) for field in ("options", "planned", "servers", "prompts")),
        *(("environment", "options", field) for field in ("samples", "method", "novel")),
        ("files",), ("files", "items.parquet"), ("novel",),
    )  # fmt: skip
    for path in paths:
        for value in VALUES:
            yield Variant(f"record/{'.'.join(path)}={value!r}", _setting(path, value))
        yield Variant(f"record/{'.'.join(path)} gone", _setting(path, ...))
    more: tuple[tuple[str, tuple[str, ...], Any], ...] = (
        ("a novel method", ("method",), "novel"),
        ("another method", ("method",), "oracle"),
        ("many samples", ("config", "method", "samples"), 10**6),
        ("one sample", ("config", "method", "samples"), 1),
        ("huge plan", ("environment", "planned"),
         {"attributes": [0], "scenarios": [[1, 10**12]]}),
        ("a plan", ("environment", "planned"), {"attributes": [0], "scenarios": [[1, 3]]}),
        ("negative temperature", ("config", "method", "temperature"), -0.5),
        ("greedy with samples", ("config", "method", "temperature"), 0),
        ("with a zone", ("created_at",), "2026-01-01T00:00:00+01:00"),
        ("long ago", ("created_at",), "0001-01-01T00:00:00"),
        ("deep", ("environment", "deep"), _deep(200)),
        ("deeper", ("environment", "deep"), _deep(900)),
    )  # fmt: skip
    for name, path, value in more:
        yield Variant(f"record/{name}", _setting(path, value))


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _setting(path: Sequence[str], value: Any) -> Damage:
    def damage(folder: Path) -> None:
        document = json.loads((folder / "record.json").read_text())
        inner = document
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        if value is ...:
            inner.pop(path[-1], None)
        else:
            inner[path[-1]] = value
        if path != ("run",):
            _sign(document)
        (folder / "record.json").write_text(json.dumps(document))

    return damage


def _sign(document: Any) -> None:
    """Make the run's identity that of its changed specification, where it can have one."""
    try:
        fields = [document["benchmark"]["identity"], document["split"], document["method"],
                  document["model"],
                  json.dumps(document["config"], sort_keys=True, ensure_ascii=False,
                             separators=(",", ":"))]  # fmt: skip
        document["run"] = content_hash(fields)
    except (KeyError, TypeError, ValueError):
        pass


def _texts() -> Iterator[Variant]:
    changes: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda _: b"",
        "half": lambda whole: whole[: len(whole) // 2],
        "latin": lambda whole: whole.replace(b"smol", b"sm\xf6l"),
        "nan": lambda whole: whole.replace(b'"python": "3"', b'"python": NaN'),
        "infinite": lambda whole: whole.replace(b'"python": "3"', b'"python": 1e999'),
        "digits": lambda whole: whole.replace(b'"python": "3"', b'"python": ' + b"9" * 5000),
        "twice": lambda whole: whole.replace(b'"state"', b'"state": "failed", "state"'),
        "nested": lambda _: b"[" * 100_000,
        "mark": lambda whole: b"\xef\xbb\xbf" + whole,
        "large": lambda whole: whole + b" " * (5 << 20),
        "zero": lambda whole: whole.replace(b"smol", b"sm\\u0000l"),
        "list": lambda _: b"[]",
        "null": lambda _: b"null",
    }
    for name, change in changes.items():
        yield Variant(f"text/{name}", _rewriting(change))


def _rewriting(change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "record.json"
        path.write_bytes(change(path.read_bytes()))

    return damage


COLUMNS = {
    "generations": ("request", "text", "prompt_tokens", "answer_tokens", "dropped_examples",
                    "seconds", "error", "attempts", "created_at"),
    "items": ("scenario", "attribute", "part", "sample", "target", "request"),
    "predictions": ("scenario", "attribute", "sample", "response", "score", "reasoning"),
    "choices": ("scenario", "target", "sample", "response", "reasoning"),
    "embeddings": ("embedder", "key", "vector"),
}  # fmt: skip


def _tables() -> Iterator[Variant]:
    for table, columns in COLUMNS.items():
        for column in columns:
            for cell in CELLS:
                yield Variant(
                    f"{table}/{column}={cell}",
                    querying(table, f"SELECT * REPLACE ({cell} AS {column}) FROM it"),
                )
                first = f"CASE WHEN rowid = 0 THEN {cell} ELSE {column} END"
                yield Variant(
                    f"{table}/first {column}={cell}",
                    querying(table, f"SELECT * REPLACE ({first} AS {column}) FROM it"),
                )
            yield Variant(
                f"{table}/no {column}", querying(table, f"SELECT * EXCLUDE {column} FROM it")
            )
        whole = {
            "another column": "SELECT *, 1 AS novel FROM it",
            "twice": "FROM it UNION ALL FROM it",
            "nothing": "FROM it LIMIT 0",
            "all but one": "FROM it OFFSET 1",
            "one": "FROM it LIMIT 1",
            "backwards": "FROM it ORDER BY rowid DESC",
            "many": "SELECT it.* FROM it, range(100000)",
            "turned": f"SELECT {', '.join(reversed(columns))} FROM it",
        }
        for name, query in whole.items():
            yield Variant(f"{table}/{name}", querying(table, query))


def querying(table: str, query: str) -> Damage:
    """Return the damage that puts a query's rows in place of a table, `it`."""

    def damage(folder: Path) -> None:
        path = folder / f"{table}.parquet"
        try:
            with duckdb.connect() as db, tempfile.TemporaryDirectory() as place:
                plain = Path(shutil.copy(path, place))
                db.execute(f"CREATE TABLE it AS FROM '{plain}'")
                db.execute(f"COPY ({query}) TO '{plain}' (FORMAT parquet)")
                shutil.copy(plain, path)
        except duckdb.Error:
            return  # what has no such type is left as it is
        _hash_again(folder)

    return damage


def _hash_again(folder: Path) -> None:
    record = json.loads((folder / "record.json").read_text())
    for table in TABLES:
        path = folder / f"{table}.parquet"
        if path.is_file():
            record["files"][path.name] = sha256(path.read_bytes()).hexdigest()
    (folder / "record.json").write_text(json.dumps(record))


def _bytes() -> Iterator[Variant]:
    for table in TABLES:
        for seed in range(24):
            yield Variant(f"bytes/{table} {seed}", _flipping(table, seed))
        yield Variant(f"bytes/{table} gone", _removing(table))
        yield Variant(f"bytes/{table} is a folder", _foldering(table))


def _flipping(table: str, seed: int) -> Damage:
    def damage(folder: Path) -> None:
        path, drawn = folder / f"{table}.parquet", random.Random(seed)
        whole = bytearray(path.read_bytes())
        for _ in range(drawn.choice((1, 3, 20))):
            whole[drawn.randrange(len(whole))] = drawn.randrange(256)
        path.write_bytes(whole[: drawn.choice((None, None, None, len(whole) // 2))])
        _hash_again(folder)

    return damage


def _removing(table: str) -> Damage:
    return lambda folder: (folder / f"{table}.parquet").unlink()


def _foldering(table: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / f"{table}.parquet").unlink()
        (folder / f"{table}.parquet").mkdir()

    return damage


def _folders() -> Iterator[Variant]:
    for name in FOLDERS:
        yield Variant(f"folder/{name!r}", lambda folder: None)


def folder_of(variant: Variant) -> str:
    """Return the name of the folder that a variant's bundle lies in."""
    return dict(zip((f"folder/{n!r}" for n in FOLDERS), FOLDERS, strict=True)).get(
        variant.name, "bundle"
    )


# trying


def make(folder: Path, method: str = "few-shot-comparative") -> Path:
    """Write the bundle of a scripted run, and return its folder."""
    sender = Store(folder / f"{method}.duckdb")
    with sender.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    subject = load_subject(sender, "small", Selection(), at=AT)
    context = Context(sender, "here:1", '{"python": "3", "options": {}}', lambda: AT,
                      lambda: False)  # fmt: skip
    settings = Settings(SMALL.attributes, temperature=0.7, samples=2)
    targets = members(standard_sets(subject.selected, ["high", "low"]))
    job = Job(subject, method, settings, Backbone("smol", "r/float32"), "mini", targets)
    list(run_asking(context, job, make_plan(sender, job, embed), lambda: ScriptedEngine(judge)))
    with sender.reading() as db:
        bundles.save(db, 1, folder / method)
    return folder / method


def receiver(folder: Path) -> Store:
    """Return a store with the benchmark alone."""
    store = Store(folder / "receiver.duckdb")
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    return store


def content(store: Store) -> str:
    """Return a hash of all rows of a store."""
    rows = sha256()
    with store.reading() as db:
        names = db.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        for (name,) in names:
            rows.update(repr((name, db.execute(f"FROM {name} ORDER BY ALL").fetchall())).encode())
    return rows.hexdigest()


def try_one(
    variant: Variant, sound: Path, store: Store, before: str, place: Path
) -> tuple[str, str]:
    """Return what becomes of a variant: imported, refused; or what must not be, and why.

    A store that took it in is left with it. `before` is the `content` that it has.
    """
    folder = place / folder_of(variant)
    shutil.copytree(sound, folder)
    variant.damage(folder)
    try:
        number = bundled.load(store, folder, at=AT)
    except (SpmError, StoreError) as error:
        line = str(error).replace(str(folder), "FOLDER")
        if content(store) != before:
            return "changed", line
        return ("refused" if len(line.splitlines()) == 1 else "ragged"), line
    except BaseException as error:
        return "raised", f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder)
    try:
        accuracy = read(store, number, place)
    except BaseException as error:
        return "unreadable", f"{type(error).__name__}: {error}"
    return "imported", accuracy


def read(store: Store, number: int, place: Path) -> str:
    """Read a run as reports and the app do; return its accuracy on the target `high`."""
    opened = session.open_run(store, number)
    assert opened.run is not None
    options_of(opened.run)
    settings_of(opened.run)
    study.decoded(opened.run)
    subject = board.subject_of(store, [number])
    sets = standard_sets(subject.selected, ["high"])
    scored = board.score(store, subject, [number], sets, everything=False, resamples=20)
    text.accuracy_markdown(scored)
    for make_table in (tables.accuracy_values, tables.by_target, tables.agreement, tables.runtime):
        text.comma_separated(make_table(scored))
    with store.reading() as db:
        bundles.save(db, number, place / "again")
    shutil.rmtree(place / "again")
    return json.dumps(json.loads(text.accuracy_json(scored)))[:200]


def main(arguments: Sequence[str]) -> int:
    """Try variants of two runs, say how they ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    longest = 0.0
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        sound = [make(place), make(place, "prompt-aligned-zero-shot")]
        fresh = place / "receiver.duckdb"
        receiver(place)
        store = Store(Path(shutil.copy(fresh, place / "store.duckdb")))
        before = content(store)
        wanted = [v for v in variants() if options.only in v.name][:: options.every]
        for number, variant in enumerate(wanted):
            begun = time.monotonic()
            kind, line = try_one(variant, sound[number % 2], store, before, place)
            longest = max(longest, time.monotonic() - begun)
            counts[kind] += 1
            if options.verbose or kind not in ("imported", "refused"):
                print(f"{kind:10} {variant.name:.100}: {line!r:.200}", flush=True)
            if kind != "refused":
                store = Store(Path(shutil.copy(fresh, store.path)))
    print(f"{sum(counts.values())} variants: {dict(counts)}; longest {longest:.1f} s")
    return int(bool(counts.keys() - {"imported", "refused"}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
