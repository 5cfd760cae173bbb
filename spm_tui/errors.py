"""What can go wrong, by what the caller can do about it.

::

    SpmError              base; its message is one line
    ├── InputError        the person gave something unusable: say which, exit 2
    │   └── (file, row and field where they are known)
    ├── ModelError        a model cannot be found, loaded or used as asked: exit 2
    │   └── EngineLost    what ran it has gone, and the same command goes on: exit 1
    ├── AnswerError       one answer cannot be read: stored as a failed item, retried later
    └── Unforeseen        a defect, of which only this line is shown: exit 1
"""

from pathlib import Path

_LONGEST = 400
"""Characters of another library's message that are worth telling."""


class SpmError(Exception):
    """Any failure that is not a defect of the program; its message is one line."""


class InputError(SpmError):
    """Bad input, located as well as it can be.

    Args:
        problem: what is wrong and what would be right.
        path: the file it is in.
        row: line or record in that file, from 1.
        field: column, key or option.

    """

    def __init__(
        self,
        problem: str,
        *,
        path: Path | str | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        place = [
            str(path) if path is not None else "",
            f"row {row}" if row is not None else "",
            f"field {field!r}" if field is not None else "",
        ]
        self.field = field
        where = ", ".join(part for part in place if part)
        super().__init__(f"{where}: {problem}" if where else problem)


class ModelError(SpmError):
    """A model cannot be found, fetched, loaded or used as asked."""


class EngineLost(ModelError):
    """What ran a model has gone amid its work; what is answered is stored."""


class AnswerError(SpmError):
    """A model's answer does not have the form that was asked for."""


class Unforeseen(SpmError):
    """Something failed that nobody foresaw; the message names where its traceback is."""


def reason(error: Exception) -> str:
    """Return what another library's error says, in a line; its kind where it says nothing.

    A first line that only announces the second has it added. No control characters are left.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:2] if lines and lines[0].endswith(":") else lines[:1])
    text = "".join(character if character.isprintable() else " " for character in text)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return text or type(error).__name__
