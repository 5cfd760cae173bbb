"""What keeps a part of a command from being done, whatever it is, while the others go on.

An error of ours is a line. Of any other, which is a defect of the program or of a library, the
line has the kind and the message, and a file beside the results has the traceback.
"""

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spm_tui.errors import EngineLost, SpmError, Unforeseen, reason
from store.clock import now
from store.errors import StoreError
from store.replacing import require_replaceable

LOG = "errors.log"
_ENTRY = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  ")
"""With what it begins: nothing is added to a file of somebody else's."""


class Faults:
    """The parts that were not done.

    Args:
        folder: for the tracebacks of errors that are not ours.
        tell: told of each part at once.
        spares: whether others go on; else the first error ends all.

    """

    def __init__(self, folder: Path, *, tell: Callable[[str], object], spares: bool) -> None:
        self._log, self._tell, self.spares = folder / LOG, tell, spares
        self._errors: list[SpmError | StoreError] = []
        self.notes: list[str] = []
        """What was not done, and why."""

    @contextmanager
    def spared(self, what: str) -> Iterator[None]:
        """Let others go on whatever is raised within.

        Args:
            what: was not done then, for people.

        """
        try:
            yield
        except Exception as error:
            if not self.spares:
                raise
            self._add(what, error)

    def _add(self, what: str, error: Exception) -> None:
        """Note why something was not done, and say it."""
        text = f"{what}: {described(error)}"
        if isinstance(error, SpmError | StoreError):
            # its frames and those of its causes hold on to whatever was loaded
            error.__traceback__ = error.__cause__ = error.__context__ = None
            self._errors.append(error)
        else:
            if self._logged(text, error):
                text += f" (its traceback is in {self._log})"
            self._errors.append(Unforeseen(text))
        self.note(text)

    def note(self, text: str) -> None:
        """Say what was not done, and why, once."""
        if text not in self.notes:
            self.notes.append(text)
            self._tell(text)

    def _logged(self, text: str, error: Exception) -> bool:
        lines = "".join(traceback.format_exception(error))
        with suppress(OSError, StoreError):  # a full disk is told, and not what came of it
            self._log.parent.mkdir(parents=True, exist_ok=True)
            require_replaceable(self._log, lambda log: _ENTRY.match(log.read(40)) is not None)
            with self._log.open("a", encoding="utf-8", errors="backslashreplace") as log:
                print(f"{now():%Y-%m-%d %H:%M:%S} UTC  {text}\n{lines}", file=log)
            return True
        return False

    def first(self) -> SpmError | StoreError:
        """Return the error that tells best why nothing was done: that the same command goes on."""
        lost = (error for error in self._errors if isinstance(error, EngineLost))
        return next(lost, self._errors[0])


def described(error: Exception) -> str:
    """Return any error in a line."""
    if isinstance(error, SpmError | StoreError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    kind, text = type(error).__name__, " ".join(reason(error).split())
    return kind if text == kind else f"{kind}: {text}"
