"""What keeps a store from being used, in a line: the one place where DuckDB's errors end.

DuckDB raises faults of disk, memory and file under many classes: a full disk is an `IOException`,
a `TransactionException` or, amid a checkpoint, a `FatalException`; a block whose checksum does not
fit is its base class `Error`; a block in another's place is an `InternalException` or a
`SerializationException`. So what is left over counts as such a fault, and only what statements of
ours can be blamed for is a defect. Even those are none where the store's tables or rows turn out
not to be as the program leaves them.
"""

import re
from contextlib import suppress

import duckdb

from store import integrity

_OUR_DEFECTS = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.NotSupportedError,
)
BY_DAMAGED_ROWS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What readers of rows come to when these are not as they were written."""
_ADVICE = (
    (
        re.compile("No space left|Disk quota|File too large|disk is full|temp_directory_size"),
        "make room; what is stored is safe, and the same command goes on",
    ),
    (re.compile("Too many open files"), "close some, or raise `ulimit -n`"),
    (re.compile("Permission denied|Read-only file system|read-only mode"), "it may not be used so"),
    (
        re.compile("[Cc]orrupt|[Cc]hecksum|INTERNAL|[Ss]erializ|[Ii]nvalidated"),
        "the file is damaged; put an earlier copy in its place, or name another --store",
    ),
)
_ORIGINAL = re.compile(r"Original error: \"?(.+)")
"""Where DuckDB says why it has given a database up."""
_LONGEST = 300


def told(error: Exception, db: duckdb.DuckDBPyConnection) -> str | None:
    """Return what was wrong with the store when `error` was raised; None where it is a defect.

    Args:
        error: raised while the connection was used.
        db: the connection; what was begun is undone.

    """
    if isinstance(error, MemoryError):
        return "there is not enough memory to read it"
    if isinstance(error, duckdb.Error) and not _of_a_statement(error):
        return described(error)
    if isinstance(error, (duckdb.Error, *BY_DAMAGED_ROWS)):
        return _damage(db)
    return None


def _of_a_statement(error: duckdb.Error) -> bool:
    if isinstance(error, duckdb.TransactionException):
        return "Failed to commit" not in str(error) or "constraint" in str(error)
    return isinstance(error, _OUR_DEFECTS)


def _damage(db: duckdb.DuckDBPyConnection) -> str | None:
    with suppress(duckdb.Error):  # where nothing was begun
        db.execute("ROLLBACK")
    try:
        return integrity.damage(db)
    except duckdb.Error as error:
        return described(error)


def described(error: Exception) -> str:
    """Return what an error of DuckDB's says, in a line, and what a person can do about it."""
    text = str(error)
    original = _ORIGINAL.search(text)
    line = original[1] if original else next(iter(text.splitlines()), "") or type(error).__name__
    line = "".join(character if character.isprintable() else " " for character in line)
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    advice = next((advice for pattern, advice in _ADVICE if pattern.search(text)), None)
    if advice is None and type(error) is duckdb.Error:  # of the format of blocks and segments
        advice = _ADVICE[-1][1]
    return f"{line}: {advice}" if advice else line
