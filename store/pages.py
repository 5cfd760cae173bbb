"""What the app reads: whole splits as short lines, texts and answers a few scenarios at a time.

Separate from `browse`, whose arrays the reports need, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from store.connection import Connection
from store.records import Choice, Prediction, Split

LINE = 240
"""Characters of a question that a list can show."""


def questions(db: Connection, benchmark: str, split: Split) -> list[str]:
    """Return the beginnings of a split's questions, in order of number."""
    rows = db.execute(
        """SELECT left(question, ?) FROM scenarios
           WHERE benchmark = ? AND split = ? ORDER BY scenario""",
        [LINE, benchmark, split],
    ).fetchall()
    return [question for (question,) in rows]


@dataclass(frozen=True, slots=True)
class Texts:
    """A scenario's texts."""

    key: str
    question: str
    responses: tuple[str, ...]


def texts(db: Connection, benchmark: str, split: Split, numbers: Sequence[int]) -> dict[int, Texts]:
    """Return the texts of some scenarios, by number."""
    rows = db.execute(
        """SELECT scenario, any_value(key), any_value(question), list(text ORDER BY response)
           FROM scenarios JOIN responses USING (benchmark, split, scenario)
           WHERE benchmark = ? AND split = ? AND scenario IN (SELECT unnest(?::INTEGER[]))
           GROUP BY scenario""",
        [benchmark, split, list(numbers)],
    ).fetchall()
    return {n: Texts(key, question, tuple(responses)) for n, key, question, responses in rows}


def predictions(db: Connection, run: int, numbers: Sequence[int]) -> list[Prediction]:
    """Return a run's predictions for some scenarios, every sample's."""
    if not numbers:
        return []
    rows = db.execute(
        """SELECT scenario, attribute, sample, response, score, reasoning FROM predictions
           WHERE run = ? AND scenario BETWEEN ? AND ?
           AND scenario IN (SELECT unnest(?::INTEGER[]))
           ORDER BY scenario, response, attribute, sample""",
        [run, min(numbers), max(numbers), list(numbers)],
    ).fetchall()
    return [Prediction(*row) for row in rows]


def choices(db: Connection, run: int, numbers: Sequence[int]) -> list[Choice]:
    """Return a run's choices for some scenarios, for every target and sample."""
    if not numbers:
        return []
    rows = db.execute(
        """SELECT scenario, target, sample, response, reasoning FROM choices
           WHERE run = ? AND scenario BETWEEN ? AND ?
           AND scenario IN (SELECT unnest(?::INTEGER[]))
           ORDER BY scenario, target, sample""",
        [run, min(numbers), max(numbers), list(numbers)],
    ).fetchall()
    return [Choice(*row) for row in rows]


def failures(db: Connection, run: int) -> dict[int, str]:
    """Return the scenarios of a run with an answer that could not be used, and why."""
    rows = db.execute(
        """SELECT scenario, min(error) FROM items JOIN generations USING (request)
           WHERE run = ? AND error IS NOT NULL GROUP BY scenario""",
        [run],
    ).fetchall()
    return dict(rows)


def requests(db: Connection, run: int, scenario: int) -> list[str]:
    """Return the hashes of the requests that a run made about a scenario."""
    rows = db.execute(
        "SELECT DISTINCT request FROM items WHERE run = ? AND scenario = ?", [run, scenario]
    ).fetchall()
    return [request for (request,) in rows]
