"""The beginning of a text in the cells that there are: nothing in it is obeyed or hidden."""

import re

from rich.cells import cell_len

from spm_tui.plain_text import visible

CUT = "…"

_WORD = re.compile(r"\S+")


def one_line(text: str, width: int) -> str:
    """Return the beginning of `text` on one line of at most `width` cells, … where it is cut.

    White space is collapsed; the words after the cut are not read.
    """
    words: list[str] = []
    cells = -1
    for found in _WORD.finditer(text):
        words.append(visible(found[0]))
        cells += 1 + cell_len(words[-1])
        if cells > width:
            break
    line = " ".join(words)
    return line if cell_len(line) <= width else _cut(line, width)


def _cut(line: str, width: int) -> str:
    """Return the longest beginning that leaves room for the sign; half a wide one is left out."""
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if cell_len(line[:middle] + CUT) <= width:
            low = middle
        else:
            high = middle - 1
    return line[:low].rstrip() + CUT if width > 0 else ""
