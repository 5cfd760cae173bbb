"""The runs that fill no cell of the paper's tables, with their settings and why they do not."""

from collections.abc import Iterator, Sequence

from spm_tui.bench.options import TARGET_SETS
from spm_tui.report import tables
from spm_tui.report.paper.baselines import SCORES, scores
from spm_tui.report.paper.choice import choose
from spm_tui.report.paper.comparison import accuracy_text
from spm_tui.report.paper.part import Entry, Part
from spm_tui.report.paper.published import Published
from spm_tui.report.paper.settings import COLUMNS
from spm_tui.report.paper.sheet import Sheet
from spm_tui.report.tables import Cell, Table


def others(parts: Sequence[Part], published: Published) -> Sheet:
    """Return the table of the runs that stand in no other."""
    listed = [(part, *entry) for part in parts for entry in _others(part, published)]
    return Sheet(
        name="other_runs",
        title="Other runs",
        caption=(
            "Runs that fill no cell above: they have other settings than the paper's, or another"
            " run of their kind does. No published number is comparable with them. Alignment"
            " accuracy in percent by set of targets: mean ± standard deviation over targets, the"
            " 95 % bootstrap interval of the mean over scenarios, and n, the scenarios answered."
            " Runs on some of the attributes are scored on these."
        ),
        shown=Table(
            ("benchmark", "run", "method", "backbone", *COLUMNS, "why here", *TARGET_SETS),
            tuple(_shown(*one) for one in listed),
        ),
        values=Table(
            ("split", "attributes", "why", *SCORES),
            tuple(
                (part.subject.split, ", ".join(entry.attributes), why, *values)
                for part, entry, why in listed
                for values in scores(part, entry)
            ),
        ),
    )


def _others(part: Part, published: Published) -> Iterator[tuple[Entry, str]]:
    """Yield the runs that stand nowhere else, in order of number, and why."""
    instead: dict[int, int] = {}
    shown: set[int] = set()
    for targets in (None, *(table.targets for table in published.tables)):
        for chosen in choose(part, targets).values():
            shown.add(chosen.row.run.number)
            instead = dict.fromkeys(chosen.others, chosen.row.run.number) | instead
    entries = {entry.row.run.number: entry for entry in (*part.entries, *part.narrow)}
    for number in part.runs:
        if number not in shown:
            why = "; ".join(entries[number].departures)
            yield entries[number], why or f"run {instead[number]} is shown"


def _shown(part: Part, entry: Entry, why: str) -> tuple[Cell, ...]:
    of = len(part.subject.scenarios)
    return (
        part.title,
        entry.row.run.number,
        entry.key.method,
        entry.key.backbone,
        *entry.settings.texts(),
        why,
        *(
            accuracy_text(entry.row, name, of=of) if name in entry.row.sets else tables.NOT_RUN
            for name in TARGET_SETS
        ),
    )
