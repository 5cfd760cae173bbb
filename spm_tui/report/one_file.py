"""One file among a report's, or one that a person asked for: whole, or not there."""

import os
from pathlib import Path

from spm_tui.errors import InputError


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
