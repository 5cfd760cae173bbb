"""Why a pick is wrong, in three lines; no widget."""

from collections.abc import Sequence

import numpy as np
from textual.content import Content

from spm_tui.format import number, percent
from spm_tui.prompts import LETTERS
from spm_tui.scoring.why import Why

FLIPS = 4
"""Sets that are listed; there can be dozens."""


def reason(why: Why, names: Sequence[str]) -> Content:
    """Return margins, the smallest corrections that would right the pick, and shares."""
    sets = [" + ".join(names[attribute] for attribute in flip) for flip in why.flips[:FLIPS]]
    more = f" or {len(why.flips) - FLIPS} other sets" if len(why.flips) > FLIPS else ""
    return Content.assemble(
        ("✗ ", "$spm-wrong"),
        f"{LETTERS[why.picked]} is predicted {number(why.predicted_margin)} nearer than"
        f" {LETTERS[why.correct]}; by labels {number(why.label_margin)} farther",
        ("\n  right if corrected: ", "$text-muted"),
        (" or ".join(sets) + more, "bold"),
        ("\n  shares of the error: ", "$text-muted"),
        shares(why, names),
    )


def shares(why: Why, names: Sequence[str]) -> str:
    """Return the attributes' shares of the wrong margin, the largest first."""
    order = np.argsort(-np.abs(why.shares), kind="stable")
    return ", ".join(
        f"{names[i]} {percent(float(why.shares[i]), digits=0)} %"
        for i in order
        if round(why.shares[i], 2)
    )
