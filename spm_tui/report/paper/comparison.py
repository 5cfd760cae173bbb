"""Tables 1 to 3: our numbers beside the published ones, and what is missing to compare all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spm_tui.format import interval, spread
from spm_tui.report import tables
from spm_tui.report.board import RunScore
from spm_tui.report.paper.choice import Chosen, choose, passed_over
from spm_tui.report.paper.material import Key, Part
from spm_tui.report.paper.published import Column, Dataset, Published, PublishedTable, Value
from spm_tui.report.paper.sheet import NO_VALUE, Sheet
from spm_tui.report.tables import Table

_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Compared:
    """A cell: our number and the published one, where they exist."""

    table: PublishedTable
    column: Column
    dataset: Dataset | None
    part: Part | None
    """None where no run is on the dataset."""
    backbone: str
    ours: RunScore | None
    theirs: Value | None

    @property
    def title(self) -> str:
        """Of the dataset or benchmark."""
        if self.part is None or self.dataset is None:
            return self.dataset.title if self.dataset else self.part.title if self.part else ""
        same = self.part.name.lower() == self.dataset.name
        return self.dataset.title if same else f"{self.part.title} ({self.dataset.title})"

    @property
    def answered(self) -> int:
        """Scenarios that our number is over."""
        return self.ours.sets[self.table.targets].answered if self.ours else 0

    @property
    def complete(self) -> bool:
        """Whether we have it, on the whole split."""
        return self.part is not None and self.answered == len(self.part.subject.scenarios)


def compare(parts: Sequence[Part], published: Published) -> list[tuple[Sheet, list[Compared]]]:
    """Return each table, and its cells by row."""
    found = []
    for table in published.tables:
        rows = list(_rows(table, parts, published))
        cells = [cell for row in rows for cell in row]
        notes = [n for part in parts for n in passed_over(part, _fitting(table, part).values())]
        found.append((_sheet(table, rows, notes, published), cells))
    return found


def _rows(
    table: PublishedTable, parts: Sequence[Part], published: Published
) -> Iterator[tuple[Compared, ...]]:
    """Yield rows: the paper's datasets, run or not, then our other benchmarks."""
    for dataset in published.datasets:
        ours: list[Part | None] = [part for part in parts if part.dataset == dataset]
        for part in ours or [None]:
            yield from _rows_of(table, part, dataset)
    for part in parts:
        if part.dataset is None:
            yield from _rows_of(table, part, None)


def _rows_of(
    table: PublishedTable, part: Part | None, dataset: Dataset | None
) -> Iterator[tuple[Compared, ...]]:
    chosen = _fitting(table, part) if part else {}
    own = sorted({key.backbone for key in chosen})
    theirs = table.backbones(dataset.name) if dataset else ()
    for backbone in dict.fromkeys((*theirs, *own)):
        values = table.values.get((dataset.name if dataset else "", backbone))
        yield tuple(
            Compared(
                table=table,
                column=column,
                dataset=dataset,
                part=part,
                backbone=backbone,
                ours=one.row if (one := chosen.get(_key(column, backbone))) else None,
                theirs=values[place] if values else None,
            )
            for place, column in enumerate(table.columns)
        )


def _fitting(table: PublishedTable, part: Part) -> dict[Key, Chosen]:
    """Return the runs of the kinds that a table compares."""
    kinds = {(column.method, column.decoding) for column in table.columns}
    found = choose(part, table.targets)
    return {key: one for key, one in found.items() if (key.method, key.decoding) in kinds}


def _key(column: Column, backbone: str) -> Key:
    return Key(column.method, backbone, column.decoding)


def _sheet(
    table: PublishedTable,
    rows: Sequence[Sequence[Compared]],
    notes: Sequence[str],
    published: Published,
) -> Sheet:
    decodings = {column.decoding for column in table.columns}
    return Sheet(
        name=table.name,
        title=table.title,
        caption=(
            f"Alignment accuracy in percent on the set of targets {table.targets}, decoding:"
            f" {' and '.join(sorted(decodings))}. Ours: mean ± standard deviation over"
            " targets, the 95 % bootstrap interval of the mean over scenarios, and n, the"
            f" scenarios answered. Published: {published.source}."
        ),
        shown=_shown(table, rows),
        values=_values(rows),
        notes=tuple(notes),
    )


def _shown(table: PublishedTable, rows: Sequence[Sequence[Compared]]) -> Table:
    names = [name for column in table.columns for name in (column.title, "published")]
    return Table(
        ("dataset", "backbone", *names),
        tuple(
            (
                row[0].title,
                row[0].backbone,
                *(text for cell in row for text in (_ours(cell), _theirs(cell))),
            )
            for row in rows
        ),
    )


def _ours(cell: Compared) -> str:
    if cell.ours is None:
        return tables.NOT_RUN
    return accuracy_text(cell.ours, cell.table.targets)


def accuracy_text(row: RunScore, targets: str) -> str:
    """Return an accuracy with all that a reader needs to weigh it."""
    one = row.sets[targets]
    found = one.accuracy
    brief = f"{spread(found.mean, found.sd)} {interval(found.low, found.high)}"
    return f"{brief}, n {one.answered}"


def _theirs(cell: Compared) -> str:
    return spread(cell.theirs.mean, cell.theirs.sd) if cell.theirs else NO_VALUE


def _values(rows: Sequence[Sequence[Compared]]) -> Table:
    columns = (
        *("dataset", "benchmark", "backbone", "method", "decoding", "targets"),
        *("run", "mean", "sd", "low", "high", "answered", "scenarios"),
        *("published_mean", "published_sd"),
    )
    return Table(columns, tuple(_value(cell) for row in rows for cell in row))


def _value(cell: Compared) -> tuple[tables.Cell, ...]:
    found = cell.ours.sets[cell.table.targets].accuracy if cell.ours else None
    return (
        cell.dataset.title if cell.dataset else "",
        cell.part.title if cell.part else "",
        cell.backbone,
        cell.column.method,
        cell.column.decoding,
        cell.table.targets,
        cell.ours.run.number if cell.ours else _NAN,
        found.mean if found else _NAN,
        found.sd if found else _NAN,
        found.low if found else _NAN,
        found.high if found else _NAN,
        cell.answered,
        len(cell.part.subject.scenarios) if cell.part else _NAN,
        cell.theirs.mean if cell.theirs else _NAN,
        cell.theirs.sd if cell.theirs else _NAN,
    )
