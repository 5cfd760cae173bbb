"""The runs that the app has started: how they stand, cancelling, resuming, their logs."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from spm_tui.tui.child import tail
from spm_tui.tui.job import Job
from spm_tui.tui.plain import visible
from spm_tui.tui.screens.dialogs import BOX
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
    """The list of jobs, the newest first."""

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

    def __init__(self, queue: Jobs) -> None:
        super().__init__()
        self._queue = queue
        self._shown: list[Job] = []

    def compose(self) -> ComposeResult:
        """Lay out list and log."""
        with Vertical(classes="box") as box:
            box.border_title = Content("Runs started here")
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
    def _at(self) -> Job | None:
        """The job at the cursor."""
        place = self.query_one(OptionList).highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    def show_jobs(self) -> None:
        """Read the queue and show what has changed."""
        jobs = list(reversed(self._queue.jobs))
        if jobs == self._shown and jobs:
            return
        found = self.query_one(OptionList)
        at = self._at.number if self._at else None
        width = max((self.size.width or 80) - 8, 20)
        found.clear_options()
        found.add_options(
            [Option(Content(job_line(job, width, 0))) for job in jobs]
            or [Option(Content("none yet"), disabled=True)]
        )
        self._shown = jobs
        numbers = [job.number for job in jobs]
        found.highlighted = numbers.index(at) if at in numbers else (0 if jobs else None)
        self._read_log()

    def action_move(self, direction: str) -> None:
        """Move the cursor."""
        getattr(self.query_one(OptionList), f"action_cursor_{direction}")()

    def action_cancel(self) -> None:
        """Cancel the job at the cursor; asked again, at once."""
        if (job := self._at) and not job.over:
            self._queue.cancel(job)
        self.show_jobs()

    def action_resume(self) -> None:
        """Run the job at the cursor again; answers that are stored are not asked for again."""
        if (job := self._at) and job.over:
            self._queue.resume(job)
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
        log = self._at.log if self._at else None
        lines = ["no log yet"] if log is None else [str(log), *tail(log, _LOG_LINES)]
        self.query_one("#log-text", Static).update("\n".join(map(visible, lines)))
        self.query_one("#log", VerticalScroll).scroll_end(animate=False)
