"""Where predicted scores go wrong: by level, by score, by length, by place in the prompt."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spm_tui.alignment import TOLERANCE, Floats
from spm_tui.scoring.outcomes import Ints, Judged

Lengths = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """The responses whose scores on an attribute fall in one part of the scale."""

    score: float
    """Their mean score, in [0, 1]."""
    label: float
    """Their mean label value, in [0, 1]; of calibrated scores the same."""
    count: int


@dataclass(frozen=True, slots=True)
class LengthBin:
    """The responses of some lengths."""

    shortest: int
    longest: int
    error: float
    """Mean absolute error over responses and attributes, in [0, 1] of the scale."""
    count: int
    """Number of responses."""


@dataclass(frozen=True, slots=True)
class PositionBias:
    """How often the response shown first scores higher than the one shown last, [A] each."""

    share: Floats
    """Of the comparisons in which they differ; NaN where none do. 0.5 is no bias."""
    comparisons: Ints
    """Number of samples in which both have a score."""
    equal: Ints
    """Of these, those with the same score for both."""


def confusion(judged: Judged, attribute: int) -> Ints:
    """Return how often each label level was predicted as each level, [L, L].

    Raises:
        ValueError: the method gives no scores.

    """
    levels = judged.sizes[attribute]
    label, score = _scored(judged, attribute)
    counts = np.zeros((levels, levels), dtype=np.int64)
    np.add.at(counts, (label, nearest_levels(score, levels)), 1)
    return counts


def nearest_levels(scores: Floats, levels: int) -> Ints:
    """Return the level nearest to each score in [0, 1], the upper one of two as near."""
    return np.floor(scores * (levels - 1) + 0.5).astype(np.int64)


def calibration(judged: Judged, attribute: int, *, bins: int = 10) -> tuple[ScoreBin, ...]:
    """Return mean score and label over equally wide parts of the scale, empty ones left out.

    Raises:
        ValueError: the method gives no scores.

    """
    label, score = _scored(judged, attribute)
    value = label / (judged.sizes[attribute] - 1)
    place = np.minimum(np.floor(score * bins + TOLERANCE), bins - 1)
    return tuple(
        ScoreBin(float(score[here].mean()), float(value[here].mean()), int(here.sum()))
        for here in (place == one for one in np.unique(place))
    )


def error_by_length(judged: Judged, lengths: Lengths, *, bins: int = 6) -> tuple[LengthBin, ...]:
    """Return the error of responses in order of length, in bins of about equal count.

    Responses of the same length share a bin, so there may be fewer than `bins`. Responses with
    a score missing are left out.

    Args:
        judged: of a scoring method.
        lengths: of the responses, [N, R], in any unit.
        bins: at most.

    Raises:
        ValueError: the method gives no scores.

    """
    errors = np.abs(_scores(judged) - judged.values).mean(axis=-1)
    known = ~np.isnan(errors)
    error, length = errors[known], lengths[known]
    shorter = np.searchsorted(np.sort(length), length)
    place = shorter * bins // max(len(length), 1)
    return tuple(
        LengthBin(
            int(length[here].min()),
            int(length[here].max()),
            float(error[here].mean()),
            int(here.sum()),
        )
        for here in (place == one for one in np.unique(place))
    )


def position_bias(samples: Floats, order: Ints) -> PositionBias:
    """Return whether scores favour the response shown first over the one shown last.

    Args:
        samples: scores by sample, [N, R, A, S]; NaN where there is none.
        order: the response shown at each place, [N, A, S, R]; -1 beyond those shown.

    """
    scores = np.moveaxis(samples, 1, -1)
    shown = (order >= 0).sum(axis=-1, keepdims=True)
    last = np.take_along_axis(order, np.maximum(shown - 1, 0), axis=-1)
    lead = _at(scores, order[..., :1]) - _at(scores, last)
    counted = (shown[..., 0] > 1) & ~np.isnan(lead)
    comparisons = counted.sum(axis=(0, 2))
    equal = (counted & (lead == 0)).sum(axis=(0, 2))
    higher = (counted & (lead > 0)).sum(axis=(0, 2))
    differ = comparisons - equal
    share = np.divide(higher, differ, out=np.full(len(differ), np.nan), where=differ > 0)
    return PositionBias(share, comparisons, equal)


def _at(scores: Floats, response: Ints) -> Floats:
    """Scores [N, A, S, R] of one response each, [N, A, S]; of no response, any."""
    return np.take_along_axis(scores, np.maximum(response, 0), axis=-1)[..., 0]


def _scored(judged: Judged, attribute: int) -> tuple[Ints, Floats]:
    """Level and score of all responses that have a score on the attribute."""
    level, score = judged.levels[..., attribute], _scores(judged)[..., attribute]
    where = (level >= 0) & ~np.isnan(score)
    return level[where].astype(np.int64), score[where]


def _scores(judged: Judged) -> Floats:
    if judged.scores is None:
        raise ValueError("a choosing method has no scores to compare with labels")
    return judged.scores
