"""What the app remembers of a store between two sessions: one small JSON file per store.

Beside the store, not in it, so that looking never writes to the data. Nothing here can fail:
a file that is damaged, or in part from another version, counts as far as it can be read.
"""

import contextlib
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from spm_tui.files import read_json

Named: TypeAlias = tuple[tuple[str, float], ...]
"""Attribute → number."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Where a session stood; texts are empty, numbers None, where it did not say."""

    opened: str = ""
    """Key in the opening menu: `run:3`, `split:<identity>:eval`."""
    scenario: int | None = None
    """By number."""
    preset: str = ""
    """Name of the target."""
    target: Named = ()
    """Values in [0, 1], those of attributes that are off too."""
    weights: Named = ()
    """Positive."""
    off: tuple[str, ...] = ()
    function: str = ""
    outcome: str = ""
    mark: str = ""
    because: str = ""
    """Name of the attribute that misaligned scenarios are filtered by."""
    sort: str = ""
    sort_attribute: str = ""
    theme: str | None = None


def load(token: str, folder: Path) -> Remembered:
    """Return what is remembered of the store with that token; defaults for what is not."""
    try:
        found = read_json(_path(token, folder))
    except (OSError, ValueError, RecursionError):
        return Remembered()
    return _of_json(found) if isinstance(found, dict) else Remembered()


def save(token: str, remembered: Remembered, folder: Path) -> None:
    """Remember it, in place of what was; a folder that cannot be written is let be."""
    document = asdict(remembered) | {
        "target": dict(remembered.target),
        "weights": dict(remembered.weights),
    }
    # Losing a place in a list is no reason to trouble anybody.
    with contextlib.suppress(OSError):
        _replace(_path(token, folder), json.dumps(document, indent=1) + "\n")


def _path(token: str, folder: Path) -> Path:
    return folder / f"{re.sub(r'[^0-9A-Za-z-]', '_', token)}.json"


def _replace(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            file.write(content)
            file.flush()
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _of_json(found: Mapping[str, object]) -> Remembered:
    def text(name: str) -> str:
        value = found.get(name)
        return value if isinstance(value, str) else ""

    off = found.get("off")
    return Remembered(
        opened=text("opened"),
        scenario=_number(found.get("scenario")),
        preset=text("preset"),
        target=_named(found.get("target"), most=1),
        weights=tuple(
            pair for pair in _named(found.get("weights"), most=sys.float_info.max) if pair[1]
        ),
        off=tuple(name for name in off if isinstance(name, str)) if isinstance(off, list) else (),
        function=text("function"),
        outcome=text("outcome"),
        mark=text("mark"),
        because=text("because"),
        sort=text("sort"),
        sort_attribute=text("sort_attribute"),
        theme=text("theme") or None,
    )


def _number(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def _named(value: object, *, most: float) -> Named:
    if not isinstance(value, dict):
        return ()
    return tuple(
        (name, float(one))
        for name, one in value.items()
        if isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= most
    )
