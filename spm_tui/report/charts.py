"""Charts of a single run as plain values, and drawn as PNG or SVG.

The app draws the same values with characters; here is what they are and how they look on paper.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from spm_tui.errors import InputError
from spm_tui.report.plotting import FORMATS, drawable, encoded, plotting
from spm_tui.report.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a graph."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    """Where, and what is written there."""


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined by a line."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    spread: tuple[float, ...] = ()
    """Half the length of the bar through each point; none if empty."""
    ideal: bool = False
    """Whether it is what the others are held against."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Lines over an axis."""

    x: Axis
    y: Axis
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """One group of bars per name, in [0, 1]."""

    label: str
    """What their length says."""
    names: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    """Name, and a value per group; NaN for none."""
    middle: bool = False
    """Whether 0.5 is marked, as the place without bias."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Counts by row and column."""

    rows: str
    """What the rows are."""
    columns: str
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def shares(self) -> list[list[float]]:
        """Return each count as a share of its row: how dark its cell is."""
        return [[count / max(sum(row), 1) for count in row] for row in self.counts]


Drawing: TypeAlias = Graph | Bars | HeatMap


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with what it shows in words and in numbers."""

    name: str
    """The beginning of a file's name."""
    title: str
    drawing: Drawing | None
    """None where there is nothing to draw."""
    sentence: str
    """What to see in it, or why there is nothing."""
    table: Table


def draw(chart: Chart, path: Path) -> bytes:
    """Return a chart as the file that the path's suffix names.

    Raises:
        InputError: the suffix is neither .png nor .svg, or there is nothing to draw.
        Unforeseen: it cannot be drawn.

    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise InputError("a chart is written as .png or .svg", path=path)
    if chart.drawing is None:
        raise InputError(f"nothing to draw: {chart.sentence}")
    with plotting(font_size=9):
        return encoded(_figure(chart, chart.drawing), suffix)


def _figure(chart: Chart, drawing: Drawing) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_title(drawable(chart.title), fontsize=9)
    match drawing:
        case Graph():
            _graph(axes, drawing)
        case Bars():
            _bars(axes, drawing)
        case HeatMap():
            _heat_map(axes, drawing)
    if axes.get_legend_handles_labels()[1][1:]:
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _graph(axes: "Axes", graph: Graph) -> None:
    for line in graph.lines:
        style = "k--" if line.ideal else "o-"
        bars = line.spread or None
        axes.errorbar(
            line.x, line.y, bars, fmt=style, linewidth=1, capsize=2, label=drawable(line.name)
        )
    for axis, limits, ticks, label in (
        (graph.x, axes.set_xlim, axes.set_xticks, axes.set_xlabel),
        (graph.y, axes.set_ylim, axes.set_yticks, axes.set_ylabel),
    ):
        ticks([place for place, _ in axis.ticks], [drawable(text) for _, text in axis.ticks])
        limits(axis.low, axis.high)
        label(drawable(axis.label))


def _bars(axes: "Axes", bars: Bars) -> None:
    height = 0.8 / len(bars.series)
    for i, (name, values) in enumerate(bars.series):
        places = [group + i * height - 0.4 + height / 2 for group in range(len(values))]
        axes.barh(places, values, height, label=drawable(name))
    if bars.middle:
        axes.axvline(0.5, color="k", linestyle="--", linewidth=1)
    axes.set_yticks(range(len(bars.names)), [drawable(name) for name in bars.names])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel(drawable(bars.label))


def _heat_map(axes: "Axes", heat: HeatMap) -> None:
    shares = heat.shares()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, counts in enumerate(heat.counts):
        for column, count in enumerate(counts):
            colour = "white" if shares[row][column] > 0.5 else "black"
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(heat.column_names)), list(map(drawable, heat.column_names)))
    axes.set_yticks(range(len(heat.row_names)), list(map(drawable, heat.row_names)))
    axes.set_xlabel(drawable(heat.columns))
    axes.set_ylabel(drawable(heat.rows))
