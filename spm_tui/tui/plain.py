"""Data as it may be shown in a terminal: nothing in it is obeyed, nothing is hidden.

Questions, answers and notes come from anywhere. An escape character in them could move the
cursor, a bidi override could reorder a line; both are shown as signs instead.
"""

import re

from rich.cells import cell_len

TAB = 4
"""Cells between tab stops."""
CUT = "…"

_MARKS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""What turns the direction of writing, unseen."""
_UNSAFE = re.compile(rf"[\x00-\x09\x0b-\x1f\x7f-\x9f{_MARKS}\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?")
_WORD = re.compile(r"\S+")


def visible(text: str) -> str:
    """Return `text` with control characters and bidi marks as signs, and tabs as spaces.

    Line ends become newlines; combining, wide and right-to-left characters stay.
    """
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(_sign, _LINE_END.sub("\n", text)).expandtabs(TAB)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == 0x09:
        return "\t"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    if 0xD800 <= code <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    return f"⟨U+{code:04X}⟩"


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
