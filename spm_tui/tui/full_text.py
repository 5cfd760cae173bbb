"""A scenario written out whole, for reading at full size, copying and files; no widget."""

from collections.abc import Sequence
from math import isnan

from textual.content import Content

from spm_tui.format import number, signed
from spm_tui.plain_text import visible
from spm_tui.tui.views import Cell, Response, View
from spm_tui.tui.widgets.scenario_detail import title


def full_text(view: View, names: Sequence[str], *, reason: Content | None = None) -> Content:
    """Return question, why the pick is wrong, responses, scores, every sample's reasoning."""
    parts = [Content.styled(f"{view.number}. {visible(view.question)}", "bold")]
    parts += [Content(""), reason] if reason else []
    for place, response in enumerate(view.responses):
        parts += _response(place, response, view, names)
    return Content("\n").join(parts)


def _response(place: int, response: Response, view: View, names: Sequence[str]) -> list[Content]:
    head = title(place, response, view.status)
    lines = [
        Content.styled(f"\n── {head} ──", "bold $accent"),
        Content(visible(response.text)),
        *_choices(response, view),
        Content.styled(
            f"\ndistance from the target: label {number(response.labelled)}{_said(response)}",
            "$text-muted",
        ),
    ]
    for name, cell in zip(names, response.cells, strict=True):
        lines += _cell(name, cell)
    return lines


def _said(response: Response) -> str:
    return "" if isnan(response.said) else f", model {number(response.said)}"


def _choices(response: Response, view: View) -> list[Content]:
    """Who chose a response, and why each did."""
    if not response.choices:
        return []
    lines = [Content.styled(f"\nchosen by {len(response.choices)} of {view.choices}", "bold")]
    for one in response.choices:
        which = f"sample {one.sample + 1}  " if view.choices > 1 else ""
        said = f"“{visible(one.reasoning)}”" if one.reasoning else ""
        if which or said:
            lines.append(Content.assemble(("  " + which, "$text-muted"), (said, "italic")))
    return lines


def _cell(name: str, cell: Cell) -> list[Content]:
    scores = f"label {number(cell.label)}"
    if not isnan(cell.score):
        scores += f"  model {number(cell.score)}  {signed(cell.error)}"
    lines = [Content.assemble((f"{name:<12}", "bold"), f" {scores}")]
    for sample, (score, text) in enumerate(zip(cell.samples, cell.reasonings, strict=True)):
        which = f"sample {sample + 1}  {number(score)}  " if len(cell.samples) > 1 else ""
        lines.append(
            Content.assemble(("  " + which, "$text-muted"), (f"“{visible(text)}”", "italic"))
        )
    return lines
