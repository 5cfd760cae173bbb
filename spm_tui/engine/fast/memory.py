"""How much may be kept in memory at a time."""

from dataclasses import dataclass
from typing import Any

ENOUGH = 28_000
"""Tokens beyond which more memory does not make a processor faster: it is busy by then."""
_SHARE = {"cpu": 0.5, "mps": 0.5, "cuda": 0.85}
"""Of the free memory that may be used."""


@dataclass(frozen=True, slots=True)
class Space:
    """Room for answers and for prompts."""

    slots: int
    """Answers at a time."""
    answer: int
    """Tokens of the longest answer."""
    prompts: int
    """Tokens of prompts; exceeded only by a prompt that is alone."""

    def halved(self) -> "Space":
        """Return half of it, but room for one answer."""
        return Space(max(1, self.slots // 2), self.answer, self.prompts // 2)


def space(device: Any, *, bytes_per_token: int, answer: int, rows: int) -> Space:
    """Return the room there is.

    Args:
        device: of torch.
        bytes_per_token: of keys and values.
        answer: tokens of the longest answer.
        rows: most answers wanted at a time; they get a third of the room at most.

    """
    tokens = int(_free(device) * _SHARE[device.type]) // bytes_per_token
    if device.type != "cuda":
        tokens = min(tokens, ENOUGH)
    slots = max(1, min(rows, tokens // (3 * answer)))
    return Space(slots, answer, max(0, tokens - slots * answer))


def _free(device: Any) -> int:
    """Return the free memory in bytes."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)
