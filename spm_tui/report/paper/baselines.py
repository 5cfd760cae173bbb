"""Every kind of run on every set of targets, with the cheap baselines and the bounds."""

from collections.abc import Iterator, Sequence

from spm_tui.bench.options import TARGET_SETS
from spm_tui.format import percent
from spm_tui.report import tables
from spm_tui.report.paper.choice import Chosen, choose, passed_over
from spm_tui.report.paper.comparison import accuracy_text
from spm_tui.report.paper.part import Entry, Part
from spm_tui.report.paper.settings import COLUMNS
from spm_tui.report.paper.sheet import ELSEWHERE, NO_VALUE, Sheet
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
    evaluated = [part for part in parts if part.subject.split == "eval"]
    notes = [note for part in evaluated for note in passed_over(part, ordered(part))]
    return Sheet(
        name="baselines",
        title="All methods and baselines",
        caption=(
            "Alignment accuracy in percent by set of targets: mean ± standard deviation over"
            " targets, the 95 % bootstrap interval of the mean over scenarios, and n, the scenarios"
            " answered. length and surface see no more than the looks of a response; oracle knows"
            " the labels. What a random choice reaches on average is for the whole split."
            f" {ELSEWHERE}"
        ),
        shown=Table(
            ("benchmark", "method", "backbone", *COLUMNS, *TARGET_SETS),
            tuple(row for part in evaluated for row in _shown(part)),
        ),
        values=Table(
            SCORES,
            tuple(
                row
                for part in evaluated
                for one in ordered(part)
                for row in scores(part, one.entry)
            ),
        ),
        notes=tuple(notes),
    )


def _shown(part: Part) -> Iterator[tuple[str, ...]]:
    of = len(part.subject.scenarios)
    for one in ordered(part):
        yield (
            part.title,
            one.key.method,
            one.key.backbone,
            *one.settings.texts(),
            *(
                accuracy_text(one.row, name, of=of) if name in one.row.sets else tables.NOT_RUN
                for name in TARGET_SETS
            ),
        )
    expected = (part.chance.get(name) for name in TARGET_SETS)
    cells = (NO_VALUE if share is None else percent(share) for share in expected)
    yield (part.title, EXPECTED, "", *[""] * len(COLUMNS), *cells)


SCORES = (
    *("benchmark", "run", "method", "backbone", "decoding", *COLUMNS),
    *("set", "targets", "scored", "mean", "sd", "low", "high"),
    *("answered", "scenarios", "chance"),
)
"""Columns of a run's scores, for programs."""


def scores(part: Part, entry: Entry) -> Iterator[tuple[tables.Cell, ...]]:
    """Yield what a run reaches, a row for each set of targets that it was run on."""
    whole = len(entry.attributes) == len(part.subject.attributes)
    for name, one in entry.row.sets.items():
        found = one.accuracy
        yield (
            part.title,
            entry.row.run.number,
            entry.key.method,
            entry.key.backbone,
            entry.key.decoding,
            *entry.settings.cells(),
            name,
            found.targets,
            found.scored,
            found.mean,
            found.sd,
            found.low,
            found.high,
            one.answered,
            len(part.subject.scenarios),
            part.chance.get(name, float("nan")) if whole else float("nan"),
        )
