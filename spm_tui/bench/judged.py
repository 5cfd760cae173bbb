"""What the store has by now of a run's answers, beside the labels: for reports and the app."""

from collections.abc import Sequence

import numpy as np

from spm_tui import targets
from spm_tui.alignment import Bools, Floats
from spm_tui.scoring.outcomes import Judged, majority
from spm_tui.target_files import from_json
from store import browse
from store.browse import Levels
from store.connection import Connection
from store.records import Attribute


def read_judged(
    db: Connection,
    run: int,
    levels: Levels,
    attributes: Sequence[Attribute],
    *,
    needed: Sequence[int] | None = None,
) -> Judged:
    """Return a run's scores, or its choices if it has no scores; NaN scores if it has neither.

    A scenario that lacks an answer it needs is as good as not run: half a scenario would be
    scored for some targets only.

    Args:
        db: a connection in `Store.reading`.
        run: its number.
        levels: the labels of the whole split the run is on.
        attributes: of the benchmark.
        needed: the attributes that need answers; None for those that the run has any for.

    Raises:
        InputError: a target that it chose for is not one of this benchmark.

    """
    scores = browse.scores(db, run, levels.shape)
    scored = known(scores)
    if not scored.any() and (chosen := _choices(db, run, levels, attributes)):
        return chosen
    where = np.flatnonzero(scored) if needed is None else list(needed)
    missing = np.isnan(scores[..., where]) & (levels[..., where] >= 0)
    scores[missing.any(axis=(1, 2))] = np.nan
    sizes = tuple(attribute.levels for attribute in attributes)
    return Judged(levels, sizes, scores=scores)


def _choices(
    db: Connection, run: int, levels: Levels, attributes: Sequence[Attribute]
) -> Judged | None:
    """Return what most samples chose; None if nothing was to be chosen, or has been so far."""
    sizes = tuple(attribute.levels for attribute in attributes)
    votes = browse.votes(db, run, levels.shape[:2])
    if "" in votes:
        return Judged(levels, sizes, chosen=majority(votes[""]))
    if not (told := browse.asked_targets(db, run)):
        return None
    none = np.zeros(levels.shape[:2], dtype=np.int64)
    chosen = np.stack([majority(votes.get(text, none)) for text in told], axis=1)
    known = [from_json(text, attributes) for text in told]
    return Judged(levels, sizes, chosen=chosen, targets=targets.arrays(known, attributes))


def known(scores: Floats) -> Bools:
    """Return which attributes have any score, [A]."""
    return np.asarray(~np.isnan(scores).all(axis=(0, 1)))
