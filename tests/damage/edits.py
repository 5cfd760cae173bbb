"""A variant of a model, and what can be done to its files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Damage = Callable[[Path], None]
VALUES: dict[str, Any] = {
    "list": [1, 2],
    "minus": -1,
    "zero": 0,
    "huge": 10**12,
    "large": 10**6,
    "text": "text",
    "null": None,
    "object": {},
    "half": 1.5,
    "true": True,
}
"""What may stand where something else belongs."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A base and what is done to it."""

    name: str
    base: str
    subject: str
    """What is damaged: weights, config, tokenizer, template or code."""
    damage: Damage


def void(_: object) -> None:
    """Return nothing, whatever there is."""


def written(name: str, content: bytes) -> Damage:
    """Write a file."""

    def damage(place: Path) -> None:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content)

    return damage


def folder(name: str) -> Damage:
    """Put a folder in the place of a file."""

    def damage(place: Path) -> None:
        (place / name).unlink(missing_ok=True)
        (place / name).mkdir(parents=True)

    return damage


def link(name: str) -> Damage:
    """Put a link to nowhere in the place of a file."""

    def damage(place: Path) -> None:
        (place / name).unlink(missing_ok=True)
        (place / name).symlink_to("nowhere")

    return damage


def gone(name: str) -> Damage:
    """Take a file away."""
    return lambda place: (place / name).unlink(missing_ok=True)


def cut_off(name: str, share: float) -> Damage:
    """Leave only the beginning of a file."""

    def damage(place: Path) -> None:
        whole = (place / name).read_bytes()
        (place / name).write_bytes(whole[: int(len(whole) * share)])

    return damage


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    """Change what a JSON file has; begin one where there is none."""

    def damage(place: Path) -> None:
        path = place / name
        data = json.loads(path.read_text()) if path.exists() else {}
        change(data)
        path.write_text(json.dumps(data))

    return damage


def added(name: str, values: Mapping[str, Any]) -> Damage:
    """Set values in a JSON file, by key."""
    return changed(name, lambda data: data.update(values))


def less(name: str, key: str) -> Damage:
    """Take a value out of a JSON file."""
    return changed(name, lambda data: data.pop(key))


def put(name: str, *path_and_value: Any) -> Damage:
    """Set a value in a JSON file: its path of keys, then the value."""
    *path, value = path_and_value

    def change(data: Any) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = value

    return changed(name, change)
