"""Whether one run is better than another, on the scenarios that both answered.

One statistic is shown, tested and given an interval: the difference of the two accuracies,

    D = 1/T Σ_t Σ_s g_ts / n_t = Σ_s d_s

over T targets with n_t scored scenarios each, where g_ts is 1 if the second run alone is right
in scenario s for target t, −1 if the first alone is, else 0. Scenarios are what was drawn, and
the answers of both runs to one scenario are a pair: the test asks how often a difference as
large comes about when each scenario's share d_s is as likely to have the other sign, the
interval resamples scenarios for both runs at once. The vector d, [N], is all that the test needs
of however many targets.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TypeAlias

import numpy as np

from spm_tui.alignment import Bools, Floats
from spm_tui.scoring.accuracy import RESAMPLES, bounds
from spm_tui.scoring.outcomes import Judged, Outcomes
from spm_tui.scoring.significance import sign_flip_test, sign_test
from spm_tui.scoring.standing import Codes, Standings, Status

Test: TypeAlias = Literal["", "McNemar", "sign-flip"]
WHAT: Mapping[Test, str] = {
    "McNemar": "McNemar's exact test (one target)",
    "sign-flip": "sign-flip permutation test (several)",
}
"""The tests in words."""


class Change(IntEnum):
    """What became of a scenario from the first run to the second."""

    BOTH_RIGHT = 0
    FIXED = 1
    BROKEN = 2
    BOTH_WRONG = 3
    NOT_COMPARED = 4


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs' alignment accuracies over the same targets, in shares of 1."""

    first: float
    """Mean over targets; NaN where no scenario is scored, as are the next four."""
    second: float
    difference: float
    """Second minus first."""
    low: float
    """Bounds of the 95 % interval of the difference, scenarios resampled for both runs at once;
    NaN for fewer than two scenarios."""
    high: float
    scenarios: int
    """Answered by both runs, and no tie for one of the targets at least: what accuracy is over."""
    better: int
    """Scenarios in which the second run is right for more targets than the first."""
    worse: int
    """For fewer."""
    p: float
    """Two-sided, of no difference; NaN if no scenario is scored for both."""
    test: Test
    """Where p is from: McNemar's exact test for a single target, else the sign-flip permutation
    test of the difference; they are the same test where both can be made. Empty without a p."""


def compare(
    first: Judged,
    second: Judged,
    outcomes: Callable[[Judged], Iterable[Outcomes]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Return how the second run differs from the first.

    Args:
        first: of the same scenarios and attributes as `second`.
        second: likewise.
        outcomes: what to compare by: `grid.everything`, or a function that calls `listed` with
            some targets or `aimed` with an aim.
        resamples: of the scenarios, for the interval; 0 for none (its bounds are then NaN).
        seed: of the resampling.

    Raises:
        ValueError: the runs are not of the same scenarios.

    """
    one, other = shared(first, second)
    tally = _Tally(len(one.levels), resamples, seed)
    for before, after in zip(outcomes(one), outcomes(other), strict=True):
        tally.add(before, after)
    return tally.result()


def shared(first: Judged, second: Judged) -> tuple[Judged, Judged]:
    """Return both runs restricted to the scenarios that both answered.

    A scenario is answered if all its responses have all scores, or there is a choice, for
    whatever target.

    Raises:
        ValueError: the runs are not of the same scenarios.

    """
    if first.sizes != second.sizes or not np.array_equal(first.levels, second.levels):
        raise ValueError("the runs are not of the same scenarios and attributes")
    both = _answered(first) & _answered(second)
    return first.of(both), second.of(both)


def changes(first: Standings, second: Standings) -> Codes:
    """Return the change of each scenario, [N], of `Change`."""
    was, is_ = first.status == Status.RIGHT, second.status == Status.RIGHT
    change = np.select(
        [was & is_, is_, was], [Change.BOTH_RIGHT, Change.FIXED, Change.BROKEN], Change.BOTH_WRONG
    )
    scored = (first.status <= Status.WRONG) & (second.status <= Status.WRONG)
    return np.where(scored, change, Change.NOT_COMPARED).astype(np.int8)


def _answered(judged: Judged) -> Bools:
    if judged.scores is None:
        there = np.asarray(judged.chosen) >= 0
        return np.asarray(there if judged.targets is None else there.any(axis=1))
    known = ~np.isnan(judged.scores).any(axis=-1)
    return np.asarray((known | ~judged.present).all(axis=-1))


class _Tally:
    """Sums over blocks of targets, for the means, the test and the interval."""

    def __init__(self, scenarios: int, resamples: int, seed: int) -> None:
        self.resamples, self.seed = resamples if scenarios else 0, seed
        if self.resamples:
            even = np.full(scenarios, 1 / scenarios)
            draws = np.random.default_rng(seed).multinomial(scenarios, even, size=resamples)
            self._counts = draws.T.astype(np.float32)
        self._gain = np.zeros(scenarios, dtype=np.int64)
        self._shares = np.zeros(scenarios)
        """Of each scenario in the difference, summed over targets: T d."""
        self._scored = np.zeros(scenarios, dtype=bool)
        self._means: list[Floats] = []
        self._sums, self._valid = np.zeros(self.resamples), np.zeros(self.resamples)

    def add(self, first: Outcomes, second: Outcomes) -> None:
        """Take in the outcomes of the same targets for both runs; what one of them lacks is out."""
        both = first.scored & second.scored
        before, after = first.correct & both, second.correct & both
        gain = after.astype(np.int8) - before
        self._gain += gain.sum(axis=0, dtype=np.int64)
        self._scored |= both.any(axis=0)
        correct = np.stack([before.sum(axis=1), after.sum(axis=1)])
        scored = both.sum(axis=1)
        self._means.append((correct / np.maximum(scored, 1))[:, scored > 0])
        self._shares += np.divide(1, scored, out=np.zeros(len(scored)), where=scored > 0) @ gain
        if self.resamples:
            valid = both.astype(np.float32) @ self._counts
            self._valid += np.count_nonzero(valid, axis=0)
            gains = gain.astype(np.float32) @ self._counts
            gains /= np.maximum(valid, 1, out=valid)
            self._sums += gains.sum(axis=0, dtype=np.float64)

    def result(self) -> Comparison:
        """Return the comparison over all that was added."""
        means = np.concatenate([np.empty((2, 0)), *self._means], axis=1)
        first, second = means.mean(axis=1).tolist() if means.size else (float("nan"),) * 2
        scenarios = int(self._scored.sum())
        usable = self._valid > 0
        low, high = bounds(self._sums[usable] / self._valid[usable], scenarios=scenarios)
        better, worse = int((self._gain > 0).sum()), int((self._gain < 0).sum())
        p, test = self._test(means.shape[1], better, worse)
        return Comparison(
            first=first,
            second=second,
            difference=second - first,
            low=low,
            high=high,
            scenarios=scenarios,
            better=better,
            worse=worse,
            p=p,
            test=test,
        )

    def _test(self, targets: int, better: int, worse: int) -> tuple[float, Test]:
        if not targets:
            return float("nan"), ""
        if targets == 1:
            return sign_test(better, worse), "McNemar"
        return sign_flip_test(self._shares / targets, seed=self.seed), "sign-flip"
