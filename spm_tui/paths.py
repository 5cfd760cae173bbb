"""Paths and other words as people type them, and whether they can be used at all."""

import re
from hashlib import sha256
from pathlib import Path

from spm_tui.errors import InputError

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
"""Devices on Windows, whatever their suffix."""
_LONGEST = 40
"""Characters that are kept of a name that is no file's."""


def file_name(name: str) -> str:
    """Return what a file or folder is called after something that has this name.

    It stays where it is put, on every platform: it is no path and begins with no dot or dash. A
    name of ASCII letters, digits and `._-` that is so already stays as it is. Any other keeps
    its letters and digits and gets `~` and a part of its hash, which no name has that stays: so
    no two names become one. Names that differ in case alone stay apart only where files' names do.
    """
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    kept = re.sub(r"[\W_]+", "-", name[: 2 * _LONGEST]).strip("-")[:_LONGEST]
    return f"{kept or 'name'}~{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def encodable(text: str) -> bool:
    """Return whether a text can be written; bytes that are not UTF-8 arrive as half characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def typed_path(text: str) -> Path:
    """Return the path that a person typed, `~` and `~name` resolved.

    Whether something is there is not asked, only whether it could be told.

    Raises:
        InputError: there is no such person, a name is too long or not UTF-8, or a folder on the
            way may not be entered.

    """
    if not encodable(text):  # DuckDB, and what the store and the tables tell of files, need it
        raise InputError("a file's name must be UTF-8", path=repr(text))
    try:
        path = Path(text).expanduser()
        path.stat()
    except RuntimeError as error:
        raise InputError("nobody has that home folder", path=text) from error
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        raise InputError(error.strerror or "cannot be reached", path=text) from error
    except ValueError as error:
        raise InputError("a file's name has no null character", path=repr(text)) from error
    return path
