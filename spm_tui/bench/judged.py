"""What the store has by now of a run's answers, beside the labels: for reports and the app."""

import json
from collections.abc import Sequence

import numpy as np

from spm_tui import targets
from spm_tui.alignment import Bools, Floats
from spm_tui.bench.extent import planned
from spm_tui.scoring.outcomes import Judged, majority
from spm_tui.target_files import from_json
from store import browse, runs
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
    scored for some targets only. Under sampling an answer is there once every sample has been
    asked for and one at least could be used: what failed for good is not waited for, but the
    mean of the first two of five is not yet what the run says.

    Args:
        db: a connection in `Store.reading`.
        run: its number.
        levels: the labels of the whole split the run is on.
        attributes: of the benchmark.
        needed: the attributes that need answers; None for those that the run was planned for.

    Raises:
        InputError: a target that it chose for is not one of this benchmark.

    """
    stored = runs.get(db, run)
    samples = int(json.loads(stored.spec.config)["method"].get("samples", 1))
    scores = browse.scores(db, run, levels.shape)
    if np.isnan(scores).all() and (
        chosen := _choices(db, run, levels, attributes, samples=samples)
    ):
        return chosen
    if needed is None:
        needed = sorted(planned(db, stored, attributes, len(levels)).attributes)
    where = list(needed)
    missing = np.isnan(scores[..., where])
    if samples > 1:
        missing |= browse.asked(db, run, levels.shape)[..., where] < samples
    missing &= levels[..., where] >= 0
    scores[missing.any(axis=(1, 2))] = np.nan
    sizes = tuple(attribute.levels for attribute in attributes)
    return Judged(levels, sizes, scores=scores)


def _choices(
    db: Connection, run: int, levels: Levels, attributes: Sequence[Attribute], *, samples: int
) -> Judged | None:
    """Return what most samples chose; None if nothing was to be chosen, or has been so far."""
    sizes = tuple(attribute.levels for attribute in attributes)
    votes = browse.votes(db, run, levels.shape[:2])
    if samples > 1:
        none_asked = np.zeros(len(levels), dtype=np.int64)
        asked = browse.asked_choices(db, run, len(levels))
        for target, counts in votes.items():
            counts[asked.get(target, none_asked) < samples] = 0
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
