"""The schema's history: numbered steps, each its own transaction.

A released step never changes, neither in name nor in body; a change is a new step.
There are no foreign keys: DuckDB refuses to alter a table that others point to.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from store.errors import StoreUnusable

APPLICATION = "spm-tui"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: applied whole or not at all."""

    number: int
    name: str
    statements: tuple[str, ...]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        1,
        "benchmarks",
        (
            """CREATE TABLE benchmarks (
                benchmark VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, source VARCHAR NOT NULL,
                imported_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE attributes (
                benchmark VARCHAR, attribute SMALLINT, name VARCHAR NOT NULL,
                definition VARCHAR NOT NULL, levels SMALLINT NOT NULL, low VARCHAR NOT NULL,
                middle VARCHAR NOT NULL, high VARCHAR NOT NULL)""",
            """CREATE TABLE scenarios (
                benchmark VARCHAR, split VARCHAR, scenario INTEGER, key VARCHAR NOT NULL,
                question VARCHAR NOT NULL)""",
            """CREATE TABLE responses (
                benchmark VARCHAR, split VARCHAR, scenario INTEGER, response SMALLINT,
                text VARCHAR NOT NULL)""",
            """CREATE TABLE labels (
                benchmark VARCHAR, split VARCHAR, scenario INTEGER, response SMALLINT,
                attribute SMALLINT, level SMALLINT NOT NULL)""",
            """CREATE TABLE reasonings (
                benchmark VARCHAR, split VARCHAR, scenario INTEGER, response SMALLINT,
                attribute SMALLINT, text VARCHAR NOT NULL, provenance VARCHAR NOT NULL,
                created_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE embeddings (
                embedder VARCHAR, key VARCHAR, vector BLOB NOT NULL,
                PRIMARY KEY (embedder, key))""",
        ),
    ),
    Migration(
        2,
        "runs",
        (
            """CREATE TABLE runs (
                run INTEGER PRIMARY KEY, identity VARCHAR UNIQUE NOT NULL,
                benchmark VARCHAR NOT NULL, split VARCHAR NOT NULL, method VARCHAR NOT NULL,
                model VARCHAR NOT NULL, config VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE run_states (
                run INTEGER, state VARCHAR NOT NULL, process VARCHAR NOT NULL,
                environment VARCHAR NOT NULL, marked_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE generations (
                request VARCHAR PRIMARY KEY, text VARCHAR NOT NULL, prompt_tokens INTEGER NOT NULL,
                answer_tokens INTEGER NOT NULL, dropped_examples SMALLINT NOT NULL,
                seconds DOUBLE NOT NULL, error VARCHAR, attempts SMALLINT NOT NULL,
                created_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE items (
                run INTEGER, scenario INTEGER, attribute SMALLINT, part SMALLINT,
                sample SMALLINT, target VARCHAR, request VARCHAR NOT NULL,
                PRIMARY KEY (run, scenario, attribute, part, sample, target))""",
            """CREATE TABLE predictions (
                run INTEGER, scenario INTEGER, attribute SMALLINT, sample SMALLINT,
                response SMALLINT, score DOUBLE NOT NULL, reasoning VARCHAR NOT NULL,
                PRIMARY KEY (run, scenario, attribute, sample, response))""",
            """CREATE VIEW mean_predictions AS
                SELECT run, scenario, response, attribute, avg(score) AS score,
                       count(*) AS samples
                FROM predictions GROUP BY ALL""",
            """CREATE TABLE choices (
                run INTEGER, scenario INTEGER, target VARCHAR, sample SMALLINT,
                response SMALLINT NOT NULL, reasoning VARCHAR NOT NULL,
                PRIMARY KEY (run, scenario, target, sample))""",
        ),
    ),
    Migration(
        3,
        "annotations and target sets",
        (
            """CREATE TABLE annotations (
                run INTEGER NOT NULL, scenario INTEGER NOT NULL, response SMALLINT,
                attribute SMALLINT, verdict VARCHAR NOT NULL, note VARCHAR NOT NULL,
                author VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL)""",
            """CREATE TABLE target_sets (
                name VARCHAR NOT NULL, benchmark VARCHAR NOT NULL, position INTEGER NOT NULL,
                target VARCHAR NOT NULL, saved_at TIMESTAMP NOT NULL)""",
        ),
    ),
    Migration(
        4,
        "rules of thumb",
        (
            """CREATE TABLE rules (
                benchmark VARCHAR, split VARCHAR, scenario INTEGER, response SMALLINT,
                annotation SMALLINT, attribute SMALLINT, stance TINYINT NOT NULL,
                text VARCHAR NOT NULL)""",
        ),
    ),
)


def schema_version(db: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the last applied migration; -1 for a file without tables.

    Raises:
        StoreUnusable: the file is a DuckDB database of something else.

    """
    try:  # not asking for the tables first: that takes as long as opening the file
        ((version,),) = db.execute("SELECT max(number) FROM migrations, identity").fetchall()
    except duckdb.CatalogException as error:
        if db.execute("FROM duckdb_tables()").fetchall():
            raise StoreUnusable("a DuckDB database, but not one of spm-tui") from error
        return -1
    return int(version)


def migrate(
    db: duckdb.DuckDBPyConnection,
    *,
    at: datetime,
    migrations: tuple[Migration, ...] = MIGRATIONS,
) -> None:
    """Apply every migration that `db` lacks, in order, each in its own transaction.

    A step that fails leaves the store at the step before it and re-raises.
    """
    version = schema_version(db)
    for step in (_FOUNDATION, *migrations):
        if step.number > version:
            _apply(db, step, at)


_FOUNDATION = Migration(
    0,
    "foundation",
    (
        "CREATE TABLE identity (token VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
        f"INSERT INTO identity VALUES ('application', '{APPLICATION}'), ('store', uuid()::VARCHAR)",
        """CREATE TABLE migrations (
            number INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)""",
    ),
)
"""What makes an empty database recognisable as ours; before the numbered steps."""


def _apply(db: duckdb.DuckDBPyConnection, step: Migration, at: datetime) -> None:
    db.begin()
    try:
        for statement in step.statements:
            db.execute(statement)
        db.execute("INSERT INTO migrations VALUES (?, ?, ?)", [step.number, step.name, at])
    except duckdb.Error:
        db.rollback()
        raise
    db.commit()
