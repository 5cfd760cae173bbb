"""The tables of a run bundle, checked whole before any of it is entered into the store.

Owns what may stand in them: columns, types and ranges, keys, and how they hang together with
each other and with the benchmark. Each file is read once, from the same open file that is
hashed, into a temporary table; what a run's settings make of samples and targets is for
the layer above.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np

from store.bulk import insert
from store.connection import Connection
from store.errors import FileUnusable
from store.parquet import ParquetTable, ParquetUnusable, opened
from store.records import RunSpec

HASH = "[0-9a-f]{64}"
_SMALL, _WHOLE = 2**15 - 1, 2**31 - 1
_WHOLES = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"})
_EARLIEST, _LATEST = datetime(2000, 1, 1), datetime(2200, 1, 1)  # UTC, as stored
_LARGEST_TEXT = 16 << 20
"""Bytes of one text: more than the longest answer that can be asked for."""
_MOST_BYTES = 512 << 20
"""Of the texts in one file."""
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Column:
    """What may stand in a column; the lowest and the highest value where it has numbers."""

    kind: str
    """As the store has it."""
    low: float | None = None
    high: float | None = None
    pattern: str = ""
    """That a text matches whole; empty where it may be any."""
    nullable: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """Types in a file that will do."""
        if self.kind in _WHOLES:
            return _WHOLES
        return frozenset({"FLOAT", "DOUBLE"} if self.kind == "DOUBLE" else {self.kind})

    def broken(self, name: str) -> str:
        """Return the condition for a value that may not be."""
        conditions = [] if self.nullable else [f"{name} IS NULL"]
        if self.kind == "DOUBLE":
            conditions.append(f"NOT isfinite({name})")
        if self.kind == "TIMESTAMP":
            conditions.append(f"{name} NOT BETWEEN '{_EARLIEST}' AND '{_LATEST}'")
        if self.low is not None:
            conditions.append(f"{name} < {self.low}")
        if self.high is not None:
            conditions.append(f"{name} > {self.high}")
        if self.pattern:
            conditions.append(f"NOT regexp_full_match({name}, '{self.pattern}')")
        if self.kind == "VARCHAR":
            conditions.append(f"strlen({name}) > {_LARGEST_TEXT}")
        if self.kind == "BLOB":
            conditions.append(f"octet_length({name}) NOT BETWEEN 4 AND {_LARGEST_TEXT}")
        return " OR ".join(conditions) or "false"


_SCENARIO = Column("INTEGER", 1, _WHOLE)
_INDEX = Column("SMALLINT", 0, _SMALL)
_INDEX_OR_ALL = Column("SMALLINT", -1, _SMALL)
_COUNT = Column("INTEGER", 0, _WHOLE)
_TEXT = Column("VARCHAR")
_REQUEST = Column("VARCHAR", pattern=HASH)
TABLES: Mapping[str, Mapping[str, Column]] = {
    "generations": {
        "request": _REQUEST,
        "text": _TEXT,
        "prompt_tokens": _COUNT,
        "answer_tokens": _COUNT,
        "dropped_examples": _INDEX,
        "seconds": Column("DOUBLE", 0),
        "error": Column("VARCHAR", nullable=True),
        "attempts": Column("SMALLINT", 1, _SMALL),
        "created_at": Column("TIMESTAMP"),
    },
    "items": {
        "scenario": _SCENARIO,
        "attribute": _INDEX_OR_ALL,
        "part": _INDEX_OR_ALL,
        "sample": _INDEX,
        "target": _TEXT,
        "request": _REQUEST,
    },
    "predictions": {
        "scenario": _SCENARIO,
        "attribute": _INDEX,
        "sample": _INDEX,
        "response": _INDEX,
        "score": Column("DOUBLE", 0, 1),
        "reasoning": _TEXT,
    },
    "choices": {
        "scenario": _SCENARIO,
        "target": _TEXT,
        "sample": _INDEX,
        "response": _INDEX,
        "reasoning": _TEXT,
    },
    "embeddings": {
        "embedder": _TEXT,
        "key": Column("VARCHAR", pattern="[0-9a-f]{16}"),
        "vector": Column("BLOB"),
    },
}
"""Of each table, all columns but the run's number, which is the store's own."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "generations": ("request",),
    "items": ("scenario", "attribute", "part", "sample", "target"),
    "predictions": ("scenario", "attribute", "sample", "response"),
    "choices": ("scenario", "target", "sample"),
    "embeddings": ("embedder", "key"),
}
"""Of each table, the columns that tell its rows apart, beside the run."""
FILES = {table: f"{table}.parquet" for table in TABLES}


