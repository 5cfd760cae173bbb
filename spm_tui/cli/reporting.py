"""`spm-tui report`, and how the scores of runs are printed."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spm_tui.cli import options
from spm_tui.cli.storing import existing_store
from spm_tui.errors import InputError
from spm_tui.paths import typed_path
from spm_tui.plain_text import line

if TYPE_CHECKING:
    from spm_tui.bench.subject import Subject
    from spm_tui.report.board import Board
    from spm_tui.targets import TargetSet
    from store.connection import Store


def report(parsed: argparse.Namespace) -> int:
    """Score stored runs again, or list them."""
    store = existing_store(parsed)
    with store.blamed():
        return _report(parsed, store)


def _report(parsed: argparse.Namespace, store: "Store") -> int:
    from spm_tui.bench.options import ALL
    from spm_tui.cli.parts import target_sets
    from spm_tui.report import board, files
    from store.replacing import require_apart

    wanted = options.resolve(vars(parsed))
    out = typed_path(wanted.out) if wanted.out else None
    if out:
        require_apart(out, store.path)
    if parsed.paper:
        return _report_paper(parsed, store, out or Path("spm-results/paper"))
    if parsed.compare and len(parsed.runs) != 2:
        raise InputError("expected two runs", field="--compare")
    if not parsed.runs:
        return _list_runs(store, as_json=parsed.json)
    subject = board.subject_of(store, parsed.runs)
    sets = target_sets(wanted, subject, store)
    everything = ALL in wanted.targets
    if parsed.compare:
        return _compare(parsed, store, subject, sets, everything=everything, out=out)
    scored = board.score(store, subject, parsed.runs, sets, everything=everything)
    undrawn: list[str] = []
    if out:
        files.write(scored, out, record={"options": wanted.record()}, tell=undrawn.append)
    print_boards([scored], as_json=parsed.json, several=False)
    return _noted(undrawn)


def _noted(undrawn: Sequence[str]) -> int:
    """Say which figures could not be drawn; return the exit code."""
    for note in undrawn:
        print(f"note: {note}", file=sys.stderr)
    return 1 if undrawn else 0


def _compare(
    parsed: argparse.Namespace,
    store: "Store",
    subject: "Subject",
    sets: Sequence["TargetSet"],
    *,
    everything: bool,
    out: Path | None,
) -> int:
    from spm_tui.report import board, files, paired, text

    first, second = parsed.runs
    every = paired.paired(store, subject, (first, second), sets, everything=everything)
    found = {name: one for name, one in every.items() if one.scenarios}
    if not found:
        problem = f"nothing to compare: runs {first} and {second} share no scenario that is scored"
        raise InputError(problem, field="--compare")
    one, other = board.score(store, subject, parsed.runs, (), everything=False, resamples=0).rows
    shown = (
        f"{text.markdown(paired.table(found, (first, second)))}\n"
        f"{paired.explanation(found, (first, second))}"
    )
    for note in dict.fromkeys((*one.notes, *other.notes)):
        shown += f"\nnote: {line(note)}\n"
    values = paired.values(found, (one, other))
    if out:
        files.write_comparison(shown, values, out)
    print(text.json_records(values) if parsed.json else shown, end="")
    return 0


def _report_paper(parsed: argparse.Namespace, store: "Store", folder: Path) -> int:
    from spm_tui.report import paper
    from store import runs

    for name in ("compare", "targets", "target"):
        if vars(parsed).get(name):
            raise InputError("has no meaning with --paper", field=f"--{name}")
    with store.reading() as db:
        every = [run.number for run in runs.listing(db)]
    undrawn: list[str] = []
    paper.write(store, parsed.runs or every, folder, tell=undrawn.append)
    if parsed.json:
        print((folder / "paper.json").read_text(encoding="utf-8"), end="")
    else:
        print(f"the paper's tables and figures are in {folder}; begin with paper.md")
    return _noted(undrawn)


def _list_runs(store: "Store", *, as_json: bool) -> int:
    from spm_tui.report import tables, text
    from store import benchmarks, runs

    with store.reading() as db:
        names = {row.identity: row.name for row in benchmarks.listing(db)}
        table = tables.run_list(runs.listing(db), names)
    if as_json:
        print(text.json_records(table), end="")
        return 0
    print(text.markdown(table) if table.rows else "no runs yet; spm-tui --headless makes one")
    return 0


def print_boards(boards: Sequence["Board"], *, as_json: bool, several: bool) -> None:
    """Print the scores of runs, for people or as JSON.

    Args:
        boards: the scores.
        as_json: as an object, or as a list of them.
        several: whether more than one was asked for: then it is a list, though one be missing.

    """
    from spm_tui.report import text

    if not as_json:
        for board in boards:
            _print_board(board)
    elif several:
        print(text.json_text([text.accuracy_record(board) for board in boards]), end="")
    else:
        print(text.accuracy_json(boards[0]), end="")


def _print_board(board: "Board") -> None:
    from spm_tui.report import tables, text

    subject = board.subject
    print(
        f"\nAlignment accuracy, %, on {line(subject.benchmark.name)}/{subject.split},"
        f" {len(subject.scenarios)} scenarios (mean ± sd over targets)\n"
    )
    print(text.markdown(tables.accuracy_brief(board)))
    for note in board.remarks:
        print(f"note: {line(note)}")
