"""Which run stands for a method, a backbone and a decoding where several do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from spm_tui.report.board import RunScore
from spm_tui.report.paper.part import Entry, Key, Part
from spm_tui.report.paper.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Chosen:
    """A run, and those that it was chosen over."""

    entry: Entry
    others: tuple[int, ...]
    """Their numbers."""

    @property
    def key(self) -> Key:
        """Method, backbone and decoding."""
        return self.entry.key

    @property
    def row(self) -> RunScore:
        """Its scores."""
        return self.entry.row

    @property
    def settings(self) -> RunSettings:
        """How it was made."""
        return self.entry.settings


def choose(part: Part, targets: str | None) -> dict[Key, Chosen]:
    """Return the run of each kind that has most scenarios answered, the newest of equals.

    Runs with other settings than the paper's are not among them.

    Args:
        part: the runs.
        targets: a set that it must have been run on, and that answers count for; None for any.

    """
    entries: dict[Key, list[Entry]] = {}
    for entry in part.having(targets):
        entries.setdefault(entry.key, []).append(entry)
    return {key: _first(several, targets) for key, several in entries.items()}


def _first(entries: Sequence[Entry], targets: str | None) -> Chosen:
    def rank(entry: Entry) -> tuple[int, datetime, int]:
        row = entry.row
        answered = row.sets[targets].answered if targets else row.answered
        return answered, row.run.updated_at, row.run.number

    best = max(entries, key=rank)
    others = sorted(entry.row.run.number for entry in entries if entry is not best)
    return Chosen(best, tuple(others))


def passed_over(part: Part, chosen: Iterable[Chosen]) -> list[str]:
    """Say which runs do not appear because another of their kind does."""
    return [
        f"{part.title}, {one.key}: run {one.row.run.number} is shown, which has most scenarios"
        f" answered or, of equals, is the newest; left out: {', '.join(map(str, one.others))}"
        for one in chosen
        if one.others
    ]
