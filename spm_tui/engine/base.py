"""The one seam between methods and models."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeAlias

from spm_tui.wire import Reply

Answer: TypeAlias = tuple[int, Reply]
"""The index of a request, and its reply."""

OUT_OF_MEMORY = "out of GPU memory with this request alone"
"""Error of a reply."""


class Engine(Protocol):
    """Answers requests of its own kind, in whatever order suits it."""

    def answer(
        self, requests: Sequence[Any], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield the replies that are there, in groups: those computed together.

        A request that cannot be answered gets a reply with an error; only what makes all
        answers impossible raises.

        Args:
            requests: all requests of a run.
            done: indices that need no reply.

        Raises:
            ModelError: the model cannot be used at all.

        """
