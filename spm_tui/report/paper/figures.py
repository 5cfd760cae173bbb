"""Figures 5 to 8 of the paper, and the histograms of its Appendix A."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spm_tui import targets
from spm_tui.report import figures
from spm_tui.report.figures import Panel
from spm_tui.report.paper.appendix import SPLITS, alike, benchmarks, label_counts
from spm_tui.report.paper.baselines import ordered
from spm_tui.report.paper.choice import Chosen
from spm_tui.report.paper.part import Key, Part
from spm_tui.report.plotting import Drawn, drawable, render
from spm_tui.targets import Target
from store.records import Attribute, Benchmark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAPTIONS = {
    "figure5_targets": (
        "Figure 5. Targets",
        "The sampled targets by the number of attributes they name: a line through the values each"
        " wants, from 0 at the inner ring to 1 at the outer one. Points at the same value lie"
        " beside one another.",
    ),
    "figure6_accuracy": (
        "Figure 6. Accuracy by set of targets",
        "Bars: mean; lines through their ends: standard deviation over targets. The runs and"
        " their settings are those of the table of all methods and baselines.",
    ),
    "figure7_bias": (
        "Figure 7. Bias",
        "Mean labels of the responses picked for the targets high and low; 0 is the middle, the"
        " rings are 0.5 and 1. Ideal is what the oracle picks of the scenarios that the fullest"
        " run answered. Of a method's greedy and sampled runs the sampled one is shown; methods"
        " that only Tables 1 and 2 compare are left out where there are others.",
    ),
    "figure8_attributes": (
        "Figure 8. Accuracy by the number of attributes in a target",
        "Mean and standard deviation over the sampled targets of each size; the runs are those of"
        " Figure 7.",
    ),
    "appendix_a_labels": ("Appendix A. Label distributions", ""),
}
"""Title and what a reader must know, by name of the file, without suffix."""
_ABLATIONS = ("zero-shot-comparative", "zero-shot-regression", "prompt-aligned-few-shot")


def draw(parts: Sequence[Part]) -> Drawn:
    """Return the figures."""
    bars = [
        _panel(part, "\n".join(drawable(part.title).split(" ", 2)), chosen)  # upright
        for part in parts
        if (chosen := ordered(part))
    ]
    lines = [panel for part in parts for panel in by_backbone(part)]
    return render(
        {
            "figure5_targets": partial(_targets, parts),
            "figure6_accuracy": lambda: figures.accuracy(bars) if bars else None,
            "figure7_bias": partial(figures.bias, lines),
            "figure8_attributes": lambda: (
                figures.by_attributes(lines, "sampled") if lines else None
            ),
            "appendix_a_labels": lambda: _labels(benchmarks(parts)),
        }
    )


def _panel(part: Part, title: str, chosen: Sequence[Chosen], *, short: bool = False) -> Panel:
    return Panel(
        title=title,
        columns=part.board.columns,
        attributes=tuple(attribute.name for attribute in part.subject.selected),
        rows={_name(part, one, short=short): one.row for one in chosen},
        chance=part.chance,
    )


def _name(part: Part, one: Chosen, *, short: bool) -> str:
    """Name a run, with the scenarios it answered where they are not the whole split."""
    of, answered = len(part.subject.scenarios), one.row.answered
    name = _short(one.key) if short else str(one.key)
    return name if answered == of else f"{name}, n = {answered} of {of}"


def _short(key: Key) -> str:
    """Name a run without its backbone, unless it is a model that no other method has."""
    return f"{key.method}, {key.decoding}" if key.decoding else str(key)


def by_backbone(part: Part) -> Iterator[Panel]:
    """Yield a panel per backbone, few enough lines in each to be told apart.

    Without what Tables 1 and 2 compare, unless there is nothing else, without greedy runs that
    have a sampled twin, and without the oracle, which is the ideal.
    """
    every = [one for one in ordered(part) if one.key.method != "oracle"]
    keys = [one.key for one in every]
    kept = [
        one
        for one in every
        if replace(one.key, decoding="sampling") not in keys or one.key.decoding != "greedy"
    ]
    backbones = dict.fromkeys(one.key.backbone for one in kept if one.key.decoding)
    for backbone in backbones or [""]:
        here = [one for one in kept if not one.key.decoding or one.key.backbone == backbone]
        title = ", ".join(filter(None, (part.title, backbone)))
        if main := [one for one in here if one.key.method not in _ABLATIONS]:
            yield _panel(part, title, main, short=True)
        elif here:
            yield _panel(part, title, here, short=True)


def _targets(parts: Sequence[Part]) -> "Figure":
    """Draw the sampled targets: a row per benchmark, a graph per number of attributes."""
    from matplotlib.figure import Figure

    found = {title: one.attributes for title, one in alike(parts).items()}
    across = max(map(len, found.values()))
    figure = Figure(figsize=(2 * across, 2.3 * len(found)), layout="constrained")
    polar = {"projection": "polar"}
    grid = figure.subplots(len(found), across, squeeze=False, subplot_kw=polar)
    for (title, attributes), line in zip(found.items(), grid, strict=True):
        every = targets.sampled(attributes).targets
        for size, axes in enumerate(line[: len(attributes)], start=1):
            _around(axes, [one for one in every if len(one.values) == size], attributes)
            axes.set_title(f"{size} attribute{'s' if size > 1 else ''}", fontsize=8)
        line[0].set_ylabel(drawable(title), fontsize=9, weight="bold", labelpad=24)
        for axes in line[len(attributes) :]:
            axes.set_axis_off()
    return figure


def _around(axes: "Axes", every: Sequence[Target], attributes: Sequence[Attribute]) -> None:
    """Draw targets as lines through the values they want; equal points lie beside one another."""
    for place, target in enumerate(every):
        values, weights = targets.arrays([target], attributes)
        named = np.flatnonzero(weights[0])
        turned = 2 * np.pi * named / len(attributes) + 0.05 * (place - (len(every) - 1) / 2)
        angles, radii = turned, values[0, named]
        if len(named) > 2:
            angles, radii = np.append(angles, angles[0]), np.append(radii, radii[0])
        thin = {"markersize": 3, "linewidth": 0.7, "alpha": 0.8}
        axes.plot(angles, radii, **(figures.style(place) | thin))
    figures.spokes(axes, [attribute.name for attribute in attributes])
    polar: Any = axes
    polar.set_rorigin(-0.4)  # apart from one another also at 0
    axes.set_ylim(-0.05, 1.05)


def _labels(named: dict[str, Benchmark]) -> "Figure":
    """Draw how often each level occurs: a row per benchmark, a graph per attribute."""
    from matplotlib.figure import Figure

    across = max(len(benchmark.attributes) for benchmark in named.values())
    figure = Figure(figsize=(1.9 * across + 0.4, 1.9 * len(named) + 0.4), layout="constrained")
    grid = figure.subplots(len(named), across, squeeze=False, sharey="row")
    for (title, benchmark), line in zip(named.items(), grid, strict=True):
        for place, split in enumerate(SPLITS):
            counts = label_counts(benchmark, split)
            for axes, attribute, one in zip(line, benchmark.attributes, counts, strict=False):
                shares = 100 * np.array(one) / max(sum(one), 1)
                hatch, colour = ("////", "white") if split == "train" else ("", "0.35")
                bars = np.arange(attribute.levels) + 0.4 * place - 0.2
                axes.bar(
                    bars, shares, 0.4, color=colour, hatch=hatch, edgecolor="0.35", label=split
                )
                axes.set_title(drawable(attribute.name), fontsize=8)
                axes.set_xticks(range(attribute.levels))
                axes.tick_params(labelsize=7)
                axes.spines[["top", "right"]].set_visible(False)
        line[0].set_ylabel(f"{drawable(title)}\n% of responses", fontsize=8)
        for axes in line[len(benchmark.attributes) :]:
            axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("level of the label", fontsize=8)
    figures.legend(figure, grid.flat)
    return figure
