"""The alignment function: which response is nearest to a target (paper §3, §4.2).

Pure functions on arrays: N scenarios, R responses at most, A attributes. Scenarios with
fewer than R responses are padded with NaN scores, which are infinitely far from any
target. The target's side is two vectors: values [A] in [0, 1] and weights [A], weight 0
for attributes the target does not name.

Labels are levels, so their distances have exact values and are equal when they differ by
less than rounding can make them: that decides what is correct and what is a tie. Scores may
be anything; the selected response is the one whose distance is least as computed, the lowest
index among the same. Two scores at exactly opposite sides of a target are told apart by
rounding then, as in the authors' scorer, whose figures are matched to the unit; `expected`
accuracies treat them as the ties they are.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-9
"""Squared distances closer than this are equal up to rounding."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Picks = npt.NDArray[np.int64]


def squared_distances(scores: Floats, target: Floats, weights: Floats) -> Floats:
    """Return the weighted squared Euclidean distances, [N, R]; infinite for missing responses.

    Args:
        scores: [N, R, A] in [0, 1]; NaN where there is no response or no score.
        target: [A] in [0, 1]; ignored where the weight is 0.
        weights: [A], not negative.

    """
    costs = [
        weight * (scores[..., a] - target[a]) ** 2 if weight else np.zeros(scores.shape[:-1])
        for a, weight in enumerate(weights)
    ]
    half = len(costs) // 2
    distances = total(costs[:half]) + total(costs[half:])
    return np.where(np.isnan(distances), np.inf, distances)


def total(costs: Sequence[Floats]) -> Floats:
    """Return the sum of arrays, from left to right.

    Distances are sums of the two halves' sums: whoever forms them in this order gets the
    same last bit, on every machine.
    """
    return np.asarray(reduce(add, costs, np.zeros(1)))


def nearest(distances: Floats) -> Bools:
    """Return which responses are at the least distance, up to rounding, [N, R].

    None are where all distances are infinite.
    """
    least = distances.min(axis=-1, keepdims=True)
    near: Bools = np.isfinite(distances) & (distances <= least + TOLERANCE)
    return near


def picks(distances: Floats) -> Picks:
    """Return the selected response, [N]: the lowest index at the least distance; -1 for none."""
    return np.where(np.isfinite(distances).any(axis=-1), distances.argmin(axis=-1), -1)


def ties(near: Bools, present: Bools) -> Bools:
    """Return the scenarios in which all present responses are equally near, [N]."""
    tied: Bools = (near == present).all(axis=-1)
    return tied
