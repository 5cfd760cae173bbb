"""A step's answers as tasks for the processor's kernel."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spm_tui.engine.fast.attention import Scoring, Stretch

_CHUNK = 512
"""Keys in a task: several threads share what is longer."""
_FIXED = 8
"""What a key costs however few tokens see it, in tokens."""


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
    """What the answers of a step see, as the kernel takes it."""

    tasks: NDArray[Any]
    bounds: NDArray[np.int64]
    owned: NDArray[np.int64]
    starts: NDArray[np.int64]

    def attend(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """Do what `Layout.attend` does."""
        import torch

        from spm_tui.engine.fast import kernel

        new = (part.transpose(0, 1).contiguous().numpy() for part in (query, key, value))
        lists = (self.tasks, self.bounds, self.owned, self.starts)
        return torch.from_numpy(kernel.attend(layer, *new, np.float32(scale), *lists))


@cache
def has_numba() -> bool:
    """Whether the kernel can be compiled here."""
    return find_spec("numba") is not None


def suits(query: Any, scoring: Scoring) -> bool:
    """Whether the kernel can do this."""
    kind = (query.device.type, str(query.dtype))
    return kind == ("cpu", "torch.float32") and scoring.cap is None and has_numba()


def fuse(stretches: Iterable[Stretch], own: Sequence[Own], tails: Any) -> Tasks:
    """Return what answers see as tasks of about the same size.

    Args:
        stretches: what the answers see of prompts.
        own: the answers, in the order of their tokens.
        tails: their cache, [layers, 2, slots, key heads, tokens, head size].

    """
    import torch

    from spm_tui.engine.fast import kernel

    first = own[0].first
    seen = [*_of_prompts(stretches, first), *(_of_answer(one, tails, first) for one in own)]
    tasks = np.array([(*task, 0) for task in seen], kernel.TASK)
    tasks["part"] = np.cumsum(tasks["tokens"]) - tasks["tokens"]
    tokens = np.concatenate([np.arange(t["first"], t["first"] + t["tokens"]) for t in tasks])
    owned = np.argsort(tokens, kind="stable")
    starts = np.searchsorted(tokens[owned], np.arange(own[-1].end - first + 1))
    heads = tails.shape[3]
    costs = np.repeat(tasks["keys"] * (tasks["tokens"] + _FIXED), heads).cumsum()
    threads = torch.get_num_threads()
    bounds = np.searchsorted(costs, np.arange(threads + 1) * (costs[-1] / threads), side="left")
    bounds[-1] = len(costs)
    return Tasks(tasks, bounds, owned, starts)


def _of_prompts(stretches: Iterable[Stretch], first: int) -> Iterator[tuple[int, ...]]:
    for stretch in stretches:
        layer, value, head, size, _ = stretch.cache.stride()
        tokens = (stretch.first - first, stretch.end - stretch.first)
        for since in range(stretch.since, stretch.until, _CHUNK):
            keys = min(_CHUNK, stretch.until - since)
            address = stretch.cache.data_ptr() + 4 * since * size
            yield (address, layer, value, head, keys, *tokens, keys, 0)


def _of_answer(own: Own, tails: Any, first: int) -> tuple[int, ...]:
    layer, value, slot, head, _, _ = tails.stride()
    address = tails.data_ptr() + 4 * own.slot * slot
    keys = own.offset + own.tokens
    return (address, layer, value, head, keys, own.first - first, own.tokens, own.offset + 1, 1)
