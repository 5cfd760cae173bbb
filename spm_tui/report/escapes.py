"""Names as Markdown and CSV take them: as text, never as something to obey.

A name of a benchmark, a column or a model may hold what ends a table's cell, loads an image from
somewhere or is computed by a spreadsheet. LaTeX has its own in `latex`.
"""

import re

from spm_tui.plain_text import line

_MARKED = re.compile(
    r"[\\`*|<$~]"  # ends a cell; code, emphasis, HTML, formulas, strikes
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis; within a word it is none
    r"|&(?=#?\w+;)"  # an entity
    r"|(?<=\])[(\[]|(?<=\w\])[:]"  # what follows a bracket makes it a link or an image
    r"|^(?:#|[-+=>](?=\s|$)|[-=]{2})"  # begins a heading, a list, a quotation, or a rule
)
_COMPUTED = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def markdown(text: str) -> str:
    r"""Return text on one line that Markdown shows as it is, as it reads without being rendered.

    Only what Markdown would take for a sign of its own has a backslash before it.
    """
    return _MARKED.sub(lambda match: "\\" + match[0], line(text))


def csv_text(text: str) -> str:
    """Return a text for a cell of a CSV file that no spreadsheet computes.

    As OWASP advises, an apostrophe stands before what begins with = + - @, a tab or the end of a
    line, and before what begins with apostrophes and then so: taking one away gives every text
    back. What is a number stays one.
    """
    if _COMPUTED.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
