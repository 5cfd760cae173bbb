"""The question on quitting while a run goes on."""

from typing import ClassVar, Literal, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from spm_tui.plain_text import visible
from spm_tui.tui.job import Job
from spm_tui.tui.screens.dialogs import BOX

Answer: TypeAlias = Literal["leave", "stop", "stay"]

_CHOICES = """\
l       leave it going; its results will be in the store
s       stop it after the batch in hand; it can be resumed
escape  stay"""


class Leave(ModalScreen[Answer]):
    """Asks what is to become of the running job, and of those that wait."""

    DEFAULT_CSS = f"Leave {{ {BOX} }}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "answer('leave')", "Leave it going", id="leave.leave"),
        Binding("s", "answer('stop')", "Stop it", id="leave.stop"),
        Binding("escape", "answer('stay')", "Stay", id="leave.stay"),
    ]

    def __init__(self, job: Job, *, waiting: int = 0) -> None:
        super().__init__()
        self._job, self._waiting = job, waiting

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(classes="box") as box:
            box.border_title = Content("A run goes on")
            yield Static(visible(self._job.title), markup=False)
            if self._waiting:
                yield Static(f"{self._waiting} more will not be started", markup=False)
            yield Static(f"\n{_CHOICES}", classes="hint", markup=False)

    def action_answer(self, answer: Answer) -> None:
        """Close with the answer."""
        self.dismiss(answer)
