"""Sampling: rows have their own seeds, and draw from the distribution they are given."""

import math

import pytest
import torch

from spm_tui.engine.sampling import SeededSampling

LOGITS = torch.tensor([0.0, 1.0, -torch.inf, 2.0])


def drawn(seeds: list[int], temperature: float = 1.0, step: int = 0) -> list[int]:
    sampling = SeededSampling(seeds, temperature, start=3, steps=5)
    scores = sampling(torch.zeros(len(seeds), 3 + step), LOGITS.repeat(len(seeds), 1))
    assert ((scores == 0).sum(dim=1) == 1).all()
    return list(scores.argmax(dim=1).tolist())


def test_a_row_draws_the_same_in_any_batch() -> None:
    seeds = list(range(40))
    assert drawn(seeds) == [drawn([seed])[0] for seed in seeds]
    assert drawn(seeds[::-1]) == drawn(seeds)[::-1]
    assert drawn(seeds, step=1) != drawn(seeds)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
def test_draws_follow_the_tempered_distribution(temperature: float) -> None:
    n = 4000
    found = torch.bincount(torch.tensor(drawn(list(range(n)), temperature)), minlength=4) / n
    expected = torch.softmax(LOGITS / temperature, dim=0)
    assert found[2] == 0, "what the constraint forbids is never drawn"
    for share, probability in zip(found.tolist(), expected.tolist(), strict=True):
        assert abs(share - probability) < 4 * math.sqrt(probability * (1 - probability) / n) + 1e-9
