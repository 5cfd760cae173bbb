"""Every kind of run on every set of targets, with the cheap baselines and the bounds."""

from collections.abc import Iterator, Sequence

from spm_tui.bench.options import TARGET_SETS
from spm_tui.format import percent
from spm_tui.report import tables
from spm_tui.report.paper.choice import Chosen, choose, passed_over
from spm_tui.report.paper.comparison import accuracy_text
from spm_tui.report.paper.material import Part
from spm_tui.report.paper.sheet import NO_VALUE, Sheet
from spm_tui.report.tables import Table

EXPECTED = "random choice, expected"
_ORDER = (
    *("few-shot-comparative", "zero-shot-comparative", "zero-shot-regression"),
    *("prompt-aligned-few-shot", "prompt-aligned-zero-shot", "unaligned"),
    *("kaleido", "reward", "surface", "length", "random", "oracle"),
)
"""Of methods: the proposed one first, the bounds last."""


def ordered(part: Part) -> list[Chosen]:
    """Return one run of each kind, in the order in which they are shown everywhere."""
    return sorted(choose(part, None).values(), key=_rank)


def _rank(one: Chosen) -> tuple[int, str, str, str]:
    key = one.key
    known = _ORDER.index(key.method) if key.method in _ORDER else len(_ORDER)
    return known, key.method, key.backbone, key.decoding


def baselines(parts: Sequence[Part]) -> Sheet:
    """Return the table of everything; the data of Figure 6."""
    notes = [note for part in parts for note in passed_over(part, ordered(part))]
    return Sheet(
        name="baselines",
        title="All methods and baselines",
        caption=(
            "Alignment accuracy in percent by set of targets: mean ± standard deviation over"
            " targets, the 95 % bootstrap interval of the mean over scenarios, and n, the scenarios"
            " answered. length and surface see no more than the looks of a response; oracle knows"
            " the labels. What a random choice reaches on average is for the whole split."
        ),
        shown=Table(
            ("benchmark", "method", "backbone", "decoding", *TARGET_SETS),
            tuple(row for part in parts for row in _shown(part)),
        ),
        values=_values(parts),
        notes=tuple(notes),
    )


def _shown(part: Part) -> Iterator[tuple[str, ...]]:
    for one in ordered(part):
        key = one.key
        yield (
            part.title,
            key.method,
            key.backbone,
            tables.decoding(one.row.run),
            *(
                accuracy_text(one.row, name) if name in one.row.sets else tables.NOT_RUN
                for name in TARGET_SETS
            ),
        )
    expected = (part.chance.get(name) for name in TARGET_SETS)
    cells = (NO_VALUE if share is None else percent(share) for share in expected)
    yield (part.title, EXPECTED, "", "", *cells)


def _values(parts: Sequence[Part]) -> Table:
    kept = ("set", "targets", "scored", "mean", "sd", "low", "high", "answered", "chance")
    columns = ("benchmark", "run", "method", "backbone", "decoding", *kept)
    return Table(columns, tuple(row for part in parts for row in _values_of(part)))


def _values_of(part: Part) -> Iterator[tuple[tables.Cell, ...]]:
    for one in ordered(part):
        for name in part.board.columns:
            if name not in one.row.sets:
                continue
            found, answered = one.row.sets[name].accuracy, one.row.sets[name].answered
            yield (
                part.title,
                one.row.run.number,
                one.key.method,
                one.key.backbone,
                tables.decoding(one.row.run),
                name,
                found.targets,
                found.scored,
                found.mean,
                found.sd,
                found.low,
                found.high,
                answered,
                part.chance.get(name, float("nan")),
            )
