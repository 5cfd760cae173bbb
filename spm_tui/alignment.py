"""The alignment function: which response is nearest to a target (paper §3, §4.2).

Pure functions on arrays: N scenarios, R responses at most, A attributes. Scenarios with
fewer than R responses are padded with NaN scores, which are infinitely far from any
target. The target's side is two vectors, values [A] in [0, 1] and weights [A], weight 0
for attributes the target does not name, and the function that measures: the paper's
Euclidean one, weighted, unless another is asked for. Weights say how much attributes count
beside each other, not in which unit: all distances are those of weights of which the largest
is 1, so that twice the weights are the same target, and equal weights are none.

Labels are levels, so their distances have exact values and are equal when they differ by
less than rounding can make them: that decides what is correct and what is a tie. Scores may
be anything; the selected response is the one whose distance is least as computed, the lowest
index among the same. Two scores at exactly opposite sides of a target are told apart by
rounding then, as in the authors' scorer, whose figures are matched to the unit; `expected`
accuracies treat them as the ties they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-9
"""Comparable distances closer than this are equal up to rounding."""
_DIGITS = 12
"""Decimal digits that count of a weight. 3e-13 of 1e-12 is not 0.3 in the last bit, which could
tell apart what is equally near; twelve digits, fewer than anybody types, make it so."""

Function: TypeAlias = Literal["euclidean", "weighted-euclidean", "city-block", "chebyshev"]
FUNCTIONS: tuple[Function, ...] = get_args(Function)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Picks = npt.NDArray[np.int64]

_SQUARED: tuple[Function, ...] = ("euclidean", "weighted-euclidean")


@dataclass(frozen=True, slots=True)
class Aim:
    """What to be near to, and how nearness is measured."""

    value: Floats
    """[A] in [0, 1]; ignored where the weight is 0."""
    weight: Floats
    """[A], not negative, in any unit; 0 for attributes not aimed at."""
    function: Function = "weighted-euclidean"

    @property
    def attributes(self) -> list[int]:
        """The attributes aimed at, ascending."""
        return [int(a) for a in np.flatnonzero(self.weight > 0)]


def relative(weights: Floats) -> Floats:
    """Return weights as shares of the largest of each target, [..., A] in [0, 1].

    A weight below 1e-308 of the largest becomes 0.

    Args:
        weights: [..., A], not negative, of any size.

    """
    largest = weights.max(axis=-1, keepdims=True, initial=0)
    shares: Floats = np.divide(weights, largest, out=np.zeros(weights.shape), where=largest > 0)
    between = (shares > 0) & (shares < 1)
    shares[between] = [float(f"{share:.{_DIGITS}g}") for share in shares[between].tolist()]
    return shares


def squared_distances(scores: Floats, target: Floats, weights: Floats) -> Floats:
    """Return the weighted squared Euclidean distances, [N, R]; infinite for missing responses.

    Args:
        scores: [N, R, A] in [0, 1]; NaN where there is no response or no score.
        target: [A] in [0, 1]; ignored where the weight is 0.
        weights: [A], not negative, in any unit.

    """
    return distances(scores, Aim(target, weights))


def distances(scores: Floats, aim: Aim) -> Floats:
    """Return comparable distances, [N, R]; infinite for missing responses.

    They order responses as the aim's function does: those of the two Euclidean functions are
    squared.

    Args:
        scores: [N, R, A] in [0, 1]; NaN where there is no response or no score.
        aim: "euclidean" treats every positive weight as 1, the others multiply by its share of
            the largest.

    """
    return combine(costs(scores, aim), aim.function)


def costs(scores: Floats, aim: Aim) -> list[Floats]:
    """Return what each attribute says of the distance, [N, R] each; 0 where not aimed at.

    If nothing is aimed at, all are still looked at, so that missing responses are known.
    """
    named = aim.weight > 0
    weights = named.astype(float) if aim.function == "euclidean" else relative(aim.weight)
    looked_at = named if named.any() else ~named
    return [
        weight * _gap(scores[..., a] - aim.value[a], aim.function)
        if looked_at[a]
        else np.zeros(scores.shape[:-1])
        for a, weight in enumerate(weights)
    ]


def _gap(difference: Floats, function: Function) -> Floats:
    gap: Floats = difference**2 if function in _SQUARED else np.abs(difference)
    return gap


def combine(costs: Sequence[Floats], function: Function) -> Floats:
    """Return the comparable distances that the costs of all attributes make, [N, R]."""
    if function == "chebyshev":
        distances = np.asarray(reduce(np.maximum, costs))
    else:
        half = len(costs) // 2
        distances = total(costs[:half]) + total(costs[half:])
    return np.where(np.isnan(distances), np.inf, distances)


def measure(distances: Floats, function: Function) -> Floats:
    """Return comparable distances in the function's natural unit, that of the scale.

    It is the unit of an attribute of the largest weight, whatever that is.
    """
    natural: Floats = np.sqrt(distances) if function in _SQUARED else distances
    return natural


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
