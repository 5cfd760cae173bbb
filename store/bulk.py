"""Inserting many rows at once: DuckDB takes numpy columns, not rows, quickly."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from store.connection import Connection

Cell: TypeAlias = str | int | float | bytes | None


def insert(
    db: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    constants: Mapping[str, object] | None = None,
    on_conflict: str = "",
) -> None:
    """Insert `rows`, in the order of `columns`, into `table`.

    Args:
        db: a connection in `Store.writing`.
        table: name of an existing table.
        columns: names for the cells of each row.
        rows: cells; None is NULL.
        constants: further columns that have the same value in every row.
        on_conflict: an `ON CONFLICT` clause; without one, a duplicate key raises.

    """
    cells = list(zip(*rows, strict=True))
    if not cells:
        return
    constants = constants or {}
    db.register("incoming", {n: _column(c) for n, c in zip(columns, cells, strict=True)})
    names = ", ".join((*columns, *constants))
    values = ", ".join((*columns, *("?" for _ in constants)))
    db.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM incoming {on_conflict}",
        list(constants.values()),
    )
    db.unregister("incoming")


def _column(cells: Sequence[Cell]) -> npt.NDArray[np.generic]:
    kinds = {type(cell) for cell in cells}
    if kinds == {int}:
        return np.array(cells, dtype=np.int64)
    if kinds <= {int, float}:
        return np.array(cells, dtype=np.float64)
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column
