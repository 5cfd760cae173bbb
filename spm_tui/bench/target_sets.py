"""Which targets a run is asked about and scored on: from the names that people give."""

from collections.abc import Iterable, Mapping, Sequence

from spm_tui import target_files, targets
from spm_tui.bench.options import ALL, TARGET_SETS
from spm_tui.errors import InputError
from spm_tui.paths import typed_path
from spm_tui.targets import Target, TargetSet
from store import annotations
from store.connection import Store
from store.records import Attribute

_MAKERS = {"sampled": targets.sampled, "high": targets.high, "low": targets.low}


def standard_sets(attributes: Sequence[Attribute], names: Sequence[str]) -> list[TargetSet]:
    """Return the listed ones of the paper's sets; `all` is not among them."""
    return [_MAKERS[name](attributes) for name in names if name in _MAKERS]


def read_sets(
    store: Store,
    benchmark: str,
    attributes: Sequence[Attribute],
    names: Sequence[str],
    extra: Sequence[str] = (),
) -> list[TargetSet]:
    """Return the listed target sets that are asked for; `all` is not among them.

    A name is one of the paper's sets, else one that was saved in the app, else a file.

    Args:
        store: where the saved ones are.
        benchmark: identity of that they were saved for.
        attributes: those that a target may name.
        names: of sets.
        extra: targets as `spm_tui.targets.parse` reads them, a set each.

    Raises:
        InputError: a name is none of these or of two different sets, or a target is not usable.

    """
    saved: Mapping[str, Sequence[str]] = {}
    if not set(names) <= set(TARGET_SETS):
        with store.reading() as db:
            saved = annotations.saved_targets(db, benchmark)
    found = [one for name in names for one in _named(name, attributes, saved)]
    own = [targets.parse(text, attributes) for text in extra]
    return distinct(
        [*found, *(TargetSet(str(one), (one,)) for one in own)], everything=ALL in names
    )


def distinct(sets: Iterable[TargetSet], *, everything: bool) -> list[TargetSet]:
    """Return sets that are reported side by side, each once.

    Args:
        sets: the listed ones.
        everything: whether the set `all` is beside them.

    Raises:
        InputError: two that differ have one name.

    """
    once = list(dict.fromkeys(sets))
    taken = [*(one.name for one in once), *([ALL] if everything else [])]
    if twice := next((name for name in taken if taken.count(name) > 1), None):
        raise InputError(f"two different sets are called {twice!r}", field="--targets")
    return once


def _named(
    name: str, attributes: Sequence[Attribute], saved: Mapping[str, Sequence[str]]
) -> list[TargetSet]:
    if name in TARGET_SETS:
        return standard_sets(attributes, [name])
    if name in saved:
        members = (target_files.from_json(text, attributes) for text in saved[name])
        return [TargetSet(name, tuple(members))]
    path = typed_path(name)
    if path.is_file():
        return target_files.read(path, attributes)
    known = ", ".join([*TARGET_SETS, *saved])
    raise InputError(f"{name!r} is neither a file nor one of {known}", field="--targets")


def members(sets: Sequence[TargetSet]) -> tuple[Target, ...]:
    """Return the targets of all sets, each once."""
    return tuple(dict.fromkeys(target for one in sets for target in one.targets))
