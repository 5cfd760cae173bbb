"""Boards as figures: accuracy by set, accuracy by number of attributes, bias.

Readable without colour: runs are told apart by their place or by the marks on their lines.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spm_tui.format import answered, percent
from spm_tui.report.board import Board, RunScore
from spm_tui.report.plotting import Drawn, Maker, drawable, render
from spm_tui.scoring.accuracy import by_attribute_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#888888")
"""Okabe and Ito's, which differ for the colour-blind, too; black is for what is ideal."""
_MARKS = "osv^DPX<>"
_LINES = ("-", "-.", ":")
_PER_INCH = 16
"""Characters of a legend."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A benchmark with the runs to be drawn for it."""

    title: str
    columns: tuple[str, ...]
    """Names of sets of targets."""
    attributes: tuple[str, ...]
    rows: Mapping[str, RunScore]
    """By their name in the figure."""
    chance: Mapping[str, float] = field(default_factory=dict)
    """Accuracy of a choice at random, by set."""


def draw(board: Board) -> Drawn:
    """Return the figures of a board."""
    panel = _panel(board)
    common = [name for name in panel.columns if all(name in row.sets for row in board.rows)]
    makers: dict[str, Maker] = {"bias": partial(bias, [panel])}
    if panel.columns:
        makers["accuracy"] = partial(accuracy, [panel])
    if common:
        makers["by_attribute_count"] = partial(by_attributes, [panel], common[0])
    return render(makers)


def _panel(board: Board) -> Panel:
    """Return a board's runs, told apart by number where they are alike otherwise."""
    seen = Counter(label(row) for row in board.rows)
    named = {
        f"{label(row)}, run {row.run.number}" if seen[label(row)] > 1 else label(row): row
        for row in board.rows
    }
    names = tuple(attribute.name for attribute in board.subject.selected)
    return Panel("", board.columns, names, named)


def label(row: RunScore) -> str:
    """Return a run's name in a legend, with how much is answered where that is not all."""
    name = ", ".join(part for part in (row.run.spec.method, row.run.spec.model) if part)
    return name if row.complete else f"{name} ({answered(row.answered, row.planned)} answered)"


def accuracy(panels: Sequence[Panel]) -> "Figure":
    """Draw accuracy by set of targets, bars with standard deviations (paper, Fig. 6)."""
    from matplotlib.figure import Figure

    heights = [max(len(panel.rows), 1) + 1 for panel in panels]
    columns = max(len(panel.columns) for panel in panels)
    figure = Figure(figsize=(3 + 1.7 * columns, 0.8 + 0.3 * sum(heights)), layout="constrained")
    grid = figure.subplots(len(panels), columns, squeeze=False, height_ratios=heights)
    for panel, line in zip(panels, grid, strict=True):
        for axes, name in zip(line, panel.columns, strict=False):
            _bars(axes, panel, name)
        for axes in line[len(panel.columns) :]:
            axes.set_axis_off()
        for axes in line[1:]:
            axes.set_yticklabels([])
        line[0].set_ylabel(_title(panel), fontsize=9, weight="bold")
    for axes in grid[-1]:
        axes.set_xlabel("accuracy, %", fontsize=8)
    figure.align_ylabels(grid[:, 0])
    legend(figure, grid.flat)
    return figure


def _title(panel: Panel) -> str:
    """Return a panel's title as it is drawn; it may have lines, none of them long."""
    return "\n".join(map(drawable, panel.title.split("\n")))


