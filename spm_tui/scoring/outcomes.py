"""Which scenarios a method gets right, target by target (paper §5.4).

N scenarios, R responses at most, A attributes, T targets. A scenario is scored for a target
unless all its responses' labels are equally near to it (a tie), or the method said nothing
about it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import Bools, Floats, nearest, picks, squared_distances, ties

Levels = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The labels of N scenarios beside what a method said about them.

    A scoring method gives `scores`, from which any target selects; a choosing method gives
    the responses it `chose`.
    """

    levels: Levels
    """Labels, [N, R, A]; -1 where a scenario has fewer responses."""
    sizes: tuple[int, ...]
    """Number of levels of each attribute."""
    scores: Floats | None = None
    """[N, R, A] in [0, 1]; NaN where there is no response or no score."""
    chosen: Ints | None = None
    """[N]; -1 where there is no choice."""

    @property
    def present(self) -> Bools:
        """Which responses exist, [N, R]."""
        exist: Bools = self.levels[..., 0] >= 0
        return exist

    @property
    def values(self) -> Floats:
        """Labels as values in [0, 1], [N, R, A]; NaN where there is no response."""
        tops = np.array(self.sizes) - 1.0
        return np.where(self.levels < 0, np.nan, self.levels / tops)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of some targets, scenario by scenario."""

    attributes: Ints
    """Number of attributes each target names, [T]."""
    correct: Bools
    """[T, N]: scored, and the selected response, lowest index among equals, is right."""
    scored: Bools
    """[T, N]."""
    expected: Floats
    """[T]: number correct if ties in prediction were broken at random, on average."""


def listed(judged: Judged, values: Floats, weights: Floats) -> Iterator[Outcomes]:
    """Yield the outcomes of the targets with these values and weights, [T, A] each."""
    truth, present = judged.values, judged.present
    for value, weight in zip(values, weights, strict=True):
        right = nearest(squared_distances(truth, value, weight))
        distances = said(judged, value, weight)
        picked, near = picks(distances), nearest(distances)
        scored = ~ties(right, present) & (picked >= 0)
        correct = scored & right[np.arange(len(right)), picked]
        share = (right & near).sum(axis=1) / np.maximum(near.sum(axis=1), 1)
        yield Outcomes(
            attributes=np.array([(weight > 0).sum()]),
            correct=correct[None],
            scored=scored[None],
            expected=np.array([share[scored].sum()]),
        )


def said(judged: Judged, value: Floats, weight: Floats) -> Floats:
    """Return how far from a target a method says the responses are, [N, R].

    A choosing method says 0 of the response it chose and infinity of the others.
    """
    if judged.scores is not None:
        return squared_distances(judged.scores, value, weight)
    return chosen_distances(judged)


def chosen_distances(judged: Judged) -> Floats:
    """Return a choosing method's choices as distances: 0 or infinity, [N, R]."""
    if judged.chosen is None:
        raise ValueError("a method gives scores or choices")
    responses = np.arange(judged.levels.shape[1])
    return np.where(judged.chosen[:, None] == responses, 0.0, np.inf)


def join(parts: Sequence[Outcomes]) -> Outcomes:
    """Return the outcomes of several groups of targets as one."""
    return Outcomes(
        attributes=np.concatenate([part.attributes for part in parts]),
        correct=np.concatenate([part.correct for part in parts]),
        scored=np.concatenate([part.scored for part in parts]),
        expected=np.concatenate([part.expected for part in parts]),
    )