def staged(table: str) -> str:
    """Return the name of the temporary table with what came in."""
    return f"incoming_{table}"


def stage(db: Connection, folder: Path, hashes: Mapping[str, str], spec: RunSpec) -> None:
    """Read all tables of a bundle into temporary ones, and check them.

    Args:
        db: a connection in `Store.writing`; the benchmark is in the store.
        folder: the bundle.
        hashes: file → SHA-256 of its content.
        spec: of the run.

    Raises:
        FileUnusable: a file is damaged, or not as it should be; names the file and the row.

    """
    for table, file in FILES.items():
        try:
            with opened(folder / file) as content:
                _require_hash(content, hashes[file])
                _read(db, table, content)
            _check_values(db, table)
            _check_keys(db, table)
        except ParquetUnusable as error:
            raise FileUnusable(f"{folder / file}: {error}") from error
        except (duckdb.DataError, duckdb.ProgrammingError) as error:
            problem = str(error).partition("\n")[0]
            raise FileUnusable(f"{folder / file}: not a table of a run: {problem}") from error
    for table, check in _CHECKS:
        if problem := _first(db, check, spec):
            raise FileUnusable(f"{folder / FILES[table]}: {problem}")
    try:
        _check_vectors(db)
    except ParquetUnusable as error:
        raise FileUnusable(f"{folder / FILES['embeddings']}: {error}") from error


def drop(db: Connection) -> None:
    """Forget what was staged."""
    for table in TABLES:
        db.execute(f"DROP TABLE IF EXISTS {staged(table)}")


def staged_samples(db: Connection, table: str) -> int:
    """Return how many samples a staged table's rows are numbered for; 0 where it has none."""
    ((samples,),) = db.execute(
        f"SELECT coalesce(max(sample) + 1, 0) FROM {staged(table)}"
    ).fetchall()
    return int(samples)


def staged_targets(db: Connection, table: str) -> list[str]:
    """Return the texts of targets in a staged table, the empty one included."""
    rows = db.execute(f"SELECT DISTINCT target FROM {staged(table)} ORDER BY target").fetchall()
    return [target for (target,) in rows]


def _require_hash(content: ParquetTable, expected: str) -> None:
    if content.sha256() != expected:
        raise ParquetUnusable("changed since it was written")


def _read(db: Connection, table: str, content: ParquetTable) -> None:
    columns = TABLES[table]
    kinds = content.types()
    if unlike := sorted(kinds.keys() ^ columns.keys()):
        problem = "no column" if unlike[0] in columns else "an unknown column"
        raise ParquetUnusable(f"not a table of a run: {problem} {unlike[0]!r}")
    for name, column in columns.items():
        if kinds[name] not in column.kinds:
            raise ParquetUnusable(
                f"not a table of a run: column {name!r} is {kinds[name]:.40}, not {column.kind}"
            )
    content.require_modest(size=_MOST_BYTES)
    # Whole numbers are taken as they come, so that one out of range is a value with a row.
    typed = ", ".join(
        f"{name} {'BIGINT' if c.kind in _WHOLES else c.kind}" for name, c in columns.items()
    )
    # DuckDB's own number of a row is none for people before it is committed.
    db.execute(f"CREATE OR REPLACE TEMP TABLE {staged(table)} ({typed}, place BIGINT)")
    rows = ((*cells, place) for place, cells in enumerate(content.rows(), start=1))
    while batch := list(islice(rows, _AT_ONCE)):
        insert(db, staged(table), (*kinds, "place"), batch)


