"""Which scenarios a method gets right, target by target (paper §5.4).

N scenarios, R responses at most, A attributes, T targets. A scenario is scored for a target
unless all its responses' labels are equally near to it (a tie), or the method said nothing
about it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import (
    TOLERANCE,
    Bools,
    Floats,
    nearest,
    picks,
    squared_distances,
    ties,
)

Levels = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The labels of N scenarios beside what a method said about them.

    A scoring method gives `scores`, from which any target selects; a choosing method gives
    the responses it `chose`: for any target the same, or for some `targets` one each.
    """

    levels: Levels
    """Labels, [N, R, A]; -1 where a scenario has fewer responses."""
    sizes: tuple[int, ...]
    """Number of levels of each attribute."""
    scores: Floats | None = None
    """[N, R, A] in [0, 1]; NaN where there is no response or no score."""
    chosen: Ints | None = None
    """[N], or [N, T] for each of `targets`; -1 where there is no choice."""
    targets: tuple[Floats, Floats] | None = None
    """Values and weights, [T, A] each, of the targets that were chosen for one by one."""

    def choice(self, value: Floats, weight: Floats) -> Ints:
        """Return the responses chosen for a target, [N]; -1 for all if it was not asked about.

        Raises:
            ValueError: the method gives scores.

        """
        if self.chosen is None:
            raise ValueError("a method gives scores or choices")
        if self.targets is None:
            return self.chosen
        if not self.asked(value, weight):
            return np.full(len(self.levels), -1)
        return self.chosen[:, self._place(value, weight)[0]]

    def asked(self, value: Floats, weight: Floats) -> bool:
        """Return whether the method was asked about a target, or did not need to be."""
        return self.targets is None or len(self._place(value, weight)) > 0

    def _place(self, value: Floats, weight: Floats) -> npt.NDArray[np.intp]:
        """Where a target is among those told, by what a method reads of it: also its weights' size.

        Weights are compared by their ratio, as one of 1e-12 is not none.
        """
        values, weights = self.targets or (np.zeros((0, 0)), np.zeros((0, 0)))
        same_weight = np.abs(weights - weight) <= TOLERANCE * np.minimum(weights, weight)
        same_value = (np.abs(values - value) <= TOLERANCE) | (weights == 0)
        return np.flatnonzero((same_weight & same_value).all(axis=1))

    def of(self, scenarios: Ints | Bools) -> "Judged":
        """Return it for some of the scenarios."""
        return replace(
            self,
            levels=self.levels[scenarios],
            scores=None if self.scores is None else self.scores[scenarios],
            chosen=None if self.chosen is None else self.chosen[scenarios],
        )

    def on(self, attributes: Sequence[int]) -> "Judged":
        """Return it for some of the attributes, and the targets that name no other."""
        where = list(attributes)
        chosen, targets = self.chosen, self.targets
        if chosen is not None and targets is not None:
            kept = ~(np.delete(targets[1], where, axis=1) > 0).any(axis=1)
            chosen = chosen[:, kept]
            targets = (targets[0][kept][:, where], targets[1][kept][:, where])
        return Judged(
            self.levels[..., where],
            tuple(self.sizes[i] for i in where),
            scores=None if self.scores is None else self.scores[..., where],
            chosen=chosen,
            targets=targets,
        )

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
    return chosen_distances(judged.choice(value, weight), judged.levels.shape[1])


def chosen_distances(chosen: Ints, responses: int) -> Floats:
    """Return choices [N] among so many responses as distances: 0 or infinity, [N, R]."""
    return np.where(chosen[:, None] == np.arange(responses), 0.0, np.inf)


def majority(votes: npt.NDArray[np.integer]) -> Ints:
    """Return the response with the most votes of [..., R], the lowest index among equals.

    -1 where there are none.
    """
    return np.where(votes.any(axis=-1), votes.argmax(axis=-1), -1)


def join(parts: Sequence[Outcomes]) -> Outcomes:
    """Return the outcomes of several groups of targets as one."""
    return Outcomes(
        attributes=np.concatenate([part.attributes for part in parts]),
        correct=np.concatenate([part.correct for part in parts]),
        scored=np.concatenate([part.scored for part in parts]),
        expected=np.concatenate([part.expected for part in parts]),
    )
