"""One scenario as text: question, responses, labels beside scores, reasoning."""

from collections.abc import Mapping

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from spm_tui.format import number
from spm_tui.tui.session import Opened, Standing

BAR = 5
"""Cells of a full bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(value: float) -> str:
    """Return a share of 1 as a bar of block characters; NaN is blank."""
    if np.isnan(value):
        return " " * BAR
    eighths = round(value * BAR * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(BAR)


def scenario_detail(
    opened: Opened, index: int, standing: Standing, reasons: Mapping[tuple[int, int], str]
) -> RenderableType:
    """Return the detail of the scenario at `index`; texts of the data are never markup."""
    scenario = opened.subject.scenarios[index]
    parts: list[RenderableType] = [Text(f"{scenario.number}. {scenario.question}", style="bold")]
    for place, response in enumerate(scenario.responses):
        title = Text(f"\n{chr(ord('A') + place)}", style="bold")
        if place == standing.picked:
            title.append("  ◀ model's pick")
        if place in standing.right:
            title.append("  ★ nearest to the target")
        parts += [
            title,
            Text(response.text),
            Padding(_scores(opened, index, place, reasons), (1, 0, 0, 2)),
        ]
    return Group(*parts)


def _scores(
    opened: Opened, index: int, place: int, reasons: Mapping[tuple[int, int], str]
) -> Group:
    scores = opened.judged.scores
    names = [attribute.name for attribute in opened.subject.selected]
    width = max(map(len, names))
    lines = []
    for column, name in enumerate(names):
        label = float(opened.judged.values[index, place, column])
        score = float("nan") if scores is None else float(scores[index, place, column])
        lines.append(
            Text(
                f"{name:{width}}  label {bar(label)} {number(label)}"
                f"  model {bar(score)} {number(score)}",
                no_wrap=True,
            )
        )
        if reason := reasons.get((place, opened.subject.attributes[column])):
            lines.append(Text(reason, style="dim"))
    return Group(*lines)
