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
from textual.widgets import Footer, Static

from spm_tui.errors import SpmError
from spm_tui.format import percent
from spm_tui.plain_text import visible
from spm_tui.report import charts
from spm_tui.report.charts import Chart
from spm_tui.report.one_file import save_new
from spm_tui.report.text import comma_separated
from spm_tui.scoring.standing import stand
from spm_tui.tui.analysis import chart
from spm_tui.tui.memory import key_of
from spm_tui.tui.messages import Failed
from spm_tui.tui.plain import one_line
from spm_tui.tui.screens.dialogs import AskPath
from spm_tui.tui.screens.following import FollowingScreen
from spm_tui.tui.session import Opened
from spm_tui.tui.steering import Steering
from spm_tui.tui.study import KINDS, Kind, Study, choices, read_extra, study
from spm_tui.tui.widgets.chart_view import ChartView
from spm_tui.tui.widgets.head_line import subject
from store.connection import Store
from store.errors import StoreError

MARGIN = 2
"""Cells left of and right of a chart, together."""


class AnalyseScreen(FollowingScreen[None]):
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

        study: Study
        """What they were made from."""
        kind: Kind
        choice: str
        chart: Chart | None
        """None when they could not be made."""

    def __init__(self, store: Store, opened: Opened, steering: Steering) -> None:
        super().__init__()
        self._store, self._opened, self._steering = store, opened, steering
        self._study = study(opened, steering)
        self._kind: Kind = KINDS[0]
        self._at: dict[Kind, str] = {}
        """Which choice each kind of chart stands at."""
        self._made: dict[tuple[Kind, str], tuple[Study, Chart]] = {}
        """Charts, and what they were made from; the run may have grown since."""
        self._making = False

    @property
    def chart(self) -> Chart | None:
        """The chart at hand, once its numbers are there."""
        _, made = self._made.get((self._kind, self._choice), (None, None))
        return made

    @property
    def _due(self) -> bool:
        """Whether the chart at hand is to be made, or made again."""
        made_from, _ = self._made.get((self._kind, self._choice), (None, None))
        return made_from is not self._study

    @property
    def _place(self) -> int:
        """Where the choice at hand is among those there are."""
        found, at = choices(self._study, self._kind), self._at.get(self._kind, "")
        return found.index(at) if at in found else 0

    @property
    def _choice(self) -> str:
        return choices(self._study, self._kind)[self._place]

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

    @property
    def followed(self) -> tuple[Opened]:
        """The run."""
        return (self._opened,)

    def grew(self, opened: Opened) -> None:
        """Draw more of the run; the chart at hand stays until it is made again."""
        if key_of(opened) != key_of(self._opened):
            return
        if not opened.answers_as(self._opened):
            self._study = study(opened, self._steering)
        self._opened = opened
        if not self.is_mounted:
            return
        # A chart of a large benchmark takes longer than it takes the next answers to come.
        if self._due and not self._making:
            self._start()
        self._draw()

    def _show(self) -> None:
        self._at[self._kind] = self._choice
        if self._due:
            self._start()
        self.query_one(ChartView).scroll_home(animate=False)
        self._draw()

    def _start(self) -> None:
        self._making = True
        self._make(self._study, self._kind, self._choice)

    def _draw(self) -> None:
        width = max(self.size.width - MARGIN, 1)
        aim = self._steering.aim()
        accuracy = percent(stand(self._opened.judged, aim).accuracy)
        target = f" │ target {self._steering.name} │ {accuracy} %"
        if part := self._opened.part(aim):
            target = f"{target}, {part}"
        what = one_line(subject(self._opened), max(width - cell_len(target), 1))
        self.query_one("#analyse-head", Static).update(
            Content.assemble(what, (target, "$text-muted"))
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
        where = f"  {self._place + 1}/{several} tab: next" if several > 1 else ""
        room = max(width - len(where), 1)
        return Content.assemble((one_line(title, room), "bold"), (where, "$text-muted"))

    @work(thread=True, exclusive=True, group="chart", exit_on_error=False)
    def _make(self, study_: Study, kind: Kind, choice: str) -> None:
        made = None
        try:
            extra = read_extra(self._store, self._opened, study_, kind)
            made = chart(study_, kind, choice, extra)
        except (StoreError, SpmError) as error:
            self.post_message(Failed(str(error)))
        self.post_message(self.Made(study_, kind, choice, made))

    @on(Made)
    def _take(self, message: Made) -> None:
        self._making = False
        if message.chart is None:
            return
        self._made[message.kind, message.choice] = message.study, message.chart
        if (message.kind, message.choice) == (self._kind, self._choice):
            if self._due:
                self._start()
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
        self._at[self._kind] = found[(self._place + step) % len(found)]
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
            save_new(path, charts.draw(shown, path))
        except SpmError as error:
            self.post_message(Failed(str(error)))
        else:
            self.app.call_from_thread(self.notify, f"written: {path}", markup=False)


def kinds(at: Kind, width: int) -> Content:
    """Return the charts there are, numbered; only numbers and the one at hand where it is tight."""
    full = "  ".join(f"{i} {kind}" for i, kind in enumerate(KINDS, start=1))
    parts = []
    for i, kind in enumerate(KINDS, start=1):
        text = f"{i} {kind}" if len(full) <= width or kind == at else str(i)
        parts.append(Content.styled(text, "bold $accent" if kind == at else "$text-muted"))
    return Content("  ").join(parts)
