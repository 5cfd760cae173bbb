"""A step's attention as tasks for the processor's kernel."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spm_tui.engine.fast.attention import Piece, Scoring, Stretch

_TOKENS = 64
"""Most in a task: several threads share what is more."""
_KEYS = 512
"""Most in a task of fewer tokens. Of full ones there are many, and every part has to be joined."""


@dataclass(frozen=True, slots=True)
class Own:
    """An answer's newest tokens, which see that answer so far."""

    first: int
    end: int
    """The packed tokens."""
    slot: int
    offset: int
    """Of the first in the answer."""

    @property
    def tokens(self) -> int:
        """How many."""
        return self.end - self.first


@dataclass(frozen=True, slots=True)
class Tasks:
    """What the tokens of a step see, as the kernel takes it."""

    tasks: NDArray[Any]
    owned: NDArray[np.int64]
    starts: NDArray[np.int64]

    def attend(self, layer: int, query: Any, key: Any, value: Any, scoring: Scoring) -> Any:
        """Do what `Layout.attend` does, where the kernel suits."""
        import torch

        from spm_tui.engine.fast import kernel

        new = (part.transpose(0, 1).contiguous().numpy() for part in (query, key, value))
        lists = (self.tasks, self.owned, self.starts)
        scale, threads = np.float32(scoring.scale), torch.get_num_threads()
        return torch.from_numpy(kernel.attend(layer, *new, scale, *lists, threads))


@cache
def has_numba() -> bool:
    """Whether the kernel can be compiled here."""
    return find_spec("numba") is not None


def suits(query: Any, scoring: Scoring) -> bool:
    """Whether the kernel can do this."""
    kind = (query.device.type, str(query.dtype))
    return kind == ("cpu", "torch.float32") and scoring.cap is None and has_numba()


def fuse(
    stretches: Iterable[Stretch], pieces: Sequence[Piece], own: Sequence[Own], tails: Any
) -> Tasks:
    """Return what tokens see as tasks of about the same size.

    Args:
        stretches: what they see of what was read before.
        pieces: what those of prompts see of each other.
        own: the answers' newest tokens.
        tails: the answers' cache, [layers, 2, slots, key heads, tokens, head size].

    """
    from spm_tui.engine.fast import kernel

    seen = [
        *(task for stretch in stretches for task in _of_stretch(stretch)),
        *(task for piece in pieces for task in _of_piece(piece)),
        *(_of_answer(one, tails) for one in own),
    ]
    tasks = np.array([(*task, 0) for task in seen], kernel.TASK)
    # the largest first, so that no thread still has much to do when the others are done
    tasks = tasks[np.argsort(-tasks["keys"] * tasks["tokens"], kind="stable")]
    tasks["part"] = np.cumsum(tasks["tokens"]) - tasks["tokens"]
    tokens = np.concatenate([np.arange(t["first"], t["first"] + t["tokens"]) for t in tasks])
    owned = np.argsort(tokens, kind="stable")
    starts = np.searchsorted(tokens[owned], np.arange(tokens.max() + 2))
    return Tasks(tasks, owned, starts)


def _of_stretch(stretch: Stretch) -> Iterator[tuple[int, ...]]:
    layer, value, head, size, _ = stretch.cache.stride()
    for first in range(stretch.first, stretch.end, _TOKENS):
        tokens = min(_TOKENS, stretch.end - first)
        most = _KEYS if tokens < _TOKENS else stretch.until - stretch.since
        for since in range(stretch.since, stretch.until, most):
            keys = min(most, stretch.until - since)
            address = stretch.cache.data_ptr() + 4 * since * size
            yield (address, layer, value, head, keys, first, tokens, keys, 0)


def _of_piece(piece: Piece) -> Iterator[tuple[int, ...]]:
    layer, value, head, size, _ = piece.cache.stride()
    address = piece.cache.data_ptr() + 4 * piece.offset * size
    for first in range(piece.first, piece.end, _TOKENS):
        tokens, before = min(_TOKENS, piece.end - first), first - piece.first
        yield (address, layer, value, head, before + tokens, first, tokens, before + 1, 1)


def _of_answer(own: Own, tails: Any) -> tuple[int, ...]:
    layer, value, slot, head, _, _ = tails.stride()
    address = tails.data_ptr() + 4 * own.slot * slot
    keys = own.offset + own.tokens
    return (address, layer, value, head, keys, own.first, own.tokens, own.offset + 1, 1)
