"""A response's labels beside the model's scores, as text; no widget."""

import math
from collections.abc import Sequence
from enum import Enum

from rich.cells import set_cell_size
from textual.content import Content

from spm_tui.format import distance, number, signed
from spm_tui.plain_text import visible
from spm_tui.tui.views import Cell, Response

BAR = 5
"""Cells of a full bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
NAMES = 11
"""Cells for an attribute's name where label and model share a line."""


class Layout(Enum):
    """How labels and scores are set; the value is the least width, in cells."""

    NARROW = 0
    """Two lines an attribute, short bars."""
    MEDIUM = 33
    """Two lines an attribute."""
    WIDE = 43
    """One line an attribute, under headings."""


def layout(width: int) -> Layout:
    """Return the layout for so many cells."""
    return max((one for one in Layout if one.value <= width), key=lambda one: one.value)


def bar(value: float, cells: int = BAR) -> str:
    """Return a share of 1 as a bar of block characters; NaN is blank."""
    if math.isnan(value):
        return " " * cells
    full, rest = divmod(round(value * cells * 8), 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(cells)


def judgement(
    response: Response, names: Sequence[str], aimed: Sequence[bool], *, layout: Layout
) -> Content:
    """Return what label and model say of a response, attribute by attribute.

    Args:
        response: the response.
        names: of the attributes.
        aimed: whether the target names each; the others are dimmed.
        layout: how they are set.

    """
    if math.isnan(response.said) and all(math.isnan(cell.score) for cell in response.cells):
        return _labels(response, names, aimed)
    lines = [_distances(response, layout)]
    if layout is Layout.WIDE:
        lines.append(Content.styled(f"{'':{NAMES}} label      model      error", "$text-muted"))
    for name, cell, on in zip(names, response.cells, aimed, strict=True):
        lines += (
            _one_line(name, cell, on)
            if layout is Layout.WIDE
            else _two_lines(name, cell, on, layout)
        )
        if any(cell.reasonings):
            lines.append(Content.styled(f"“{visible(typical(cell))}”", _dim(on, "italic")))
    return Content("\n").join(lines)


def typical(cell: Cell) -> str:
    """Return the reasoning of the sample whose score is nearest to the mean."""
    gaps = [abs(score - cell.score) for score in cell.samples]
    return cell.reasonings[gaps.index(min(gaps))]


def _labels(response: Response, names: Sequence[str], aimed: Sequence[bool]) -> Content:
    """The labels alone: nobody scored the response."""
    lines = [
        Content.assemble(
            ("distance  ", "$text-muted"), ("label ", "$spm-label"), distance(response.labelled)
        )
    ]
    for name, cell, on in zip(names, response.cells, aimed, strict=True):
        lines.append(
            Content.assemble(
                (f"{set_cell_size(name, NAMES)} ", _dim(on, "bold")),
                (bar(cell.label), "$spm-label"),
                (f" {number(cell.label)}", _dim(on)),
            )
        )
    return Content("\n").join(lines)


def _distances(response: Response, layout: Layout) -> Content:
    narrow = layout is Layout.NARROW
    return Content.assemble(
        ("" if narrow else "distance  ", "$text-muted"),
        ("label ", "$spm-label"),
        distance(response.labelled),
        ("  model ", "$spm-model"),
        distance(response.said),
        (" away" if narrow else "", "$text-muted"),
    )


def _one_line(name: str, cell: Cell, on: bool) -> list[Content]:
    return [
        Content.assemble(
            (f"{set_cell_size(name, NAMES)} ", _dim(on, "bold")),
            (bar(cell.label), "$spm-label"),
            (f" {number(cell.label)} ", _dim(on)),
            (bar(cell.score), "$spm-model"),
            (f" {number(cell.score):>4} ", _dim(on)),
            (f"{signed(cell.error):>5}", _dim(on)),
            (_spread(cell), "$text-muted"),
        )
    ]


def _two_lines(name: str, cell: Cell, on: bool, layout: Layout) -> list[Content]:
    cells = BAR - 2 if layout is Layout.NARROW else BAR
    return [
        Content.styled(name, _dim(on, "bold")),
        Content.assemble(
            (bar(cell.label, cells), "$spm-label"),
            (f" {number(cell.label)} ", _dim(on)),
            (bar(cell.score, cells), "$spm-model"),
            (f" {number(cell.score)} {signed(cell.error)}", _dim(on)),
            (_spread(cell), "$text-muted"),
        ),
    ]


def _spread(cell: Cell) -> str:
    """The standard deviation over samples, in hundredths."""
    return "" if math.isnan(cell.sd) else f" ±{round(100 * cell.sd):02}"


def _dim(on: bool, style: str = "") -> str:
    return style if on else f"{style} $text-muted"
