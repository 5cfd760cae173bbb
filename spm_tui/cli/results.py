"""Where the tables and figures of a command go: a folder for runs that are scored together."""

import os
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from spm_tui.cli.faults import Faults
from spm_tui.cli.parts import Part, reported
from spm_tui.paths import file_name
from spm_tui.report import board, files
from spm_tui.report.board import Board
from spm_tui.report.paper import prepare as prepare_for_paper
from store.connection import Store


def folders(parts: Sequence[Part], base: Path, *, apart: bool) -> dict[Hashable, Path]:
    """Return where the tables of runs that are scored together go, one folder for each such.

    Args:
        parts: all of a command.
        base: for all of them.
        apart: whether each gets a folder below it.

    """
    places: dict[Hashable, Path] = {}
    seen: Counter[str] = Counter()
    for key, part in {part.scored_with: part for part in parts}.items():
        name = f"{file_name(part.subject.benchmark.name)}-{part.subject.split}"
        seen[name.casefold()] += 1  # on macOS and Windows `A` and `a` are one folder
        number = seen[name.casefold()]
        places[key] = base / (name if number == 1 else f"{name}-{number}") if apart else base
    return places


@contextmanager
def prepared(wanted: Collection[Path], *, paper: Path | None = None) -> Iterator[None]:
    """Make folders before any work is done; those that nothing came to are removed in the end.

    Args:
        wanted: for the tables of runs.
        paper: for those of the paper.

    Raises:
        InputError, FileUnusable: one cannot be made or written to, or holds files of somebody
            else that would be replaced.

    """
    every = {above for folder in wanted for above in (folder, *folder.parents)}
    new = [folder for folder in every if not os.access(folder, os.F_OK)]
    try:
        for folder in wanted:
            files.prepare_for_runs(folder)
        if paper:
            prepare_for_paper(paper)
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
        faults: told of a run that cannot be scored, where others can, and of a figure that cannot
            be drawn.

    Raises:
        InputError: a file cannot be written.

    """
    scored = _scored(store, parts, numbers, faults)
    record = [part.options.record() for part in parts]
    options = {"options": record if record[1:] else record[0]}
    files.write(scored, folder, record=options, tell=faults.note)
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
