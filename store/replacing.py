"""Which files may be replaced: those that hold what we wrote ourselves, and nothing else.

A name that a person types may be that of the store, of their notes or of a link to anything. A
file is known by its content, never by its name: the columns of a table, the keys of a record.
Links are not followed and not replaced, as what they lead to was not named; devices, pipes and
folders are no files.
"""

import json
import os
import stat
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

from store.errors import FileUnusable

Ours: TypeAlias = Callable[[IO[bytes]], bool]
"""Tells by an open file's content, at its beginning, whether we wrote it."""

_LONGEST = 1 << 24
"""Bytes that are read to know a file: of a record, or the columns of a Parquet file."""
_MAGIC = b"PAR1"
_BESIDE = ("", ".wal", ".wal.checkpoint", ".wal.recovery", ".tmp")
"""What DuckDB adds to the name of a store for its own files."""


def require_replaceable(path: Path, ours: Ours) -> None:
    """Refuse a path at which there is anything but a file of ours, or an empty one.

    Raises:
        FileUnusable: it is there, and of another kind; or cannot be looked at.

    """
    try:
        _require_file(path, path.lstat().st_mode)
        with path.open("rb") as old:
            _require_ours(path, old, ours)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from error


def require_apart(path: Path, store: Path) -> None:
    """Refuse a path that is the store's, now or later, or in what would be a folder there.

    Beside the store DuckDB has files of its own, named after it: of the last changes, of what
    does not fit into memory. Whatever else is there makes the store unusable.

    Args:
        path: of a file or folder to be written.
        store: the store's file.

    Raises:
        FileUnusable: it is such a path.

    """
    own = store.resolve()
    names = [f"{own.name}{suffix}" for suffix in _BESIDE]
    place = path.resolve()
    for part in (place, *place.parents):
        if part.parent == own.parent and part.name in names:
            raise FileUnusable(f"{path}: is the store's, {store}; name another")


def overwriting(path: Path, ours: Ours) -> IO[bytes]:
    """Open a file to be written from its beginning: a new one, or one of ours, emptied.

    What is looked at is what is emptied, whatever is put at the path meanwhile.

    Raises:
        FileUnusable: it is there, and of another kind.
        OSError: it cannot be opened.

    """
    with suppress(FileNotFoundError):
        _require_file(path, path.lstat().st_mode)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.fdopen(os.open(path, flags, 0o666), "r+b")
    try:
        _require_file(path, os.fstat(file.fileno()).st_mode)
        _require_ours(path, file, ours)
        file.seek(0)
        file.truncate()
    except BaseException:
        file.close()
        raise
    return file


def _require_file(path: Path, mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise FileUnusable(f"{path}: is a link; name the file that it leads to, or another")
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise FileUnusable(f"{path}: is {kind}; name another")


def _require_ours(path: Path, file: IO[bytes], ours: Ours) -> None:
    if os.fstat(file.fileno()).st_size and not ours(file):
        raise FileUnusable(f"{path}: is there already and not ours to replace; name another")


def csv_of(columns: Collection[str]) -> Ours:
    """Return what knows a CSV file by its first line."""
    return lambda file: file.readline(_LONGEST).rstrip(b"\r\n") == ",".join(columns).encode()


def json_with(keys: Collection[str]) -> Ours:
    """Return what knows a JSON document by keys that it has, or the first of its list has."""

    def ours(file: IO[bytes]) -> bool:
        return _has(file.read(_LONGEST), keys)

    return ours


def json_lines_with(keys: Collection[str]) -> Ours:
    """Return what knows a JSON Lines file by the keys of its first line."""
    return lambda file: _has(file.readline(_LONGEST), keys)


def _has(document: bytes, keys: Collection[str]) -> bool:
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):
        return False
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and set(keys) <= first.keys()


def parquet_of(columns: Collection[str]) -> Ours:
    """Return what knows a Parquet file by the names of columns that its footer has.

    Nothing is decoded: a name stands there as it is, its length before it.
    """

    def ours(file: IO[bytes]) -> bool:
        size = file.seek(0, os.SEEK_END)
        if size < 12:
            return False
        file.seek(size - 8)
        length, magic = int.from_bytes(file.read(4), "little"), file.read(4)
        if magic != _MAGIC or length > min(size - 8, _LONGEST):
            return False
        file.seek(size - 8 - length)
        footer = file.read(length)
        return all(bytes([len(name)]) + name.encode() in footer for name in columns)

    return ours
