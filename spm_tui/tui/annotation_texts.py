"""What the annotation screen says, as texts; no widget."""

from collections.abc import Collection, Sequence

from rich.cells import cell_len
from textual.content import Content

from spm_tui.format import number, percent
from spm_tui.plain_text import visible
from spm_tui.prompts import LETTERS
from spm_tui.tui.annotating import Pair, Queue, Thing, Verdict, thing
from spm_tui.tui.plain import one_line
from spm_tui.tui.widgets.run_bar import block_bar
from store.annotations import standing
from store.records import Annotation

NAMES = 24
"""Cells for a name."""
BAR = 10


def progress(queue: Queue, names: Sequence[str], *, width: int, trouble: str = "") -> Content:
    """Return how far the author is and what the next verdict is about, in one line if it fits.

    Args:
        queue: of scenarios.
        names: of the attributes.
        width: cells there are.
        trouble: what is wrong with storing; empty when nothing is.

    """
    total, author = len(queue.responses), one_line(queue.author, NAMES)
    judged, left = f"{queue.judged}/{total}", queue.left
    on = None if queue.attribute is None else one_line(names[queue.attribute], NAMES)
    letter = None if queue.response is None else LETTERS[queue.response]
    variants = (
        (f"{judged} judged", f"{left} left in this list", f"author {author}"),
        (f"{judged} judged", f"{left} left", author),
        (judged, f"{left} left", author),
    )
    scopes = (
        (f"response {letter}" if letter else "scenario as a whole", on or "all attributes"),
        (f"response {letter}" if letter else "whole scenario", on or "all attributes"),
        (letter or "whole", on or "all"),
    )
    for said, scope in zip(variants, scopes, strict=True):
        line = " · ".join([*said, *scope])
        if cell_len(line + trouble) + 3 * bool(trouble) <= width:
            break
    drawn = f"{block_bar(queue.judged / total, BAR)} " if total else ""
    if cell_len(drawn + line + trouble) + 3 * bool(trouble) > width:
        drawn = ""
    return Content.assemble(
        (drawn, "$accent"),
        (" · ".join(said), ""),
        *[
            part
            for text, chosen in zip(scope, (letter, on), strict=True)
            for part in ((" · ", "$text-muted"), (text, "bold $accent" if chosen else ""))
        ],
        (f" · {trouble}" if trouble else "", "bold $error"),
    )


def keys(shown: Sequence[tuple[str, Verdict]], said: Annotation | None, *, width: int) -> Content:
    """Return the verdicts with their keys, by brief names where room is short; one may stand."""
    names = [verdict.name for _, verdict in shown]
    line = _keys(shown, names, said)
    if line.cell_length > width:
        line = _keys(shown, [verdict.brief for _, verdict in shown], said)
    return line


def _keys(
    shown: Sequence[tuple[str, Verdict]], names: Sequence[str], said: Annotation | None
) -> Content:
    parts = []
    for (key, verdict), name in zip(shown, names, strict=True):
        stands = said is not None and said.verdict == verdict.name
        text = f"{key} {'● ' if stands else ''}{name}".replace(" ", "\N{NO-BREAK SPACE}")
        one = Content(text).stylize("bold $accent", 0, len(key))
        parts.append(one.stylize("bold", len(key)) if stands else one)
    return Content("  ").join(parts)


def given(
    queue: Queue, names: Sequence[str], waiting: Collection[Annotation], *, failed: bool
) -> Content:
    """Return what stands of the scenario at hand, everyone's, the newest first.

    Args:
        queue: of scenarios.
        names: of the attributes.
        waiting: what is not stored.
        failed: whether storing it has failed.

    """
    found = [
        entry
        for entry in reversed(standing(queue.history))
        if queue.at_hand and entry.scenario == queue.at_hand.scenario
    ]
    if not found:
        return Content.styled("no verdict on this scenario yet", "$text-muted")
    unstored = "not stored" if failed else "storing …"
    return Content("\n").join(
        [
            _given_line(entry, names, queue.author, unstored if entry in waiting else "")
            for entry in found
        ]
    )


def _given_line(entry: Annotation, names: Sequence[str], author: str, unstored: str) -> Content:
    about = scope(thing(entry), names)
    return Content.assemble(
        (one_line(entry.author, NAMES), "bold" if entry.author == author else ""),
        "  ",
        (visible(entry.verdict), "bold $accent" if entry.author == author else ""),
        (f"  {about}" if about else "", ""),
        (f"  “{one_line(entry.note, 1000)}”" if entry.note else "", "italic"),
        (f"  {entry.at:%Y-%m-%d %H:%M}", "$text-muted"),
        (f"  {unstored}" if unstored else "", "bold $error"),
    )


def scope(one: Thing, names: Sequence[str]) -> str:
    """Return which response and attribute a thing is; empty for all of the scenario."""
    parts = [] if one.response is None else [f"response {LETTERS[one.response]}"]
    if one.attribute is not None:
        parts.append(one_line(names[one.attribute], NAMES))
    return " · ".join(parts)


def undone(taken: Annotation, entry: Annotation) -> str:
    """Return what an undo did, for a notification."""
    now = "" if entry.verdict == "withdrawn" else f"; again: {entry.verdict}"
    return visible(f"undone: {taken.verdict} on scenario {taken.scenario}{now}")


def agreement_table(pairs: Sequence[Pair]) -> Content:
    """Return how far every two authors agree."""
    if not pairs:
        return Content("Fewer than two people have judged anything of this run.")
    head = f"{'authors':<32} {'both':>6} {'same %':>8} {'kappa':>7}"
    lines = [Content.styled(head, "bold")]
    for pair in pairs:
        authors = one_line(f"{pair.first} – {pair.second}", 32)
        found = pair.reliability
        lines.append(
            Content(
                f"{authors}{' ' * (32 - cell_len(authors))} {found.items:>6,}"
                f" {percent(found.agreement):>8} {number(found.kappa):>7}"
            )
        )
    lines.append(
        Content.styled(
            "\nboth: things that both have judged; a scenario as a whole, a response and an"
            "\nattribute are things apart. Skipped, withdrawn and flags do not count."
            "\nkappa: Cohen's, 1 is full agreement, 0 is chance.",
            "$text-muted",
        )
    )
    return Content("\n").join(lines)
