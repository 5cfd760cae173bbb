"""Files of a report, or one that a person asked for: whole or not there, and over nothing else's.

A folder is known to hold a report by a record in it, which every version has written: then files
of a report's names in it are that report's, and the same command may write them again. The record
is written first, so that a command that was killed can be repeated.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from spm_tui.errors import InputError
from store.replacing import json_with, require_replaceable

_BEGINNING = 8
"""Bytes by which a file of ours is told from one of its name that somebody wrote themselves."""


@dataclass(frozen=True, slots=True)
class Record:
    """The file by which a folder is known to hold a report."""

    name: str
    keys: Collection[str]
    """That it has in every version."""


def require_own(folder: Path, record: Record, contents: Mapping[str, bytes]) -> None:
    """Refuse a folder in which a file that is to be written is somebody else's.

    Args:
        folder: need not be there.
        record: of the report.
        contents: by name; empty where it is not known yet.

    Raises:
        FileUnusable: such a file is there: without the record, or beginning otherwise, or it is
            no file but a link or a folder.
        InputError: such a file is there without the record.

    """
    require_replaceable(folder / record.name, json_with(record.keys))
    marked = os.path.lexists(folder / record.name)
    for name, content in contents.items():
        path = folder / name
        if not marked and os.path.lexists(path):
            problem = f"is there already, in a folder without a {record.name} of ours"
            raise InputError(f"{problem}; name another folder with --out", path=path)
        require_replaceable(path, partial(_begins_alike, content))


def _begins_alike(new: bytes, old: IO[bytes]) -> bool:
    beginning = new[:_BEGINNING]
    return beginning[:1] in b"[{" or old.read(len(beginning)) == beginning


def save_all(folder: Path, record: Record, contents: Mapping[str, bytes]) -> list[Path]:
    """Write the files of a report, its record first; return them in the order given.

    Raises:
        FileUnusable, InputError: as `require_own`, before anything is written; or a file cannot be
            written.

    """
    require_own(folder, record, contents)
    for name in sorted(contents, key=lambda name: name != record.name):
        save(folder / name, contents[name])
    return [folder / name for name in contents]


def save(path: Path, content: bytes) -> None:
    """Write a file, replacing what is there.

    Raises:
        InputError: it cannot be written.

    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror}", path=path) from error


def save_new(path: Path, content: bytes) -> None:
    """Write a file where nothing is.

    Raises:
        InputError: something is there, or it cannot be written.

    """
    if os.path.lexists(path):
        raise InputError("is there already; give another name", path=path)
    save(path, content)
