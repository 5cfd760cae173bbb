"""The charts of one run: their numbers, and the sentence under each; no widget."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spm_tui import targets
from spm_tui.format import count, number, percent
from spm_tui.report.charts import Axis, Bars, Chart, Graph, HeatMap, Line
from spm_tui.report.tables import Table
from spm_tui.scoring import grid
from spm_tui.scoring.accuracy import by_attribute_count, summarise
from spm_tui.scoring.bias import bias
from spm_tui.scoring.diagnosis import calibration, confusion, error_by_length, position_bias
from spm_tui.scoring.outcomes import listed
from spm_tui.tui.study import Extra, Kind, Study, decoded, missing, orders

_SHARES = tuple((share / 4, number(share / 4)) for share in range(5))
_PERCENTS = tuple((float(share), str(share)) for share in range(0, 101, 20))


def chart(study: Study, kind: Kind, choice: str, extra: Extra) -> Chart:
    """Return a chart of what `choice` says, one of `choices`."""
    if why := missing(study, kind):
        return Chart(kind, kind, None, why, Table((), ()))
    makers: dict[Kind, Callable[[], Chart]] = {
        "attributes": lambda: by_attributes(study, choice),
        "bias": lambda: picked_labels(study, choice),
        "levels": lambda: by_level(study, study.names.index(choice)),
        "calibration": lambda: calibrated(study, study.names.index(choice)),
        "length": lambda: by_length(study, extra),
        "position": lambda: by_position(study, extra),
    }
    made = makers[kind]()
    return replace(made, title=f"{made.title}, {study.part}") if study.part else made


def by_attributes(study: Study, which: str) -> Chart:
    """Return accuracy by the number of attributes that a target names (paper, Fig. 8)."""
    judged = study.judged
    if which == "all":
        outcomes = grid.everything(judged)
    else:
        members = targets.sampled(study.attributes).targets
        outcomes = listed(judged, *targets.arrays(members, study.attributes))
    _, each = summarise(outcomes, scenarios=len(judged.levels), resamples=0)
    groups = by_attribute_count(each)
    table = Table(
        ("set", "attributes", "targets", "mean", "sd"),
        tuple((which, named, size, mean, sd) for named, (mean, sd, size) in groups.items()),
    )
    title = f"accuracy by attributes in the target, set {which}"
    if not groups:
        told = judged.targets is not None
        nothing = "Every target is a tie everywhere" + (
            ", or was not asked about." if told else "."
        )
        return Chart("by_attribute_count", title, None, nothing, table)
    means = [100 * mean for mean, _, _ in groups.values()]
    line = Line(
        "accuracy",
        tuple(map(float, groups)),
        tuple(means),
        spread=tuple(100 * sd for _, sd, _ in groups.values()),
    )
    most = len(study.attributes)
    ticks = tuple((float(n), str(n)) for n in range(1, most + 1))
    drawing = Graph(
        Axis("attributes in the target", 0.5, most + 0.5, ticks),
        Axis("accuracy, %", 0, 100, _PERCENTS),
        (line,),
    )
    first, last = min(groups), max(groups)
    sentence = f"Accuracy is {_share(means[0])} for targets of {_plural(first, 'attribute')}"
    if last > first:
        sentence += f" and {_share(means[-1])} for those of {last}"
    sentence += "; the bars are one standard deviation over targets."
    return Chart("by_attribute_count", title, drawing, sentence, table)


def _share(value: float) -> str:
    return f"{percent(value / 100)} %"


def _plural(size: int, noun: str) -> str:
    return f"{count(size)} {noun}{'s' if size != 1 else ''}"


def picked_labels(study: Study, which: str) -> Chart:
    """Return mean labels of the picked responses beside the ideal ones (paper, Fig. 7)."""
    value, weight = study.value, study.weight
    if which in ("high", "low"):
        value = np.full(len(study.attributes), float(which == "high"))
        weight = np.ones(len(study.attributes))
    found = bias(study.judged, value, weight)
    picked, ideal = tuple(found.picked.tolist()), tuple(found.ideal.tolist())
    table = Table(
        ("target", "attribute", "picked", "ideal"),
        tuple((which, *row) for row in zip(study.names, picked, ideal, strict=True)),
    )
    title = f"picked labels, target {which}"
    if np.isnan(found.picked).all():
        return Chart(
            f"bias_{which}", title, None, "The run was not asked about this target.", table
        )
    far = int(np.argmax(np.abs(found.picked - found.ideal)))
    sentence = (
        f"For target {which}, the labels of the picked responses are farthest from the ideal on"
        f" {study.names[far]}: {number(picked[far])} instead of {number(ideal[far])} on average."
    )
    drawing = Bars("mean label", study.names, (("picked", picked), ("ideal", ideal)))
    return Chart(f"bias_{which}", title, drawing, sentence, table)


def by_level(study: Study, attribute: int) -> Chart:
    """Return how often each label level was predicted as each level."""
    counts, name = confusion(study.judged, attribute), study.names[attribute]
    levels = tuple(map(str, range(len(counts))))
    table = Table(
        ("attribute", "label", "predicted", "responses"),
        tuple(
            (name, label, predicted, int(size))
            for label, row in enumerate(counts)
            for predicted, size in enumerate(row)
        ),
    )
    total, most = max(int(counts.sum()), 1), int(counts.sum(axis=0).argmax())
    sentence = (
        f"{percent(np.trace(counts) / total)} % of {_plural(int(counts.sum()), 'response')} are"
        f" predicted at the level of their label, on the diagonal; level {most} is predicted most,"
        f" for {percent(counts[:, most].sum() / total)} %."
    )
    rows = tuple(tuple(map(int, row)) for row in counts)
    drawing = HeatMap("label", "predicted level", levels, levels, rows)
    return Chart(f"levels_{_word(name)}", f"levels of {name}", drawing, sentence, table)


def _word(name: str) -> str:
    """A name that can stand in a file's name."""
    return "".join(sign if sign.isalnum() else "-" for sign in name)


