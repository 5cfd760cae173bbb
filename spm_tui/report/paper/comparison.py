"""Tables 1 to 3: our numbers beside the published ones, and what is missing to compare all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan

from spm_tui.format import interval, spread
from spm_tui.report import tables
from spm_tui.report.board import RunScore
from spm_tui.report.paper.choice import Chosen, choose, passed_over
from spm_tui.report.paper.differences import differences, gathered
from spm_tui.report.paper.part import Entry, Key, Part
from spm_tui.report.paper.published import Column, Dataset, Published, PublishedTable, Value
from spm_tui.report.paper.settings import COLUMNS, NO_SETTINGS, setting_text, stated
from spm_tui.report.paper.sheet import ELSEWHERE, NO_VALUE, Sheet
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
    entry: Entry | None
    """None where no run with the paper's settings is there."""
    theirs: Value | None
    differences: tuple[str, ...] = ()
    """Of our procedure from the authors'."""

    @property
    def ours(self) -> RunScore | None:
        """The scores of our run."""
        return self.entry.row if self.entry else None

    @property
    def title(self) -> str:
        """Of the dataset or benchmark."""
        if self.part is None or self.dataset is None:
            return self.dataset.title if self.dataset else self.part.title if self.part else ""
        same = self.part.name.lower() == self.dataset.name
        title = self.dataset.title if same else f"{self.part.title} ({self.dataset.title})"
        return title if self.part.recognition.proven else f"{title}, by its counts"

    @property
    def answered(self) -> int:
        """Scenarios that our number is over."""
        return self.ours.sets[self.table.targets].answered if self.ours else 0

    @property
    def scenarios(self) -> int:
        """Of the split."""
        return len(self.part.subject.scenarios) if self.part else 0

    @property
    def complete(self) -> bool:
        """Whether we have it, on the whole split."""
        return self.part is not None and self.answered == self.scenarios


def compare(parts: Sequence[Part], published: Published) -> list[tuple[Sheet, list[Compared]]]:
    """Return each table, and its cells by row."""
    found = []
    for table in published.tables:
        rows = list(_rows(table, parts, published))
        cells = [cell for row in rows for cell in row]
        found.append((_sheet(table, rows, _notes(table, parts), published), cells))
    return found


def _notes(table: PublishedTable, parts: Sequence[Part]) -> Iterator[str]:
    """Say what benchmarks are to the paper, and which runs do not appear for others that do."""
    shown = [(part, _fitting(table, part)) for part in parts if part.subject.split == "eval"]
    for part, chosen in shown:
        if part.recognition.note and (chosen or part.dataset):
            yield f"{part.title}: {part.recognition.note}"
    for part, chosen in shown:
        yield from passed_over(part, chosen.values())


def _rows(
    table: PublishedTable, parts: Sequence[Part], published: Published
) -> Iterator[tuple[Compared, ...]]:
    """Yield rows: the paper's datasets, run or not, then our other benchmarks."""
    for dataset in published.datasets:
        ours: list[Part | None] = [part for part in parts if part.dataset == dataset]
        filling = [part for part in ours if part and _fitting(table, part)]
        for part in filling or ours[:1] or [None]:
            yield from _rows_of(table, part, dataset, published)
    for part in parts:
        if part.dataset is None:
            yield from _rows_of(table, part, None, published)


def _rows_of(
    table: PublishedTable, part: Part | None, dataset: Dataset | None, published: Published
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
                entry=one.entry if one else None,
                theirs=values[place] if values else None,
                differences=differences(one.entry, part, published) if one and part else (),
            )
            for place, column in enumerate(table.columns)
            for one in [chosen.get(_key(column, backbone))]
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
    notes: Iterable[str],
    published: Published,
) -> Sheet:
    columns = {
        column.title: [entry.settings for row in rows if (entry := row[place].entry)]
        for place, column in enumerate(table.columns)
    }
    common, differing = stated({title: several for title, several in columns.items() if several})
    entries = [
        (cell.entry.row.run.number, cell.differences)
        for row in rows
        for cell in row
        if cell.entry and cell.dataset
    ]
    return Sheet(
        name=table.name,
        title=table.title,
        caption=(
            f"Alignment accuracy in percent on the set of targets {table.targets}. Ours: mean ±"
            " standard deviation over targets, the 95 % bootstrap interval of the mean over"
            " scenarios, and n, the scenarios answered; runs are named in the order of the"
            f" columns. {_settings(common)} {ELSEWHERE}"
            f" Published: {published.source}."
        ),
        shown=_shown(table, rows, differing),
        values=_values(rows),
        notes=tuple(notes),
        differences=tuple(gathered(entries)),
    )


def _settings(common: str) -> str:
    return f"Settings of our runs: {common}." if common else "None of our runs is in it."


def _shown(
    table: PublishedTable, rows: Sequence[Sequence[Compared]], differing: Sequence[int]
) -> Table:
    names = [name for column in table.columns for name in (column.title, "published")]
    return Table(
        ("dataset", "backbone", *names, "runs", *(["settings"] if differing else [])),
        tuple(
            (
                row[0].title,
                row[0].backbone,
                *(text for cell in row for text in (_ours(cell), _theirs(cell))),
                ", ".join(str(cell.ours.run.number) for cell in row if cell.ours),
                *([_differing(row, differing)] if differing else []),
            )
            for row in rows
        ),
    )


def _differing(row: Sequence[Compared], places: Sequence[int]) -> str:
    """Say those settings of a row's runs in which the runs of a column differ."""
    titles: dict[str, list[str]] = {}
    for cell in row:
        if cell.entry:
            texts = (setting_text(cell.entry.settings, place) for place in places)
            titles.setdefault(", ".join(filter(None, texts)), []).append(cell.column.title)
    if len(titles) == 1:
        return next(iter(titles))
    return "; ".join(f"{text} ({', '.join(named)})" for text, named in titles.items())


def _ours(cell: Compared) -> str:
    if cell.ours is None:
        return tables.NOT_RUN
    return accuracy_text(cell.ours, cell.table.targets, of=cell.scenarios)


def accuracy_text(row: RunScore, targets: str, *, of: int) -> str:
    """Return an accuracy with all that a reader needs to weigh it.

    Args:
        row: of the run.
        targets: name of the set.
        of: how many scenarios the split has; a run on fewer is marked.

    """
    one = row.sets[targets]
    found = one.accuracy
    n = f"n = {one.answered}" if one.answered == of else f"(n = {one.answered} of {of})"
    if isnan(found.low):
        brief = spread(found.mean, found.sd)
    else:
        brief = f"{spread(found.mean, found.sd)} {interval(found.low, found.high)}"
    return f"{brief}, {n}" if one.answered == of else f"{brief} {n}"


def _theirs(cell: Compared) -> str:
    return spread(cell.theirs.mean, cell.theirs.sd) if cell.theirs else NO_VALUE


def _values(rows: Sequence[Sequence[Compared]]) -> Table:
    columns = (
        *("dataset", "benchmark", "backbone", "method", "decoding", "targets"),
        *("run", "mean", "sd", "low", "high", "answered", "scenarios"),
        *("published_mean", "published_sd", "recognised_by"),
        *(*COLUMNS, "differences"),
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
        cell.scenarios if cell.part else _NAN,
        cell.theirs.mean if cell.theirs else _NAN,
        cell.theirs.sd if cell.theirs else _NAN,
        cell.part.recognised_by if cell.part else "",
        *(cell.entry.settings.cells() if cell.entry else NO_SETTINGS),
        "; ".join(cell.differences),
    )
