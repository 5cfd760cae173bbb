"""What has been read: prompts as paths in a tree of segments, so that none is read twice.

A segment is a stretch of prompt tokens with the keys and values the model made of them. Two
prompts with the same beginning share the segments of that beginning. A segment lives as long
as somebody uses it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

WORTH = 32
"""Tokens from which sharing pays: every segment costs one more attention call per layer."""


@dataclass(eq=False, slots=True)
class Segment:
    """A stretch of prompt tokens."""

    parent: "Segment | None"
    start: int
    """Position of its first token in the prompt."""
    tokens: list[int]
    cache: Any
    """Keys and values, [layers, 2, key heads, tokens, head size]."""
    read: int = 0
    """Tokens the model has read so far."""
    users: int = 0
    logits: Any = None
    """After its last token, once that is read."""
    children: "list[Segment]" = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether all of it has been read."""
        return self.read == len(self.tokens)


class Tree:
    """All segments in memory.

    Args:
        allocate: gives the cache for a number of tokens.

    """

    def __init__(self, allocate: Callable[[int], Any]) -> None:
        self._allocate = allocate
        self._roots: list[Segment] = []
        self.size = 0
        """Tokens in memory."""

    def known(self, tokens: Sequence[int]) -> list[Segment]:
        """Return the segments with which a prompt begins."""
        path: list[Segment] = []
        candidates, start = self._roots, 0
        while found := next((c for c in candidates if _continues(tokens, start, c)), None):
            path.append(found)
            candidates, start = found.children, start + len(found.tokens)
        return path

    def missing(self, tokens: Sequence[int]) -> int:
        """Return how many tokens of a prompt are in no segment."""
        return len(tokens) - sum(len(segment.tokens) for segment in self.known(tokens))

    def hold(self, tokens: list[int], cuts: Sequence[int]) -> list[Segment]:
        """Return a prompt's path, extended by what is missing; it is used once more.

        Args:
            tokens: the prompt.
            cuts: lengths of its beginnings that later prompts share, ascending.

        """
        path = self.known(tokens)
        start = sum(len(segment.tokens) for segment in path)
        for end in _ends(start, cuts, len(tokens)):
            parent = path[-1] if path else None
            segment = Segment(parent, start, tokens[start:end], self._allocate(end - start))
            (parent.children if parent else self._roots).append(segment)
            path.append(segment)
            self.size += end - start
            start = end
        self.use(path)
        return path

    @staticmethod
    def use(path: Sequence[Segment]) -> None:
        """Note one more use of a path."""
        for segment in path:
            segment.users += 1

    def release(self, path: Sequence[Segment]) -> None:
        """Take back one use of a path; what nobody uses is forgotten."""
        for segment in reversed(path):
            segment.users -= 1
            if not segment.users:
                (segment.parent.children if segment.parent else self._roots).remove(segment)
                self.size -= len(segment.tokens)


def _continues(tokens: Sequence[int], start: int, segment: Segment) -> bool:
    return tokens[start : start + len(segment.tokens)] == segment.tokens


def _ends(start: int, cuts: Sequence[int], length: int) -> list[int]:
    """Return where the new segments of a prompt end, none of them too short to be worth it."""
    ends: list[int] = []
    for cut in cuts:
        if cut - (ends[-1] if ends else start) >= WORTH and length - cut >= WORTH:
            ends.append(cut)
    return [*ends, length] if start < length else []