def calibrated(study: Study, attribute: int) -> Chart:
    """Return mean label against mean score, over parts of the scale."""
    bins, name = calibration(study.judged, attribute), study.names[attribute]
    table = Table(
        ("attribute", "score", "label", "responses"),
        tuple((name, one.score, one.label, one.count) for one in bins),
    )
    total = sum(one.count for one in bins)
    gap = sum(one.count * abs(one.score - one.label) for one in bins) / max(total, 1)
    lean = sum(one.count * (one.score - one.label) for one in bins) / max(total, 1)
    side = "above" if lean > 0 else "below"
    sentence = (
        f"Points on the diagonal are calibrated; here they are {number(gap)} off on average."
        f" Scores are {number(abs(lean))} {side} labels."
    )
    drawing = Graph(
        Axis("score", 0, 1, _SHARES),
        Axis("mean label", 0, 1, _SHARES),
        (
            Line("calibrated", (0.0, 1.0), (0.0, 1.0), ideal=True),
            Line(name, tuple(one.score for one in bins), tuple(one.label for one in bins)),
        ),
    )
    title = f"calibration on {name}"
    return Chart(f"calibration_{_word(name)}", title, drawing, sentence, table)


def by_length(study: Study, extra: Extra) -> Chart:
    """Return mean absolute error over groups of responses in order of length."""
    if extra.lengths is None:
        raise ValueError("the lengths of the responses have not been read")
    bins = error_by_length(study.judged, extra.lengths)
    table = Table(
        ("shortest", "longest", "error", "responses"),
        tuple((one.shortest, one.longest, one.error, one.count) for one in bins),
    )
    title = "mean absolute error by response length"
    if not bins:
        return Chart("length", title, None, "No response has all its scores.", table)
    top = min(math.ceil(max(one.error for one in bins) * 10 + 0.5) / 10, 1)
    ticks = tuple((i * top / 4, number(i * top / 4)) for i in range(5))
    places = tuple(float(place) for place in range(1, len(bins) + 1))
    drawing = Graph(
        Axis(
            "characters, up to",
            0.5,
            len(bins) + 0.5,
            tuple((p, count(one.longest)) for p, one in zip(places, bins, strict=True)),
        ),
        Axis("error", 0, top, ticks),
        (Line("error", places, tuple(one.error for one in bins)),),
    )
    first, last = bins[0], bins[-1]
    sentence = (
        f"The mean absolute error is {number(first.error)} for the shortest responses (up to"
        f" {_plural(first.longest, 'character')}) and {number(last.error)} for the longest"
        f" (from {_plural(last.shortest, 'character')})."
    )
    return Chart("length", title, drawing, sentence, table)


def by_position(study: Study, extra: Extra) -> Chart:
    """Return how often the response shown first scores higher than the one shown last."""
    if extra.samples is None or study.run is None:
        raise ValueError("the scores of the single samples have not been read")
    found = position_bias(extra.samples, orders(study, extra.keys, extra.samples.shape[-1]))
    shares = tuple(found.share.tolist())
    rows = zip(study.names, shares, found.comparisons.tolist(), found.equal.tolist(), strict=True)
    table = Table(("attribute", "share", "comparisons", "equal"), tuple(rows))
    differ = found.comparisons - found.equal
    title = "first response scores higher than the last"
    if not differ.any():
        return Chart("position", title, None, "No two responses have different scores.", table)
    known = np.flatnonzero(differ)
    overall = float((found.share[known] * differ[known]).sum() / differ.sum())
    far = int(known[np.argmax(np.abs(found.share[known] - 0.5))])
    stored = "" if decoded(study.run)[0] else " Greedy decoding shows them in stored order."
    sentence = (
        f"The response shown first scores higher in {percent(overall)} % of"
        f" {count(int(differ.sum()))} comparisons; 50 % is no bias. It is farthest from that on"
        f" {study.names[far]}: {percent(shares[far])} %.{stored}"
    )
    drawing = Bars("share of comparisons", study.names, (("share", shares),), middle=True)
    return Chart("position", title, drawing, sentence, table)
