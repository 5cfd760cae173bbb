"""What the compare screen says: its table, its list, the scenario at hand; no widget."""

import math
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from spm_tui.format import NOTHING, count, number, percent, probability, signed
from spm_tui.plain_text import visible
from spm_tui.prompts import LETTERS
from spm_tui.report.tables import Table
from spm_tui.scoring.compare import WHAT, Change, Comparison
from spm_tui.scoring.standing import Status
from spm_tui.tui.comparison import ORDER, Line, Pairing, run_name
from spm_tui.tui.judgement import typical
from spm_tui.tui.plain import one_line
from spm_tui.tui.session import Opened
from spm_tui.tui.views import Cell, Response, View

SIGNS = {
    Change.FIXED: "▲",
    Change.BROKEN: "▼",
    Change.BOTH_WRONG: "✗",
    Change.BOTH_RIGHT: "✓",
    Change.NOT_COMPARED: "·",
}
NAMES = {
    Change.FIXED: "fixed",
    Change.BROKEN: "broken",
    Change.BOTH_WRONG: "both wrong",
    Change.BOTH_RIGHT: "both right",
    Change.NOT_COMPARED: "not compared",
}
STYLES = {
    Change.FIXED: "right",
    Change.BROKEN: "wrong",
    Change.BOTH_WRONG: "wrong",
    Change.BOTH_RIGHT: "right",
    Change.NOT_COMPARED: "dim",
}
PICKED = {Status.RIGHT: " ✓", Status.WRONG: " ✗"}
SIDE_BY_SIDE = 76
"""Cells from which on two reasonings stand beside each other."""
BESIDE = " │ "
MANY = 3
"""Lines of a response that are shown where it is not written out whole."""


def head(pairing: Pairing, width: int) -> Content:
    """Return the header line: both runs, and the target."""
    benchmark = f"{pairing.first.benchmark.name}/{pairing.first.split}"
    runs = [opened.run for opened in (pairing.first, pairing.second) if opened.run]
    target = f" │ target {pairing.steering.name}"
    room, left = width - cell_len(target), ""
    for names in (
        [run_name(run) for run in runs],
        [f"run {run.number} {run.spec.method}" for run in runs],
        pairing.tags,
    ):
        whole = [f"{name}{part}" for name, part in zip(names, pairing.parts, strict=True)]
        left = visible(f"{benchmark} · {' → '.join(whole)}")
        if cell_len(left) <= room:
            break
    return Content.assemble(one_line(left, max(room, 1)), (target, "$text-muted"))


# the table


def table(lines: Sequence[Line], tags: tuple[str, str]) -> Table:
    """Return the accuracy table in percent, for people."""
    columns = ("accuracy, %", *tags, "difference", "better", "worse", "p", "scenarios")
    return Table(
        columns,
        tuple(
            (line.targets, *_cells(line.found), count(line.found.scenarios))
            if line.found
            else (line.targets, "…", *[""] * (len(columns) - 2))
            for line in lines
        ),
    )


def _cells(c: Comparison) -> tuple[str, ...]:
    gap = NOTHING if math.isnan(c.difference) else _signed(c.difference)
    if not math.isnan(c.low):
        gap = f"{gap} [{_signed(c.low)}, {_signed(c.high)}]"
    found = percent(c.first), percent(c.second), gap, count(c.better), count(c.worse)
    return (*found, probability(c.p))


def _signed(share: float) -> str:
    return ("−" if share < 0 else "+") + percent(abs(share))


def table_text(lines: Sequence[Line], tags: tuple[str, str], width: int) -> Content:
    """Return the accuracy table in as many columns as fit; p stays before the interval."""
    full = table(lines, tags)
    rows = [full.columns, *(tuple(map(str, row)) for row in full.rows)]
    kept: list[list[str]] = []
    for columns in ((0, 1, 2, 3, 4, 5, 6, 7), (0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3), (0, 1, 2, 6)):
        kept = [[row[i] for i in columns] for row in rows]
        if sum(_widths(kept)) + 2 * (len(columns) - 1) <= width:
            break
    widths = _widths(kept)
    texts = [
        "  ".join(
            cell.ljust(size) if i == 0 else cell.rjust(size)
            for i, (cell, size) in enumerate(zip(row, widths, strict=True))
        )
        for row in kept
    ]
    return Content("\n").join(
        [
            *(
                Content.styled(text, "$text-muted" if i == 0 else "bold" if i == 1 else "")
                for i, text in enumerate(texts)
            ),
            Content.styled(one_line(_tests(lines), width), "$text-muted"),
        ]
    )


def _tests(lines: Sequence[Line]) -> str:
    """Return which tests p is of; the name alone of each, since the table is what counts."""
    made = {line.found.test for line in lines if line.found}
    names = [what for test, what in WHAT.items() if test in made]
    return f"p: {'; '.join(names)}" if names else ""


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*rows, strict=True)]


# the list


def status(pairing: Pairing, width: int) -> Content:
    """Return how many scenarios changed how, with the keys that list each kind alone."""
    full = [f"{i} {NAMES[c]} {n:,}" for i, (c, n) in enumerate(pairing.counts.items(), start=1)]
    short = [f"{SIGNS[change]}{size}" for change, size in pairing.counts.items()]
    texts = full if sum(map(len, full)) + 2 * len(full) <= width else short
    parts = [
        Content.styled(text, "bold reverse" if change is pairing.only else f"$spm-{tint}")
        for text, change in zip(texts, ORDER, strict=True)
        for tint in [STYLES[change] if STYLES[change] != "dim" else "tie"]
    ]
    return Content("  ").join(parts)


