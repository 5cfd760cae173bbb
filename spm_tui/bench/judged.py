"""What the store has by now of a run's answers, beside the labels: for reports and the app."""

from collections.abc import Sequence

import numpy as np

from spm_tui.alignment import Bools, Floats
from spm_tui.scoring.outcomes import Judged
from store import browse
from store.browse import Levels
from store.connection import Connection


def read_judged(
    db: Connection,
    run: int,
    levels: Levels,
    sizes: tuple[int, ...],
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
        sizes: number of levels of each attribute.
        needed: the attributes that need answers; None for those that the run has any for.

    """
    scores = browse.scores(db, run, levels.shape)
    scored = known(scores)
    if not scored.any():
        chosen = browse.choices(db, run, target="", scenarios=len(levels), samples=1)[:, 0]
        if (chosen >= 0).any():
            return Judged(levels, sizes, chosen=chosen.astype(np.int64))
    where = np.flatnonzero(scored) if needed is None else list(needed)
    missing = np.isnan(scores[..., where]) & (levels[..., where] >= 0)
    scores[missing.any(axis=(1, 2))] = np.nan
    return Judged(levels, sizes, scores=scores)


def known(scores: Floats) -> Bools:
    """Return which attributes have any score, [A]."""
    return np.asarray(~np.isnan(scores).all(axis=(0, 1)))
