"""The runs on one split of one benchmark, with all that tells which of them can be shown where."""

from collections.abc import Mapping
from dataclasses import dataclass

from spm_tui.bench.subject import Subject
from spm_tui.report.board import Board, RunScore
from spm_tui.report.paper.content import Reasonings, Recognition
from spm_tui.report.paper.published import Dataset, Decoding
from spm_tui.report.paper.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Key:
    """What runs of a part have in common when one of them must be chosen."""

    method: str
    backbone: str
    decoding: Decoding

    def __str__(self) -> str:
        return ", ".join(part for part in (self.method, self.backbone, self.decoding) if part)


@dataclass(frozen=True, slots=True)
class Entry:
    """A run with its scores, and what tells whether it can stand beside the paper's."""

    key: Key
    row: RunScore
    settings: RunSettings
    departures: tuple[str, ...]
    """From the paper's settings, for people; a run with any fills no cell."""
    attributes: tuple[str, ...]
    """That it is scored on."""
    reasonings: Reasonings | None = None
    """That its worked examples had, where it shows any and they can be compared."""


@dataclass(frozen=True, slots=True)
class Part:
    """The runs on one split of one benchmark."""

    name: str
    """Of the benchmark; no other has it."""
    recognition: Recognition
    """Which of the paper's datasets the benchmark is."""
    board: Board
    """On all attributes; its runs have answered something."""
    entries: tuple[Entry, ...]
    """The board's rows."""
    narrow: tuple[Entry, ...]
    """Runs on some of the attributes, scored on these."""
    chance: Mapping[str, float]
    """Accuracy of a choice at random, on average over the whole split, by set of targets; none
    where all scenarios are ties."""
    left_out: tuple[str, ...]
    """Runs that cannot be scored here, and why."""

    @property
    def title(self) -> str:
        """Name of the benchmark, and of the split if it is not the one to be evaluated on."""
        split = self.subject.split
        name = f"{self.name} (not the paper's)" if self.recognition.namesake else self.name
        return name if split == "eval" else f"{name} ({split})"

    @property
    def subject(self) -> Subject:
        """Benchmark and split."""
        return self.board.subject

    @property
    def dataset(self) -> Dataset | None:
        """The paper's; None where it has no such benchmark, or not this split of it."""
        return self.recognition.dataset if self.subject.split == "eval" else None

    @property
    def recognised_by(self) -> str:
        """By what the benchmark is the paper's: content or counts; empty where it is not."""
        if self.dataset is None:
            return ""
        return "content" if self.recognition.proven else "counts"

    @property
    def runs(self) -> list[int]:
        """Numbers of the runs, ascending."""
        return sorted(entry.row.run.number for entry in (*self.entries, *self.narrow))

    def having(self, targets: str | None) -> list[Entry]:
        """Return the runs with the paper's settings that were run on a set; None for any set."""
        return [
            entry
            for entry in self.entries
            if not entry.departures and (targets is None or targets in entry.row.sets)
        ]
