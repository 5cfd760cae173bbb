"""How the accuracies of two runs differ: a line per target set, each shown when it is ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import Worker, WorkerState, get_current_worker

from spm_tui.scoring.compare import Comparison
from spm_tui.tui.comparison import Line, Pairing, Stopped, swapped
from spm_tui.tui.comparison_text import table_text
from spm_tui.tui.steering import Steering

PAUSE = 0.2
"""Seconds a target must stand before it is compared: on ten thousand scenarios that takes one."""


class CompareTable(Static):
    """The accuracy table of two runs."""

    DEFAULT_CSS = "CompareTable { height: auto; }"

    @dataclass
    class Compared(Message):
        """A line of the table is there."""

        pairing: Pairing
        name: str
        """Of the target set; empty for the target at hand."""
        steering: Steering
        found: Comparison

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, markup=False)
        self._pairing: Pairing | None = None
        self._found: dict[str, Comparison] = {}
        self._due: set[str] = set()
        """The lines whose figures are not there, or of fewer answers than there are, by name."""
        self._work: Worker[None] | None = None
        """What compares on the sets."""
        self._soon: Timer | None = None

    @property
    def lines(self) -> list[Line]:
        """The table: the target at hand, then the sets."""
        pairing = self._pairing
        if pairing is None:
            return []
        sets = [Line(name, self._found.get(name)) for name in pairing.sets()]
        return [Line(f"target {pairing.steering.name}", self._found.get("")), *sets]

    def show(self, pairing: Pairing) -> None:
        """Compare two runs anew."""
        self._due = {"", *pairing.sets()}
        self._begin(pairing, {})

    def swap(self, pairing: Pairing) -> None:
        """Show the same two runs in the other order: what is known stays known."""
        self._begin(pairing, {name: swapped(found) for name, found in self._found.items()})

    def grow(self, pairing: Pairing) -> None:
        """Compare the same runs after more answers; figures stay until newer ones are there."""
        before, self._pairing = self._pairing, pairing
        if before and pairing.answers_as(before):
            return
        self._due = {"", *pairing.sets()}
        self._on_target(pairing)
        # On a large benchmark the sets take longer than it takes the next answers to come:
        # who began anew with each of them would never be done.
        if self._work is None or self._work.is_finished:
            self._compare_sets(pairing)

    def steer(self, pairing: Pairing) -> None:
        """Compare on another target."""
        self._pairing = pairing
        self._found.pop("", None)
        self._due.add("")
        if self._soon:
            self._soon.stop()
        self._soon = self.set_timer(PAUSE, self._compare_target)
        self._draw()

    def on_resize(self) -> None:
        """Fit the table into the new width."""
        self._draw()

    def _begin(self, pairing: Pairing, found: Mapping[str, Comparison]) -> None:
        self._pairing, self._found = pairing, dict(found)
        if "" in self._due:
            self._on_target(pairing)
        self._compare_sets(pairing)
        self._draw()

    def _compare_target(self) -> None:
        if self._pairing:
            self._on_target(self._pairing)

    def _compare_sets(self, pairing: Pairing) -> None:
        if names := [name for name in pairing.sets() if name in self._due]:
            self._work = self._on_sets(pairing, names)

    def _draw(self) -> None:
        if self._pairing and self.size.width:
            self.update(table_text(self.lines, self._pairing.tags, self.content_size.width))

    @work(thread=True, exclusive=True, group="target", exit_on_error=False)
    def _on_target(self, pairing: Pairing) -> None:
        worker, steering = get_current_worker(), pairing.steering
        try:
            found = pairing.on_target(lambda: worker.is_cancelled)
        except Stopped:
            return
        if not worker.is_cancelled:
            self.post_message(self.Compared(pairing, "", steering, found))

    @work(thread=True, exclusive=True, group="sets", exit_on_error=False)
    def _on_sets(self, pairing: Pairing, names: Sequence[str]) -> None:
        worker, steering = get_current_worker(), pairing.steering
        try:
            for name in names:
                found = pairing.on_set(name, lambda: worker.is_cancelled)
                self.post_message(self.Compared(pairing, name, steering, found))
        except Stopped:
            return

    @on(Compared)
    def _compared(self, message: Compared) -> None:
        pairing = self._pairing
        if pairing is None or message.pairing.tags != pairing.tags:
            return
        if message.name or message.steering == pairing.steering:
            self._found[message.name] = message.found
            if message.pairing.answers_as(pairing):
                self._due.discard(message.name)
            self._draw()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Compare once more on the sets that answers have come to meanwhile."""
        if event.worker is self._work and event.state is WorkerState.SUCCESS and self._pairing:
            self._compare_sets(self._pairing)
