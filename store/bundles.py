"""Run bundles: a run as files, to ship with the program or to hand to somebody.

A folder with some Parquet files and a record of what they are, their hashes included, so
that whatever happened to them on the way is noticed. The benchmark is not in it: labels are
the receiver's own, and a run says by content which benchmark it belongs to.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from store import runs
from store.bundle_record import FORMAT, RECORD, Record, read_record, to_json
from store.bundle_tables import FILES, TABLES, drop, stage, staged
from store.connection import Connection
from store.errors import FileUnusable, NotInStore
from store.records import RunState
from store.regular import opened
from store.replacing import json_with, parquet_of, require_replaceable

__all__ = ["FORMAT", "RECORD", "Record", "enter", "load", "read_record", "save", "staging"]

BY_BUNDLE = "imported"
"""Stands in for the process that last worked on the run."""

_COLUMNS = {table: ", ".join(columns) for table, columns in TABLES.items()}
_OF_RUN = dict.fromkeys(_COLUMNS, "run = $run") | {
    "generations": "request IN (SELECT request FROM items WHERE run = $run)",
    "embeddings": """(embedder, key) IN (
        SELECT (json_extract_string(config, '$.embedder'), key)
        FROM runs JOIN scenarios USING (benchmark) WHERE run = $run)""",
}
"""Which rows belong to a run; the embeddings are those its examples were chosen by."""


def save(db: Connection, run: int, folder: Path) -> None:
    """Write a run into `folder`, which is made, or holds an earlier bundle and nothing else.

    Args:
        db: a connection in `Store.reading`.
        run: its number.
        folder: where to.

    Raises:
        NotInStore: no run has that number.
        FileUnusable: the folder holds other files, or some of these names that are not a bundle's,
            or cannot be written.

    """
    found = runs.get(db, run)
    name = db.execute(
        "SELECT name FROM benchmarks WHERE benchmark = ?", [found.spec.benchmark]
    ).fetchone()
    try:
        _prepare(folder)
        for table in _COLUMNS:
            _write_table(db, table, run, folder / FILES[table])
        record = Record(
            spec=found.spec,
            benchmark=name[0] if name else "",
            state=found.state,
            created_at=found.created_at,
            updated_at=found.updated_at,
            environment=found.environment,
            hashes={file: _hash(folder / file) for file in FILES.values()},
        )
        # Last, and gone before the others change: a folder with a record is whole.
        (folder / RECORD).write_text(to_json(record), encoding="utf-8")
    except (OSError, duckdb.IOException) as error:
        problem = str(error).partition("\n")[0]
        raise FileUnusable(f"{folder}: cannot be written: {problem}") from error


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    foreign = {path.name for path in folder.iterdir()} - {RECORD, *FILES.values()}
    if foreign:
        raise FileUnusable(f"{folder}: holds other files ({min(foreign)}); name a new folder")
    require_replaceable(folder / RECORD, json_with(("format", "run", "files")))
    for table, file in FILES.items():
        require_replaceable(folder / file, parquet_of(TABLES[table]))
    (folder / RECORD).unlink(missing_ok=True)


def _write_table(db: Connection, table: str, run: int, path: Path) -> None:
    columns = _COLUMNS[table]
    db.execute(
        f"""COPY (SELECT {columns} FROM {table} WHERE {_OF_RUN[table]} ORDER BY {columns})
            TO $path (FORMAT parquet, COMPRESSION zstd)""",
        {"run": run, "path": str(path.absolute())},  # else ~ would be a person's folder
    )


def _hash(path: Path) -> str:
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from error


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
    with staging(db, folder, record):
        return enter(db, record, at=at)


@contextmanager
def staging(db: Connection, folder: Path, record: Record) -> Iterator[None]:
    """Check the tables of the bundle in `folder`; while this lasts they can be entered.

    Raises:
        FileUnusable: a table is damaged, or not as it should be.
        NotInStore: the store lacks the run's benchmark.

    """
    _require_benchmark(db, record)
    try:
        stage(db, folder, record.hashes, record.spec)
        yield
    finally:
        drop(db)


def enter(db: Connection, record: Record, *, at: datetime) -> int:
    """Enter what is staged into the store and return the run's number; see `load`."""
    number = _run(db, record, at)
    for table in TABLES:
        _enter_table(db, table, number)
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


def _enter_table(db: Connection, table: str, run: int) -> None:
    columns, source = _COLUMNS[table], staged(table)
    if table == "generations":
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns.split(", ")[1:])
        db.execute(
            f"""INSERT INTO generations ({columns}) SELECT {columns} FROM {source}
                ON CONFLICT DO UPDATE SET {updates}
                WHERE generations.error IS NOT NULL AND excluded.error IS NULL"""
        )
        return
    run_too = table != "embeddings"
    db.execute(
        f"""INSERT INTO {table} ({"run, " if run_too else ""}{columns})
            SELECT {"$run, " if run_too else ""}{columns} FROM {source}
            ON CONFLICT DO NOTHING""",
        {"run": run} if run_too else {},
    )
