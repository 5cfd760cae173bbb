"""What the paper reports, as data; `spm_tui/data/published.toml` has the numbers and the source."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from store.records import Benchmark

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
    """Of a benchmark in the store, unless it was imported under another."""
    title: str
    file: str
    """Last part of the source of a benchmark that is this dataset whatever its name."""
    attributes: tuple[str, ...]
    imported_by: str
    """The command that brings it into the store."""

    def fits(self, benchmark: Benchmark) -> bool:
        """Return whether a benchmark says that it is this dataset, and has its attributes."""
        file = benchmark.source.rpartition("/")[2]
        named = self.name == benchmark.name.lower() or self.file == file.lower()
        return named and tuple(one.name for one in benchmark.attributes) == self.attributes


@dataclass(frozen=True, slots=True)
class Published:
    """All that the paper reports in its tables."""

    source: str
    datasets: tuple[Dataset, ...]
    hubs: Mapping[str, str]
    """Hub id by name of the backbone."""
    tables: tuple[PublishedTable, ...]

    def dataset(self, benchmark: Benchmark) -> Dataset | None:
        """Return the paper's dataset that a benchmark is, if any."""
        return next((one for one in self.datasets if one.fits(benchmark)), None)

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
        datasets=tuple(
            Dataset(
                one["name"],
                one["title"],
                one["file"],
                tuple(one["attributes"]),
                one["import"],
            )
            for one in data["datasets"]
        ),
        hubs={one["name"]: one["hub"] for one in data["backbones"]},
        tables=tuple(map(_table, data["tables"])),
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
