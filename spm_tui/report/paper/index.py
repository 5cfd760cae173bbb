"""The documents that collect everything: `paper.md` for people, `paper.json` for programs."""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spm_tui.report.paper.comparison import Compared
from spm_tui.report.paper.figures import CAPTIONS
from spm_tui.report.paper.material import Part
from spm_tui.report.paper.published import Dataset, Published
from spm_tui.report.paper.sheet import Sheet
from store.identity import Canonical

WORDING = "appendix_c_prompts.md"
"""The file with the prompts."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing of one backbone on one of the paper's datasets."""

    dataset: Dataset
    untouched: bool
    """Whether no run is on it, so that it may have to be imported first."""
    backbone: str
    lacks: tuple[str, ...]
    """Cells, for people."""
    command: str
    """That fills them."""


def gaps(cells: Sequence[Compared], published: Published) -> list[Gap]:
    """Return what is missing of the published cells, or answered in part only."""
    missing: dict[tuple[str, str], list[Compared]] = {}
    for cell in cells:
        if cell.theirs and cell.dataset and not cell.complete:
            missing.setdefault((cell.title, cell.backbone), []).append(cell)
    return [_gap(several, published) for several in missing.values()]


def _gap(cells: Sequence[Compared], published: Published) -> Gap:
    first = cells[0]
    if first.dataset is None:
        raise ValueError("only cells of the paper's datasets are missed")
    command = ["spm-tui", "--headless", "--paper", "--benchmark", _name(first)]
    return Gap(
        dataset=first.dataset,
        untouched=first.part is None,
        backbone=first.backbone,
        lacks=tuple(map(_lack, cells)),
        command=shlex.join([*command, "--model", published.hubs[first.backbone]]),
    )


def _name(cell: Compared) -> str:
    """Return what the command line calls the benchmark: one name may be that of several."""
    if cell.part is None:
        return cell.dataset.name if cell.dataset else ""
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
        "# The paper's tables and figures",
        f"Our numbers beside those of {contents.source}.",
        "\n".join(map(_benchmark, contents.parts)),
        *_noted(contents),
        *_missing(contents.gaps),
        *(sheet.markdown(level=2).rstrip() for sheet in contents.tables),
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
    runs = ", ".join(str(row.run.number) for row in part.board.rows) or "none"
    return (
        f"- {part.title}: {len(subject.scenarios)} scenarios of the {subject.split} split, from"
        f" {subject.benchmark.source}, identity {subject.identity[:12]}; attributes {names};"
        f" runs {runs}."
    )


def _noted(contents: Contents) -> Iterator[str]:
    if notes := _notes(contents):
        yield "Notes:\n\n" + "\n".join(f"- {note.rstrip('.')}." for note in notes)


def _notes(contents: Contents) -> list[str]:
    of_parts = (
        f"{part.title}: {note}"
        for part in contents.parts
        for note in (*part.board.notes, *part.left_out)
    )
    return [*contents.notes, *of_parts]


def _missing(gaps: Sequence[Gap]) -> Iterator[str]:
    if not gaps:
        return
    yield "## Not run"
    yield "These commands fill the published cells that we lack, or have in part:"
    for gap in gaps:
        first = f"{gap.dataset.imported_by}  # if it is not in the store" if gap.untouched else ""
        commands = "\n".join(filter(None, (first, gap.command)))
        lacks = "; ".join(gap.lacks)
        yield f"{gap.dataset.title}, {gap.backbone}: {lacks}.\n\n```sh\n{commands}\n```"


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
                "runs": [row.run.number for row in part.board.rows],
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
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
