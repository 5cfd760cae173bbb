"""The row of a form by which servers are tried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static
from textual.worker import get_current_worker

from spm_tui.plain_text import visible
from spm_tui.tui.widgets.field import Field

if TYPE_CHECKING:
    from spm_tui.engine.remote.key import Key
    from spm_tui.tui.probing import Outcome


class ConnectionTest(Field):
    """Asks servers what they are, when it is told to, and says so in a line for each.

    Args:
        hint: the key that does it.

    """

    DEFAULT_CSS = """
    ConnectionTest {
        & Button { color: $text; background: $panel; min-width: 0; }
        & .told { height: auto; padding: 0 0 0 12; }
    }
    """

    @dataclass
    class Told(Message):
        """It is known what a server is; bubbles only while anybody wants to know."""

        outcome: "Outcome"
        asked: int
        """By which question."""

    def __init__(self, hint: str) -> None:
        button = Button(f"test ({hint})", compact=True, id="test")
        super().__init__("connection", button, id="field-connection")
        self._asked = 0
        """How many times it was told to ask, or to forget it."""
        self._lines: dict[str, Content] = {}
        """By address."""

    def compose(self) -> ComposeResult:
        """Lay out what servers are below the button."""
        yield from super().compose()
        yield Static(classes="told", markup=False)

    def ask(self, urls: Sequence[str], model: str, *, key: "Key | None") -> None:
        """Ask the servers at these addresses; an empty model is whichever they have."""
        self.forget()
        self._lines = {url: Content(f"… {url}") for url in urls}
        self._show()
        self._probe(urls, model, key, self._asked)

    def forget(self) -> None:
        """What was asked is of no use any more."""
        self._asked += 1
        self.workers.cancel_group(self, "probe")
        self._lines = {}
        self._show()

    @work(thread=True, group="probe", exit_on_error=False)
    def _probe(self, urls: Sequence[str], model: str, key: "Key | None", asked: int) -> None:
        from spm_tui.tui.probing import probe_all

        worker = get_current_worker()

        def tell(outcome: "Outcome") -> None:
            self.post_message(self.Told(outcome, asked))

        probe_all(urls, model, key=key, tell=tell, cancelled=lambda: worker.is_cancelled)

    @on(Told)
    def _take(self, message: Told) -> None:
        if message.asked != self._asked:
            message.stop()
            return
        self._lines[message.outcome.url] = _line(message.outcome)
        self._show()

    def _show(self) -> None:
        self.query_one(".told", Static).update(Content("\n").join(self._lines.values()))


def _line(outcome: "Outcome") -> Content:
    sign = ("✓ ", "$text-success") if outcome.usable else ("✗ ", "$text-error")
    notes = [Content.assemble(("\n! ", "$text-warning"), visible(note)) for note in outcome.notes]
    return Content.assemble(sign, visible(outcome.text), *notes)
