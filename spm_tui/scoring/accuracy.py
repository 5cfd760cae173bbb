"""Alignment accuracy over a set of targets (paper §5.4): mean, spread, interval.

Per target, accuracy is the share of scored scenarios in which the selected response is
right. Over a set it is reported as the mean and the population standard deviation of the
targets' accuracies, with a bootstrap interval over scenarios for the mean.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import Floats
from spm_tui.scoring.outcomes import Ints, Outcomes

RESAMPLES = 1000
CONFIDENCE = 0.95
LEAST_SCENARIOS = 2
"""For an interval."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a method reaches over a set of targets, in shares of 1."""

    mean: float
    """NaN where no scenario is scored."""
    sd: float
    """Over targets; 0 for a single one."""
    low: float
    """Bounds of the 95 % interval of the mean, scenarios resampled; NaN for fewer than two, of
    which nothing says how scenarios differ."""
    high: float
    expected: float
    """The mean if ties in prediction were broken at random, not by lowest index."""
    targets: int
    """Those with at least one scored scenario."""
    scored: float
    """Scenarios scored per target, on average."""


@dataclass(frozen=True, slots=True)
class PerTarget:
    """The targets of a set one by one, [T] each."""

    attributes: Ints
    correct: Ints
    expected: Floats
    scored: Ints

    @property
    def accuracy(self) -> Floats:
        """Correct over scored; NaN where nothing is scored."""
        return _ratio(self.correct, self.scored)


def summarise(
    outcomes: Iterable[Outcomes], *, scenarios: int, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Accuracy, PerTarget]:
    """Return the accuracy over all targets in `outcomes`, and that of each.

    Args:
        outcomes: one pass over the targets, in blocks.
        scenarios: N.
        resamples: of the scenarios, for the interval; 0 for none (its bounds are then NaN).
        seed: of the resampling.

    """
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(scenarios, np.full(scenarios, 1 / scenarios), size=resamples)
    counts = draws.T.astype(np.float32)
    sums, valid = np.zeros(resamples), np.zeros(resamples)
    ever_scored = np.zeros(scenarios, dtype=bool)
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    for block in outcomes:
        parts.append(
            (
                block.attributes,
                block.correct.sum(axis=1),
                block.expected,
                block.scored.sum(axis=1),
            )
        )
        ever_scored |= block.scored.any(axis=0)
        if resamples:
            correct = block.correct.astype(np.float32) @ counts
            scored = block.scored.astype(np.float32) @ counts
            valid += np.count_nonzero(scored, axis=0)
            correct /= np.maximum(scored, 1, out=scored)
            sums += correct.sum(axis=0, dtype=np.float64)
    each = PerTarget(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    interval = bounds(_ratio(sums, valid), scenarios=int(ever_scored.sum()))
    return _accuracy(each, interval), each


def bounds(resampled: Floats, *, scenarios: int) -> tuple[float, float]:
    """Return the interval that resampled values give; NaN where there is none to give.

    Args:
        resampled: the statistic of each resample; NaN where a resample has none.
        scenarios: that were resampled and are scored for some target; one would always be
            drawn again, and its interval would have no width.

    """
    usable = resampled[np.isfinite(resampled)]
    if scenarios < LEAST_SCENARIOS or not len(usable):
        return np.nan, np.nan
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(usable, [tail, 100 - tail])
    return float(low), float(high)


def _accuracy(each: PerTarget, interval: tuple[float, float]) -> Accuracy:
    some = each.scored > 0
    accuracy = each.accuracy[some]
    expected = _ratio(each.expected, each.scored)[some]
    return Accuracy(
        mean=float(accuracy.mean()) if some.any() else float("nan"),
        sd=float(accuracy.std()) if some.any() else float("nan"),
        low=interval[0],
        high=interval[1],
        expected=float(expected.mean()) if some.any() else float("nan"),
        targets=int(some.sum()),
        scored=float(each.scored[some].mean()) if some.any() else 0.0,
    )


def by_attribute_count(each: PerTarget) -> dict[int, tuple[float, float, int]]:
    """Return mean and sd of accuracy and the number of targets, by attributes named (Fig. 8)."""
    accuracy = each.accuracy
    groups = {}
    for count in np.unique(each.attributes):
        group = accuracy[(each.attributes == count) & (each.scored > 0)]
        if len(group):
            groups[int(count)] = (float(group.mean()), float(group.std()), len(group))
    return groups


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    ratio: Floats = np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
    return ratio
