"""The main screen: scenarios at the left, the one at hand beside them, the target on demand."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from spm_tui.plain_text import visible
from spm_tui.scoring.standing import Status
from spm_tui.tui.desk import Desk
from spm_tui.tui.full_text import full_text
from spm_tui.tui.job import Job
from spm_tui.tui.listing import Filter, Sort
from spm_tui.tui.messages import Failed, SearchDone
from spm_tui.tui.widgets.head_line import HeadLine
from spm_tui.tui.widgets.line_list import LineList
from spm_tui.tui.widgets.paged_detail import PagedDetail, explain
from spm_tui.tui.widgets.query_line import QueryLine
from spm_tui.tui.widgets.run_bar import RunBar
from spm_tui.tui.widgets.scenario_list import line
from spm_tui.tui.widgets.target_panel import Slider, TargetPanel
from store import browse
from store.connection import Store
from store.errors import StoreError
from store.records import Prediction

NOTHING = "No scenario is listed. Escape shows all of them again."


class BrowseScreen(Screen[None]):
    """Scenarios against the target."""

    CSS = """
    BrowseScreen {
        & #left { width: 30%; min-width: 30; max-width: 64; border-right: solid $panel-lighten-2; }
        & #scenarios { height: 1fr; }
        & #status { height: auto; max-height: 2; color: $text-muted; padding: 0 1; }
        & #target { display: none; }
        &.-steering #target { display: block; }
        &.-narrow.-steering PagedDetail, &.-tiny PagedDetail { display: none; }
        &.-narrow.-steering #left { width: 1fr; max-width: 100; }
        &.-tiny #left { width: 1fr; max-width: 100; border-right: none; }
        &.-tiny.-steering #main { layout: vertical; }
        &.-tiny.-steering #left { width: 100%; height: 1fr; }
        &.-tiny.-steering #target { width: 100%; height: 2fr; border-left: none; }
    }
    """
    AUTO_FOCUS = "LineList"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  # Textual declares it so
        (0, "-tiny"),
        (60, "-narrow"),
        (104, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", priority=True, id="browse.search"),
        Binding("f", "app.filter", "Filter", id="browse.filter"),
        Binding("t", "steer", "Target", priority=True, id="browse.target"),
        Binding(
            "left_square_bracket",
            "preset(-1)",
            "Preset before",
            show=False,
            id="target.previous_preset",
        ),
        Binding(
            "right_square_bracket", "preset(1)", "Next preset", show=False, id="target.next_preset"
        ),
        Binding("T", "app.presets", "Choose a preset", show=False, id="target.presets"),
        Binding("d", "function", "Next distance", show=False, id="target.function"),
        Binding("a", "app.annotate", "Annotate", id="browse.annotate"),
        Binding("c", "app.compare", "Compare with another run", show=False, id="browse.compare"),
        Binding("v", "app.analyse", "Analyse in charts", show=False, id="browse.analyse"),
        Binding("n", "misaligned(1)", "Next wrong pick", show=False, id="browse.next_wrong"),
        Binding("N", "misaligned(-1)", "Wrong pick before", show=False, id="browse.previous_wrong"),
        Binding("colon", "jump", "Go to a number", show=False, priority=True, id="browse.jump"),
        Binding("space", "page(1)", "Scroll the texts", show=False, id="browse.scroll_down"),
        Binding("b", "page(-1)", "Scroll them back", show=False, id="browse.scroll_up"),
        Binding("escape", "back", "Back", show=False, id="browse.back"),
    ]

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._desk: Desk | None = None

    def compose(self) -> ComposeResult:
        """Lay out header, list, detail and target."""
        yield HeadLine(id="head")
        with Horizontal(id="main"):
            with Vertical(id="left"):
                yield QueryLine()
                yield LineList(id="scenarios")
                yield Static(id="status", markup=False)
            yield PagedDetail(self._store, empty=NOTHING)
            yield TargetPanel(id="target")
        yield RunBar()
        yield Footer(show_command_palette=False)

    def check_action(
        self,
        action: str,
        parameters: tuple[object, ...],  # noqa: ARG002  # Textual passes them
    ) -> bool:
        """Leave the keys that are taken first, so that typing ahead works, to a line of text."""
        return action not in ("search", "jump", "steer") or not isinstance(self.focused, Input)

    # what the app calls

    def show(self, desk: Desk) -> None:
        """Show a desk, after anything on it has changed."""
        self._desk = desk
        self.query_one(HeadLine).show(desk)
        self.query_one(LineList).show(
            lambda place, width: line(desk, int(desk.order[place]), width),
            count=len(desk.order),
            place=desk.place,
        )
        self.query_one(TargetPanel).show(desk.steering)
        self._arrive(desk)

    def whole(self) -> Content | None:
        """Return the scenario at hand written out, if its texts have been read."""
        desk = self._desk
        if desk is None or desk.index is None:
            return None
        shown = self.query_one(PagedDetail).view_at(desk.index)
        if shown is None:
            return None
        return full_text(shown, desk.opened.names, reason=explain(desk, shown))

    # A run tells of itself until the end: also when the app is closing and widgets have gone.

    def think(self, answers: Mapping[int, Sequence[Prediction]]) -> None:
        """Show what a run says before it is stored: predictions by position."""
        for detail in self.query(PagedDetail):
            detail.think(answers)

    def show_job(self, job: Job, *, waiting: int) -> None:
        """Show how a run that this app has started gets on."""
        for bar in self.query(RunBar):
            bar.show(job, waiting=waiting)

    # the scenario at hand

    @on(LineList.Moved)
    def _moved(self, message: LineList.Moved) -> None:
        desk = self._desk
        if desk and message.count == len(desk.order):  # else it is about a list that has gone
            desk.place = message.place
            self._arrive(desk)

    def _arrive(self, desk: Desk) -> None:
        self.query_one("#status", Static).update(status(desk), layout=False)
        self.query_one(PagedDetail).show_at(desk, desk.order, desk.place)

    def action_page(self, step: int) -> None:
        """Scroll the texts."""
        self.query_one(PagedDetail).page(step)

    # the target

    def action_steer(self) -> None:
        """Open or close the target editor."""
        if self._desk is None:
            return
        self.toggle_class("-steering")
        if self.has_class("-steering"):
            self.set_focus(self.query(Slider).first())
        else:
            self.set_focus(self.query_one(LineList))

    def action_preset(self, step: int) -> None:
        """Align to the next preset."""
        if self._desk:
            self._desk.step_preset(step)
            self.show(self._desk)

    def action_function(self) -> None:
        """Align by the next distance."""
        if self._desk:
            self._desk.steer(self._desk.steering.next_function())
            self.show(self._desk)

    @on(Slider.Steered)
    def _steered(self, message: Slider.Steered) -> None:
        if self._desk:
            self._desk.steer(message.change(self._desk.steering))
            self.show(self._desk)

    # moving and searching

    def action_misaligned(self, step: int) -> None:
        """Go to the next wrong pick of the list."""
        desk = self._desk
        if desk is None:
            return
        wrong = np.flatnonzero(desk.standings.status[desk.order] == Status.WRONG)
        there = wrong[wrong > desk.place] if step > 0 else wrong[wrong < desk.place][::-1]
        if len(there):
            desk.place = int(there[0])
            self.show(desk)

    def action_search(self) -> None:
        """Ask for words to search."""
        self.query_one(QueryLine).ask_words(self._desk.words if self._desk else "")

    def action_jump(self) -> None:
        """Ask for a number to go to."""
        self.query_one(QueryLine).ask_number()

    @on(QueryLine.Closed)
    def _query_closed(self) -> None:
        self.set_focus(self.query_one(LineList))

    @on(QueryLine.Searched)
    def _searched(self, message: QueryLine.Searched) -> None:
        if self._desk and message.words:
            self._search(self._desk, message.words)
        elif self._desk:
            self._desk.search("", None)
            self.show(self._desk)

    @on(QueryLine.Jumped)
    def _jumped(self, message: QueryLine.Jumped) -> None:
        desk, words = self._desk, message.words
        if desk is None or not words:
            return
        if not words.isdecimal() or not 1 <= int(words) <= len(desk.opened.questions):
            self.notify(f"a number from 1 to {len(desk.opened.questions)}", severity="warning")
            return
        if not desk.go(int(words) - 1):
            desk.search("", None)
            desk.narrow(Filter(), desk.sort)
            desk.go(int(words) - 1)
            self.notify("filter and search are off: it was not among the listed")
        self.show(desk)

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _search(self, desk: Desk, words: str) -> None:
        opened = desk.opened
        numbers = [opened.run.number] if opened.run else []
        try:
            with self._store.reading() as db:
                found = browse.search(
                    db, opened.benchmark.identity, opened.split, words, runs=numbers
                )
        except StoreError as error:
            self.post_message(Failed(str(error)))
            return
        self.post_message(SearchDone(opened, words, np.array(found, dtype=np.int64) - 1))

    @on(SearchDone)
    def _found(self, message: SearchDone) -> None:
        if self._desk and len(message.opened.questions) == len(self._desk.opened.questions):
            self._desk.search(message.words, message.found)
            self.show(self._desk)
            if not len(message.found):
                self.notify("nothing found; escape shows all again", markup=False)

    def action_back(self) -> None:
        """Close what is open; then end search and filter."""
        desk = self._desk
        if self.has_class("-steering"):
            self.action_steer()
        elif not isinstance(self.focused, LineList):
            self.set_focus(self.query_one(LineList))
        elif desk and desk.found is not None:
            desk.search("", None)
            self.show(desk)
        elif desk and not (desk.filter.idle and desk.sort == Sort()):
            desk.narrow(Filter(), Sort())
            self.show(desk)


def status(desk: Desk) -> str:
    """Return the line under the list: where one is, and what is listed."""
    total = len(desk.opened.questions)
    at = desk.place + 1 if len(desk.order) else 0
    parts = [f"{at}/{len(desk.order)}" + (f" of {total}" if len(desk.order) < total else "")]
    if desk.words:
        parts.append(f"“{visible(desk.words)}”")
    if not desk.filter.idle:
        parts.append(desk.filter.label(desk.opened.names))
    if desk.sort.by != "number":
        parts.append(f"by {desk.sort.label(desk.opened.names)}")
    return " · ".join(parts)
