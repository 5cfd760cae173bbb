"""The options of a run on the command line; `experiment` reads those in files."""

import argparse
from collections.abc import Collection, Mapping
from typing import Any

from spm_tui.bench.options import BY_NAME, OPTIONS, RunOptions

__all__ = ["AXES", "OPTIONS", "RunOptions", "add_to", "read", "resolve"]

AXES = ("model", "benchmark", "decoding", "seed")
"""Options that may be given several times, for a run each."""


def add_to(
    parser: argparse.ArgumentParser,
    *groups: str,
    only: Collection[str] = BY_NAME,
    repeatable: Collection[str] = (),
) -> None:
    """Add the options of some groups to a parser; what is not given leaves no trace in its result.

    Args:
        parser: to add to.
        groups: titles.
        only: names of those in the groups that are added.
        repeatable: names of those that may be given several times, which their help says.

    """
    for title in groups:
        group = parser.add_argument_group(title)
        for option in (one for one in OPTIONS[title] if one.name in only):
            again = "; repeat for a grid" if option.name in repeatable else ""
            default = option.default()
            usual = f" (default: {default})" if default else ""
            group.add_argument(
                f"--{option.name}",
                metavar=option.metavar,
                help=option.help + again + usual,
                action="append",
                default=argparse.SUPPRESS,
            )


def read(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, checked, by field; of `AXES` all values, of others the last.

    Args:
        given: what `argparse` found, several times the same option as a list.

    Raises:
        InputError: a value that is not allowed.

    """
    values: dict[str, Any] = {}
    for option in BY_NAME.values():
        if option.field in given:
            each = [option.read(text) for text in given[option.field]]
            values[option.field] = sum(each, ()) if option.many else each[-1]
            if option.field in AXES:
                values[option.field] = tuple(each)
    return values


def resolve(given: Mapping[str, Any]) -> RunOptions:
    """Return the options of one run; what is given twice counts as given last.

    Raises:
        InputError: a value that is not allowed.

    """
    values = read(given)
    return RunOptions(**values | {axis: values[axis][-1] for axis in AXES if axis in values})
