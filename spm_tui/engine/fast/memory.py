"""How much may be kept in memory at a time."""

from dataclasses import dataclass
from typing import Any

ENOUGH = 32_000
"""Tokens beyond which more memory does not make a processor faster: it is busy by then."""
_SHARE = {"cpu": 0.5, "mps": 0.5, "cuda": 0.85}
"""Of the free memory that may be used."""


@dataclass(frozen=True, slots=True)
class Space:
    """Room for answers and prompts."""

    slots: int
    """Most answers at a time."""
    answer: int
    """Tokens to keep for each."""
    tokens: int
    """Of answers and prompts together; exceeded only by a request that is alone."""

    def halved(self) -> "Space":
        """Return half of it, but room for one answer."""
        return Space(max(1, self.slots // 2), self.answer, self.tokens // 2)


def space(device: Any, *, bytes_per_token: int, answer: int, rows: int) -> Space:
    """Return the room there is.

    Args:
        device: of torch.
        bytes_per_token: of keys and values.
        answer: tokens of the longest answer.
        rows: most answers wanted at a time; they get half of the room at most.

    """
    tokens = int(_free(device) * _SHARE[device.type]) // bytes_per_token
    if device.type != "cuda":
        tokens = min(tokens, ENOUGH)
    slots = max(1, min(rows, tokens // (2 * answer)))
    return Space(slots, answer, tokens)


def _free(device: Any) -> int:
    """Return the free memory in bytes."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)
