"""The runs that the app has started, and others that go on: how they stand, stopping them.

Those of the app can be resumed, too, and have logs.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from spm_tui.plain_text import visible
from spm_tui.tui.child import tail
from spm_tui.tui.elsewhere import OtherRun, interrupt, line, obstacle
from spm_tui.tui.job import Job
from spm_tui.tui.screens.dialogs import BOX, Entry, Menu
from spm_tui.tui.widgets.run_bar import job_line

_REFRESH = 0.5
"""Seconds between two looks at the jobs."""
_LOG_LINES = 200
_HINT = "c cancel (twice: at once)   r resume   l log   escape close"


class Jobs(Protocol):
    """What the screen needs of a `JobQueue`."""

    @property
    def jobs(self) -> Sequence[Job]:
        """All jobs as they stand."""

    def cancel(self, job: Job) -> None:
        """End a job."""

    def resume(self, job: Job) -> Job:
        """Run it again from where it is."""


class JobsScreen(ModalScreen[None]):
    """The list of jobs, the newest first; then the runs of other processes.

    Args:
        queue: of the jobs.
        others: gives the runs of other processes, as far as is known.

    """

    DEFAULT_CSS = f"""
    JobsScreen {{
        {BOX}
        & OptionList {{ border: none; height: auto; max-height: 50%; min-height: 1; }}
        & #log {{ display: none; height: 1fr; min-height: 3; border-top: solid $accent; }}
        & .box {{ width: 100%; height: 90%; }}
        &.-log #log {{ display: block; }}
    }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", "Cancel", id="jobs.cancel"),
        Binding("r", "resume", "Resume", id="jobs.resume"),
        Binding("l", "log", "Log", id="jobs.log"),
        Binding("j", "move('down')", "Next", show=False, id="jobs.next"),
        Binding("k", "move('up')", "Previous", show=False, id="jobs.previous"),
        Binding("escape,q", "dismiss(None)", "Close", id="jobs.close"),
    ]

    def __init__(self, queue: Jobs, others: Callable[[], Sequence[OtherRun]]) -> None:
        super().__init__()
        self._queue, self._others = queue, others
        self._shown: list[Job | OtherRun] = []

    def compose(self) -> ComposeResult:
        """Lay out list and log."""
        with Vertical(classes="box") as box:
            box.border_title = Content("Runs started here, and others that go on")
            yield OptionList(markup=False)
            with VerticalScroll(id="log", can_focus=False):
                yield Static(id="log-text", markup=False)
            yield Static(_HINT, classes="hint", markup=False)

    def on_mount(self) -> None:
        """Show the jobs, now and as they change."""
        self.show_jobs()
        self.set_interval(_REFRESH, self.show_jobs)

    def on_resize(self) -> None:
        """Fit the lines into the new width."""
        self._shown = []
        self.call_after_refresh(self.show_jobs)

    @property
    def _at(self) -> Job | OtherRun | None:
        """What the cursor is at."""
        place = self.query_one(OptionList).highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    def show_jobs(self) -> None:
        """Read queue and store's runs, and show what has changed."""
        rows: list[Job | OtherRun] = [*reversed(self._queue.jobs), *self._others()]
        if rows == self._shown and rows:
            return
        found = self.query_one(OptionList)
        at = _key(self._at) if self._at else None
        width = max((self.size.width or 80) - 8, 20)
        found.clear_options()
        found.add_options(
            [Option(text_of(row, width)) for row in rows]
            or [Option(Content("none yet"), disabled=True)]
        )
        self._shown = rows
        keys = [_key(row) for row in rows]
        found.highlighted = keys.index(at) if at in keys else (0 if rows else None)
        self._read_log()

    def action_move(self, direction: str) -> None:
        """Move the cursor."""
        getattr(self.query_one(OptionList), f"action_cursor_{direction}")()

    def action_cancel(self) -> None:
        """Cancel the job at the cursor; asked again, at once."""
        row = self._at
        if isinstance(row, OtherRun):
            self._ask_to_stop(row)
        elif row and not row.over:
            self._queue.cancel(row)
        self.show_jobs()

    def _ask_to_stop(self, other: OtherRun) -> None:
        if why := obstacle(other):
            self.notify(why, severity="warning", markup=False)
            return
        title = f"Stop process {other.process} of run {other.run.number}?"
        entries = [
            Entry("stop", Content("stop it after the batch in hand; asked once more, at once")),
            Entry("keep", Content("let it go on")),
        ]
        ask = Menu(f"{title} What it has committed stays", entries, at="keep")
        self.app.push_screen(ask, partial(self._stop, other))

    def _stop(self, other: OtherRun, answer: str | None) -> None:
        if answer == "stop":
            why = interrupt(other)
            said = why or f"process {other.process} stops after the batch in hand"
            self.notify(said, severity="warning" if why else "information", markup=False)

    def action_resume(self) -> None:
        """Run the job at the cursor again; answers that are stored are not asked for again."""
        row = self._at
        if isinstance(row, OtherRun):
            self.notify(f"run {row.run.number} was not started here; open it, then R", markup=False)
        elif row and row.over:
            self._queue.resume(row)
        self.show_jobs()

    def action_log(self) -> None:
        """Show or hide the end of the log of the job at the cursor."""
        self.toggle_class("-log")
        self._read_log()

    def on_option_list_option_highlighted(self) -> None:
        """Show the other job's log."""
        self._read_log()

    def _read_log(self) -> None:
        if not self.has_class("-log"):
            return
        row = self._at
        if isinstance(row, OtherRun):
            lines = ["what it says is told where it was started"]
        elif row is None or row.log is None:
            lines = ["no log yet"]
        else:
            lines = [str(row.log), *tail(row.log, _LOG_LINES)]
        self.query_one("#log-text", Static).update("\n".join(map(visible, lines)))
        self.query_one("#log", VerticalScroll).scroll_end(animate=False)


def _key(row: Job | OtherRun) -> tuple[type, int]:
    """What stays of a row while it changes."""
    return type(row), row.number if isinstance(row, Job) else row.run.number


def _line(row: Job | OtherRun, width: int) -> str:
    return job_line(row, width, 0) if isinstance(row, Job) else line(row, width)


def text_of(row: Job | OtherRun, width: int) -> Content:
    """Return a row: how it stands, and under it what is to be known of its runs' scores."""
    notes = row.notes if isinstance(row, Job) else ()
    lines = [Content.styled(visible(f"  {note}"), "$text-muted") for note in notes]
    return Content("\n").join([Content(_line(row, width)), *lines])
