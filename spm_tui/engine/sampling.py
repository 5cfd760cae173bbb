"""Sampling in which every row has its own seed, whatever else is in the batch."""

import random
from collections.abc import Sequence
from typing import Any


class SeededSampling:
    """A logits processor that leaves one token per row, drawn from the tempered distribution.

    Draws by inverting the cumulative distribution at a uniform number that depends only on
    the row's seed and the step. Comes after the constraint; greedy decoding then takes what
    it left.

    Args:
        seeds: one per row.
        temperature: positive.
        start: length of the padded prompts, in tokens.
        steps: most tokens that can be drawn.

    """

    def __init__(self, seeds: Sequence[int], temperature: float, *, start: int, steps: int) -> None:
        import torch

        generators = [random.Random(seed) for seed in seeds]
        draws = [[generator.random() for _ in range(steps)] for generator in generators]
        self._draws = torch.tensor(draws, dtype=torch.float64)
        self._temperature = temperature
        self._start = start

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return scores that are 0 for the drawn tokens and minus infinity for all others."""
        import torch

        step = input_ids.shape[1] - self._start
        draws = self._draws[:, step, None].to(scores.device, torch.float64)
        weights = torch.softmax(scores.double() / self._temperature, dim=-1).cumsum(dim=-1)
        drawn = torch.searchsorted(weights, draws * weights[:, -1:], right=True)
        drawn = drawn.clamp(max=scores.shape[1] - 1)
        return torch.full_like(scores, -torch.inf).scatter_(1, drawn, 0.0)
