"""Which runs a command makes: one, or a grid that the command line or a file describes.

A file is TOML, or the `run.json` that an earlier command left. Its keys are the long option
names; `model`, `benchmark`, `decoding` and `seed` may have several values, and every combination
is run. Tables `[[runs]]` are grids of their own that share what stands above them. What is given
on the command line wins.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from spm_tui.bench.options import BY_NAME, Option, RunOptions
from spm_tui.cli import options
from spm_tui.errors import InputError
from spm_tui.files import parse_toml, read_text

PAPER = Path(str(files("spm_tui") / "data" / "paper.toml"))
"""The paper's evaluation."""
_TABLES = "runs"
_LINE = re.compile(rf"\s*(?:(\[\[\s*{_TABLES}\s*\]\])|([\w-]+)\s*=)")


@dataclass(frozen=True, slots=True)
class Cell:
    """A run or several, by methods, that differ in nothing else."""

    options: RunOptions
    places: Mapping[str, str] = field(default_factory=dict)
    """Where an option was set, if in a file: by its field."""
    identity: str = ""
    """Of the benchmark that the file, a `run.json`, was made on."""
    recorded: Mapping[str, Path] = field(default_factory=dict)
    """Options that nobody has given but a `run.json`, by field, with its path."""

    def located(self, error: InputError) -> InputError:
        """Return an error about an option with the place where the option was set."""
        place = self.places.get((error.field or "").lstrip("-"))
        return InputError(str(error), path=place) if place else error


@dataclass(frozen=True, slots=True)
class _Table:
    values: Mapping[str, Any]
    """By field; of `options.AXES` several."""
    places: Mapping[str, str]
    identity: str = ""
    recorded: Mapping[str, Path] = field(default_factory=dict)


def cells(given: Mapping[str, Any], config: Path | None = None) -> tuple[Cell, ...]:
    """Return the cells that are asked for, in order, each once.

    Args:
        given: what `argparse` found.
        config: a TOML file, or a `run.json`.

    Raises:
        InputError: the file cannot be read, an unknown key, or a value that is not allowed.

    """
    own = options.read(given)
    found: dict[RunOptions, Cell] = {}
    for table in _tables(config, out="out" in own) if config else [_Table({}, {})]:
        values = {**table.values, **own}
        axes = {axis: values.pop(axis) for axis in options.AXES if axis in values}
        for combination in product(*axes.values()):
            wanted = RunOptions(**values, **dict(zip(axes, combination, strict=True)))
            places = {name: place for name, place in table.places.items() if name not in own}
            identity = "" if "benchmark" in own else table.identity
            recorded = {name: path for name, path in table.recorded.items() if name not in own}
            found.setdefault(wanted, Cell(wanted, places, identity, recorded))
    return tuple(found.values())


def _tables(path: Path, *, out: bool) -> list[_Table]:
    """Return the tables of a file; `out` is whether their own folders do not count."""
    text, data, identity = _read(path)
    shared = {key: value for key, value in data.items() if key != _TABLES}
    tables = data.get(_TABLES, [{}])
    usable = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    if not usable or not tables:
        raise InputError(f"expected tables [[{_TABLES}]]", path=path, field=_TABLES)
    places = _places(path, text)
    above = _checked(path, shared, places[0])
    found = []
    for table, own in zip(tables, _padded(places[1:], len(tables)), strict=True):
        values = {**above, **_checked(path, table, own)}
        recorded = dict.fromkeys(values, path) if path.suffix == ".json" else {}
        found.append(_Table(values, {**places[0], **own}, identity, recorded))
    if not out:
        _require_one_folder(path, found, above=places[0].get("out"))
    return found


def _require_one_folder(path: Path, tables: Sequence[_Table], *, above: str | None) -> None:
    if len({table.values.get("out") for table in tables}) < 2:
        return
    own = (table.places["out"] for table in tables if table.places.get("out", above) != above)
    problem = f"one folder for all: set it above the tables [[{_TABLES}]]"
    raise InputError(problem, path=next(own, path), field="out")


def _padded(places: Sequence[Mapping[str, str]], length: int) -> Iterator[Mapping[str, str]]:
    """Yield the places of each table; none where the file does not tell tables line by line."""
    for number in range(length):
        yield places[number] if number < len(places) else {}


def _places(path: Path, text: str) -> list[dict[str, str]]:
    """Return where keys are set: those above all tables, then those of each."""
    found: list[dict[str, str]] = [{}]
    if path.suffix == ".json":
        return found
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _LINE.match(line):
            if match[1]:
                found.append({})
            else:
                found[-1].setdefault(match[2].replace("-", "_"), f"{path}, line {number}")
    return found


def _checked(path: Path, table: Mapping[str, object], places: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in table.items():
        try:
            option = _known(key)
            several = option.field in options.AXES
            values[option.field] = _several(option, value) if several else option.check(value)
        except InputError as error:
            place = places.get(key.replace("-", "_"), path)
            raise InputError(str(error), path=place) from error
    return values


def _several(option: Option, value: object) -> tuple[Any, ...]:
    """Return the values of one of the `AXES`, each once."""
    each = value if isinstance(value, list) else [value]
    if not each:
        raise InputError("needs a value", field=f"--{option.name}")
    return tuple(dict.fromkeys(map(option.check, each)))


def _known(key: str) -> Option:
    name = key.replace("_", "-")
    if name not in BY_NAME:
        close = get_close_matches(name, [*BY_NAME, _TABLES], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"not an option of a run{hint}", field=key)
    return BY_NAME[name]


def _read(path: Path) -> tuple[str, Mapping[str, Any], str]:
    """Return a file's text, its options and the identity of the benchmark it was made on."""
    identity = ""
    try:
        text = read_text(path)
        if path.suffix == ".json":
            record = json.loads(text)
            data, identity = record["options"], str(record.get("benchmark", {}).get("identity", ""))
        else:
            data = parse_toml(text)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", path=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot be read: {error}", path=path) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("not a run.json: it has no options", path=path) from error
    if isinstance(data, list):
        data = {_TABLES: data}
    if not isinstance(data, dict):
        raise InputError("expected options", path=path)
    return text, data, identity
