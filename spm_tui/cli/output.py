"""What the command line prints, cleaned in one place, whoever prints it.

Names of benchmarks and columns, what servers say and what was typed come from anywhere, and reach
stdout and stderr by many ways: tables, notes, errors, argparse, warnings. So the streams are
cleaned and not the ways; whether they end at a terminal does not matter, as files and pipes are
looked at in one, too. JSON does not change by this: its documents are written with escapes.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import IO, Any, TextIO, cast

from spm_tui.plain_text import visible


class _Cleaned:
    """A stream in which all text is visible; in all else it is the one that it writes to."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write text, its control characters as signs; return how long it was."""
        self.stream.write(visible(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for text in lines:
            self.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def cleaned() -> Iterator[None]:
    """Clean what is written to stdout and stderr within."""
    out, errors = (cast("TextIO", _Cleaned(stream)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(errors):
        yield


def bare(stream: IO[str]) -> IO[str]:
    """Return a stream as it was before it was cleaned: for those who draw with escapes."""
    while isinstance(stream, _Cleaned):
        stream = stream.stream
    return stream
