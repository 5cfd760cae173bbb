"""Where the tables and figures of a command go: a folder for runs that are scored together."""

import os
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from spm_tui.cli.faults import Faults
from spm_tui.cli.parts import Part, reported
from spm_tui.report import board, files
from spm_tui.report.board import Board
from store.connection import Store


def folders(parts: Sequence[Part], base: Path, *, apart: bool) -> dict[Hashable, Path]:
    """Return where the tables of runs that are scored together go, one folder for each such.

    Args:
        parts: all of a command.
        base: for all of them.
        apart: whether each gets a folder below it.

    """
    found: dict[Hashable, Path] = {}
    seen: Counter[str] = Counter()
    for key, part in {part.scored_with: part for part in parts}.items():
        name = f"{part.subject.benchmark.name}-{part.subject.split}"
        seen[name] += 1
        again = f"-{seen[name]}" if seen[name] > 1 else ""
        found[key] = base / f"{name}{again}" if apart else base
    return found


@contextmanager
def prepared(wanted: Collection[Path]) -> Iterator[None]:
    """Make folders before any work is done; those that nothing came to are removed in the end.

    Raises:
        InputError: one cannot be made or written to.

    """
    every = {above for folder in wanted for above in (folder, *folder.parents)}
    new = [folder for folder in every if not os.access(folder, os.F_OK)]
    try:
        for folder in wanted:
            files.prepare(folder)
        yield
    finally:
        for folder in sorted(new, key=lambda one: -len(one.parts)):
            with suppress(OSError):  # it is not empty, or was never made
                folder.rmdir()


def write(
    store: Store, parts: Sequence[Part], numbers: Sequence[int], folder: Path, *, faults: Faults
) -> Board:
    """Score runs, write their tables and figures, and return the scores.

    Args:
        store: where the runs are.
        parts: that asked for them.
        numbers: of the runs.
        folder: where the files go.
        faults: told of a run that cannot be scored, where others can.

    Raises:
        InputError: a file cannot be written.

    """
    scored = _scored(store, parts, numbers, faults)
    record = [part.options.record() for part in parts]
    files.write(scored, folder, record={"options": record if record[1:] else record[0]})
    return scored


def _scored(store: Store, parts: Sequence[Part], numbers: Sequence[int], faults: Faults) -> Board:
    """Score runs together, without those that cannot even be scored alone."""
    sets, everything = reported(parts)

    def score(some: Sequence[int]) -> Board:
        return board.score(store, parts[0].subject, some, sets, everything=everything)

    try:
        return score(numbers)
    except Exception:
        if len(numbers) == 1 or not faults.spares:
            raise
    usable = []
    for number in numbers:
        with faults.spared(f"run {number} was not scored"):
            score([number])
            usable.append(number)
    if not usable:
        raise faults.first()
    return score(usable)
