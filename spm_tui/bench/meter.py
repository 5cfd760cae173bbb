"""How fast a run is, and how long it will still take."""

import time
from collections.abc import Sequence

from spm_tui.wire import Reply


class Meter:
    """Speed and time left, judged by characters read: known for every request beforehand.

    Counts from the first answers on: until they are there, prompts were read for others too.
    """

    def __init__(self, characters: int) -> None:
        self._left = characters
        self._read = self._tokens = 0
        self._started: float | None = None

    def add(self, answered: Sequence[tuple[int, Reply]]) -> None:
        """Count replies that came together, each with the characters of its request."""
        characters = sum(size for size, _ in answered)
        self._left -= characters
        if self._started is None:
            self._started = time.monotonic()
            return
        self._read += characters
        self._tokens += sum(reply.prompt_tokens + reply.answer_tokens for _, reply in answered)

    @property
    def rate(self) -> float:
        """Tokens of prompts and answers per second."""
        return self._tokens / self._seconds

    @property
    def remaining(self) -> float | None:
        """Seconds left at the speed so far; None while that is not known."""
        if not self._read:
            return None
        return self._seconds * self._left / self._read

    @property
    def _seconds(self) -> float:
        return max(time.monotonic() - (self._started or 0.0), 1e-9)
