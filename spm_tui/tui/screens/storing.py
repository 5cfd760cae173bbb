"""A screen on which things are said of a run: it stores them in order, and does not wait for it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from rich.text import Text
from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from spm_tui.tui.annotating import Queue
from spm_tui.tui.outbox import Outbox
from spm_tui.tui.screens.dialogs import Entry, Menu
from store.connection import Store
from store.errors import StoreError
from store.records import Annotation


class StoringScreen(Screen[int | None]):
    """Owns the way of a queue's annotations into the store, until nothing is left to be lost."""

    @dataclass
    class Stored(Message):
        """All that was said is in the store."""

        history: list[Annotation] | None
        """The run's annotations; None when there was nothing to store."""

    @dataclass
    class Refused(Message):
        """The store did not take it."""

        problem: str

    def __init__(self, store: Store, queue: Queue) -> None:
        super().__init__()
        self.queue = queue
        self._outbox = Outbox(store, queue.run)
        self._writing = False
        self._failed = False
        self._then: Callable[[], object] | None = None
        """To be done when all is stored."""

    @property
    def notes(self) -> tuple[Annotation, ...]:
        """All annotations of the run as far as is known, in order of entry."""
        return tuple(self.queue.history)

    @property
    def unstored(self) -> int:
        """How many annotations are not in the store."""
        return len(self._outbox.waiting())

    def draw(self) -> None:
        """Show things as they stand; for subclasses."""

    def trouble(self) -> str:
        """Return what is to be said about storing; empty while all goes well."""
        if self._failed:
            return f"{self.unstored} not stored, r tries again"
        if self._then == self._leave:
            return f"storing {self.unstored}, then back"
        return ""

    # storing

    def keep(self, entry: Annotation | None) -> None:
        """Store an annotation of the queue, soon."""
        if entry is not None:
            self._outbox.put(entry)
            self._store_soon()
        self.draw()

    def _store_soon(self) -> None:
        if not self._writing:
            self._writing, self._failed = True, False
            self._write()

    @work(thread=True, group="annotations", exit_on_error=False)
    def _write(self) -> None:
        try:
            self.post_message(self.Stored(self._outbox.drain()))
        except StoreError as error:
            self.post_message(self.Refused(str(error)))

    @on(Stored)
    def _stored(self, message: Stored) -> None:
        self._writing = False
        waiting = self._outbox.waiting()
        if message.history is not None:
            self.queue.take([*message.history, *waiting])
        if waiting:
            self._store_soon()
        elif self._then:
            then, self._then = self._then, None
            then()
        self.draw()

    @on(Refused)
    def _refused(self, message: Refused) -> None:
        self._writing, self._failed = False, True
        self.notify(f"not stored: {message.problem}", severity="error", markup=False, timeout=10)
        leaving, self._then = self._then == self._leave, None
        self.draw()
        if leaving:
            self._ask_leaving()

    def when_stored(self, then: Callable[[], object]) -> None:
        """Do something as soon as all is stored."""
        if self._outbox.waiting():
            self._then = then
            self._store_soon()
            self.draw()
        else:
            then()

    def action_retry(self) -> None:
        """Try again to store what is not."""
        if self._outbox.waiting():
            self._store_soon()
            self.draw()

    def store_now(self) -> None:
        """Store all at once, waiting for it: the terminal has gone, nothing else will."""
        with suppress(StoreError):
            self._outbox.drain()

    def give_up(self) -> int:
        """Drop what is not stored, for it cannot be any more; return how much that is."""
        lost = self.unstored
        self._outbox.drop(lost)
        return lost

    async def on_unmount(self) -> None:
        """Store the last annotations when the whole app is ended."""
        if not self._outbox.waiting():
            return
        try:
            await asyncio.to_thread(self._outbox.drain)
        except StoreError as error:
            problem = Text(f"annotations: {self.unstored} not stored: {error}")
            self.app.exit(return_code=1, message=problem)

    # leaving

    def action_back(self) -> None:
        """Store what is not stored, then go back; asked twice, choose what becomes of it."""
        if self._then == self._leave:
            self._then = None
            self._ask_leaving()
        else:
            self.when_stored(self._leave)

    def _leave(self) -> None:
        if self.is_current:
            self.dismiss(self.queue.index)

    def _ask_leaving(self) -> None:
        entries = [
            Entry("retry", Content("try again to store them, then go back")),
            Entry("stay", Content("stay here")),
            Entry("drop", Content("go back without them: they are lost")),
        ]
        title = f"{self.unstored} not stored"
        self.app.push_screen(Menu(title, entries, at="retry"), self._answered)

    def _answered(self, answer: str | None) -> None:
        if answer == "retry":
            self.when_stored(self._leave)
        elif answer == "drop":
            lost = self._outbox.waiting()
            self._outbox.drop(len(lost))
            self.queue.take(entry for entry in self.notes if entry not in lost)
            self._leave()
