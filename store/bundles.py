"""Run bundles: a run as files, to ship with the program or to hand to somebody.

A folder with some Parquet files and a record of what they are, their hashes included, so
that whatever happened to them on the way is noticed. The benchmark is not in it: labels are
the receiver's own, and a run says by content which benchmark it belongs to.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast, get_args

import duckdb

from store import runs
from store.connection import Connection
from store.errors import FileUnusable, NotInStore
from store.identity import Canonical, canonical_json
from store.records import RunSpec, RunState, Split
from store.regular import content, opened

FORMAT = 1
"""Version of the folder's layout; a newer one is refused."""
RECORD = "record.json"
_MOST = 1 << 24
"""Bytes of a record."""
BY_BUNDLE = "imported"
"""Stands in for the process that last worked on the run."""

_COLUMNS: Mapping[str, str] = {
    "generations": "request, text, prompt_tokens, answer_tokens, dropped_examples, seconds,"
    " error, attempts, created_at",
    "items": "scenario, attribute, part, sample, target, request",
    "predictions": "scenario, attribute, sample, response, score, reasoning",
    "choices": "scenario, target, sample, response, reasoning",
    "embeddings": "embedder, key, vector",
}
"""Of each table, all but the run's number, which is the store's own; the key comes first."""
_FILES = {table: f"{table}.parquet" for table in _COLUMNS}
_OF_RUN = dict.fromkeys(_COLUMNS, "run = $run") | {
    "generations": "request IN (SELECT request FROM items WHERE run = $run)",
    "embeddings": """(embedder, key) IN (
        SELECT (json_extract_string(config, '$.embedder'), key)
        FROM runs JOIN scenarios USING (benchmark) WHERE run = $run)""",
}
"""Which rows belong to a run; the embeddings are those its examples were chosen by."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a bundle says of itself."""

    spec: RunSpec
    benchmark: str
    """Name of the benchmark, for people; `spec` has its identity."""
    state: RunState
    created_at: datetime
    updated_at: datetime
    environment: str
    """Canonical JSON."""
    hashes: Mapping[str, str]
    """File → SHA-256 of its content."""


def save(db: Connection, run: int, folder: Path) -> None:
    """Write a run into `folder`, which is made, or holds an earlier bundle and nothing else.

    Args:
        db: a connection in `Store.reading`.
        run: its number.
        folder: where to.

    Raises:
        NotInStore: no run has that number.
        FileUnusable: the folder holds other files or cannot be written.

    """
    found = runs.get(db, run)
    name = db.execute(
        "SELECT name FROM benchmarks WHERE benchmark = ?", [found.spec.benchmark]
    ).fetchone()
    try:
        _prepare(folder)
        for table in _COLUMNS:
            _write_table(db, table, run, folder / _FILES[table])
        record = Record(
            spec=found.spec,
            benchmark=name[0] if name else "",
            state=found.state,
            created_at=found.created_at,
            updated_at=found.updated_at,
            environment=found.environment,
            hashes={file: _hash(folder / file) for file in _FILES.values()},
        )
        # Last, and gone before the others change: a folder with a record is whole.
        (folder / RECORD).write_text(_to_json(record), encoding="utf-8")
    except (OSError, duckdb.IOException) as error:
        problem = str(error).partition("\n")[0]
        raise FileUnusable(f"{folder}: cannot be written: {problem}") from error


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    foreign = {path.name for path in folder.iterdir()} - {RECORD, *_FILES.values()}
    if foreign:
        raise FileUnusable(f"{folder}: holds other files ({min(foreign)}); name a new folder")
    (folder / RECORD).unlink(missing_ok=True)


def _write_table(db: Connection, table: str, run: int, path: Path) -> None:
    columns = _COLUMNS[table]
    db.execute(
        f"""COPY (SELECT {columns} FROM {table} WHERE {_OF_RUN[table]} ORDER BY {columns})
            TO $path (FORMAT parquet, COMPRESSION zstd)""",
        {"run": run, "path": str(path)},
    )


def _hash(path: Path) -> str:
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from error


