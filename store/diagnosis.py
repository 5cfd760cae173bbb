"""What the app's charts read besides scores: how long responses are, what scenarios are called.

Separate from `browse`, whose arrays the reports need, too.
"""

import numpy as np
import numpy.typing as npt

from store.connection import Connection
from store.records import Split

Lengths = npt.NDArray[np.int64]


def lengths(db: Connection, benchmark: str, split: Split, shape: tuple[int, int]) -> Lengths:
    """Return the characters of a split's responses as an array of `shape` [N, R].

    0 where a scenario has fewer responses.
    """
    rows = db.execute(
        """SELECT scenario, response, length(text) AS characters FROM responses
           WHERE benchmark = ? AND split = ?""",
        [benchmark, split],
    ).fetchnumpy()
    array = np.zeros(shape, dtype=np.int64)
    array[rows["scenario"] - 1, rows["response"]] = rows["characters"]
    return array


def keys(db: Connection, benchmark: str, split: Split) -> list[str]:
    """Return the keys of a split's scenarios, in order of number."""
    rows = db.execute(
        "SELECT key FROM scenarios WHERE benchmark = ? AND split = ? ORDER BY scenario",
        [benchmark, split],
    ).fetchall()
    return [key for (key,) in rows]
