"""The documents that collect everything: `paper.md` for people, `paper.json` for programs."""

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from spm_tui.report import escapes
from spm_tui.report.paper.comparison import Compared
from spm_tui.report.paper.content import SPLITS, fingerprint
from spm_tui.report.paper.figures import CAPTIONS
from spm_tui.report.paper.part import Part
from spm_tui.report.paper.published import Column, Dataset, Published
from spm_tui.report.paper.sheet import Sheet
from spm_tui.report.paper.wording import fenced
from spm_tui.report.text import json_text
from store.identity import Canonical

WORDING = "appendix_c_prompts.md"
"""The file with the prompts."""
HEADING = "# The paper's tables and figures"
"""Of the document for people."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing of one backbone on one of the paper's datasets."""

    dataset: Dataset
    imported_by: str
    """The command that may be needed first: no run is on it. Else empty."""
    backbone: str
    lacks: tuple[str, ...]
    """Cells, for people."""
    command: str
    """That fills them."""


def gaps(cells: Sequence[Compared], published: Published, parts: Sequence[Part] = ()) -> list[Gap]:
    """Return what is missing of the published cells, or answered in part only.

    Args:
        cells: of all tables.
        published: what the paper reports.
        parts: the runs; names of their benchmarks are taken.

    """
    taken = {part.subject.benchmark.name.lower() for part in parts}
    fullest: dict[tuple[str, str, Column], Compared] = {}
    for cell in cells:
        if cell.theirs and cell.dataset:
            key = (cell.dataset.name, cell.backbone, cell.column)
            fullest[key] = max(fullest.get(key, cell), cell, key=lambda one: one.answered)
    missing: dict[tuple[str, str], list[Compared]] = {}
    for cell in fullest.values():
        if not cell.complete:
            missing.setdefault((cell.title, cell.backbone), []).append(cell)
    return [_gap(several, published, taken) for several in missing.values()]


def _gap(cells: Sequence[Compared], published: Published, taken: Collection[str]) -> Gap:
    first = cells[0]
    if first.dataset is None:
        raise ValueError("only cells of the paper's datasets are missed")
    name = _name(first, taken)
    command = ["spm-tui", "--headless", "--paper", "--benchmark", name]
    as_named = "" if name == first.dataset.name else f" --name {name}"
    return Gap(
        dataset=first.dataset,
        imported_by=f"{first.dataset.imported_by}{as_named}" if first.part is None else "",
        backbone=first.backbone,
        lacks=tuple(map(_lack, cells)),
        command=shlex.join([*command, "--model", published.hubs[first.backbone]]),
    )


def _name(cell: Compared, taken: Collection[str]) -> str:
    """Return what the command line calls the benchmark: one name may be that of several."""
    if cell.part is None:
        name = cell.dataset.name if cell.dataset else ""
        return f"{name}-paper" if name in taken else name
    subject = cell.part.subject
    alone = cell.part.name == subject.benchmark.name
    return subject.benchmark.name if alone else subject.identity[:12]


def _lack(cell: Compared) -> str:
    what = f"{cell.table.title.partition('.')[0]} {cell.column.title}"
    if cell.ours is None or cell.part is None:
        return what
    return f"{what} ({cell.answered} of {len(cell.part.subject.scenarios)} scenarios)"


@dataclass(frozen=True, slots=True)
class Contents:
    """All that the documents collect."""

    parts: Sequence[Part]
    tables: Sequence[Sheet]
    """In the paper's text, and the baselines."""
    appendix: Sequence[Sheet]
    figures: Sequence[str]
    """Names without suffix of those that were drawn."""
    gaps: Sequence[Gap]
    notes: Sequence[str]
    source: str


def markdown(contents: Contents) -> str:
    """Return everything readable as one document."""
    sections = [
        HEADING,
        f"Our numbers beside those of {contents.source}.",
        "\n".join(map(_benchmark, contents.parts)),
        *_noted(contents),
        *_missing(contents.gaps),
        *(sheet.markdown(level=2).rstrip() for sheet in contents.tables if sheet.shown.rows),
        *(_figure(name) for name in contents.figures if name.startswith("figure")),
    ]
    for sheet in contents.appendix:
        sections.append(sheet.markdown(level=2).rstrip())
        if sheet.name in contents.figures:
            sections.append(_image(sheet.name))
    sections += ["## Appendix C. Prompts", f"They are in [{WORDING}]({WORDING})."]
    return "\n\n".join(sections) + "\n"


def _benchmark(part: Part) -> str:
    subject = part.subject
    names = ", ".join(attribute.name for attribute in subject.selected)
    runs = ", ".join(map(str, part.runs)) or "none"
    return "- " + escapes.markdown(
        f"{part.title}: {len(subject.scenarios)} scenarios of the {subject.split} split, from"
        f" {subject.benchmark.source}, identity {subject.identity[:12]}; attributes {names};"
        f" runs {runs}."
    )


def _noted(contents: Contents) -> Iterator[str]:
    if notes := _notes(contents):
        yield "Notes:\n\n" + "\n".join(f"- {escapes.markdown(note.rstrip('.'))}." for note in notes)


def _notes(contents: Contents) -> list[str]:
    of_parts = (
        f"{part.title}: {note}"
        for part in contents.parts
        for note in (*_recognition(part), *part.board.remarks, *part.left_out)
    )
    return [*contents.notes, *of_parts]


def _recognition(part: Part) -> list[str]:
    note = part.recognition.note
    return [note] if note and part.subject.split == "eval" else []


def _missing(gaps: Sequence[Gap]) -> Iterator[str]:
    if not gaps:
        return
    yield "## Not run"
    yield (
        "These commands fill the published cells that we lack, or have in part; a run with other"
        " settings than the paper's fills none:"
    )
    for gap in gaps:
        first = f"{gap.imported_by}  # if it is not in the store" if gap.imported_by else ""
        commands = "\n".join(filter(None, (first, gap.command)))
        lacks = "; ".join(gap.lacks)
        what = escapes.markdown(f"{gap.dataset.title}, {gap.backbone}: {lacks}.")
        yield f"{what}\n\n{fenced(commands, 'sh')}"


def _figure(name: str) -> str:
    title, caption = CAPTIONS[name]
    return f"## {title}\n\n{_image(name)}\n\n{caption}"


def _image(name: str) -> str:
    return f"![{CAPTIONS[name][0]}]({name}.png)\n\n[As SVG]({name}.svg)"


def record(contents: Contents) -> str:
    """Return every cell for programs, accuracies in shares of 1."""
    document: dict[str, Canonical] = {
        "source": contents.source,
        "benchmarks": [
            {
                "name": part.title,
                "identity": part.subject.identity,
                "source": part.subject.benchmark.source,
                "split": part.subject.split,
                "scenarios": len(part.subject.scenarios),
                "attributes": [attribute.name for attribute in part.subject.selected],
                "paper_dataset": part.dataset.title if part.dataset else None,
                "recognised_by": part.recognised_by,
                "content": {
                    split: fingerprint(part.subject.benchmark.split(split)) for split in SPLITS
                },
                "runs": list(part.runs),
                "chance": dict(part.chance),
            }
            for part in contents.parts
        ],
        "notes": list(_notes(contents)),
        "tables": {sheet.name: sheet.record() for sheet in (*contents.tables, *contents.appendix)},
        "figures": list(contents.figures),
        "missing": [
            {
                "dataset": gap.dataset.title,
                "backbone": gap.backbone,
                "lacks": list(gap.lacks),
                "command": gap.command,
            }
            for gap in contents.gaps
        ],
    }
    return json_text(document)
