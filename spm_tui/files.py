"""Small files that people and models bring, read within bounds: configurations, targets, records.

What cannot be opened or is too large raises `OSError`, whose `strerror` says why; what is not of
the format that it should be raises `ValueError` or `RecursionError`, as its parser does. Each
caller says it as its own kind of error. Data files have bounds of their own, in
`spm_tui.datasets.rows`.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

from store.regular import content

_MOST = 1 << 24
"""Bytes. All 117,649 targets of MIC's levels take 12 MB; parsed, a byte takes up to 25."""
_MOST_TOML = 1 << 20
_MOST_DOTS = 5_000
"""In a line of TOML: Python's parser takes the square of a dotted key's parts, of 500,000 hours."""


def read_text(path: Path, *, most: int = _MOST) -> str:
    """Return the UTF-8 text in a file of at most so many bytes.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger.
        ValueError: it is not UTF-8.

    """
    return content(path, most=most).decode("utf-8")


def read_json(path: Path) -> Any:
    """Return what a JSON file has.

    Raises:
        OSError, ValueError, RecursionError: it cannot be read, or not as JSON.

    """
    return json.loads(read_text(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file has.

    Raises:
        OSError, ValueError, RecursionError: it cannot be read, or not as TOML.

    """
    return parse_toml(read_text(path))


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a text in TOML has.

    Raises:
        ValueError, RecursionError: it has not, or would take too long to read.

    """
    if len(text) > _MOST_TOML:
        raise ValueError(f"longer than {_MOST_TOML:,} characters; write it as JSON")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > _MOST_DOTS:
            raise ValueError(f"line {number} has more than {_MOST_DOTS:,} dots")
    return tomllib.loads(text)
