"""The options of a run: one table for the command line and for `--config` files.

A config file is TOML, or a `run.json` that an earlier run left; its keys are the long
option names. What is given on the command line wins.
"""

import argparse
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

from spm_tui.engine import models
from spm_tui.engine.device import DEVICES, DTYPES
from spm_tui.errors import InputError
from spm_tui.methods.catalogue import NAMES
from store.identity import Canonical
from store.records import Split

TARGET_SETS = ("all", "sampled", "high", "low")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked to do; field names are the options' names."""

    benchmark: str = "mini-mic"
    split: Split = "eval"
    limit: int | None = None
    scenario: tuple[int, ...] = ()
    attributes: tuple[str, ...] = ()
    method: tuple[str, ...] = ("few-shot-comparative",)
    targets: tuple[str, ...] = TARGET_SETS
    target: tuple[str, ...] = ()
    decoding: Literal["greedy", "sampling"] = "greedy"
    samples: int = 5
    temperature: float = 0.7
    shots: int = 5
    seed: int = 0
    reasoning_tokens: int = 64
    model: str = models.LANGUAGE_MODEL
    revision: str | None = None
    embedder: str = models.EMBEDDER
    device: str = "auto"
    dtype: str = "auto"
    device_map: str | None = None
    batch_size: int | None = None
    out: str | None = None

    def record(self) -> dict[str, Canonical]:
        """Return the options that differ from their defaults, as a config file has them."""
        plain = asdict(RunOptions())
        return {
            name.replace("_", "-"): list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != plain[name]
        }


@dataclass(frozen=True, slots=True)
class Option:
    """How one option is written and checked."""

    name: str
    metavar: str
    help: str
    kind: type[str] | type[int] | type[float] = str
    choices: tuple[str, ...] = ()
    low: float | None = None
    many: Literal["", "commas", "repeated"] = ""
    """Whether it may have several values, and how they are written."""

    @property
    def field(self) -> str:
        """Its name in `RunOptions`."""
        return self.name.replace("-", "_")

    def read(self, text: str) -> Any:
        """Return the value of a command-line argument.

        Raises:
            InputError: the text is no such value.

        """
        if not self.many:
            return self.check(self._convert(text))
        parts = text.split(",") if self.many == "commas" else [text]
        return self.check([self._convert(part.strip()) for part in parts if part.strip()])

    def _convert(self, text: str) -> Any:
        try:
            return self.kind(text)
        except ValueError:
            raise self._problem(text) from None

    def check(self, value: object) -> Any:
        """Return a value, as a config file has it, in the form `RunOptions` wants.

        Raises:
            InputError: its type, or it, is not one of those allowed.

        """
        if self.many:
            values = value if isinstance(value, list) else [value]
            return tuple(self._one(one) for one in values)
        return self._one(value)

    def _one(self, value: object) -> Any:
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        fits = type(value) is self.kind and (not self.choices or value in self.choices)
        if not fits or (self.low is not None and not cast("float", value) >= self.low):
            raise self._problem(value)
        return value

    def _problem(self, value: object) -> InputError:
        kinds = {str: "a text", int: "a whole number", float: "a number"}
        wanted = " or ".join(self.choices) if len(self.choices) < 3 else ", ".join(self.choices)
        wanted = f"one of {wanted}" if wanted else kinds[self.kind]
        least = f" of at least {self.low:g}" if self.low is not None else ""
        return InputError(f"expected {wanted}{least}, found {value!r}", field=f"--{self.name}")


OPTIONS: Mapping[str, tuple[Option, ...]] = {
    "what to run": (
        Option("benchmark", "NAME", "in the store; or mini-mic, mini-helpsteer (built in)"),
        Option("split", "SPLIT", "eval or train", choices=("eval", "train")),
        Option("limit", "N", "only the first N scenarios", int, low=1),
        Option("scenario", "N,…", "only these scenarios, by number", int, low=1, many="commas"),
        Option("attributes", "NAME,…", "only these attributes", many="commas"),
        Option("method", "NAME,…", ", ".join(NAMES), choices=NAMES, many="commas"),
    ),
    "how to ask": (
        Option("decoding", "HOW", "greedy or sampling", choices=("greedy", "sampling")),
        Option("samples", "N", "answers per question under sampling", int, low=1),
        Option("temperature", "T", "of sampling", float, low=0.01),
        Option("shots", "N", "worked examples; more where more levels occur", int, low=1),
        Option("seed", "N", "of sampling, and of the method random", int, low=0),
        Option("reasoning-tokens", "N", "at most, for each reasoning", int, low=8),
    ),
    "which model": (
        Option("model", "NAME", "embedded model, folder, GGUF file or hub id"),
        Option("revision", "REV", "branch, tag or commit of a hub id"),
        Option("embedder", "NAME", "embedding model for the choice of examples"),
        Option("device", "WHERE", ", ".join(DEVICES), choices=DEVICES),
        Option("dtype", "TYPE", ", ".join(DTYPES), choices=DTYPES),
        Option("device-map", "auto", "spread a large model over several GPUs", choices=("auto",)),
        Option("batch-size", "N", "requests at once, at most", int, low=1),
    ),
    "what to report": (
        Option("targets", "SET,…", f"{', '.join(TARGET_SETS)}, or a file", many="commas"),
        Option("target", "NAME=VALUE,…", "one more target; may be repeated", many="repeated"),
        Option("out", "FOLDER", "for tables, figures and run.json"),
    ),
}
_BY_NAME = {option.name: option for group in OPTIONS.values() for option in group}


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
    for option in _BY_NAME.values():
        if option.field in given:
            read = [option.read(text) for text in given[option.field]]
            values[option.field] = sum(read, ()) if option.many else read[-1]
    return RunOptions(**values)


def _known(key: str) -> Option:
    name = key.replace("_", "-")
    if name not in _BY_NAME:
        close = get_close_matches(name, _BY_NAME, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InputError(f"not an option of a run{hint}", field=key)
    return _BY_NAME[name]


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
