"""Tables as LaTeX, for papers; needs the packages booktabs and adjustbox."""

import re
from collections.abc import Sequence

from spm_tui.plain_text import ascii_signs
from spm_tui.report.tables import Cell, Table

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after the end of a row it would begin an option
    "]": "{]}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "’": "'",
}
_ANY = re.compile("|".join(map(re.escape, _SPECIAL)))
_LONG = 40
"""Characters of a cell from which its column breaks lines."""


def latex(table: Table, *, caption: str, label: str, notes: Sequence[str] = ()) -> str:
    """Return a table as a float over the whole width of a page, made smaller if it is wider.

    Args:
        table: columns and rows of plain values; text is escaped.
        caption: plain text.
        label: for references, as it is.
        notes: plain text that stands below the table in small letters, a paragraph each.

    """
    rows = [[_text(cell) for cell in row] for row in table.rows]
    return "\n".join(
        (
            r"% \usepackage{booktabs,adjustbox}",
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{escape(caption)}}}",
            rf"\label{{{label}}}",
            r"\begin{adjustbox}{max width=\textwidth}",
            rf"\begin{{tabular}}{{{_layout(table)}}}",
            r"\toprule",
            _row([escape(name) for name in table.columns]),
            r"\midrule",
            *map(_row, rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{adjustbox}",
            *([_below(notes)] if notes else []),
            r"\end{table*}",
            "",
        )
    )


def _below(notes: Sequence[str]) -> str:
    paragraphs = "\\par\n".join(map(escape, notes))
    return (
        "\\par\\smallskip\n\\begin{minipage}{\\textwidth}\\footnotesize\n"
        f"{paragraphs}\n\\end{{minipage}}"
    )


def escape(text: str) -> str:
    """Return text as LaTeX prints it, on one line; control characters by their code."""
    return _ANY.sub(lambda found: _SPECIAL[found[0]], ascii_signs(text))


def _text(cell: Cell) -> str:
    return escape(str(cell))


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _layout(table: Table) -> str:
    """Return the columns' kinds: numbers to the right, long texts broken over lines."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    long = [any(len(str(cell)) > _LONG for cell in column) for column in columns]
    width = 0.8 / max(sum(long), 1)
    return "".join(
        rf"p{{{width:.2f}\textwidth}}" if broken else "r" if _numeric(column) else "l"
        for broken, column in zip(long, columns, strict=True)
    )


def _numeric(column: tuple[Cell, ...]) -> bool:
    return bool(column) and all(isinstance(cell, int | float) for cell in column)
