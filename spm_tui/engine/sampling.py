"""Sampling in which every row has its own seed, whatever else is in the batch.

Draws by inverting the cumulative distribution at a uniform number that depends only on the
row's seed and the step.
"""

import random
from collections.abc import Sequence
from typing import Any


def uniforms(seed: int, count: int) -> list[float]:
    """Return the numbers in [0, 1) that decide the first `count` tokens of a seed."""
    generator = random.Random(seed)
    return [generator.random() for _ in range(count)]


def draw(scores: Any, at: Any, temperature: float) -> Any:
    """Return one token per row, [rows].

    Args:
        scores: logits, minus infinity for what is not allowed, [rows, vocabulary].
        at: where to invert the cumulative distribution, in [0, 1), [rows], double precision.
        temperature: positive.

    """
    import torch

    weights = torch.softmax(scores.double() / temperature, dim=-1).cumsum(dim=-1)
    drawn = torch.searchsorted(weights, at[:, None] * weights[:, -1:], right=True)
    return drawn[:, 0].clamp(max=scores.shape[1] - 1)


class SeededSampling:
    """A logits processor that leaves one token per row, drawn from the tempered distribution.

    Comes after the constraint; greedy decoding then takes what it left.

    Args:
        seeds: one per row.
        temperature: positive.
        start: length of the padded prompts, in tokens.
        steps: most tokens that can be drawn.

    """

    def __init__(self, seeds: Sequence[int], temperature: float, *, start: int, steps: int) -> None:
        import torch

        draws = [uniforms(seed, steps) for seed in seeds]
        self._draws = torch.tensor(draws, dtype=torch.float64)
        self._temperature = temperature
        self._start = start

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return scores that are 0 for the drawn tokens and minus infinity for all others."""
        import torch

        at = self._draws[:, input_ids.shape[1] - self._start].to(scores.device)
        drawn = draw(scores, at, self._temperature)
        return torch.full_like(scores, -torch.inf).scatter_(1, drawn[:, None], 0.0)
