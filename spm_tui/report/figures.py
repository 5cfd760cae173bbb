"""A board as figures: accuracy by set, accuracy by number of attributes, bias."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from spm_tui.report.board import Board, RunScore
from spm_tui.scoring.accuracy import by_attribute_count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")


def draw(board: Board) -> dict[str, bytes]:
    """Return the figures as files: name with suffix → content."""
    import matplotlib as mpl

    drawn: dict[str, bytes] = {}
    with mpl.rc_context({"svg.hashsalt": "spm-tui", "font.size": 9}):
        for name, figure in _figures(board).items():
            for suffix in FORMATS:
                content = BytesIO()
                date: dict[str, Any] = {"metadata": {"Date": None}} if suffix == "svg" else {}
                figure.savefig(content, format=suffix, dpi=150, **date)
                drawn[f"{name}.{suffix}"] = content.getvalue()
    return drawn


def _figures(board: Board) -> Mapping[str, "Figure"]:
    makers: dict[str, Callable[[Board], Figure | None]] = {
        "accuracy": _accuracy,
        "by_attribute_count": _by_attribute_count,
        "bias": _bias,
    }
    figures = {name: make(board) for name, make in makers.items()}
    return {name: figure for name, figure in figures.items() if figure is not None}


def label(row: RunScore) -> str:
    """Return a run's name in a legend."""
    return " ".join(part for part in (row.run.spec.method, row.run.spec.model) if part)


def _accuracy(board: Board) -> "Figure | None":
    """Bars by target set with standard deviations (paper, Fig. 6)."""
    from matplotlib.figure import Figure

    if not board.columns:
        return None
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(board.rows)
    places = np.arange(len(board.columns))
    for i, row in enumerate(board.rows):
        there = [name in row.sets for name in board.columns]
        found = [row.sets[name].accuracy for name in board.columns if name in row.sets]
        axes.bar(
            places[there] + i * width - 0.4 + width / 2,
            [100 * a.mean for a in found],
            width,
            yerr=[100 * a.sd for a in found],
            capsize=2,
            label=label(row),
        )
    axes.set_xticks(places, board.columns)
    axes.set_ylabel("alignment accuracy, %")
    axes.set_ylim(0, 105)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def _by_attribute_count(board: Board) -> "Figure | None":
    """Lines over the number of attributes a target names (paper, Fig. 8).

    Of the first set that all runs were run on.
    """
    from matplotlib.figure import Figure

    common = [name for name in board.columns if all(name in row.sets for row in board.rows)]
    if not common:
        return None
    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axes = figure.subplots()
    for row in board.rows:
        groups = by_attribute_count(row.sets[common[0]].each)
        axes.errorbar(
            list(groups),
            [100 * mean for mean, _, _ in groups.values()],
            yerr=[100 * sd for _, sd, _ in groups.values()],
            marker="o",
            capsize=2,
            label=label(row),
        )
    axes.set_xticks(range(1, len(board.subject.selected) + 1))
    axes.set_xlabel(f"attributes in the target (set {common[0]})")
    axes.set_ylabel("alignment accuracy, %")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def _bias(board: Board) -> "Figure | None":
    """Mean labels of selected responses against the ideal ones (paper, Fig. 7)."""
    from matplotlib.figure import Figure

    names = [attribute.name for attribute in board.subject.selected]
    sets = [one.name for one in board.sets if any(one.name in row.bias for row in board.rows)]
    if not sets or len(names) < 3:
        return None
    figure = Figure(figsize=(3.6 * len(sets), 3.8), layout="constrained")
    angles = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    closed = np.append(angles, angles[0])
    panels = np.atleast_1d(figure.subplots(1, len(sets), subplot_kw={"projection": "polar"}))
    for axes, one in zip(panels, sets, strict=True):
        told = [row for row in board.rows if one in row.bias]
        for row in told:
            picked = row.bias[one].picked
            axes.plot(closed, np.append(picked, picked[0]), label=label(row))
        ideal = told[0].bias[one].ideal
        axes.plot(closed, np.append(ideal, ideal[0]), "k--", linewidth=1, label="ideal")
        axes.set_xticks(angles, names)
        axes.set_ylim(0, 1)
        axes.set_title(f"target {one}")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False
    )
    return figure
