"""Charts drawn with characters, to fit the cells there are; no widget."""

import math
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual_plotext import Plot

from spm_tui.format import count, number
from spm_tui.report.charts import Bars, Drawing, Graph, HeatMap, Line
from spm_tui.tui.plain import one_line

_EIGHTHS = " ▏▎▍▌▋▊▉"
_SHADES = " ░▒▓█"
_RESET = "\x1b[0m"
LEAST = 9
"""Lines of the lowest graph."""
NAMES = 14
VALUES = 6
APART = 56
"""Cells below which a name stands above its bars."""
STYLES = ("$spm-model", "$spm-label")
"""Of the series of bars, in order."""


def drawn(drawing: Drawing, width: int, height: int) -> Content:
    """Return a drawing as text of at most `width` cells; `height` is kept where it can be."""
    match drawing:
        case Graph():
            return graph(drawing, width, height)
        case Bars():
            return bars(drawing, width, height)
        case HeatMap():
            return heat_map(drawing, width, height)


def graph(graph: Graph, width: int, height: int) -> Content:
    """Return lines over an axis, points as ●, spreads as ╎, what is ideal as ·."""
    plot = Plot()
    plot.theme("clear")
    plot._set_size(width, max(height - 1, LEAST))  # noqa: SLF001  # plotsize() heeds the terminal
    for line in graph.lines:
        _plot(plot, line)
    plot.xlim(graph.x.low, graph.x.high)
    plot.ylim(graph.y.low, graph.y.high)
    plot.xticks([at for at, _ in graph.x.ticks], [text for _, text in graph.x.ticks])
    plot.yticks([at for at, _ in graph.y.ticks], [text for _, text in graph.y.ticks])
    text = Content(plot.build().replace(_RESET, "").rstrip("\n"))
    axes = one_line(f"{graph.y.label} ↑   {graph.x.label} →", width)
    return Content("\n").join(
        [
            Content.styled(axes, "$text-muted"),
            text.highlight_regex("[●\u2800-\u28ff╎]", style=STYLES[0]).highlight_regex(
                "·", style=STYLES[1]
            ),
        ]
    )


def _plot(plot: Plot, line: Line) -> None:
    x, y = list(line.x), list(line.y)
    if line.ideal:
        plot.plot(x, y, marker="·")
        return
    for at, middle, half in zip(x, y, line.spread, strict=False):
        plot.plot([at, at], [middle - half, middle + half], marker="╎")
    plot.plot(x, y, marker="braille")
    plot.scatter(x, y, marker="●")


def bars(bars: Bars, width: int, height: int) -> Content:
    """Return a bar per name and series, with its value."""
    groups = [_group(bars, group, width) for group in range(len(bars.names))]
    roomy = sum(map(len, groups)) + len(groups) + 1 <= height
    gap = "\n\n" if roomy else "\n"
    label = Content.styled(one_line(f"{bars.label}, 0 to 1", width), "$text-muted")
    return Content(gap).join([label, *(Content("\n").join(group) for group in groups)])


def _group(bars: Bars, group: int, width: int) -> list[Content]:
    apart, several = width < APART, len(bars.series) > 1
    name = bars.names[group]
    tag = max(cell_len(series) for series, _ in bars.series) + 1 if several else 0
    room = max(width - tag - VALUES - (1 if apart else NAMES + 1), 1)
    lines = [Content.styled(one_line(name, width), "bold")] if apart else []
    for i, (series, values) in enumerate(bars.series):
        head = " " if apart else _fit(name if i == 0 else "", NAMES) + " "
        lines.append(
            Content.assemble(
                (head, "bold"),
                (set_cell_size(series, tag) if several else "", "$text-muted"),
                (_bar(values[group], room, middle=bars.middle), STYLES[i % len(STYLES)]),
                f" {number(values[group])}",
            )
        )
    return lines


def _fit(text: str, width: int) -> str:
    return set_cell_size(one_line(text, width), width)


def _bar(value: float, room: int, *, middle: bool) -> str:
    """A share of `room` cells, with a mark at its middle where the bar does not reach."""
    full, rest = divmod(0 if math.isnan(value) else round(value * room * 8), 8)
    text = ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(room)
    half = room // 2
    if not middle:
        return text
    return text[:half] + ("┊" if text[half] == " " else "┃") + text[half + 1 :]


def heat_map(heat: HeatMap, width: int, height: int) -> Content:
    """Return counts in cells, the darker the larger their share of the row."""
    names = max(map(cell_len, heat.row_names))
    cell = min(max((width - names - 3) // len(heat.column_names), 3), 16)
    deep = min(max((height - 2) // len(heat.row_names), 1), 3)
    axes = one_line(f"{heat.rows} ↓   {heat.columns} →   shade: share of the {heat.rows}", width)
    head = " " * (names + 3) + "".join(name.center(cell) for name in heat.column_names)
    return Content("\n").join(
        [
            Content.styled(axes, "$text-muted"),
            Content.styled(head, "bold"),
            *_heat_rows(heat, names, cell, deep),
        ]
    )


def _heat_rows(heat: HeatMap, names: int, cell: int, deep: int) -> Iterator[Content]:
    shares = heat.shares()
    for row, counts in enumerate(heat.counts):
        for depth in range(deep):
            written = depth == deep // 2
            parts = [(f" {heat.row_names[row] if written else '':>{names}}  ", "bold")]
            for column, size in enumerate(counts):
                style = "$spm-right" if row == column else "$spm-model"
                text = _short(size, cell - 1) if written else ""
                shade = _SHADES[math.ceil(shares[row][column] * 4)]
                parts += [(shade * (cell - 1 - len(text)), style), (f"{text} ", "")]
            yield Content.assemble(*parts)


def _short(size: int, width: int) -> str:
    """A count in at most `width` cells, in thousands if need be."""
    if not size:
        return "·"
    text = count(size)
    if len(text) + 2 <= width:
        return f" {text}"
    for text in (str(size), f"{size / 1000:.0f}k", "…"):
        if len(text) <= width:
            break
    return text
