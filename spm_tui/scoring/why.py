"""Why a pick is wrong: which attributes' scores, had they been the labels, make it right.

A set of attributes is corrected by taking the labels for the scores, for all responses. With
all attributes corrected the pick is right, so there are smallest sets that suffice; and the
margin by which the pick was wrong splits into what each attribute contributed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb, factorial

import numpy as np

from spm_tui.alignment import Aim, Bools, Floats, combine, costs, picks
from spm_tui.scoring.outcomes import Ints, Judged
from spm_tui.scoring.standing import Status, stand

MOST_SETS = 4096
"""Sets of attributes tried at most: all of 12 attributes, sizes 1 to 3 of 26."""


@dataclass(frozen=True, slots=True)
class Why:
    """What made the pick of one scenario wrong."""

    picked: int
    correct: int
    """Of the right responses the one that is predicted nearest."""
    label_margin: float
    """By the labels, how much nearer the correct response is than the picked one, in the unit of
    the alignment function; positive."""
    predicted_margin: float
    """By the scores, how much nearer the picked one is; 0 where the lower index decided, infinite
    where the correct response has no score."""
    flips: tuple[tuple[int, ...], ...]
    """All smallest sets of attributes that make the pick right if corrected, in lexicographic
    order. If more than `MOST_SETS` would have to be tried: all attributes aimed at."""
    shares: Floats
    """[A], sums to 1: each attribute's part in the way from the label margin to the predicted
    one, in comparable distance (Shapley value over the order of correction). Negative for
    attributes that spoke for the correct response. Attributes without a score of the correct
    response share alike, and alone."""


def why(judged: Judged, scenario: int, aim: Aim) -> Why:
    """Return why the pick of the scenario at this index is wrong.

    Raises:
        ValueError: it is not wrong, or the method gives no scores.

    """
    one = _only(judged, np.array([scenario]))
    standings = stand(one, aim)
    if standings.status[0] != Status.WRONG:
        raise ValueError(f"the pick of scenario {scenario} is not wrong")
    picked, said, labelled = int(standings.picked[0]), standings.said[0], standings.labelled[0]
    right = np.flatnonzero(standings.right[0])
    correct = int(right[said[right].argmin()])
    return Why(
        picked=picked,
        correct=correct,
        label_margin=float(labelled[picked] - labelled[correct]),
        predicted_margin=float(said[correct] - said[picked]),
        flips=tuple(flip for flip, where in _flips(one, standings.right, aim) if len(where)),
        shares=_shares(one, picked, correct, aim),
    )


def blamed(judged: Judged, aim: Aim) -> Bools:
    """Return which attributes are in one of the scenario's smallest sets, [N, A].

    None are where the pick is not wrong.

    Raises:
        ValueError: the method gives no scores.

    """
    _scores(judged)
    standings = stand(judged, aim)
    wrong = np.flatnonzero(standings.status == Status.WRONG)
    found = np.zeros((len(judged.levels), len(judged.sizes)), dtype=bool)
    for flip, where in _flips(_only(judged, wrong), standings.right[wrong], aim):
        found[wrong[where][:, None], list(flip)] = True
    return found


def _only(judged: Judged, where: Ints) -> Judged:
    return Judged(judged.levels[where], judged.sizes, scores=_scores(judged)[where])


def _scores(judged: Judged) -> Floats:
    if judged.scores is None:
        raise ValueError("a choosing method has no scores to correct")
    return judged.scores


def _flips(judged: Judged, right: Bools, aim: Aim) -> Iterator[tuple[tuple[int, ...], Ints]]:
    """Yield sets of attributes, and the wrong scenarios of which each is a smallest flip."""
    predicted, truth = costs(_scores(judged), aim), costs(judged.values, aim)
    left = np.arange(len(right))
    for sets in _sets(aim.attributes):
        done = np.zeros(len(left), dtype=bool)
        for flip in sets:
            mixed = [truth[a] if a in flip else cost for a, cost in enumerate(predicted)]
            picked = picks(combine(mixed, aim.function))
            works = right[np.arange(len(left)), picked]
            yield flip, left[works]
            done |= works
        left, right = left[~done], right[~done]
        predicted, truth = [cost[~done] for cost in predicted], [cost[~done] for cost in truth]
        if not len(left):
            return


def _sets(attributes: Sequence[int]) -> Iterator[Iterator[tuple[int, ...]]]:
    """Sets by size, as long as they are not too many; then the one of all attributes."""
    tried = 0
    for size in range(1, len(attributes)):
        tried += comb(len(attributes), size)
        if tried >= MOST_SETS:
            break
        yield combinations(attributes, size)
    yield iter([tuple(attributes)])


def _shares(judged: Judged, picked: int, correct: int, aim: Aim) -> Floats:
    predicted = np.stack(costs(_scores(judged), aim), axis=-1)[0]
    truth = np.stack(costs(judged.values, aim), axis=-1)[0]
    unknown = np.isnan(predicted[correct])
    if unknown.any():
        return np.where(unknown, 1 / unknown.sum(), 0.0)
    turn = _turn_of_greatest if aim.function == "chebyshev" else np.subtract
    parts = turn(truth[picked], predicted[picked]) - turn(truth[correct], predicted[correct])
    shares: Floats = parts / parts.sum()
    return shares


def _turn_of_greatest(truth: Floats, predicted: Floats) -> Floats:
    """Each attribute's Shapley value in turning the greatest of `predicted` into that of `truth`.

    The greatest is the sum over steps of height of whether any attribute exceeds the step. Of a
    step, only attributes that exceed it before or after correction, not both, matter: it is cleared
    when all that sink are corrected and none that rise, which in a random order of correction
    makes attribute after attribute pivotal with the probabilities below. Exact, where trying all
    orders or sets is out of reach for many attributes.
    """
    turn = np.zeros(len(truth))
    heights = np.unique(np.concatenate([[0.0], truth, predicted]))
    for below, height in pairwise(heights.tolist()):
        before, after = predicted > below, truth > below
        if (before & after).any():
            continue
        sinking, rising = int(before.sum()), int(after.sum())
        ways = factorial(sinking + rising)
        if sinking:
            chance = factorial(sinking - 1) * factorial(rising) / ways
            turn[before] -= (height - below) * chance
        if rising:
            chance = factorial(sinking) * factorial(rising - 1) / ways
            turn[after] += (height - below) * chance
    return turn
