"""What is run: a benchmark's scenarios and attributes, a method, a backbone."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from spm_tui import prompts
from spm_tui.control_strings import holds_any
from spm_tui.datasets import builtin
from spm_tui.engine.reach import Cut
from spm_tui.errors import InputError
from spm_tui.methods.base import Settings
from spm_tui.methods.catalogue import CHOOSING, EMBEDDING, FEW_SHOT, METHODS, MODEL_OF
from spm_tui.targets import Target
from spm_tui.wire import Asked
from store import benchmarks
from store.connection import Store
from store.errors import NotInStore
from store.identity import Canonical, canonical_json
from store.records import Attribute, Benchmark, RunSpec, Scenario, Split


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a benchmark is run. Not part of a run's identity: a run can grow."""

    split: Split = "eval"
    limit: int | None = None
    """The first so many scenarios."""
    scenarios: tuple[int, ...] = ()
    """By number; all when empty."""
    attributes: tuple[str, ...] = ()
    """By name; all when empty."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A benchmark with a selection resolved."""

    identity: str
    """Of the benchmark as imported; reasonings added later do not change it."""
    benchmark: Benchmark
    split: Split
    scenarios: tuple[Scenario, ...]
    attributes: tuple[int, ...]
    """Indices, ascending."""

    @property
    def selected(self) -> tuple[Attribute, ...]:
        """The selected attributes themselves."""
        return tuple(self.benchmark.attributes[index] for index in self.attributes)

    @property
    def extent(self) -> Hashable:
        """What of its benchmark is selected: runs on the same can be scored together."""
        numbers = tuple(scenario.number for scenario in self.scenarios)
        return self.identity, self.split, numbers, self.attributes


def at_hand(store: Store) -> list[str]:
    """Return the names of the benchmarks in the store; of the built-in ones if there are none."""
    with store.reading() as db:
        there = [row.name for row in benchmarks.listing(db)]
    return list(dict.fromkeys(there)) or list(builtin.NAMES)


def load_subject(store: Store, name: str, selection: Selection, *, at: datetime) -> Subject:
    """Return a benchmark of the store, or a built-in one, which is imported by the way.

    Raises:
        InputError: no such benchmark, scenario or attribute, or nothing is selected.

    """
    wanted = name
    if name in builtin.NAMES:
        imported = builtin.load(name).benchmark
        wanted = imported.identity
        with store.writing() as db:
            benchmarks.add(db, imported, at=at)
    try:
        with store.reading() as db:
            row = benchmarks.find(db, wanted)
            benchmark = benchmarks.load(db, row.identity)
    except NotInStore as error:
        built_in = ", ".join(builtin.NAMES)
        raise InputError(f"{error}; built in: {built_in}", field="benchmark") from error
    return Subject(
        identity=row.identity,
        benchmark=benchmark,
        split=selection.split,
        scenarios=_scenarios(benchmark, selection),
        attributes=_attributes(benchmark, selection.attributes),
    )


def _scenarios(benchmark: Benchmark, selection: Selection) -> tuple[Scenario, ...]:
    there = benchmark.split(selection.split)
    if not there:
        raise InputError(f"{benchmark.name} has no {selection.split} split", field="split")
    wanted = set(selection.scenarios)
    if unknown := sorted(wanted - {scenario.number for scenario in there}):
        raise InputError(f"{unknown[0]} is not from 1 to {len(there)}", field="scenario")
    if wanted:
        there = tuple(scenario for scenario in there if scenario.number in wanted)
    return there[: selection.limit]


def _attributes(benchmark: Benchmark, names: tuple[str, ...]) -> tuple[int, ...]:
    there = [attribute.name for attribute in benchmark.attributes]
    for name in names:
        if name not in there:
            raise InputError(f"{name!r} is none of {', '.join(there)}", field="attributes")
    return tuple(i for i, name in enumerate(there) if not names or name in names)


@dataclass(frozen=True, slots=True)
class Backbone:
    """A model that is asked, as far as a run's identity goes."""

    name: str
    identity: str
    """Revision of its files, precision, and what its chat template changes about prompts."""
    served: bool = False
    """Whether a server writes and tokenises the prompts."""

    def identity_for(self, request: Asked) -> str:
        """Return the identity as far as the answer to a request goes.

        Control strings in the texts of a request were once control tokens, and are text now. What
        a server makes of them is its own affair, as it was before.
        """
        as_text = not self.served and holds_any(request)
        return f"{self.identity}/text" if as_text else self.identity


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made."""

    subject: Subject
    method: str
    settings: Settings
    backbone: Backbone | None = None
    """None for methods without a model."""
    embedder: str = ""
    """What embeddings are kept by: the embedding model's revision, and the way of longer texts if
    there are any; empty for methods that use none."""
    targets: tuple[Target, ...] = ()
    """What a method that is told the target is asked about. Like the scenarios no part of the
    run's identity: a run can grow."""
    cut: Cut | None = None
    """What an embedding model that cuts leaves out of the texts; for the run's record."""

    @property
    def spec(self) -> RunSpec:
        """What identifies the run: all that affects an output, and nothing else."""
        method = METHODS[self.method](self.settings)
        config: dict[str, Canonical] = {"method": method.config()}
        if self.backbone:
            config |= {"model": self.backbone.identity}
        if MODEL_OF.get(self.method) == "language":
            choosing = self.method in CHOOSING
            config |= {"wording": prompts.CHOICE_WORDING if choosing else prompts.WORDING}
        if self.method in EMBEDDING:
            config |= {"embedder": self.embedder}
        if self.method in FEW_SHOT:
            config |= {"examples": self.subject.benchmark.identity}
        return RunSpec(
            benchmark=self.subject.identity,
            split=self.subject.split,
            method=self.method,
            model=self.backbone.name if self.backbone else "",
            config=canonical_json(config),
        )