def _check_values(db: Connection, table: str) -> None:
    for name, column in TABLES[table].items():
        row = db.execute(
            f"SELECT place, {name} FROM {staged(table)} WHERE {column.broken(name)} LIMIT 1"
        ).fetchone()
        if row:
            value = "nothing" if row[1] is None else f"{row[1]!r:.40}"
            raise ParquetUnusable(f"row {row[0]}: {value} can be no {name}")


def _check_keys(db: Connection, table: str) -> None:
    key = ", ".join(KEYS[table])
    row = db.execute(
        f"""SELECT max(place) FROM {staged(table)} GROUP BY {key}
            HAVING count(*) > 1 LIMIT 1"""
    ).fetchone()
    if row:
        raise ParquetUnusable(f"row {row[0]}: a second row for the same {key}")


_RESPONSES = (
    "SELECT scenario, response FROM responses WHERE benchmark = $benchmark AND split = $split"
)
_ATTRIBUTES = "(SELECT count(*) FROM attributes WHERE benchmark = $benchmark)"
_OUTSIDE = "'row ' || i.place || ': does not fit the benchmark at scenario ' || scenario"
_CHECKS: tuple[tuple[str, str], ...] = (
    (
        "items",
        f"""SELECT {_OUTSIDE} FROM incoming_items i
            WHERE attribute >= {_ATTRIBUTES}
            OR scenario NOT IN (SELECT scenario FROM ({_RESPONSES}))
            OR (part >= 0 AND (scenario, part) NOT IN ({_RESPONSES}))""",
    ),
    (
        "predictions",
        f"""SELECT {_OUTSIDE} FROM incoming_predictions i
            WHERE attribute >= {_ATTRIBUTES} OR (scenario, response) NOT IN ({_RESPONSES})""",
    ),
    (
        "choices",
        f"""SELECT {_OUTSIDE} FROM incoming_choices i
            WHERE (scenario, response) NOT IN ({_RESPONSES})""",
    ),
    (
        "items",
        """SELECT 'row ' || i.place || ': its request has no answer in the bundle'
           FROM incoming_items i WHERE request NOT IN (SELECT request FROM incoming_generations)""",
    ),
    (
        "generations",
        """SELECT 'row ' || i.place || ': answers no request of the run'
           FROM incoming_generations i
           WHERE request NOT IN (SELECT request FROM incoming_items)""",
    ),
    (
        "embeddings",
        """SELECT 'row ' || i.place || ': not by the run''s embedding model'
           FROM incoming_embeddings i
           WHERE embedder IS DISTINCT FROM json_extract_string($config, '$.embedder')""",
    ),
    (
        "embeddings",
        """SELECT 'row ' || i.place || ': of no scenario of the benchmark'
           FROM incoming_embeddings i
           WHERE key NOT IN (SELECT key FROM scenarios WHERE benchmark = $benchmark)""",
    ),
)
"""Of each table, a query for what is wrong with a row of it."""


def _first(db: Connection, query: str, spec: RunSpec) -> str:
    """Return the first complaint of a check, or nothing."""
    values = {"benchmark": spec.benchmark, "split": spec.split, "config": spec.config}
    used = {name: value for name, value in values.items() if f"${name}" in query}
    row = db.execute(f"{query} ORDER BY i.place LIMIT 1", used).fetchone()
    return row[0] if row else ""


def _check_vectors(db: Connection) -> None:
    """Refuse vectors that are not finite, or of another length than others of their model."""
    stored = db.execute(
        """SELECT octet_length(vector) FROM embeddings
           WHERE embedder IN (SELECT embedder FROM incoming_embeddings) LIMIT 1"""
    ).fetchone()
    rows = db.execute("SELECT vector FROM incoming_embeddings ORDER BY place").fetchall()
    expected = stored[0] if stored else len(rows[0][0]) if rows else 0
    for number, (vector,) in enumerate(rows, start=1):
        if len(vector) % 4 or not np.isfinite(np.frombuffer(vector, dtype="<f4")).all():
            raise ParquetUnusable(f"row {number}: a number of the embedding is not finite")
        if len(vector) != expected:
            raise ParquetUnusable(
                f"row {number}: {len(vector) // 4} numbers in an embedding, not {expected // 4}"
            )
