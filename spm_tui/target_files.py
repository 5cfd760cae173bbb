"""Targets as text: files in JSON or TOML, as people write them, and what the store keeps."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from spm_tui.errors import InputError
from spm_tui.files import read_json, read_toml
from spm_tui.paths import encodable
from spm_tui.targets import Target, TargetSet, is_number, target
from store.identity import canonical_json
from store.records import Attribute

WEIGHTS = "weights"
"""Where a target has its weights."""
Entry: TypeAlias = Mapping[str, float | Mapping[str, float]]
"""A target as files have it: attribute → value, and its weights if it has any."""


def read(path: Path, attributes: Sequence[Attribute]) -> list[TargetSet]:
    """Return the target sets of a JSON or TOML file.

    The file maps attributes to values (one target), or names to targets or lists of
    targets (a set each); a JSON file may also be a list of targets. A target's weights, if
    any, stand under `weights` beside its values: ``{"care": 1, "weights": {"care": 2}}``.

    Raises:
        InputError: unreadable file, other structure, or a target that `target` refuses.

    """
    data = _parse_file(path)
    if isinstance(data, list):
        return [_set(path.stem, data, attributes, path)]
    if isinstance(data, dict) and any(map(is_number, data.values())):
        return [_set(path.stem, [data], attributes, path)]
    if isinstance(data, dict) and data:
        return [
            _set(name, entry if isinstance(entry, list) else [entry], attributes, path)
            for name, entry in data.items()
        ]
    raise InputError("expected targets: attribute = value pairs, named or in a list", path=path)


def _parse_file(path: Path) -> object:
    try:
        return read_toml(path) if path.suffix == ".toml" else read_json(path)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", path=path) from error
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise InputError(f"not {kind}: {error}", path=path) from error


def _set(
    name: str, entries: list[object], attributes: Sequence[Attribute], path: Path
) -> TargetSet:
    if not entries:
        raise InputError("holds no target", path=path, field=name)
    if not encodable(name):
        raise InputError("the name of a set must be UTF-8", path=path, field=name)
    found = []
    for row, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise InputError(
                f"expected attribute = value pairs, not {entry!r:.40}",
                path=path,
                row=row,
                field=name,
            )
        found.append(from_mapping(entry, attributes, path=path, row=row))
    return TargetSet(name, tuple(found))


def from_mapping(
    entry: Mapping[str, Any],
    attributes: Sequence[Attribute],
    *,
    path: Path | None = None,
    row: int | None = None,
) -> Target:
    """Return the target that an entry of a file describes.

    Raises:
        InputError: as `spm_tui.targets.target`.

    """
    weights = entry.get(WEIGHTS)
    if not isinstance(weights, Mapping):
        return target(entry, attributes, path=path, row=row)
    values = {name: value for name, value in entry.items() if name != WEIGHTS}
    return target(values, attributes, weights=weights, path=path, row=row)


def from_json(text: str, attributes: Sequence[Attribute]) -> Target:
    """Return the target that the store keeps as this text.

    Raises:
        InputError: it is not a target's, or as `spm_tui.targets.target`.

    """
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a target: {text!r:.80}") from error
    if not isinstance(entry, dict):
        raise InputError(f"not a target: {text!r:.80}")
    return from_mapping(entry, attributes)


def to_json(target: Target) -> str:
    """Return the text that the store keeps a target as: equal targets have equal texts."""
    return canonical_json(to_mapping(target))


def to_mapping(target: Target) -> Entry:
    """Return the entry that describes a target: the inverse of `from_mapping`."""
    values = dict(target.values)
    if not target.weights:
        return values
    return {**values, WEIGHTS: dict(zip(values, target.weights, strict=True))}
