"""A scenario's line in the list: how it stands, its margin, its marks; no widget."""

from rich.cells import cell_len, set_cell_size

from spm_tui.alignment import TOLERANCE
from spm_tui.format import signed
from spm_tui.scoring.standing import Status
from spm_tui.tui.desk import Desk
from spm_tui.tui.plain import one_line

SIGNS = {Status.RIGHT: "✓", Status.WRONG: "✗", Status.TIE: "=", Status.NOT_RUN: "·"}
ROOM_FOR_MARGIN = 30
"""Narrower lists leave the margin out."""
_STYLES = {Status.RIGHT: "right", Status.WRONG: "wrong", Status.TIE: "tie", Status.NOT_RUN: "dim"}


def line(desk: Desk, index: int, width: int) -> list[tuple[str, str]]:
    """Return a scenario's line as texts with styles, exactly `width` cells together."""
    status = Status(int(desk.standings.status[index]))
    marks = desk.opened.marks
    digits = len(str(len(desk.opened.questions)))
    signs = "".join(
        sign
        for sign, there in (
            ("!", marks.failed[index]),
            ("⚑", marks.flagged[index]),
            ("✎", marks.annotated[index]),
        )
        if there
    )
    margin = _margin(float(desk.standings.margin[index]))
    tail = f" {margin:>5} {signs:<2}" if width >= ROOM_FOR_MARGIN else f" {signs:<1}"
    head = f" {index + 1:0{digits}} "
    room = max(width - 1 - len(head) - cell_len(tail), 0)
    question = set_cell_size(one_line(desk.opened.questions[index], room), room)
    parts = [
        (SIGNS[status], _STYLES[status]),
        (head, "dim"),
        (question, "" if status is not Status.TIE else "dim"),
        (tail, _STYLES[status]),
    ]
    return parts if sum(cell_len(text) for text, _ in parts) <= width else _cut(parts, width)


def _margin(value: float) -> str:
    """The margin; a decision between equal predictions says so."""
    return "even" if abs(value) < TOLERANCE else signed(value)


def _cut(parts: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Cut a line to `width` cells."""
    kept = []
    for text, style in parts:
        size = min(cell_len(text), width)
        kept.append((set_cell_size(text, size), style))
        width -= size
    return kept
