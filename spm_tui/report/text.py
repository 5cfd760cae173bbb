"""Tables and boards as Markdown, CSV and JSON."""

import csv
import io
import json
from math import isnan

from spm_tui.format import count
from spm_tui.plain_text import escaped
from spm_tui.report import escapes, tables
from spm_tui.report.board import Board
from spm_tui.report.tables import Cell, Table
from store.identity import Canonical


def markdown(table: Table) -> str:
    """Return a table as Markdown, aligned so that it reads well as it is."""
    lines = [[escapes.markdown(str(cell)) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([padded[0], rule, *padded[1:]]) + "\n"


def comma_separated(table: Table) -> str:
    """Return a table as CSV: floats to six decimals, those that do not exist empty.

    No text is computed by a spreadsheet, see `escapes`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(escapes.csv_text, table.columns))
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return escapes.csv_text(cell)
    if isinstance(cell, int):
        return str(cell)
    return "" if isnan(cell) else f"{cell:.6f}"


def records(table: Table) -> list[dict[str, Canonical]]:
    """Return a table as JSON records; a float that does not exist is null."""
    return [dict(zip(table.columns, map(_json_cell, row), strict=True)) for row in table.rows]


def json_records(table: Table) -> str:
    """Return a table as a JSON list of records."""
    return json_text(records(table))


def json_text(document: Canonical) -> str:
    """Return a document as JSON with no control characters, those of names as escapes."""
    return escaped(json.dumps(document, indent=1, ensure_ascii=False)) + "\n"


def _json_cell(cell: Cell) -> Cell | None:
    return None if isinstance(cell, float) and isnan(cell) else cell


def accuracy_markdown(board: Board) -> str:
    """Return the accuracy table with all that a reader needs to read it."""
    subject = board.subject
    whole = len(subject.benchmark.split(subject.split))
    lines = [
        f"# Alignment accuracy on {escapes.markdown(subject.benchmark.name)},"
        f" {subject.split} split",
        "",
        f"{len(subject.scenarios)} of {whole} scenarios; attributes:"
        f" {', '.join(escapes.markdown(a.name) for a in subject.selected)}.",
        "",
        markdown(tables.accuracy(board)),
        "Percent of scored scenarios in which the selected response is the one nearest to the"
        " target: mean ± standard deviation over the targets of a set, and the 95 % bootstrap"
        " interval of the mean over scenarios. Scenarios whose responses are equally near to a"
        " target are not scored for it.",
        "",
        "Target sets: " + "; ".join(map(str, _set_sizes(board))) + ".",
    ]
    lines += [f"\nNote: {escapes.markdown(note)}." for note in board.remarks]
    return "\n".join(lines) + "\n"


def _set_sizes(board: Board) -> list[str]:
    """Say how many targets each set has and how many scenarios are scored for one of them."""
    return [
        f"{escapes.markdown(name)}: {count(a.targets)} target{'s' if a.targets != 1 else ''},"
        f" {a.scored:.1f} scenarios scored on average"
        for name in board.columns
        for a in [row.sets[name].accuracy for row in board.rows if name in row.sets][:1]
    ]


def accuracy_json(board: Board) -> str:
    """Return everything numeric of a board, for programs."""
    return json_text(accuracy_record(board))


def accuracy_record(board: Board) -> dict[str, Canonical]:
    """Return the same as one of several records."""
    subject = board.subject
    return {
        "benchmark": subject.benchmark.name,
        "benchmark_identity": subject.identity,
        "split": subject.split,
        "scenarios": [scenario.number for scenario in subject.scenarios],
        "attributes": [attribute.name for attribute in subject.selected],
        "notes": list(board.remarks),
        "accuracy": records(tables.accuracy_values(board)),
        "agreement": records(tables.agreement(board)),
        "runs": [
            {
                "run": row.run.number,
                "state": row.run.state,
                "answered": row.answered,
                "planned": row.planned,
                "requests": row.cost.answers,
                "failed": row.cost.failed,
                "failures": dict(row.losses.failures),
                "dropped_examples": row.cost.dropped_examples,
                "answers_without_examples": row.losses.without_examples,
                "cut_answers": row.losses.cut,
                "cut_characters": row.losses.cut_characters,
            }
            for row in board.rows
        ],
    }
