"""Whether a store's tables and rows are as the program leaves them.

Asked only when something has failed: another program may have altered the store, and blocks that
got into each other's places pass DuckDB's own checks.
"""

from datetime import datetime

import duckdb

from store.migrations import MIGRATIONS, migrate

_COLUMNS = """SELECT table_name, column_name, data_type FROM duckdb_columns()
    WHERE NOT internal AND database_name = current_database() AND schema_name = 'main'"""

_STRAY = {
    "migrations": "SELECT 1 FROM migrations HAVING count(*) <> max(number) + 1 OR min(number) <> 0",
    "identity": "SELECT 1 FROM identity HAVING count(*) FILTER (token = 'store') <> 1",
    "attributes": """SELECT 1 FROM attributes GROUP BY benchmark
        HAVING min(levels) < 2 OR min(attribute) <> 0 OR max(attribute) <> count(*) - 1
            OR count(DISTINCT attribute) <> count(*) OR count(DISTINCT name) <> count(*)""",
    "benchmarks": "FROM benchmarks ANTI JOIN attributes USING (benchmark)",
    "scenarios": """FROM scenarios ANTI JOIN attributes USING (benchmark) UNION ALL BY NAME
        SELECT benchmark FROM scenarios GROUP BY benchmark, split, scenario
        HAVING count(*) > 1 OR scenario < 1 OR split NOT IN ('train', 'eval')""",
    "responses": """SELECT 1 FROM scenarios s LEFT JOIN responses r
        USING (benchmark, split, scenario) GROUP BY benchmark, split, scenario
        HAVING count(response) < 2 OR min(response) <> 0 OR max(response) <> count(*) - 1""",
    "labels": """SELECT 1 FROM responses r JOIN attributes a USING (benchmark)
        LEFT JOIN labels l USING (benchmark, split, scenario, response, attribute)
        WHERE level IS NULL OR level < 0 OR level >= levels UNION ALL
        SELECT 1 FROM labels l ANTI JOIN responses USING (benchmark, split, scenario, response)""",
    "runs": """SELECT 1 FROM runs LEFT JOIN benchmarks b USING (benchmark)
        WHERE b.benchmark IS NULL OR split NOT IN ('train', 'eval') OR run < 1
        OR NOT json_valid(config) OR json_type(config) <> 'OBJECT'
        OR coalesce(json_type(config, '$.method'), '') <> 'OBJECT'""",
    "run_states": """SELECT 1 FROM run_states WHERE NOT json_valid(environment)
        OR json_type(environment) <> 'OBJECT'
        OR state NOT IN ('running', 'finished', 'failed', 'interrupted')
        UNION ALL SELECT 1 FROM runs ANTI JOIN run_states USING (run)""",
    "predictions": """SELECT 1 FROM predictions p JOIN runs USING (run) ANTI JOIN labels
        USING (benchmark, split, scenario, response, attribute) UNION ALL
        SELECT 1 FROM predictions WHERE NOT isfinite(score) OR abs(score) > 1e6""",
    "choices": """SELECT 1 FROM choices JOIN runs USING (run) ANTI JOIN responses
        USING (benchmark, split, scenario, response) UNION ALL
        SELECT 1 FROM choices WHERE target <> '' AND NOT json_valid(target)""",
    "annotations": """SELECT 1 FROM annotations JOIN runs USING (run) ANTI JOIN scenarios
        USING (benchmark, split, scenario)""",
    "target_sets": "SELECT 1 FROM target_sets WHERE NOT json_valid(target)",
}
"""By table: a query with a row where what is in it does not fit together."""


def damage(db: duckdb.DuckDBPyConnection) -> str | None:
    """Return in a line what is not as the program leaves it; None where all is.

    Args:
        db: a connection outside any transaction.

    Raises:
        duckdb.Error: a table cannot even be read.

    """
    version = db.execute(
        "SELECT max(number) FROM migrations" if _has(db, "migrations") else "SELECT NULL"
    ).fetchall()[0][0]
    if not isinstance(version, int) or not 0 <= version <= MIGRATIONS[-1].number:
        return "its table migrations is damaged"
    there = set(db.execute(_COLUMNS).fetchall())
    of_its_version = _columns(version)
    if missing := sorted(of_its_version - there):
        table, column, kind = missing[0]
        return f"its table {table} is not of spm-tui: it lacks the column {column} ({kind})"
    if early := sorted((_columns(MIGRATIONS[-1].number) - of_its_version) & there):
        return f"its table {early[0][0]} is newer than the schema {version} that it says it has"
    tables = {table for table, _, _ in of_its_version}
    for table, query in _STRAY.items():
        if table in tables and db.execute(f"{query} LIMIT 1").fetchall():
            return f"its table {table} is damaged: its rows do not fit together"
    return None


def _has(db: duckdb.DuckDBPyConnection, table: str) -> bool:
    return any(name == table for name, _, _ in db.execute(_COLUMNS).fetchall())


def _columns(version: int) -> set[tuple[str, str, str]]:
    """Return table, column and type of all columns that a schema has."""
    with duckdb.connect() as model:
        migrate(model, at=datetime(2000, 1, 1), migrations=MIGRATIONS[:version])
        return set(model.execute(_COLUMNS).fetchall())
