"""All L^A targets at once: the set `all` (paper §5.1), 117,649 for MIC.

A squared distance is a sum over attributes, so the distances to every combination of levels
are sums of two tables, one over the first half of the attributes and one over the second.
Row by row of the first table, what is needed stays small enough for the processor's cache.

Neutral attributes are dropped from each combination; the one that drops all is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import TOLERANCE, Bools, Floats
from spm_tui.scoring.outcomes import Judged, Outcomes, chosen_distances
from spm_tui.targets import NEUTRAL

MOST_TARGETS = 2_000_000
"""Beyond this many combinations the set `all` is not scored."""

_Numbers = npt.NDArray[Any]
SCENARIOS_AT_ONCE = 256
"""Few enough for the tables of one step to stay near the processor, enough to be worth a step."""


def size(levels: Sequence[int]) -> int:
    """Return the number of combinations of levels."""
    return int(np.prod(levels, dtype=object))


def everything(judged: Judged) -> Iterator[Outcomes]:
    """Yield the outcomes of all combinations of levels, in the order of `itertools.product`.

    Raises:
        ValueError: the method has chosen for some targets, one by one.

    """
    if judged.targets is not None:
        raise ValueError("a method that is told the target was not asked about all")
    half = len(judged.sizes) // 2
    first, second = _named(judged.sizes[:half]), _named(judged.sizes[half:])
    groups = list(_groups(judged))
    for row, named in enumerate(first):
        outcomes = _row(groups, row, named + second, len(judged.levels))
        keep = outcomes.attributes > 0
        yield outcomes if keep.all() else _only(outcomes, keep)


def _named(sizes: Sequence[int]) -> npt.NDArray[np.int64]:
    """How many attributes each combination names: those it holds at a level that is not neutral."""
    counts = np.zeros(1, dtype=np.int64)
    for levels in sizes:
        counts = (counts[:, None] + (_options(levels) != NEUTRAL)).ravel()
    return counts


def _options(levels: int) -> npt.NDArray[np.float64]:
    return np.arange(levels) / (levels - 1)


def _only(outcomes: Outcomes, keep: Bools) -> Outcomes:
    return Outcomes(
        outcomes.attributes[keep],
        outcomes.correct[keep],
        outcomes.scored[keep],
        outcomes.expected[keep],
    )


class _Tables:
    """Squared distances of r responses in n scenarios to every combination of levels.

    Args:
        first: over the first half of the attributes, [r, combinations of their levels, n].
        second: over the second half, likewise.

    """

    def __init__(self, first: _Numbers, second: _Numbers) -> None:
        self.first, self.second = first, second
        self._sums = np.empty_like(second)
        self._least = np.empty_like(second[0])

    def distances(self, row: int) -> tuple[_Numbers, _Numbers]:
        """Return the distances for one combination of the first half with all of the second.

        [r, combinations of the second half, n], and the least over r. Both are overwritten
        by the next call: fresh memory for each row took longer than the arithmetic.
        """
        np.add(self.first[:, row, None], self.second, out=self._sums)
        return self._sums, np.minimum.reduce(self._sums, axis=0, out=self._least)


@dataclass(frozen=True, slots=True)
class _Group:
    """The scenarios with equally many responses."""

    where: npt.NDArray[np.intp]
    """Their positions among all, [n]."""
    labels: _Tables
    rounding: float
    """Label distances closer than this are equal."""
    said: _Tables
    spoken: Bools
    """About which the method said something, [n]."""


def _groups(judged: Judged) -> Iterator[_Group]:
    responses = judged.present.sum(axis=1)
    for number in np.unique(responses):
        alike = np.flatnonzero(responses == number)
        for where in np.array_split(alike, -(-len(alike) // SCENARIOS_AT_ONCE)):
            yield _group(judged, where, int(number))


def _group(judged: Judged, where: npt.NDArray[np.intp], responses: int) -> _Group:
    labels = _tables(judged.values[where, :responses], judged.sizes)
    rounding: float = TOLERANCE
    if len(set(judged.sizes)) == 1:
        labels, rounding = _whole(labels, judged.sizes[0]), 0
    if judged.scores is None:
        chosen = chosen_distances(np.asarray(judged.chosen)[where], responses)
        silent = np.asarray(np.isinf(chosen).all(axis=1))
        first = np.repeat(chosen.T[:, None], labels.first.shape[1], axis=1)
        said = _Tables(first, np.zeros(labels.second.shape))
    else:
        scores = judged.scores[where, :responses]
        silent = np.asarray(np.isnan(scores).any(axis=(1, 2)))
        said = _tables(np.nan_to_num(scores), judged.sizes)
    return _Group(where, labels, rounding, said, ~silent)


def _whole(labels: _Tables, levels: int) -> _Tables:
    """The same in units of a level's square: whole numbers, a quarter of the memory traffic."""
    unit = (levels - 1) ** 2
    return _Tables(
        np.rint(labels.first * unit).astype(np.int16),
        np.rint(labels.second * unit).astype(np.int16),
    )


def _tables(values: Floats, sizes: Sequence[int]) -> _Tables:
    half = len(sizes) // 2
    return _Tables(
        _distances(values[..., :half], sizes[:half]), _distances(values[..., half:], sizes[half:])
    )


def _distances(values: Floats, sizes: Sequence[int]) -> Floats:
    """Squared distances over some attributes to every combination of their levels, [r, .., n]."""
    n, responses, _ = values.shape
    table = np.zeros((responses, 1, n))
    for attribute, levels in enumerate(sizes):
        options = _options(levels)[:, None]
        gaps = values[..., attribute].T[:, None] - options
        costs = np.where(options == NEUTRAL, 0, gaps**2)
        table = (table[:, :, None] + costs[:, None]).reshape(responses, -1, n)
    return table


def _row(
    groups: Sequence[_Group], row: int, attributes: npt.NDArray[np.int64], scenarios: int
) -> Outcomes:
    """The outcomes of one combination of the first half with all of the second."""
    correct = np.zeros((len(attributes), scenarios), dtype=bool)
    scored = np.zeros_like(correct)
    expected = np.zeros(len(attributes))
    for group in groups:
        truth, nearest = group.labels.distances(row)
        right = truth <= nearest + group.rounding
        counted = group.spoken & ~right.all(axis=0)
        distances, least = group.said.distances(row)
        hit = counted & _picked(right, distances[:-1] <= least)
        correct[:, group.where] = hit
        scored[:, group.where] = counted
        least += TOLERANCE
        near = distances <= least
        expected += hit.sum(axis=1) + _correction(right, near, hit, counted)
    return Outcomes(attributes, correct, scored, expected)


def _picked(right: Bools, least: Bools) -> Bools:
    """Whether the first response at the least distance, or else the last, is a right one."""
    hit: Bools = right[-1]
    for good, near in zip(right[-2::-1], least[::-1], strict=True):
        hit = hit ^ (near & (hit ^ good))
    return hit


def _correction(right: Bools, near: Bools, hit: Bools, counted: Bools) -> Floats:
    """What breaking ties in prediction at random adds to the number correct, per target."""
    number = near.sum(axis=0, dtype=np.uint8)
    several = (number > 1) & counted
    if not several.any():
        return np.zeros(len(hit))
    target, scenario = np.nonzero(several)
    good = (near & right)[:, target, scenario].sum(axis=0)
    share = good / number[target, scenario] - hit[target, scenario]
    correction: Floats = np.bincount(target, weights=share, minlength=len(hit)).astype(float)
    return correction
