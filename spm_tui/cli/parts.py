"""Cells made ready, before any model is looked for: their scenarios and targets."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from spm_tui.bench.jobs import require_effect
from spm_tui.bench.options import ALL, RunOptions
from spm_tui.bench.subject import Selection, Subject, load_subject
from spm_tui.bench.target_sets import distinct, read_sets
from spm_tui.cli.experiment import Cell
from spm_tui.errors import InputError
from spm_tui.methods.catalogue import PER_TARGET
from spm_tui.targets import TargetSet
from store.clock import now
from store.connection import Store


@dataclass(frozen=True, slots=True)
class Part:
    """A cell made ready."""

    options: RunOptions
    subject: Subject
    sets: Sequence[TargetSet]

    @property
    def methods(self) -> tuple[str, ...]:
        """Those that are asked for, each once."""
        return tuple(dict.fromkeys(self.options.method))

    @property
    def scored_with(self) -> Hashable:
        """What its runs share with those that they are scored together with."""
        return self.subject.extent


def make_ready(cells: Sequence[Cell], store: Store) -> list[Part]:
    """Return the cells as parts, in order.

    Raises:
        InputError: a cell asks for what is not there, located where its file says so.

    """
    try:
        require_effect([cell.options for cell in cells])
    except InputError as error:
        raise cells[0].located(error) from error
    subjects: dict[tuple[str, Selection], Subject] = {}
    parts = []
    for cell in cells:
        options = cell.options
        selection = Selection(options.split, options.limit, options.scenario, options.attributes)
        key = (options.benchmark, selection)
        try:
            if key not in subjects:
                subjects[key] = load_subject(store, options.benchmark, selection, at=now())
            _require_same(cell, subjects[key])
            sets = target_sets(options, subjects[key], store)
            _require_targets(options, sets)
            parts.append(Part(options, subjects[key], sets))
            reported(part for part in parts if part.scored_with == parts[-1].scored_with)
        except InputError as error:
            raise cell.located(error) from error
    return parts


def reported(parts: Iterable[Part]) -> tuple[list[TargetSet], bool]:
    """Return the listed sets of parts that are scored together, and whether `all` is beside them.

    Raises:
        InputError: two sets that differ have one name.

    """
    asking = list(parts)
    everything = any(ALL in part.options.targets for part in asking)
    sets = distinct([one for part in asking for one in part.sets], everything=everything)
    return sets, everything


def target_sets(options: RunOptions, subject: Subject, store: Store) -> list[TargetSet]:
    """Return the listed target sets that are asked for.

    Raises:
        InputError: a name is none of a set, or a target is not usable.

    """
    return read_sets(store, subject.identity, subject.selected, options.targets, options.target)


def _require_same(cell: Cell, subject: Subject) -> None:
    if cell.identity not in ("", subject.identity):
        raise InputError(
            f"{cell.options.benchmark!r} in this store is {subject.identity[:12]}; the record is of"
            f" {cell.identity[:12]}",
            field="--benchmark",
        )


def _require_targets(options: RunOptions, sets: Sequence[TargetSet]) -> None:
    if not sets and (told := PER_TARGET.intersection(options.method)):
        raise InputError(
            f"{min(told)} is asked about each target; name some, as in sampled,high,low",
            field="--targets",
        )