def _bars(axes: "Axes", panel: Panel, targets: str) -> None:
    for place, row in enumerate(panel.rows.values()):
        if targets not in row.sets:
            axes.text(2, place, "not run", fontsize=7, va="center", color="0.4")
            continue
        found = row.sets[targets].accuracy
        sd = 100 * found.sd if found.targets > 1 else None
        bars = {"elinewidth": 0.8, "capsize": 2}
        axes.barh(place, 100 * found.mean, 0.7, xerr=sd, color="#7FB2D6", error_kw=bars)
        axes.text(127, place, percent(found.mean), fontsize=7, va="center", ha="right")
    if targets in panel.chance:
        chance = 100 * panel.chance[targets]
        axes.axvline(
            chance, color="k", linestyle="--", linewidth=1, label="random choice, expected"
        )
    names = [drawable(name).replace(", ", "\n", 1) for name in panel.rows]
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 128)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.tick_params(axis="x", labelsize=7)
    axes.tick_params(axis="y", length=0)
    axes.set_title(drawable(targets), fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def by_attributes(panels: Sequence[Panel], targets: str) -> "Figure":
    """Draw accuracy over the number of attributes a target names (paper, Fig. 8)."""
    from matplotlib.figure import Figure

    across = min(len(panels), 2)
    down = -(-len(panels) // across)
    styles = _styles(panels)
    figure = Figure(figsize=(4.2 * across + 0.6, 3 * down + 0.8), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        there = {name: row for name, row in panel.rows.items() if targets in row.sets}
        for place, (name, row) in enumerate(there.items()):
            groups = by_attribute_count(row.sets[targets].each)
            beside = 0.4 * ((place + 0.5) / len(there) - 0.5)
            axes.errorbar(
                [count + beside for count in groups],
                [100 * mean for mean, _, _ in groups.values()],
                yerr=[100 * sd for _, sd, _ in groups.values()],
                elinewidth=0.6,
                label=drawable(name),
                **styles[name],
            )
        axes.set_ylim(*np.clip(axes.get_ylim(), 0, 102))  # deviations may reach beyond
        axes.set_xticks(range(1, len(panel.attributes) + 1))
        axes.set_xlabel(drawable(f"attributes in a target ({targets})"), fontsize=8)
        axes.set_ylabel("accuracy, %", fontsize=8)
        axes.set_title(_title(panel), fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(axis="y", color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    legend(figure, grid.flat)
    return figure


def bias(panels: Sequence[Panel]) -> "Figure | None":
    """Draw mean labels of selected responses against the ideal ones (paper, Fig. 7).

    None where no panel has three attributes or more, and a run on a set of one target.
    """
    from matplotlib.figure import Figure

    shown = [panel for panel in panels if len(panel.attributes) > 2 and _biased(panel)]
    if not shown:
        return None
    sets = list(dict.fromkeys(name for panel in shown for name in _biased(panel)))
    styles = _styles(shown)
    size = (3.2 * len(sets) + 0.4, 3.9 * len(shown) + 0.8)  # circles, with names above and below
    figure = Figure(figsize=size, layout="constrained")
    polar = {"projection": "polar"}
    grid = figure.subplots(len(shown), len(sets), squeeze=False, subplot_kw=polar)
    for panel, line in zip(shown, grid, strict=True):
        for axes, name in zip(line, sets, strict=True):
            told = {run: row for run, row in panel.rows.items() if name in row.bias}
            for run, row in told.items():
                outline(axes, row.bias[name].picked, label=drawable(run), **styles[run])
            fullest = max(told.values(), key=lambda row: row.answered)
            ideal = fullest.bias[name].ideal
            outline(axes, ideal, color="k", linestyle="--", linewidth=1.5, label="ideal")
            spokes(axes, panel.attributes)
            axes.set_title(f"{_title(panel)}, {drawable(name)}".lstrip(", "), fontsize=9)
    legend(figure, grid.flat)
    return figure


def _biased(panel: Panel) -> list[str]:
    return list(dict.fromkeys(name for row in panel.rows.values() for name in row.bias))


def outline(axes: "Axes", values: Sequence[float] | np.ndarray, **style: Any) -> None:
    """Draw a value per attribute as a closed line around a polar graph."""
    angles = 2 * np.pi * np.arange(len(values)) / len(values)
    axes.plot(np.append(angles, angles[0]), np.append(values, values[0]), **style)


def spokes(axes: "Axes", names: Sequence[str]) -> None:
    """Name the attributes around a polar graph from 0 to 1, clockwise from the top."""
    polar: Any = axes
    polar.set_theta_zero_location("N")
    polar.set_theta_direction(-1)
    angles = 2 * np.pi * np.arange(len(names)) / len(names)
    axes.set_xticks(angles, [drawable(name) for name in names], fontsize=8)
    axes.tick_params(axis="x", labelrotation="auto", pad=-1)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["", "", "1"])  # 0.5 would lie on the lines
    axes.tick_params(axis="y", labelsize=6, labelcolor="0.3")
    polar.set_rlabel_position(180 / len(names))
    axes.grid(color="0.85")


def style(place: int) -> dict[str, Any]:
    """Return how the line at a place among others looks."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": _MARKS[place % len(_MARKS)],
        "linestyle": _LINES[place % len(_LINES)],
        "markersize": 3.5,
        "linewidth": 1.1,
    }


def _styles(panels: Sequence[Panel]) -> dict[str, dict[str, Any]]:
    """Return how each run's line looks, the same in every panel."""
    names = dict.fromkeys(name for panel in panels for name in panel.rows)
    return {name: style(place) for place, name in enumerate(names)}


def legend(figure: "Figure", panels: Iterable["Axes"]) -> None:
    """Explain below the figure what its panels show, each once."""
    handles: dict[str, Any] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    if handles:
        room = int(_PER_INCH * figure.get_figwidth())
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside lower center",
            ncols=max(1, room // (max(map(len, handles)) + 8)),
            fontsize=7.5,
            frameon=False,
        )
