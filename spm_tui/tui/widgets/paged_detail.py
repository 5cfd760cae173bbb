"""A scenario's detail that reads texts and answers itself, ahead of where one is."""

from collections.abc import Mapping, Sequence

from textual import on, work
from textual.content import Content

from spm_tui.plain_text import visible
from spm_tui.scoring.standing import Status
from spm_tui.scoring.why import why
from spm_tui.tui.desk import Desk
from spm_tui.tui.listing import Order
from spm_tui.tui.messages import Failed, PagesRead
from spm_tui.tui.reasons import chosen, reason
from spm_tui.tui.session import Opened
from spm_tui.tui.views import Pages, View, read_pages, view
from spm_tui.tui.widgets.scenario_detail import Pane, ScenarioDetail
from store.connection import Store
from store.errors import StoreError, StoreLost
from store.records import Prediction

TIE = Content.styled("= the labels of all responses are equally near: not counted", "$spm-tie")
LATER = 0.02
"""Seconds after which texts follow: the list, and keys that come meanwhile, go first."""
_REASONING = 2
"""Lines that a choice's reasoning may take above the responses."""
_SPAN = 40
"""Places on each side among which pages to read are looked for."""


class PagedDetail(ScenarioDetail):
    """The scenario at a place of a list.

    Args:
        store: to read from.
        empty: the sentence for a list without scenarios.

    """

    DEFAULT_CSS = """
    PagedDetail Pane.-chosen { background: $surface-lighten-1; border-title-style: reverse; }
    """

    def __init__(self, store: Store, *, empty: str) -> None:
        super().__init__()
        self._store, self._empty = store, empty
        self._pages = Pages()
        self._desk: Desk | None = None
        self._opened: Opened | None = None
        self._order: Sequence[int] | Order = ()
        self._place = 0
        self._chosen: int | None = None
        self._due = False

    def show_at(
        self, desk: Desk, order: Sequence[int] | Order, place: int, *, chosen: int | None = None
    ) -> None:
        """Show the scenario at a place of `order`, once, however many calls come in together.

        Args:
            desk: what lies open.
            order: positions of scenarios in their split.
            place: in `order`.
            chosen: the response to mark.

        """
        if desk is not self._desk:
            self._pages.forget()
        elif desk.opened is not self._opened:
            self._pages.renew()
        self._desk, self._opened = desk, desk.opened
        self._order, self._place, self._chosen = order, place, chosen
        if not self._due:
            self._due = True
            self.set_timer(LATER, self._show_now)

    def view_at(self, index: int) -> View | None:
        """Return everything told of a scenario, if it has been read."""
        page, desk = self._pages.get(index), self._desk
        if page is None or desk is None:
            return None
        return view(desk.opened, desk.standings, index, page, target=desk.asked)

    def think(self, answers: Mapping[int, Sequence[Prediction]]) -> None:
        """Show what a run says before it is stored: predictions by position."""
        added = [index for index, said in answers.items() if self._pages.add(index, said)]
        if added and self._desk:
            self.show_at(self._desk, self._order, self._place, chosen=self._chosen)

    def _show_now(self) -> None:
        self._due = False
        desk, place = self._desk, self._place
        if desk is None or not len(self._order):
            self.say(self._empty)
            return
        index = int(self._order[place])
        shown = self.view_at(index)
        if shown is None:
            self.say(f"{index + 1}. {visible(desk.opened.questions[index])}")
        else:
            aimed = [slot.on for slot in desk.effective.slots]
            explained = explain(desk, shown, room=_REASONING * self.size.width)
            self.show(shown, desk.opened.names, aimed, reason=explained)
            self._mark()
        near = [int(one) for one in self._order[max(place - _SPAN, 0) : place + _SPAN + 1]]
        if missing := self._pages.missing(near, min(place, _SPAN)):
            self._read(desk.opened, missing)

    def _mark(self) -> None:
        for place, pane in enumerate(self.query(Pane)):
            pane.set_class(place == self._chosen, "-chosen")
            if place == self._chosen:
                pane.scroll_visible(animate=False)

    @work(thread=True, exclusive=True, group="pages", exit_on_error=False)
    def _read(self, opened: Opened, indices: list[int]) -> None:
        try:
            self.post_message(PagesRead(opened, read_pages(self._store, opened, indices)))
        except StoreLost:
            return  # the app says so, once
        except StoreError as error:
            self.post_message(Failed(str(error)))

    @on(PagesRead)
    def _take(self, message: PagesRead) -> None:
        message.stop()
        if self._desk and message.opened is self._opened:
            self._pages.keep(message.pages)
            self.show_at(self._desk, self._order, self._place, chosen=self._chosen)


def explain(desk: Desk, shown: View, *, room: int | None = None) -> Content | None:
    """Return why a pick was made, is wrong, or not counted; None when that needs no words.

    Args:
        desk: what lies open.
        shown: the scenario.
        room: cells that a choice's reasoning may take; None for all it wants.

    """
    judged, parts = desk.opened.judged, []
    if shown.status is Status.TIE:
        parts, room = [TIE], room and room // 2
    if judged.scores is None:
        said = chosen(shown, room=room)
        parts += [said] if said else []
    elif shown.status is Status.WRONG:
        found = why(judged, shown.number - 1, desk.effective.aim())
        parts.append(reason(found, desk.opened.names))
    return Content("\n").join(parts) if parts else None
