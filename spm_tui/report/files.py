"""The output folder: each file is whole or not there, and rewriting changes nothing else."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from spm_tui.bench import extent
from spm_tui.errors import InputError
from spm_tui.report import figures, tables, text
from spm_tui.report.board import Board
from spm_tui.report.one_file import Record, require_own, save_all
from spm_tui.report.tables import Table
from store.identity import Canonical

_RUNS = Record("run.json", ("benchmark", "runs"))
_COMPARISON = Record("comparison.json", ("set", "first", "second"))
_ACCURACY = "accuracy.md"
_HEADING = b"# Alignm"


def prepare(folder: Path) -> None:
    """Make the folder and see that it can be written.

    Raises:
        InputError: it cannot.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=folder) from error


def prepare_for_runs(folder: Path) -> None:
    """Make the folder of a board and see that it can be written, before any work is done.

    Raises:
        InputError, FileUnusable: it cannot, or holds files of somebody else.

    """
    prepare(folder)
    require_own(folder, _RUNS, {_ACCURACY: _HEADING})


def write(
    board: Board,
    folder: Path,
    *,
    record: Mapping[str, Canonical],
    tell: Callable[[str], object] = lambda _: None,
) -> list[Path]:
    """Write a board's tables and figures, and `run.json`; return the files.

    Args:
        board: the scores.
        folder: made if need be.
        record: what repeats the runs: options, versions, hardware.
        tell: told of a figure that cannot be drawn; the other files are written.

    Raises:
        InputError, FileUnusable: a file cannot be written, or is somebody else's.

    """
    contents = {
        _ACCURACY: text.accuracy_markdown(board),
        "accuracy.csv": text.comma_separated(tables.accuracy_values(board)),
        "accuracy.json": text.accuracy_json(board),
        "by_target.csv": text.comma_separated(tables.by_target(board)),
        "by_attribute_count.csv": text.comma_separated(tables.by_attributes(board)),
        "bias.csv": text.comma_separated(tables.bias(board)),
        "agreement.csv": text.comma_separated(tables.agreement(board)),
        "runtime.csv": text.comma_separated(tables.runtime(board)),
        _RUNS.name: text.json_text({**record, **_runs(board)}),
    }
    drawn = figures.draw(board)
    for undrawn in drawn.undrawn:
        tell(undrawn)
    encoded = {name: content.encode() for name, content in contents.items()}
    prepare(folder)
    return save_all(folder, _RUNS, {**encoded, **drawn.files})


def write_comparison(shown: str, values: Table, folder: Path) -> list[Path]:
    """Write how two runs compare, for people and for programs; return the files.

    Args:
        shown: for people.
        values: the same in shares of 1.
        folder: made if need be.

    Raises:
        InputError, FileUnusable: a file cannot be written, or is somebody else's.

    """
    contents = {
        "comparison.md": shown,
        "comparison.csv": text.comma_separated(values),
        _COMPARISON.name: text.json_records(values),
    }
    prepare(folder)
    encoded = {name: content.encode() for name, content in contents.items()}
    return save_all(folder, _COMPARISON, encoded)


def _runs(board: Board) -> dict[str, Canonical]:
    return {
        "benchmark": {
            "name": board.subject.benchmark.name,
            "identity": board.subject.identity,
            "source": board.subject.benchmark.source,
        },
        "runs": [
            {
                "run": row.run.number,
                "identity": row.run.spec.identity,
                "method": row.run.spec.method,
                "model": row.run.spec.model,
                "split": row.run.spec.split,
                "config": json.loads(row.run.spec.config),
                "planned": environment.pop(extent.KEY, None),
                "environment": environment,
            }
            for row in board.rows
            for environment in [json.loads(row.run.environment)]
        ],
    }
