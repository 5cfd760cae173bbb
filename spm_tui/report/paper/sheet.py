"""A table of the paper with all that belongs to it, as files of four kinds."""

from dataclasses import dataclass

from spm_tui.report import latex, text
from spm_tui.report.escapes import markdown
from spm_tui.report.tables import Table
from store.identity import Canonical

NO_VALUE = "—"
"""In place of a published number that does not exist."""
ELSEWHERE = "Runs with other settings than the paper's are in the table of other runs."
_DIFFERENCES = "What differs from the authors' procedure in our runs:"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, for people and for programs."""

    name: str
    """Of its files, without suffix."""
    title: str
    caption: str
    """What a reader must know, in sentences."""
    shown: Table
    """For people: Markdown and LaTeX."""
    values: Table
    """For programs: CSV and JSON; accuracies in shares of 1."""
    notes: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    """Of the procedure of our runs from the authors', beside whose numbers they stand."""

    def markdown(self, *, level: int = 1) -> str:
        """Return it with its title as a heading of this level."""
        lines = [f"{'#' * level} {self.title}", "", text.markdown(self.shown), self.caption]
        if self.notes:
            lines += ["", *(f"- {markdown(note)}." for note in self.notes)]
        if self.differences:
            lines += ["", _DIFFERENCES, "", *(f"- {markdown(line)}." for line in self.differences)]
        return "\n".join(lines) + "\n"

    def record(self) -> dict[str, Canonical]:
        """Return it for programs."""
        return {
            "title": self.title,
            "caption": self.caption,
            "notes": list(self.notes),
            "differences": list(self.differences),
            "rows": text.records(self.values),
        }

    def files(self) -> dict[str, str]:
        """Return the content of its files by name."""
        return {
            f"{self.name}.md": self.markdown(),
            f"{self.name}.csv": text.comma_separated(self.values),
            f"{self.name}.json": text.json_text(self.record()),
            f"{self.name}.tex": latex.latex(
                self.shown,
                caption=f"{self.title}. {self.caption}",
                label=f"tab:{self.name.replace('_', '-')}",
                notes=self._below(),
            ),
        }

    def _below(self) -> list[str]:
        """Return what stands below the table in a paper, a paragraph each."""
        notes = [f"{note}." for note in self.notes]
        return (
            [*notes, f"{_DIFFERENCES} {'; '.join(self.differences)}."]
            if self.differences
            else notes
        )
