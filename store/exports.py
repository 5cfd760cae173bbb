"""What leaves the store as one table in one file: predictions or choices, annotations.

Separate from `browse`, which answers the app: an export is written for other programs. A file
is whole or not there, and replaces none but an export.

Spreadsheets take a cell of a CSV file that begins with = + - @ for a formula. Texts that begin so
have an apostrophe before them there, as OWASP advises; so have those that begin with apostrophes
and then so. Taking one away from whatever begins with apostrophes and such a sign gives every text
back. Numbers, JSON Lines and Parquet have nothing added.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import duckdb

from store.connection import Connection
from store.errors import FileUnusable, NotInStore
from store.records import Run
from store.replacing import Ours, csv_of, json_lines_with, parquet_of, require_replaceable

EXPORT_FORMATS = {".csv": "csv", ".jsonl": "json", ".parquet": "parquet"}
"""By the suffix of the file."""

_COLUMNS = {
    "predictions": "scenario response attribute sample score label reasoning question"
    " response_text",
    "choices": "scenario target sample response reasoning labels question response_text",
    "annotations": "run scenario response attribute verdict note author time",
}
_TEXTS = "attribute target reasoning labels question response_text verdict note author"
_KNOWN_BY = {".csv": csv_of, ".jsonl": json_lines_with, ".parquet": parquet_of}


def export_answers(db: Connection, run: Run, path: Path) -> str:
    """Write a run's predictions, or the choices of one that chooses; return how many of what.

    Args:
        db: a connection in `Store.reading`.
        run: the run.
        path: the file; its suffix is one of `EXPORT_FORMATS`.

    Raises:
        NotInStore: there are none.
        FileUnusable: the file cannot be written.

    """
    if rows := _export_predictions(db, run, path):
        return f"{rows:,} predictions"
    if rows := _export_choices(db, run, path):
        return f"{rows:,} choices"
    raise NotInStore(f"run {run.number} has no answers to export")


def _export_predictions(db: Connection, run: Run, path: Path) -> int:
    """Write a row per scenario, response, attribute and sample, with the label."""
    return _copy(
        db,
        """SELECT scenario, response, a.name AS attribute, sample, score,
                  level / (levels - 1) AS label, reasoning, question, text AS response_text
           FROM predictions JOIN scenarios s USING (scenario)
           JOIN responses r USING (benchmark, split, scenario, response)
           JOIN labels l USING (benchmark, split, scenario, response, attribute)
           JOIN attributes a USING (benchmark, attribute)
           WHERE run = $run AND s.benchmark = $benchmark AND s.split = $split
           ORDER BY scenario, response, attribute, sample""",
        {"run": run.number, "benchmark": run.spec.benchmark, "split": run.spec.split},
        path,
        _COLUMNS["predictions"],
    )


def _export_choices(db: Connection, run: Run, path: Path) -> int:
    """Write a row per scenario, target and sample, with the labels of all responses.

    They are JSON, attribute → a label per response: whether a choice was right depends on all.
    """
    return _copy(
        db,
        """WITH by_attribute AS (
               SELECT scenario, attribute, name,
                      list(level / (levels - 1) ORDER BY response) AS labels
               FROM labels JOIN attributes USING (benchmark, attribute)
               WHERE benchmark = $benchmark AND split = $split GROUP BY ALL),
           by_scenario AS (
               SELECT scenario, to_json(map(list(name ORDER BY attribute),
                                            list(labels ORDER BY attribute))) AS labels
               FROM by_attribute GROUP BY scenario)
           SELECT scenario, nullif(target, '')::JSON AS target, sample, response, reasoning,
                  labels, question, text AS response_text
           FROM choices JOIN scenarios s USING (scenario)
           JOIN responses USING (benchmark, split, scenario, response)
           JOIN by_scenario USING (scenario)
           WHERE run = $run AND s.benchmark = $benchmark AND s.split = $split
           ORDER BY scenario, choices.target, sample""",
        {"run": run.number, "benchmark": run.spec.benchmark, "split": run.spec.split},
        path,
        _COLUMNS["choices"],
    )


def export_annotations(db: Connection, run: Run, path: Path) -> int:
    """Write every annotation of a run in order of entry, the overruled too; return their number.

    Responses and attributes are empty where the annotation is about all of them.

    Args:
        db: a connection in `Store.reading`.
        run: the run.
        path: the file; its suffix is one of `EXPORT_FORMATS`.

    Raises:
        NotInStore: there are none.
        FileUnusable: the file cannot be written.

    """
    rows = _copy(
        db,
        """SELECT n.run, n.scenario, n.response, a.name AS attribute, n.verdict, n.note,
                  n.author, n.made_at AS time
           FROM annotations n LEFT JOIN attributes a
           ON a.benchmark = $benchmark AND a.attribute = n.attribute
           WHERE n.run = $run ORDER BY n.rowid""",
        {"run": run.number, "benchmark": run.spec.benchmark},
        path,
        _COLUMNS["annotations"],
    )
    if not rows:
        raise NotInStore(f"run {run.number} has no annotations to export")
    return rows


def _copy(
    db: Connection, query: str, values: Mapping[str, str | int], path: Path, columns: str
) -> int:
    require_replaceable(path, _is_export(path.suffix))
    guarded = path.suffix == ".csv"
    shown = ", ".join(map(_guarded, columns.split())) if guarded else columns.replace(" ", ", ")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        found = db.execute(
            f"COPY (SELECT {shown} FROM ({query})) TO $path (FORMAT {EXPORT_FORMATS[path.suffix]})",
            {**values, "path": str(part.absolute())},  # else ~ would be a person's folder
        ).fetchall()
        rows = int(found[0][0])
        if rows:
            part.replace(path)
    except duckdb.IOException as error:
        raise FileUnusable(f"{path}: {str(error).partition(chr(10))[0]}") from error
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return rows


def _is_export(suffix: str) -> Ours:
    """Return what knows the exports of a format, whatever they are of."""
    kinds = [_KNOWN_BY[suffix](columns.split()) for columns in _COLUMNS.values()]

    def ours(file: IO[bytes]) -> bool:
        return any(file.seek(0) == 0 and kind(file) for kind in kinds)

    return ours


def _guarded(column: str) -> str:
    """Return a column for CSV: a text that a spreadsheet would compute has an apostrophe first."""
    if column not in _TEXTS.split():
        return column
    return (
        f"CASE WHEN regexp_matches({column}::VARCHAR, '^''*[=+\\-@\\t\\r\\n]')"
        f" THEN concat(chr(39), {column}) ELSE {column}::VARCHAR END AS {column}"
    )
