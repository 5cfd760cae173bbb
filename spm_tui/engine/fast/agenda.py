"""What is still to be answered, those whose prompts begin alike after each other."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spm_tui.engine.prompt import Prompt
from spm_tui.engine.schedule import by_beginning
from spm_tui.wire import Request

AHEAD = 32
"""Prompts that are known before they are needed, to see what they share."""


@dataclass(frozen=True, slots=True)
class Item:
    """A request that is to be answered next, or soon."""

    index: int
    request: Request
    prompt: Prompt
    array: NDArray[np.int64]
    """The prompt's tokens once more, for comparing them fast."""


class Agenda:
    """The requests still to be answered.

    Args:
        requests: all of a run.
        wanted: the indices of those to be answered.
        fit: makes a prompt of a request.

    """

    def __init__(
        self, requests: Sequence[Request], wanted: Sequence[int], fit: Callable[[Request], Prompt]
    ) -> None:
        self._requests = requests
        self._order = deque(by_beginning(requests, wanted))
        self._fit = fit
        self._ahead: deque[Item] = deque()
        self._shared: deque[int] = deque()
        """Tokens that each prompt ahead shares with the one after it."""

    def first(self) -> Item | None:
        """Return the next request, which stays in place; None at the end."""
        while self._order and len(self._ahead) <= AHEAD:
            self._look_ahead()
        return self._ahead[0] if self._ahead else None

    def cuts(self) -> list[int]:
        """Return the lengths at which later prompts leave the first one, ascending."""
        least = np.minimum.accumulate(np.array(self._shared, np.int64))
        return [int(length) for length in np.unique(least) if length]

    def take(self) -> Item:
        """Strike off the first and return it."""
        self.first()
        if self._shared:
            self._shared.popleft()
        return self._ahead.popleft()

    def put_back(self, indices: Sequence[int]) -> None:
        """Return requests to the front, in this order."""
        self._order.extendleft(item.index for item in reversed(self._ahead))
        self._order.extendleft(reversed(indices))
        self._ahead.clear()
        self._shared.clear()

    def _look_ahead(self) -> None:
        index = self._order.popleft()
        prompt = self._fit(self._requests[index])
        item = Item(index, self._requests[index], prompt, np.array(prompt.tokens, np.int64))
        if self._ahead:
            self._shared.append(shared(self._ahead[-1].array, item.array))
        self._ahead.append(item)


def shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Return with how many equal elements two arrays begin."""
    length = min(len(one), len(other))
    differ = np.flatnonzero(one[:length] != other[:length])
    return int(differ[0]) if len(differ) else length
