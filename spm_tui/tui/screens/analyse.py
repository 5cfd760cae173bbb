"""The charts of the run at hand, one at a time, each with a sentence on what to see in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from spm_tui.errors import SpmError
from spm_tui.format import percent
from spm_tui.report import charts
from spm_tui.report.charts import Chart
from spm_tui.report.one_file import save
from spm_tui.report.text import comma_separated
from spm_tui.scoring.standing import stand
from spm_tui.tui.analysis import chart
from spm_tui.tui.messages import Failed
from spm_tui.tui.plain import one_line, visible
from spm_tui.tui.screens.dialogs import AskPath
from spm_tui.tui.session import Opened
from spm_tui.tui.steering import Steering
from spm_tui.tui.study import KINDS, Kind, choices, read_extra, study
from spm_tui.tui.widgets.chart_view import ChartView
from spm_tui.tui.widgets.head_line import subject
from store.connection import Store
from store.errors import StoreError

MARGIN = 2
"""Cells left of and right of a chart, together."""


class AnalyseScreen(Screen[None]):
    """Charts of a run."""

    CSS = """
    AnalyseScreen {
        & #analyse-head { height: 1; background: $panel; padding: 0 1; }
        & #analyse-kinds { height: 1; padding: 0 1; }
        & #analyse-choice { height: 1; padding: 0 1; }
        & #analyse-sentence { height: auto; max-height: 5; padding: 0 1; color: $accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "kind(1)", "Next chart", id="analyse.next"),
        Binding("left,h", "kind(-1)", "Previous", show=False, id="analyse.previous"),
        Binding("tab,down,j", "choice(1)", "Attribute", id="analyse.next_choice"),
        Binding("shift+tab,up,k", "choice(-1)", "Before", show=False, id="analyse.before_choice"),
        *(
            Binding(str(i), f"go({i - 1})", kind, show=False, id=f"analyse.{kind}")
            for i, kind in enumerate(KINDS, start=1)
        ),
        Binding("space,pagedown", "scroll(1)", "Down", show=False, id="analyse.down"),
        Binding("b,pageup", "scroll(-1)", "Up", show=False, id="analyse.up"),
        Binding("y", "copy", "Copy CSV", id="analyse.copy"),
        Binding("e", "export", "Export", id="analyse.export"),
        Binding("escape,q,v", "dismiss(None)", "Back", id="analyse.close"),
    ]

    @dataclass
    class Made(Message):
        """A chart's numbers are there."""

        kind: Kind
        choice: str
        chart: Chart

    @dataclass
    class Saved(Message):
        """A chart has been written."""

        path: Path

    def __init__(self, store: Store, opened: Opened, steering: Steering) -> None:
        super().__init__()
        self._store, self._opened = store, opened
        self._study = study(opened, steering)
        accuracy = percent(stand(opened.judged, steering.aim()).accuracy)
        self._target = f" │ target {steering.name} │ {accuracy} %"
        self._kind: Kind = KINDS[0]
        self._at: dict[Kind, int] = {}
        """Which choice each kind of chart stands at."""
        self._made: dict[tuple[Kind, str], Chart] = {}

    @property
    def chart(self) -> Chart | None:
        """The chart at hand, once its numbers are there."""
        return self._made.get((self._kind, self._choice))

    @property
    def _choice(self) -> str:
        found = choices(self._study, self._kind)
        return found[self._at.get(self._kind, 0) % len(found)]

    def compose(self) -> ComposeResult:
        """Lay out what is shown above the chart, and the sentence under it."""
        yield Static(id="analyse-head", markup=False)
        yield Static(id="analyse-kinds", markup=False)
        yield Static(id="analyse-choice", markup=False)
        yield ChartView()
        yield Static(id="analyse-sentence", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the first chart."""
        self._show()

    def on_resize(self) -> None:
        """Fit the lines into the new width."""
        self._draw()

    def _show(self) -> None:
        if self.chart is None:
            self._make(self._kind, self._choice)
        self._draw()

    def _draw(self) -> None:
        width = max(self.size.width - MARGIN, 1)
        what = one_line(subject(self._opened), max(width - cell_len(self._target), 1))
        self.query_one("#analyse-head", Static).update(
            Content.assemble(what, (self._target, "$text-muted"))
        )
        self.query_one("#analyse-kinds", Static).update(kinds(self._kind, width))
        shown = self.chart
        title = shown.title if shown else f"{self._kind} …"
        self.query_one("#analyse-choice", Static).update(self._titled(title, width))
        self.query_one("#analyse-sentence", Static).update(
            visible(shown.sentence) if shown else "computing …"
        )
        self.query_one(ChartView).show(shown.drawing if shown else None)

    def _titled(self, title: str, width: int) -> Content:
        none = self.chart is not None and self.chart.drawing is None
        several = 1 if none else len(choices(self._study, self._kind))
        at = self._at.get(self._kind, 0) % several + 1
        where = f"  {at}/{several} tab: next" if several > 1 else ""
        room = max(width - len(where), 1)
        return Content.assemble((one_line(title, room), "bold"), (where, "$text-muted"))

    @work(thread=True, exclusive=True, group="chart", exit_on_error=False)
    def _make(self, kind: Kind, choice: str) -> None:
        try:
            extra = read_extra(self._store, self._opened, self._study, kind)
            self.post_message(self.Made(kind, choice, chart(self._study, kind, choice, extra)))
        except (StoreError, SpmError) as error:
            self.post_message(Failed(str(error)))

    @on(Made)
    def _take(self, message: Made) -> None:
        self._made[message.kind, message.choice] = message.chart
        if (message.kind, message.choice) == (self._kind, self._choice):
            self._draw()

    # actions

    def action_kind(self, step: int) -> None:
        """Show the next chart."""
        self.action_go((KINDS.index(self._kind) + step) % len(KINDS))

    def action_go(self, place: int) -> None:
        """Show one of the charts."""
        self._kind = KINDS[place]
        self._show()

    def action_choice(self, step: int) -> None:
        """Show the chart of another attribute, target or set."""
        found = choices(self._study, self._kind)
        self._at[self._kind] = (self._at.get(self._kind, 0) + step) % len(found)
        self._show()

    def action_scroll(self, step: int) -> None:
        """Scroll a chart that does not fit."""
        self.query_one(ChartView).page(step)

    def action_copy(self) -> None:
        """Copy the numbers."""
        if self.chart and self.chart.table.rows:
            self.app.copy_to_clipboard(comma_separated(self.chart.table))
            self.notify(f"copied {len(self.chart.table.rows)} rows as CSV (OSC 52)")
        else:
            self.notify("there are no numbers to copy", severity="warning")

    def action_export(self) -> None:
        """Ask where to write the chart."""
        shown = self.chart
        if shown is None or shown.drawing is None:
            self.notify("there is no chart to write", severity="warning")
            return
        number = self._opened.run.number if self._opened.run else 0
        value = str(Path.cwd() / f"run{number}_{shown.name}.png")

        def write(path: Path | None) -> None:
            if path:
                self._write(shown, path)

        self.app.push_screen(AskPath("write the chart to (.png or .svg)", value=value), write)

    @work(thread=True, group="export", exit_on_error=False)
    def _write(self, shown: Chart, path: Path) -> None:
        try:
            save(path, charts.draw(shown, path))
            self.post_message(self.Saved(path))
        except SpmError as error:
            self.post_message(Failed(str(error)))

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        self.notify(f"written: {message.path}", markup=False)


def kinds(at: Kind, width: int) -> Content:
    """Return the charts there are, numbered; only numbers and the one at hand where it is tight."""
    full = "  ".join(f"{i} {kind}" for i, kind in enumerate(KINDS, start=1))
    parts = []
    for i, kind in enumerate(KINDS, start=1):
        text = f"{i} {kind}" if len(full) <= width or kind == at else str(i)
        parts.append(Content.styled(text, "bold $accent" if kind == at else "$text-muted"))
    return Content("  ").join(parts)
