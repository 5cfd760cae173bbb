"""Statements about annotations and saved targets: what people add to the data."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from store.bulk import insert
from store.connection import Connection
from store.identity import canonical_json
from store.records import Annotation

FLAG, UNFLAG = "flag", "unflag"
"""Verdicts that mark a scenario without judging it."""
WITHDRAWN = "withdrawn"
"""The verdict that takes back what its author said of the same thing before."""


def annotate(db: Connection, annotation: Annotation) -> None:
    """Add an annotation; earlier ones of the same thing stay."""
    db.execute(
        "INSERT INTO annotations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            annotation.run,
            annotation.scenario,
            annotation.response,
            annotation.attribute,
            annotation.verdict,
            annotation.note,
            annotation.author,
            annotation.at,
        ],
    )


def history(db: Connection, run: int) -> list[Annotation]:
    """Return every annotation of `run`, in order of entry."""
    rows = db.execute("SELECT * FROM annotations WHERE run = ? ORDER BY rowid", [run]).fetchall()
    return [Annotation(*row) for row in rows]


def standing(entries: Iterable[Annotation]) -> list[Annotation]:
    """Return, of each author and thing, what counts: the latest, unless it is withdrawn.

    Flags are passed over, for they say nothing of the thing they share their place with.

    Args:
        entries: annotations of one run, in order of entry.

    """
    judging = (entry for entry in entries if entry.verdict not in (FLAG, UNFLAG))
    return [entry for entry in _latest(judging) if entry.verdict != WITHDRAWN]


def _latest(entries: Iterable[Annotation]) -> list[Annotation]:
    """The latest of each author and thing, in order of entry."""
    latest: dict[tuple[str, int, int | None, int | None], Annotation] = {}
    for a in entries:
        key = (a.author, a.scenario, a.response, a.attribute)
        latest.pop(key, None)
        latest[key] = a
    return list(latest.values())


def save_targets(
    db: Connection,
    name: str,
    benchmark: str,
    targets: Sequence[Mapping[str, float | Mapping[str, float]]],
    *,
    at: datetime,
) -> None:
    """Save `targets` of `benchmark` under `name`, in place of those saved so before.

    Args:
        db: a connection in `Store.writing`.
        name: what people call the set.
        benchmark: identity of the benchmark whose attributes it names.
        targets: per target, attribute name → value in [0, 1], and its weights if any.
        at: when.

    """
    db.execute("DELETE FROM target_sets WHERE name = ? AND benchmark = ?", [name, benchmark])
    insert(
        db,
        "target_sets",
        ("position", "target"),
        ((i, canonical_json(dict(target))) for i, target in enumerate(targets)),
        constants={"name": name, "benchmark": benchmark, "saved_at": at},
    )


def saved_targets(db: Connection, benchmark: str) -> dict[str, list[str]]:
    """Return the sets saved for `benchmark`: name → targets as canonical JSON, in order."""
    rows = db.execute(
        """SELECT name, list(target ORDER BY position) FROM target_sets
           WHERE benchmark = ? GROUP BY name ORDER BY name""",
        [benchmark],
    ).fetchall()
    return dict(rows)


def saved_names(db: Connection) -> dict[str, tuple[str, ...]]:
    """Return the names that sets are saved under, by benchmark."""
    rows = db.execute(
        "SELECT benchmark, list(DISTINCT name ORDER BY name) FROM target_sets GROUP BY benchmark"
    ).fetchall()
    return {benchmark: tuple(names) for benchmark, names in rows}