def line(pairing: Pairing, place: int, width: int) -> list[tuple[str, str]]:
    """Return a scenario's line as texts with styles, exactly `width` cells together."""
    index = int(pairing.order[place])
    change = Change(int(pairing.changes[index]))
    digits = len(str(len(pairing.first.questions)))
    number_ = f" {index + 1:0{digits}} "
    room = max(width - 1 - len(number_), 0)
    question = set_cell_size(one_line(pairing.first.questions[index], room), room)
    dim = "dim" if change is Change.NOT_COMPARED else ""
    return [
        (SIGNS[change], STYLES[change]),
        (set_cell_size(number_, min(len(number_), max(width - 1, 0))), "dim"),
        (question, dim),
    ]


# the scenario at hand


def detail(
    first: View, second: View, pairing: Pairing, *, width: int, whole: bool = False
) -> Content:
    """Return a scenario with what both runs say of each response.

    Args:
        first: as the first run has it.
        second: as the second has it.
        pairing: of the two.
        width: cells there are.
        whole: write responses out to their end.

    """
    change = Change(int(pairing.changes[first.number - 1]))
    style = f"${'spm-' + STYLES[change] if STYLES[change] != 'dim' else 'text-muted'}"
    parts = [
        Content.styled(f"{SIGNS[change]} {NAMES[change]}", style),
        Content.styled(f"{first.number}. {visible(first.question)}", "bold"),
    ]
    for place in range(len(first.responses)):
        parts += _response(first, second, place, pairing, width, whole=whole)
    return Content("\n").join(parts)


def _response(
    first: View, second: View, place: int, pairing: Pairing, width: int, *, whole: bool
) -> Iterator[Content]:
    one, other = first.responses[place], second.responses[place]
    tags = pairing.tags
    told = [
        f"{tag}'s pick{PICKED.get(seen.status, '')}"
        for tag, seen in zip(tags, (first, second), strict=True)
        if seen.responses[place].picked
    ]
    told += ["nearest to the target"] if one.nearest and first.status is not Status.TIE else []
    yield Content.styled(f"\n── {' · '.join([LETTERS[place], *told])} ──", "bold $accent")
    text = one.text if whole else one_line(one.text, MANY * width)
    yield Content(visible(text))
    distances = f"label {number(one.labelled)}, {tags[0]} {_distance(one, pairing.first)}"
    yield Content.styled(
        f"distance: {distances}, {tags[1]} {_distance(other, pairing.second)}", "$text-muted"
    )
    if one.choices or other.choices:
        yield _beside(_chose(tags[0], first, place), _chose(tags[1], second, place), width)
    for i, attribute in enumerate(pairing.first.attributes):
        on = pairing.steering.slots[i].on
        yield Content.assemble(
            (f"{visible(attribute.name)}  ", "bold" if on else "$text-muted"),
            ("label ", "$spm-label"),
            number(one.cells[i].label),
        )
        cells = one.cells[i], other.cells[i]
        left, right = (_said(tag, cell, on=on) for tag, cell in zip(tags, cells, strict=True))
        if left or right:
            yield _beside(left, right, width)


def _distance(response: Response, opened: Opened) -> str:
    """What a run says of a distance; a choosing one says nothing."""
    silent = opened.judged.scores is None or math.isinf(response.said)
    return NOTHING if silent else number(response.said)


def _chose(tag: str, seen: View, place: int) -> Content:
    """How many samples of a run chose a response, and why the first of them did."""
    choices = seen.responses[place].choices
    if not choices:
        return Content("")
    reasoning = f" “{visible(choices[0].reasoning)}”" if choices[0].reasoning else ""
    return Content.assemble(
        (f"{tag} ", "$spm-model"),
        f"chosen by {len(choices)} of {seen.choices}",
        (reasoning, "italic"),
    )


def _said(tag: str, cell: Cell, *, on: bool) -> Content:
    if math.isnan(cell.score):
        return Content("")
    score = f"{number(cell.score)} {signed(cell.error)}"
    sentence = typical(cell) if cell.reasonings else ""
    reasoning = f" “{visible(sentence)}”" if sentence else ""
    dim = "" if on else "$text-muted"
    return Content.assemble(
        (f"{tag} ", "$spm-model"), (score, dim), (reasoning, f"italic {dim}".strip())
    )


def _beside(left: Content, right: Content, width: int) -> Content:
    """Return two texts side by side, or one under the other where it is narrow."""
    if width < SIDE_BY_SIDE or not (left and right):
        return Content("\n").join([text for text in (left, right) if text])
    room = (width - len(BESIDE)) // 2
    lefts, rights = left.wrap(room), right.wrap(room)
    lines = []
    for i in range(max(len(lefts), len(rights))):
        start = lefts[i] if i < len(lefts) else Content("")
        end = rights[i] if i < len(rights) else Content("")
        padded = start.pad_right(max(room - start.cell_length, 0))
        lines.append(Content.assemble(padded, (BESIDE, "$text-muted"), end))
    return Content("\n").join(lines)
