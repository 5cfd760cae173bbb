"""Statements about benchmarks: scenarios, labels, reasoning examples, embeddings."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from store.bulk import insert
from store.connection import Connection
from store.errors import NotInStore
from store.records import (
    Attribute,
    Benchmark,
    BenchmarkRow,
    Response,
    RuleOfThumb,
    Scenario,
    Split,
)

SOURCE = "source"
"""Provenance of the reasoning examples that came with the data."""
Provenances: TypeAlias = Mapping[tuple[int, int, int], str]
"""By scenario, response and attribute."""


def add(db: Connection, benchmark: Benchmark, *, at: datetime) -> bool:
    """Store `benchmark`; return False, and change nothing, when its content is there already."""
    identity = benchmark.identity
    if db.execute("SELECT 1 FROM benchmarks WHERE benchmark = ?", [identity]).fetchone():
        return False
    db.execute(
        "INSERT INTO benchmarks VALUES (?, ?, ?, ?)",
        [identity, benchmark.name, benchmark.source, at],
    )
    here = {"benchmark": identity}
    insert(
        db,
        "attributes",
        ("attribute", "name", "definition", "levels", "low", "middle", "high"),
        (
            (i, a.name, a.definition, a.levels, a.low, a.middle, a.high)
            for i, a in enumerate(benchmark.attributes)
        ),
        constants=here,
    )
    insert(
        db,
        "scenarios",
        ("split", "scenario", "key", "question"),
        ((s.split, s.number, s.key, s.question) for s in benchmark.scenarios),
        constants=here,
    )
    insert(
        db,
        "responses",
        ("split", "scenario", "response", "text"),
        ((s.split, s.number, i, r.text) for s, i, r in _responses(benchmark)),
        constants=here,
    )
    insert(
        db,
        "labels",
        ("split", "scenario", "response", "attribute", "level"),
        (
            (s.split, s.number, i, a, level)
            for s, i, r in _responses(benchmark)
            for a, level in enumerate(r.labels)
        ),
        constants=here,
    )
    insert(
        db,
        "reasonings",
        ("split", "scenario", "response", "attribute", "text"),
        (
            (s.split, s.number, i, a, text)
            for s, i, r in _responses(benchmark)
            for a, text in enumerate(r.reasonings)
            if text is not None
        ),
        constants=here | {"provenance": SOURCE, "created_at": at},
    )
    insert(
        db,
        "rules",
        ("split", "scenario", "response", "annotation", "attribute", "stance", "text"),
        (
            (s.split, s.number, i, rule.annotation, rule.attribute, rule.stance, rule.text)
            for s, i, r in _responses(benchmark)
            for rule in r.rules
        ),
        constants=here,
    )
    return True


def _responses(benchmark: Benchmark) -> Iterator[tuple[Scenario, int, Response]]:
    for scenario in benchmark.scenarios:
        for index, response in enumerate(scenario.responses):
            yield scenario, index, response


def listing(db: Connection) -> list[BenchmarkRow]:
    """Return all benchmarks, the newest import first."""
    rows = db.execute(
        """SELECT benchmark, name, source, imported_at,
                  (SELECT count(*) FROM attributes a WHERE a.benchmark = b.benchmark),
                  (SELECT count(*) FROM scenarios s
                   WHERE s.benchmark = b.benchmark AND split = 'train'),
                  (SELECT count(*) FROM scenarios s
                   WHERE s.benchmark = b.benchmark AND split = 'eval')
           FROM benchmarks b ORDER BY imported_at DESC, name"""
    ).fetchall()
    return [BenchmarkRow(*row) for row in rows]


def find(db: Connection, name: str) -> BenchmarkRow:
    """Return the benchmark of that name, the newest if several, or of that identity's beginning.

    Raises:
        NotInStore: there is none; the message lists those that are there.

    """
    rows = listing(db)
    for row in rows:
        if row.name == name:
            return row
    matches = [row for row in rows if len(name) >= 6 and row.identity.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(sorted({row.name for row in rows})) or "none"
    raise NotInStore(f"no benchmark {name!r} in the store (there: {known})")


def load(db: Connection, identity: str, *, until: datetime | None = None) -> Benchmark:
    """Return a whole benchmark, with the newest reasoning example of each label.

    Args:
        db: a connection in `Store.reading`.
        identity: of the benchmark as imported.
        until: reasoning examples added later are left out, those that came with the data never.

    Raises:
        NotInStore: no benchmark has that identity.

    """
    head = db.execute(
        "SELECT name, source FROM benchmarks WHERE benchmark = ?", [identity]
    ).fetchone()
    if head is None:
        raise NotInStore(f"no benchmark with identity {identity[:12]} in the store")
    found = attributes(db, identity)
    scenarios = db.execute(
        """SELECT split, scenario, question FROM scenarios WHERE benchmark = ?
           ORDER BY split DESC, scenario""",
        [identity],
    ).fetchall()
    responses = _load_responses(db, identity, len(found), until)
    return Benchmark(
        name=head[0],
        source=head[1],
        attributes=found,
        scenarios=tuple(
            Scenario(split, number, question, responses[split, number])
            for split, number, question in scenarios
        ),
    )


def attributes(db: Connection, identity: str) -> tuple[Attribute, ...]:
    """Return a benchmark's attributes, in its order."""
    rows = db.execute(
        """SELECT name, definition, levels, low, middle, high FROM attributes
           WHERE benchmark = ? ORDER BY attribute""",
        [identity],
    ).fetchall()
    return tuple(Attribute(*row) for row in rows)


