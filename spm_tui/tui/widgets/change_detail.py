"""One scenario with what two runs say of it."""

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from spm_tui.plain_text import visible
from spm_tui.tui.comparison import Pairing
from spm_tui.tui.comparison_text import detail
from spm_tui.tui.messages import Failed, PagesRead
from spm_tui.tui.views import Pages, View, read_pages, view
from store.connection import Store
from store.errors import StoreError, StoreLost

AROUND = 40
"""Lines on each side of the one at hand among which pages are read ahead."""
LEAST = 20
"""Cells a scenario is laid out for at least."""


class ChangeDetail(VerticalScroll):
    """The scenario at hand of two runs."""

    DEFAULT_CSS = "ChangeDetail { padding: 0 1; scrollbar-size-vertical: 1; }"

    def __init__(self, store: Store) -> None:
        super().__init__(can_focus=False)
        self._store = store
        self._pairing: Pairing | None = None
        self._pages = Pages(), Pages()
        self._due = False

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        yield Static(markup=False)

    def show(self, pairing: Pairing) -> None:
        """Show the scenario at hand, once, however many keys came in together."""
        before = self._pairing
        if before is None or before.tags != pairing.tags:
            self._pages = Pages(), Pages()
        elif pairing is not before:
            for pages in self._pages:
                pages.renew()
        self._pairing = pairing
        if not self._due:
            self._due = True
            self.call_later(self._draw)

    def page(self, step: int) -> None:
        """Scroll by half the height."""
        self.scroll_relative(y=step * max(self.size.height // 2, 1), animate=False)

    def whole(self, width: int) -> Content | None:
        """Return the scenario written out, for so many cells; None when it is not read yet."""
        pairing = self._pairing
        views = self._views(pairing) if pairing else None
        return detail(*views, pairing, width=width, whole=True) if pairing and views else None

    def on_resize(self) -> None:
        """Lay the text out for the new width."""
        if self._pairing:
            self.show(self._pairing)

    def _draw(self) -> None:
        self._due = False
        pairing, place = self._pairing, self.query_one(Static)
        if pairing is None:
            return
        if pairing.index is None:
            place.update("No scenario changed like this. Press f to see others.")
            return
        views = self._views(pairing)
        if views is None:
            question = pairing.first.questions[pairing.index]
            place.update(visible(f"{pairing.index + 1}. {question}"))
        else:
            place.update(detail(*views, pairing, width=max(self.content_size.width, LEAST)))
        near = pairing.order[max(pairing.place - AROUND, 0) : pairing.place + AROUND + 1].tolist()
        if missing := self._pages[1].missing(near, min(pairing.place, AROUND)):
            self._read(pairing, missing)

    def _views(self, pairing: Pairing) -> tuple[View, View] | None:
        index = pairing.index
        if index is None:
            return None
        first, second = self._pages[0].get(index), self._pages[1].get(index)
        if first is None or second is None:
            return None
        aim = pairing.steering.aim()
        one, other = (
            view(opened, standings, index, page, target=opened.asked_about(aim))
            for opened, standings, page in zip(
                pairing.runs, pairing.standings, (first, second), strict=True
            )
        )
        return one, other

    @work(thread=True, exclusive=True, group="pages", exit_on_error=False)
    def _read(self, pairing: Pairing, indices: list[int]) -> None:
        try:
            for opened in pairing.runs:
                self.post_message(PagesRead(opened, read_pages(self._store, opened, indices)))
        except StoreLost:
            return  # the app says so, once
        except StoreError as error:
            self.post_message(Failed(str(error)))

    @on(PagesRead)
    def _take(self, message: PagesRead) -> None:
        if self._pairing is None:
            return
        for pages, opened in zip(self._pages, self._pairing.runs, strict=True):
            if message.opened is opened:
                pages.keep(message.pages)
                self.show(self._pairing)
