"""What the app and the reports read: whole runs as arrays, texts by the page.

N scenarios of a split in order of number, R the most responses any of them has, A
attributes, S samples. A missing response or value is NaN (scores) or -1 (levels).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from store.connection import Connection
from store.records import Split

Scores = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int16]
_DIGITS = 12
"""Of a mean, after the point."""
Votes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]


def labels(db: Connection, benchmark: str, split: Split) -> Levels:
    """Return the levels of a split's responses, [N, R, A]."""
    rows = db.execute(
        """SELECT scenario, response, attribute, level FROM labels
           WHERE benchmark = ? AND split = ?""",
        [benchmark, split],
    ).fetchnumpy()
    if not len(rows["level"]):
        return np.empty((0, 0, 0), dtype=np.int16)
    n, r, a = rows["scenario"] - 1, rows["response"], rows["attribute"]
    array = np.full((n.max() + 1, r.max() + 1, a.max() + 1), -1, dtype=np.int16)
    array[n, r, a] = rows["level"]
    return array


def scores(db: Connection, run: int, shape: tuple[int, int, int]) -> Scores:
    """Return a run's scores, averaged over samples, as an array of `shape` [N, R, A].

    Rounded, for the database adds up in any order: a run must look the same every time.
    """
    rows = db.execute(
        "SELECT scenario, response, attribute, score FROM mean_predictions WHERE run = ?", [run]
    ).fetchnumpy()
    array = np.full(shape, np.nan)
    array[rows["scenario"] - 1, rows["response"], rows["attribute"]] = rows["score"].round(_DIGITS)
    return array


def asked(db: Connection, run: int, shape: tuple[int, int, int]) -> Counts:
    """Return how many samples a scoring run has asked for so far, failed ones too, [N, R, A]."""
    rows = db.execute(
        """SELECT scenario, part, attribute, count(*) AS samples FROM items
           WHERE run = ? AND target = '' GROUP BY ALL""",
        [run],
    ).fetchnumpy()
    n, r, a = shape
    # -1, for all responses or all attributes, falls into the last place, which is for nobody else
    counts = np.zeros((n, r + 1, a + 1), dtype=np.int64)
    counts[rows["scenario"] - 1, rows["part"], rows["attribute"]] = rows["samples"]
    return counts[:, :r, :a] + counts[:, r:, :a] + counts[:, :r, a:] + counts[:, r:, a:]


def asked_choices(db: Connection, run: int, scenarios: int) -> dict[str, Counts]:
    """Return how many samples a choosing run has asked for so far, failed ones too, by target.

    Args:
        db: a connection in `Store.reading`.
        run: its number.
        scenarios: N; the counts are [N].

    """
    rows = db.execute(
        "SELECT target, scenario, count(*) FROM items WHERE run = ? GROUP BY ALL", [run]
    ).fetchall()
    asked: dict[str, Counts] = {}
    for target, scenario, samples in rows:
        counts = asked.setdefault(target, np.zeros(scenarios, dtype=np.int64))
        counts[scenario - 1] = samples
    return asked


def touched(db: Connection, run: int) -> tuple[list[int], list[int]]:
    """Return the attributes and the scenarios that a run has asked or said anything about."""
    attributes = db.execute(
        """SELECT attribute FROM items WHERE run = $run AND attribute >= 0
           UNION SELECT attribute FROM predictions WHERE run = $run ORDER BY attribute""",
        {"run": run},
    ).fetchall()
    scenarios = db.execute(
        """SELECT scenario FROM items WHERE run = $run
           UNION SELECT scenario FROM predictions WHERE run = $run
           UNION SELECT scenario FROM choices WHERE run = $run ORDER BY scenario""",
        {"run": run},
    ).fetchall()
    return [one for (one,) in attributes], [one for (one,) in scenarios]


def scored_attributes(db: Connection, run: int) -> list[int]:
    """Return the attributes that a run has scores for; empty for a choosing run."""
    rows = db.execute(
        "SELECT DISTINCT attribute FROM predictions WHERE run = ? ORDER BY attribute", [run]
    ).fetchall()
    return [attribute for (attribute,) in rows]


def sample_scores(db: Connection, run: int, shape: tuple[int, int, int], samples: int) -> Scores:
    """Return a run's scores per sample, [N, R, A, S]."""
    rows = db.execute(
        "SELECT scenario, response, attribute, sample, score FROM predictions WHERE run = ?",
        [run],
    ).fetchnumpy()
    array = np.full((*shape, samples), np.nan)
    array[rows["scenario"] - 1, rows["response"], rows["attribute"], rows["sample"]] = rows["score"]
    return array


def votes(db: Connection, run: int, shape: tuple[int, int]) -> dict[str, Votes]:
    """Return how many samples of a choosing run chose each response, [N, R], by target.

    Args:
        db: a connection in `Store.reading`.
        run: its number.
        shape: N and R.

    """
    rows = db.execute(
        """SELECT target, scenario, response, count(*) FROM choices WHERE run = ?
           GROUP BY ALL ORDER BY target""",
        [run],
    ).fetchall()
    found: dict[str, Votes] = {}
    for target, scenario, response, samples in rows:
        counts = found.setdefault(target, np.zeros(shape, dtype=np.int64))
        counts[scenario - 1, response] = samples
    return found


def asked_targets(db: Connection, run: int) -> list[str]:
    """Return the targets, as JSON, that a run was asked about; empty if it was told none."""
    rows = db.execute(
        "SELECT DISTINCT target FROM items WHERE run = ? AND target <> '' ORDER BY target", [run]
    ).fetchall()
    return [target for (target,) in rows]


def search(
    db: Connection, benchmark: str, split: Split, words: str, *, runs: Sequence[int] = ()
) -> list[int]:
    """Return the scenarios whose question, responses or `runs`' reasoning contain `words`.

    Case is ignored; white space and punctuation count as typed.
    """
    rows = db.execute(
        """SELECT scenario FROM scenarios
           WHERE benchmark = $benchmark AND split = $split AND contains(lower(question), $words)
           UNION
           SELECT scenario FROM responses
           WHERE benchmark = $benchmark AND split = $split AND contains(lower(text), $words)
           UNION
           SELECT scenario FROM predictions
           WHERE run IN (SELECT unnest($runs::INTEGER[])) AND contains(lower(reasoning), $words)
           UNION
           SELECT scenario FROM choices
           WHERE run IN (SELECT unnest($runs::INTEGER[])) AND contains(lower(reasoning), $words)
           ORDER BY scenario""",
        {"benchmark": benchmark, "split": split, "words": words.lower(), "runs": list(runs)},
    ).fetchall()
    return [scenario for (scenario,) in rows]