def attribute_names(db: Connection) -> dict[str, tuple[str, ...]]:
    """Return the names of every benchmark's attributes, by identity."""
    rows = db.execute(
        "SELECT benchmark, list(name ORDER BY attribute) FROM attributes GROUP BY benchmark"
    ).fetchall()
    return {benchmark: tuple(names) for benchmark, names in rows}


def _load_responses(
    db: Connection, identity: str, attributes: int, until: datetime | None
) -> dict[tuple[Split, int], tuple[Response, ...]]:
    levels = db.execute(
        """SELECT level FROM labels WHERE benchmark = ?
           ORDER BY split DESC, scenario, response, attribute""",
        [identity],
    ).fetchnumpy()["level"]
    labels = np.asarray(levels).reshape(-1, attributes).tolist()
    reasonings: dict[tuple[str, int, int], dict[int, str]] = {}
    for split, scenario, response, attribute, text in db.execute(
        """SELECT split, scenario, response, attribute, arg_max(text, rowid)
           FROM reasonings
           WHERE benchmark = $identity
           AND ($until IS NULL OR provenance = $source OR created_at <= $until)
           GROUP BY ALL""",
        {"identity": identity, "until": until, "source": SOURCE},
    ).fetchall():
        reasonings.setdefault((split, scenario, response), {})[attribute] = text
    rules = _load_rules(db, identity)
    texts = db.execute(
        """SELECT split, scenario, response, text FROM responses WHERE benchmark = ?
           ORDER BY split DESC, scenario, response""",
        [identity],
    ).fetchall()
    rows = (
        (
            (split, scenario),
            Response(
                text,
                tuple(levels),
                tuple(map(reasonings.get((split, scenario, i), {}).get, range(attributes))),
                tuple(rules.get((split, scenario, i), ())),
            ),
        )
        for (split, scenario, i, text), levels in zip(texts, labels, strict=True)
    )
    return {
        key: tuple(response for _, response in group)
        for key, group in groupby(rows, key=lambda row: row[0])
    }


def _load_rules(db: Connection, identity: str) -> dict[tuple[str, int, int], list[RuleOfThumb]]:
    """Return the rules of thumb of each response that has any, by split, scenario and response."""
    rules: dict[tuple[str, int, int], list[RuleOfThumb]] = {}
    for split, scenario, response, *rule in db.execute(
        """SELECT split, scenario, response, annotation, attribute, stance, text
           FROM rules WHERE benchmark = ? ORDER BY annotation, attribute""",
        [identity],
    ).fetchall():
        rules.setdefault((split, scenario, response), []).append(RuleOfThumb(*rule))
    return rules


def provenances(db: Connection, identity: str, split: Split) -> Provenances:
    """Return who wrote the newest reasoning example of each label that has one."""
    rows = db.execute(
        """SELECT scenario, response, attribute, arg_max(provenance, rowid)
           FROM reasonings WHERE benchmark = ? AND split = ? GROUP BY ALL""",
        [identity, split],
    ).fetchall()
    return {(scenario, response, attribute): by for scenario, response, attribute, by in rows}


def add_reasonings(
    db: Connection,
    identity: str,
    rows: Sequence[tuple[Split, int, int, int, str]],
    *,
    provenance: str,
    at: datetime,
) -> None:
    """Add reasoning examples beside the present ones; the newest of a label is the one used.

    Args:
        db: a connection in `Store.writing`.
        identity: the benchmark.
        rows: split, scenario, response, attribute, text.
        provenance: who wrote them: a model's name and revision, a person, a file.
        at: when.

    """
    insert(
        db,
        "reasonings",
        ("split", "scenario", "response", "attribute", "text"),
        rows,
        constants={"benchmark": identity, "provenance": provenance, "created_at": at},
    )


def add_embeddings(
    db: Connection, embedder: str, vectors: Mapping[str, npt.NDArray[np.float32]]
) -> None:
    """Store one vector per scenario key; a key that is there already keeps its vector.

    Raises:
        ValueError: a number of a vector is not finite.

    """
    if not all(np.isfinite(vector).all() for vector in vectors.values()):
        raise ValueError("a number of an embedding is not finite")
    insert(
        db,
        "embeddings",
        ("key", "vector"),
        ((key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()),
        constants={"embedder": embedder},
        on_conflict="ON CONFLICT DO NOTHING",
    )


def embeddings(
    db: Connection, embedder: str, keys: Sequence[str]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the stored vectors among `keys`, by scenario key."""
    rows = db.execute(
        """SELECT key, vector FROM embeddings WHERE embedder = ?
           AND key IN (SELECT unnest(?::VARCHAR[]))""",
        [embedder, list(keys)],
    ).fetchall()
    return {key: np.frombuffer(vector, dtype="<f4") for key, vector in rows}
