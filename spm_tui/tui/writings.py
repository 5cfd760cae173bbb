"""What the app writes to files: lists, scenarios, targets; no widget."""

import csv
import io
import json
from math import isnan
from pathlib import Path

from spm_tui.errors import InputError
from spm_tui.report.escapes import csv_text
from spm_tui.scoring.standing import Status
from spm_tui.target_files import to_mapping
from spm_tui.tui.desk import Desk

_STATUS = {
    Status.RIGHT: "right",
    Status.WRONG: "misaligned",
    Status.TIE: "tie",
    Status.NOT_RUN: "not run",
}


def list_csv(desk: Desk) -> str:
    """Return the listed scenarios, in the list's order, as CSV."""
    standings, marks = desk.standings, desk.opened.marks
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("scenario", "status", "margin", "picked", "nearest", "flagged", "annotated", "question")
    )
    for index in desk.order.tolist():
        margin = float(standings.margin[index])
        right = [str(place) for place, near in enumerate(standings.right[index]) if near]
        writer.writerow(
            (
                index + 1,
                _STATUS[Status(int(standings.status[index]))],
                "" if isnan(margin) else f"{margin:.6f}",
                int(standings.picked[index]),
                " ".join(right),
                int(marks.flagged[index]),
                int(marks.annotated[index]),
                csv_text(desk.opened.questions[index]),
            )
        )
    return text.getvalue()


def target_json(desk: Desk) -> str:
    """Return the target as a file that `--targets` reads."""
    target = desk.steering.target()
    return json.dumps(to_mapping(target) if target else {}, indent=1) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        InputError: it is there already, or cannot be written.

    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError("is there already; give another name", path=path) from error
    except OSError as error:
        raise InputError(error.strerror or "cannot be written", path=path) from error
