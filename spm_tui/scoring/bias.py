"""What kind of responses a method ends up selecting (paper, Fig. 7)."""

from dataclasses import dataclass

import numpy as np

from spm_tui.alignment import Floats, nearest, picks, squared_distances
from spm_tui.scoring.outcomes import Judged, said


@dataclass(frozen=True, slots=True)
class Bias:
    """Mean label values of selected responses, [A] each, in [0, 1]."""

    picked: Floats
    """Of the responses the method selects."""
    ideal: Floats
    """Of those a perfect method would select; equally near ones count equally."""


def bias(judged: Judged, value: Floats, weight: Floats) -> Bias:
    """Return the labels of the responses selected for one target, averaged over scenarios.

    Scenarios that the method said nothing about are left out of both.
    """
    truth = judged.values
    picked = picks(said(judged, value, weight))
    spoken = picked >= 0
    if not spoken.any():
        nothing = np.full(len(judged.sizes), np.nan)
        return Bias(nothing, nothing)
    truth, picked = truth[spoken], picked[spoken]
    right = nearest(squared_distances(truth, value, weight))[..., None]
    near = right.sum(axis=1)
    ideal = np.full((len(truth), truth.shape[-1]), np.nan)  # where no label is known, none is near
    np.divide(np.where(right, truth, 0).sum(axis=1), near, out=ideal, where=near > 0)
    return Bias(truth[np.arange(len(truth)), picked].mean(axis=0), ideal.mean(axis=0))
