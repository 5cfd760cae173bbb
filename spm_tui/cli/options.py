"""The options of a run from the command line and from `--config` files.

A config file is TOML, or a `run.json` that an earlier run left; its keys are the long
option names. What is given on the command line wins.
"""

import argparse
import json
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from spm_tui.bench.options import BY_NAME, OPTIONS, Option, RunOptions
from spm_tui.errors import InputError

__all__ = ["OPTIONS", "RunOptions", "add_to", "resolve"]


def add_to(parser: argparse.ArgumentParser, *groups: str) -> None:
    """Add options to a parser; what is not given leaves no trace in its result."""
    for title in groups:
        group = parser.add_argument_group(title)
        for option in OPTIONS[title]:
            group.add_argument(
                f"--{option.name}",
                metavar=option.metavar,
                help=option.help,
                action="append",
                default=argparse.SUPPRESS,
            )


def resolve(given: Mapping[str, Any], config: Path | None) -> RunOptions:
    """Return the options from a config file and the command line, checked.

    Args:
        given: what `argparse` found, several times the same option as a list.
        config: a TOML file, or a `run.json`.

    Raises:
        InputError: an unknown key, or a value that is not allowed.

    """
    values: dict[str, Any] = {}
    for key, value in (_read_config(config) if config else {}).items():
        try:
            values[_known(key).field] = _known(key).check(value)
        except InputError as error:
            raise InputError(str(error), path=config) from error
    for option in BY_NAME.values():
        if option.field in given:
            read = [option.read(text) for text in given[option.field]]
            values[option.field] = sum(read, ()) if option.many else read[-1]
    return RunOptions(**values)


def _known(key: str) -> Option:
    name = key.replace("_", "-")
    if name not in BY_NAME:
        close = get_close_matches(name, BY_NAME, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"not an option of a run{hint}", field=key)
    return BY_NAME[name]


def _read_config(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)["options"] if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", path=path) from error
    except ValueError as error:
        raise InputError(f"cannot be read: {error}", path=path) from error
    except (KeyError, TypeError) as error:
        raise InputError("not a run.json: it has no options", path=path) from error
    if not isinstance(data, dict):
        raise InputError("expected options", path=path)
    return data