def _to_json(record: Record) -> str:
    spec = record.spec
    document = {
        "format": FORMAT,
        "run": spec.identity,
        "benchmark": {"name": record.benchmark, "identity": spec.benchmark},
        "split": spec.split,
        "method": spec.method,
        "model": spec.model,
        "config": json.loads(spec.config),
        "state": record.state,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "environment": json.loads(record.environment),
        "files": dict(record.hashes),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_record(folder: Path) -> Record:
    """Return what the bundle in `folder` says of itself.

    Raises:
        FileUnusable: there is no record, or not one of ours, or of a newer format.

    """
    path = folder / RECORD
    try:
        document = json.loads(content(path, most=_MOST))
        newer = _version(document) > FORMAT
        record = None if newer else _of_json(document)
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FileUnusable(f"{path}: not the record of a run bundle") from error
    if record is None:
        raise FileUnusable(
            f"{path}: format {document['format']}, this spm-tui knows {FORMAT}; update spm-tui"
        )
    if record.spec.identity != document["run"]:
        raise FileUnusable(f"{path}: changed since it was written")
    return record


def _version(document: Any) -> int:
    version = document["format"]
    if type(version) is not int:
        raise TypeError
    return version


def _of_json(document: Any) -> Record:
    return Record(
        spec=RunSpec(
            benchmark=_text(document["benchmark"]["identity"]),
            split=cast("Split", _one_of(document["split"], get_args(Split))),
            method=_text(document["method"]),
            model=_text(document["model"]),
            config=canonical_json(document["config"]),
        ),
        benchmark=_text(document["benchmark"]["name"]),
        state=cast("RunState", _one_of(document["state"], get_args(RunState))),
        created_at=datetime.fromisoformat(document["created_at"]),
        updated_at=datetime.fromisoformat(document["updated_at"]),
        environment=canonical_json(document["environment"]),
        hashes={file: _text(document["files"][file]) for file in _FILES.values()},
    )


def _text(value: Canonical) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _one_of(value: Canonical, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError
    return _text(value)


def load(db: Connection, folder: Path, *, at: datetime) -> int:
    """Put the bundle in `folder` into the store and return the run's number there.

    A run that is there already keeps what it has and gains what it lacks. An answer that
    another run of the store has had already stays as it is too.

    Args:
        db: a connection in `Store.writing`.
        folder: as `save` left it.
        at: when; counts as the newest change of the run.

    Raises:
        FileUnusable: the folder is no bundle, or damaged, or of a newer format.
        NotInStore: the store lacks the run's benchmark.

    """
    record = read_record(folder)
    for file, expected in record.hashes.items():
        if _hash(folder / file) != expected:
            raise FileUnusable(f"{folder / file}: changed since it was written")
    _require_benchmark(db, record)
    number = _run(db, record, at)
    for table, file in _FILES.items():
        try:
            _read_table(db, table, number, folder / file)
        except (duckdb.DataError, duckdb.IntegrityError, duckdb.ProgrammingError) as error:
            problem = str(error).partition("\n")[0]
            raise FileUnusable(f"{folder / file}: not a table of a run: {problem}") from error
    _check(db, record.spec, number, folder)
    return number


def _require_benchmark(db: Connection, record: Record) -> None:
    identity = record.spec.benchmark
    if not db.execute("SELECT 1 FROM benchmarks WHERE benchmark = ?", [identity]).fetchone():
        raise NotInStore(
            f"the run is on the benchmark {record.benchmark!r} ({identity[:12]}), which is not in"
            " the store; import that first"
        )


def _run(db: Connection, record: Record, at: datetime) -> int:
    """Return the run's number; a new one, or one that becomes finished, is marked."""
    known = {run.spec.identity: run for run in runs.listing(db)}
    there = known.get(record.spec.identity)
    if there is None:
        number = runs.open_run(
            db,
            record.spec,
            process=BY_BUNDLE,
            environment=record.environment,
            at=record.created_at,
        )
    elif there.state != "finished" and record.state == "finished":
        number = there.number
    else:
        return there.number
    state: RunState = "interrupted" if record.state == "running" else record.state
    runs.mark(db, number, state, process=BY_BUNDLE, environment=record.environment, at=at)
    return number


def _read_table(db: Connection, table: str, run: int, path: Path) -> None:
    columns = _COLUMNS[table]
    if table == "generations":
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns.split(", ")[1:])
        db.execute(
            f"""INSERT INTO generations ({columns}) SELECT {columns} FROM read_parquet(?)
                ON CONFLICT DO UPDATE SET {updates}
                WHERE generations.error IS NOT NULL AND excluded.error IS NULL""",
            [str(path)],
        )
        return
    run_too = table != "embeddings"
    db.execute(
        f"""INSERT INTO {table} ({"run, " if run_too else ""}{columns})
            SELECT {"$run, " if run_too else ""}{columns} FROM read_parquet($path)
            ON CONFLICT DO NOTHING""",
        {"path": str(path)} | ({"run": run} if run_too else {}),
    )


def _check(db: Connection, spec: RunSpec, run: int, folder: Path) -> None:
    """Refuse rows about responses that the benchmark does not have, and scores that are none."""
    broken = db.execute(
        "SELECT scenario FROM predictions WHERE run = ? AND NOT isfinite(score) LIMIT 1", [run]
    ).fetchone()
    if broken:
        path = folder / _FILES["predictions"]
        raise FileUnusable(f"{path}: a score at scenario {broken[0]} is no finite number")
    for table, answered in (("predictions", "labels"), ("choices", "responses")):
        place = "scenario, response" + (", attribute" if table == "predictions" else "")
        stray = db.execute(
            f"""SELECT scenario FROM {table} ANTI JOIN (
                SELECT {place} FROM {answered} WHERE benchmark = ? AND split = ?)
                USING ({place}) WHERE run = ? LIMIT 1""",
            [spec.benchmark, spec.split, run],
        ).fetchone()
        if stray:
            raise FileUnusable(
                f"{folder / _FILES[table]}: does not fit the benchmark at scenario {stray[0]}"
            )
