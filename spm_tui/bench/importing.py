"""Brings benchmarks and runs into a store, for the command line and the app."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from spm_tui.bench import bundled
from spm_tui.datasets import builtin, helpsteer2, mic, plain
from spm_tui.datasets.rows import Watch
from spm_tui.datasets.split import Imported, Rule
from spm_tui.errors import InputError
from spm_tui.methods.catalogue import METHODS
from spm_tui.paths import typed_path
from store import benchmarks, runs
from store.connection import Store

Kind: TypeAlias = Literal["mic", "helpsteer2", "plain", "run"]


@dataclass(frozen=True, slots=True)
class Source:
    """What to import."""

    kind: Kind
    path: str
    """File, folder, or a hub id for HelpSteer2; empty means its usual one."""
    attributes: str = ""
    """For `plain`: the TOML file."""
    name: str | None = None
    """Of the benchmark in the store; None for the usual one."""
    rule: Rule = "stratified"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What an import did."""

    identity: str
    """Of the benchmark."""
    run: int | None
    what: str
    """For people, a line."""
    added: bool
    """False when all of it was there already."""
    notes: tuple[str, ...]


def import_source(
    store: Store, source: Source, *, at: datetime, watch: Watch = lambda _: None
) -> Arrived:
    """Import a benchmark or a run, whole or not at all.

    Raises:
        InputError: the files are not what they should be.
        StoreError: the store cannot be used, or lacks a run's benchmark.

    """
    if source.kind == "run":
        return _import_run(store, typed_path(source.path), at=at)
    imported = _read(source, watch)
    benchmark = imported.benchmark
    if benchmark.name in builtin.NAMES:
        raise InputError(f"{benchmark.name!r} is a built-in benchmark's", field="name")
    with store.writing() as db:
        added = benchmarks.add(db, benchmark, at=at)
        name = benchmarks.find(db, benchmark.identity).name
    what = (
        f"{name} ({benchmark.identity[:12]}): {len(benchmark.split('train'))} train and"
        f" {len(benchmark.split('eval'))} eval scenarios, {len(benchmark.attributes)} attributes"
    )
    return Arrived(benchmark.identity, None, what, added, imported.notes)


def _read(source: Source, watch: Watch) -> Imported:
    path = typed_path(source.path)
    match source.kind:
        case "mic":
            return mic.load(path, name=source.name or "mic", rule=source.rule, watch=watch)
        case "plain":
            if not source.attributes:
                raise InputError("a benchmark of one's own needs its attributes, a TOML file")
            attributes = typed_path(source.attributes)
            return plain.load(path, attributes, name=source.name, watch=watch)
        case _:
            return _read_helpsteer2(source, watch)


def _read_helpsteer2(source: Source, watch: Watch) -> Imported:
    named = source.path or helpsteer2.HUB
    local = typed_path(named)
    from_hub = not local.exists() and (not source.path or named.count("/") == 1)
    return helpsteer2.load(
        helpsteer2.fetch(named) if from_hub else local,
        name=source.name or "helpsteer2",
        source=named if from_hub else None,
        rule=source.rule,
        watch=watch,
    )


def _import_run(store: Store, folder: Path, *, at: datetime) -> Arrived:
    with store.reading() as db:
        before = {run.number for run in runs.listing(db)}
    number = bundled.load(store, folder, at=at)
    with store.reading() as db:
        spec = runs.get(db, number).spec
        name = benchmarks.find(db, spec.benchmark).name
    model = f" with {spec.model}" if spec.model else ""
    what = f"run {number}: {spec.method}{model} on {name}/{spec.split}"
    if spec.method not in METHODS:
        what += ", to be read only: its method is not installed here"
    return Arrived(spec.benchmark, number, what, number not in before, ())
