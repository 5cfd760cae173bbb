"""Which run stands for a method, a backbone and a decoding where several do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from spm_tui.report.board import RunScore
from spm_tui.report.paper.material import Key, Part


@dataclass(frozen=True, slots=True)
class Chosen:
    """A run, and those that it was chosen over."""

    key: Key
    row: RunScore
    others: tuple[int, ...]
    """Their numbers."""


def choose(part: Part, targets: str | None) -> dict[Key, Chosen]:
    """Return the run of each kind that has most scenarios answered, the newest of equals.

    Args:
        part: the runs.
        targets: a set that it must have been run on, and that answers count for; None for any.

    """
    rows: dict[Key, list[RunScore]] = {}
    for key, row in part.having(targets):
        rows.setdefault(key, []).append(row)
    return {key: _first(key, several, targets) for key, several in rows.items()}


def _first(key: Key, rows: Sequence[RunScore], targets: str | None) -> Chosen:
    def rank(row: RunScore) -> tuple[int, datetime, int]:
        answered = row.sets[targets].answered if targets else row.answered
        return answered, row.run.updated_at, row.run.number

    best = max(rows, key=rank)
    others = sorted(row.run.number for row in rows if row is not best)
    return Chosen(key, best, tuple(others))


def passed_over(part: Part, chosen: Iterable[Chosen]) -> list[str]:
    """Say which runs do not appear because another of their kind does."""
    return [
        f"{part.title}, {one.key}: run {one.row.run.number} is shown, which has most scenarios"
        f" answered or, of equals, is the newest; left out: {', '.join(map(str, one.others))}"
        for one in chosen
        if one.others
    ]
