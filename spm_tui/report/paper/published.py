"""What the paper reports, as data; `spm_tui/data/published.toml` has the numbers and the source."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from store.records import Split

_OWNER = re.compile(r"\w[\w.-]*")
"""Of a model on the hub."""
Decoding: TypeAlias = Literal["greedy", "sampling", ""]
"""The last for methods that ask no language model."""


@dataclass(frozen=True, slots=True)
class Value:
    """An accuracy over a set of targets, in shares of 1."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Column:
    """A method with its decoding, as one of the paper's tables compares it."""

    title: str
    method: str
    decoding: Decoding


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One of the paper's tables."""

    name: str
    title: str
    targets: str
    """Name of the set of targets."""
    columns: tuple[Column, ...]
    values: Mapping[tuple[str, str], tuple[Value, ...]]
    """By name of the dataset and of the backbone, one per column."""

    def backbones(self, dataset: str) -> tuple[str, ...]:
        """Return the backbones that it has a row for."""
        return tuple(backbone for named, backbone in self.values if named == dataset)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One that the paper evaluates on."""

    name: str
    """What its importer calls it."""
    title: str
    attributes: tuple[str, ...]
    """In the order that the sampled targets depend on."""
    levels: int
    """Of each attribute."""
    scenarios: Mapping[Split, int]
    """How many the authors' splits have."""
    content: Mapping[Split, str]
    """Fingerprints of the authors' splits; empty where their data could not be had."""
    reasonings: str
    """The same of the authors' reasonings of the train split's labels, or empty."""
    imported_by: str
    """The command that brings it into the store."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """With which settings the authors made their runs."""

    temperature: float
    """Of sampling; the other runs are greedy."""
    samples: int
    shots: int
    precision: str
    reasoning_characters: int
    """Most that a reasoning may have."""


@dataclass(frozen=True, slots=True)
class Published:
    """All that the paper reports in its tables."""

    source: str
    procedure: Procedure
    datasets: tuple[Dataset, ...]
    hubs: Mapping[str, str]
    """Hub id by name of the backbone."""
    tables: tuple[PublishedTable, ...]

    def backbone(self, model: str) -> str:
        """Return the name of a backbone: the paper's, else the last part of a model's own.

        A folder or file is known by its own name, what is on the hub by its whole id: of a
        model by another owner that is named like the paper's, the id stays whole.
        """
        path = model.replace("\\", "/").rstrip("/")
        owner, _, last = path.rpartition("/")
        ours = next((name for name in self.hubs if name.lower() == last.lower()), None)
        if ours and _OWNER.fullmatch(owner) and path.lower() != self.hubs[ours].lower():
            return path
        return ours or last


def read() -> Published:
    """Return what the paper reports."""
    data = tomllib.loads((files("spm_tui.data") / "published.toml").read_text(encoding="utf-8"))
    return Published(
        source=data["source"],
        procedure=Procedure(**data["settings"]),
        datasets=tuple(map(_dataset, data["datasets"])),
        hubs={one["name"]: one["hub"] for one in data["backbones"]},
        tables=tuple(map(_table, data["tables"])),
    )


def _dataset(one: Mapping[str, Any]) -> Dataset:
    return Dataset(
        name=one["name"],
        title=one["title"],
        attributes=tuple(one["attributes"]),
        levels=one["levels"],
        scenarios=one["scenarios"],
        content=one.get("content", {}),
        reasonings=one.get("reasonings", ""),
        imported_by=one["import"],
    )


def _table(one: Mapping[str, Any]) -> PublishedTable:
    return PublishedTable(
        one["name"],
        one["title"],
        one["targets"],
        tuple(Column(**column) for column in one["columns"]),
        {
            (row["dataset"], row["backbone"]): tuple(
                Value(mean / 100, sd / 100) for mean, sd in row["cells"]
            )
            for row in one["rows"]
        },
    )
