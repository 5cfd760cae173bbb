"""An engine that answers from a script, for tests and for trying methods without a model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from spm_tui.engine.base import Answer
from spm_tui.wire import Reply


class ScriptExhausted(AssertionError):
    """More was asked than the script answers: a mistake in a test."""


class ScriptedEngine:
    """Answers with given texts in order, or with whatever a function makes of the request.

    Args:
        script: texts, or exceptions' messages as `Reply` with an error; or a function.

    """

    def __init__(self, script: Iterable[str | Reply] | Callable[[Any], str | Reply]) -> None:
        self.calls: list[Any] = []
        """Requests answered so far."""
        if callable(script):
            self._next = script
        else:
            lines = iter(script)
            self._next = lambda request: self._take(lines, request)

    def _take(self, lines: Iterator[str | Reply], request: Any) -> str | Reply:
        for line in lines:
            return line
        raise ScriptExhausted(f"no line left for: {request!r:.80}")

    def answer(
        self, requests: Sequence[Any], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield the script's next line for each request, in order, one at a time."""
        for index, request in enumerate(requests):
            if index in done:
                continue
            line = self._next(request)
            self.calls.append(request)
            if isinstance(line, str):
                size = request.size // 4
                line = Reply(line, size, len(line) // 4, dropped_shots=0, seconds=0.0)
            yield [(index, line)]
