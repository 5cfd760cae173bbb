"""How each scenario of a run stands against one aim: right, wrong, tie or not run.

Separate from outcomes, which count over many targets: here is one aim, measured by any
alignment function, with the distances behind each verdict.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import Aim, Bools, Floats, Picks, distances, measure, nearest, picks, ties
from spm_tui.scoring.outcomes import Judged, Outcomes, chosen_distances

Codes = npt.NDArray[np.int8]


class Status(IntEnum):
    """How a scenario stands."""

    RIGHT = 0
    WRONG = 1
    TIE = 2
    NOT_RUN = 3


@dataclass(frozen=True, slots=True)
class Standings:
    """The scenarios against one aim."""

    status: Codes
    """[N], of `Status`."""
    picked: Picks
    """The response the method selects, [N]; -1 for none."""
    right: Bools
    """Which responses are nearest by their labels, [N, R]."""
    margin: Floats
    """[N], in the unit of the alignment function: how much nearer the nearest wrong response is
    predicted to be than the nearest right one. Not negative when wrong, not positive when right,
    infinite where one side has no score; NaN for ties, not run, and methods without scores."""
    labelled: Floats
    """Distances by the labels, [N, R], in the unit of the alignment function."""
    said: Floats
    """Likewise as the method says; a choosing one says 0 of its choice, infinity of others."""

    @property
    def correct(self) -> int:
        """Number of scenarios right."""
        return int((self.status == Status.RIGHT).sum())

    @property
    def scored(self) -> int:
        """Number of scenarios right or wrong."""
        return self.correct + int((self.status == Status.WRONG).sum())

    @property
    def accuracy(self) -> float:
        """Correct over scored; NaN where nothing is scored."""
        return self.correct / self.scored if self.scored else float("nan")


def stand(judged: Judged, aim: Aim) -> Standings:
    """Return how each scenario stands."""
    truth, predicted = distances(judged.values, aim), _predicted(judged, aim)
    right, picked = nearest(truth), picks(predicted)
    status = np.where(right[np.arange(len(right)), picked], Status.RIGHT, Status.WRONG)
    status[ties(right, judged.present)] = Status.TIE
    status[picked < 0] = Status.NOT_RUN
    said = measure(predicted, aim.function)
    margin = np.full(len(status), np.nan)
    if judged.scores is not None:
        scored = status <= Status.WRONG
        margin[scored] = _margin(said[scored], right[scored])
    return Standings(
        status=status.astype(np.int8),
        picked=picked,
        right=right,
        margin=margin,
        labelled=measure(truth, aim.function),
        said=said,
    )


def aimed(judged: Judged, aim: Aim) -> Outcomes:
    """Return the outcomes of one aim, as `listed` does of targets."""
    standings = stand(judged, aim)
    scored = standings.status <= Status.WRONG
    near = nearest(_predicted(judged, aim))
    share = (standings.right & near).sum(axis=1) / np.maximum(near.sum(axis=1), 1)
    return Outcomes(
        attributes=np.array([len(aim.attributes)]),
        correct=(standings.status == Status.RIGHT)[None],
        scored=scored[None],
        expected=np.array([share[scored].sum()]),
    )


def _predicted(judged: Judged, aim: Aim) -> Floats:
    if judged.scores is None:
        chosen = judged.choice(aim.value, aim.weight)
        return chosen_distances(chosen, judged.levels.shape[1])
    return distances(judged.scores, aim)


def _margin(said: Floats, right: Bools) -> Floats:
    good = np.where(right, said, np.inf).min(axis=1)
    bad = np.where(right, np.inf, said).min(axis=1)
    margin: Floats = good - bad
    return margin
