"""How well predicted scores agree with the labels, attribute by attribute.

Not in the paper; it tells a method that ranks well but sits at the wrong place of the scale
from one that does not see the attribute at all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import Floats
from spm_tui.scoring.diagnosis import nearest_levels
from spm_tui.scoring.outcomes import Judged


@dataclass(frozen=True, slots=True)
class Agreement:
    """One attribute's predictions beside its labels, over all scored responses."""

    responses: int
    error: float
    """Mean absolute error, in [0, 1] of the scale."""
    spearman: float
    """Rank correlation; NaN where either side is constant."""
    kappa: float
    """Quadratic-weighted kappa, scores rounded to the nearest level; NaN likewise."""


def agreement(judged: Judged, attribute: int) -> Agreement:
    """Return the agreement on one attribute.

    Raises:
        ValueError: the method gives no scores.

    """
    if judged.scores is None:
        raise ValueError("a choosing method has no scores to compare with labels")
    levels, scores = judged.levels[..., attribute], judged.scores[..., attribute]
    where = (levels >= 0) & ~np.isnan(scores)
    level, score = levels[where], scores[where]
    top = judged.sizes[attribute] - 1
    if not len(score):
        return Agreement(0, float("nan"), float("nan"), float("nan"))
    predicted = nearest_levels(score, top + 1)
    return Agreement(
        responses=len(score),
        error=float(np.abs(score - level / top).mean()),
        spearman=_correlation(_ranks(score), _ranks(level)),
        kappa=quadratic_kappa(level, predicted, levels=top + 1),
    )


def quadratic_kappa(
    first: npt.NDArray[np.integer], second: npt.NDArray[np.integer], *, levels: int
) -> float:
    """Return Cohen's kappa with quadratic weights of two ratings on levels 0..levels-1."""
    ratings = np.zeros((levels, levels))
    np.add.at(ratings, (first, second), 1)
    chance = np.outer(ratings.sum(axis=1), ratings.sum(axis=0)) / ratings.sum()
    steps = np.arange(levels)
    weights = (steps[:, None] - steps) ** 2
    disagreement = (weights * chance).sum()
    return float(1 - (weights * ratings).sum() / disagreement) if disagreement else float("nan")


def _ranks(values: npt.NDArray[np.generic]) -> Floats:
    """Ranks from 0, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: Floats = (ends - (counts + 1) / 2)[place]
    return means


def _correlation(x: Floats, y: Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    norm = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / norm) if norm else float("nan")
