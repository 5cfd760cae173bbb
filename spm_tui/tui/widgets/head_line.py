"""The one line that says what is shown: benchmark, run, target, accuracy."""

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from spm_tui.format import percent
from spm_tui.plain_text import visible
from spm_tui.report.tables import decoding
from spm_tui.tui.desk import Desk
from spm_tui.tui.plain import one_line
from spm_tui.tui.session import Opened
from spm_tui.tui.steering import USUAL

NAME = 24
"""Most cells of a target's name."""


class HeadLine(Static):
    """The header of a screen."""

    DEFAULT_CSS = """
    HeadLine { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, markup=False)
        self._desk: Desk | None = None

    def show(self, desk: Desk) -> None:
        """Show what lies open."""
        self._desk = desk
        self._draw()

    def on_resize(self) -> None:
        """Fit the line into the new width."""
        self._draw()

    def _draw(self) -> None:
        if self._desk and self.content_size.width:
            self.update(head(self._desk, self.content_size.width), layout=False)


def head(desk: Desk, width: int) -> Content:
    """Return the line; what is shown gives way to accuracy and target where room is short."""
    standings, name = desk.standings, one_line(visible(desk.steering.name), NAME)
    if desk.steering.function != USUAL:
        name = f"{name}, {desk.steering.function}"
    score = f"{percent(standings.accuracy)} % ({standings.correct}/{standings.scored})"
    if desk.part:
        score = f"{score}, {desk.part}"
    left = subject(desk.opened)
    for target, before in (
        (f" │ target {name}: {desk.effective}", " │ accuracy "),
        (f" │ target {name}", " │ accuracy "),
        (f" │ {name}", " │ "),
        ("", ""),
    ):
        room = width - cell_len(target + before + score)
        if room >= (cell_len(left) if "accuracy" in before else 0):
            break
    cut = one_line(left, max(room, 0))
    gap = " " * max(room - cell_len(cut), 0)
    line = Content.assemble(
        cut, gap, (target, "$text-muted"), (before, "$text-muted"), (score, "bold")
    )
    return line.truncate(width)


def subject(opened: Opened) -> str:
    """Return benchmark, split and run, for people."""
    place, run = f"{opened.benchmark.name}/{opened.split}", opened.run
    parts = [place, "not run"]
    if run is not None:
        parts = [place, f"run {run.number} {run.spec.method}", run.spec.model, decoding(run)]
        parts += [run.state] if run.state != "finished" else []
    return visible(" · ".join(part for part in parts if part))
