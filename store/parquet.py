"""Parquet files as they come in: exactly the file that is named, and within bounds.

The one reader of them in the program; pure, so that data sets are read by it, too. DuckDB takes
a path for a pattern, `~` for a person's folder, and folders named x=y for columns. So it is given
an open file, by its number, which is also the one that is hashed. Each file has a database of its
own: whatever a damaged one does to that, the store's is another.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from store import regular

MOST_ROWS = 20_000_000
MOST_BYTES = 1 << 30
"""Of the texts and bytes in a file, unpacked: 1.4 kB of Parquet can hold 100 GB of them."""
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "1GB",
    "threads": "2",
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_AT_ONCE = 2048
_FIXED = frozenset({"BOOLEAN", "DATE", "DOUBLE", "FLOAT", "TIME", "TIMESTAMP"})
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


class ParquetUnusable(Exception):
    """A file that cannot be read, or is none; the message is one line without the file's name.

    Not one of `store.errors`, so that this module stays pure: whoever asks adds the name.
    """


class ParquetTable:
    """An open Parquet file.

    Args:
        file: open for reading bytes.
        db: a database of its own, in memory.

    """

    def __init__(self, file: BufferedReader, db: duckdb.DuckDBPyConnection) -> None:
        self._file, self._db = file, db
        self._open_name = f"/dev/fd/{file.fileno()}"

    def sha256(self) -> str:
        """Return the hash of the whole file."""
        self._file.seek(0)
        try:
            return hashlib.file_digest(self._file, "sha256").hexdigest()
        except OSError as error:
            raise ParquetUnusable(error.strerror or str(error)) from error

    def types(self) -> Mapping[str, str]:
        """Return DuckDB's types of the columns, by name, in order."""
        with _converted():
            rows = self._db.execute(f"DESCRIBE {self._all()}", [self._open_name]).fetchall()
        return {name: kind for name, kind, *_ in rows}

    def require_modest(self, *, rows: int = MOST_ROWS, size: int = MOST_BYTES) -> None:
        """Refuse a file that unpacks to more rows, or bytes of text, before it is unpacked.

        Raises:
            ParquetUnusable: it does.

        """
        with _converted():
            ((count,),) = self._db.execute(
                f"SELECT count(*) FROM (SELECT 1 {self._all()} LIMIT {rows + 1})",
                [self._open_name],
            ).fetchall()
        if count > rows:
            raise ParquetUnusable(f"more than {rows:,} rows")
        lengths = " + ".join(
            f"coalesce(sum({_length(name, kind)}), 0)"
            for name, kind in self.types().items()
            if kind not in _FIXED and not kind.removeprefix("U").startswith(_WHOLE)
        )
        with _converted():
            ((unpacked,),) = self._db.execute(
                f"SELECT {lengths or 0} {self._all()}", [self._open_name]
            ).fetchall()
        if unpacked > size:
            raise ParquetUnusable(f"unpacks to more than {size >> 20:,} MiB")

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, in the order of the file; call `require_modest` first."""
        with _converted():
            self._db.execute(self._all(), [self._open_name])
            yield from chain.from_iterable(iter(lambda: self._db.fetchmany(_AT_ONCE), []))

    @staticmethod
    def _all() -> str:
        return "FROM read_parquet(?, hive_partitioning = false)"


def _length(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind == "BLOB":
        return f"octet_length({column})"
    return f"strlen({column})" if kind == "VARCHAR" else f"strlen({column}::VARCHAR)"


@contextmanager
def opened(path: Path) -> Iterator[ParquetTable]:
    """Open a Parquet file.

    Raises:
        ParquetUnusable: it cannot be read, or is no Parquet file; also while it is read.

    """
    try:
        file = regular.opened(path)
    except (OSError, ValueError) as error:  # a name may hold what no file's can
        raise ParquetUnusable(getattr(error, "strerror", None) or str(error)) from error
    with file, duckdb.connect(config=_CONFIG) as db:
        yield ParquetTable(file, db)


@contextmanager
def _converted() -> Iterator[None]:
    """Let no error of DuckDB out, nor of values that Python has not: dates, texts."""
    try:
        yield
    except (duckdb.Error, ValueError, OverflowError, RuntimeError) as error:
        problem = str(error).partition("\n")[0] or type(error).__name__
        raise ParquetUnusable(f"not a Parquet file: {problem}") from error
