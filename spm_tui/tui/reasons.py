"""Why a pick was made, or is wrong, in a few lines; no widget."""

from collections.abc import Sequence

import numpy as np
from textual.content import Content

from spm_tui.format import number, percent
from spm_tui.plain_text import visible
from spm_tui.prompts import LETTERS
from spm_tui.scoring.standing import Status
from spm_tui.scoring.why import Why
from spm_tui.tui.plain import one_line
from spm_tui.tui.views import View

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


NOT_ASKED = Content.styled(
    "· the run was not asked about this target; [ and ] go to those it was", "$warning"
)


def chosen(view: View, *, room: int | None = None) -> Content | None:
    """Return how many samples chose the pick, and why the first of them did.

    Args:
        view: the scenario.
        room: cells that the reasoning may take; None for all it wants.

    """
    if not view.asked:
        return NOT_ASKED
    place = next((i for i, one in enumerate(view.responses) if one.picked and one.choices), None)
    if place is None:
        return None
    said = view.responses[place].choices[0].reasoning
    said = visible(said) if room is None else one_line(said, room)
    parts = [Content.assemble(*_sign(view.status), f"{_votes(view, place)}{_farther(view, place)}")]
    parts += [Content.styled(f"“{said}”", "italic")] if said else []
    return Content("\n").join(parts)


def _sign(status: Status) -> list[tuple[str, str]]:
    signs = {Status.RIGHT: ("✓ ", "$spm-right"), Status.WRONG: ("✗ ", "$spm-wrong")}
    return [signs[status]] if status in signs else []


def _votes(view: View, place: int) -> str:
    counts = [len(one.choices) for one in view.responses]
    if sum(counts) == 1:
        return f"{LETTERS[place]} was chosen"
    others = [f"{n} {LETTERS[i]}" for i, n in enumerate(counts) if n and i != place]
    return ", ".join([f"{counts[place]} of {sum(counts)} samples chose {LETTERS[place]}", *others])


def _farther(view: View, place: int) -> str:
    """How much farther the labels of a wrong pick are than the nearest ones."""
    if view.status is not Status.WRONG:
        return ""
    best = next(i for i, one in enumerate(view.responses) if one.nearest)
    gap = view.responses[place].labelled - view.responses[best].labelled
    return f"; by labels {number(gap)} farther than {LETTERS[best]}"


def shares(why: Why, names: Sequence[str]) -> str:
    """Return the attributes' shares of the wrong margin, the largest first."""
    order = np.argsort(-np.abs(why.shares), kind="stable")
    return ", ".join(
        f"{names[i]} {percent(float(why.shares[i]), digits=0)} %"
        for i in order
        if round(why.shares[i], 2)
    )
