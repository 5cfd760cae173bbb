"""Paths as people type them."""

from pathlib import Path

from spm_tui.errors import InputError


def typed_path(text: str) -> Path:
    """Return the path that a person typed, `~` and `~name` resolved.

    Raises:
        InputError: there is no such person.

    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise InputError("nobody has that home folder", path=text) from error
