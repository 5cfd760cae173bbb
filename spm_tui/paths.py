"""Paths and other words as people type them, and whether they can be used at all."""

from pathlib import Path

from spm_tui.errors import InputError


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
