"""Judging scenario after scenario with one key each; what is said is stored behind the scenes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static

from spm_tui.tui import annotation_texts as texts
from spm_tui.tui.annotating import VERDICTS, Queue, Verdict, agreement
from spm_tui.tui.desk import Desk
from spm_tui.tui.full_text import full_text
from spm_tui.tui.messages import Failed
from spm_tui.tui.screens.dialogs import Ask, AskPath, Reading
from spm_tui.tui.screens.storing import StoringScreen
from spm_tui.tui.widgets.head_line import HeadLine
from spm_tui.tui.widgets.paged_detail import PagedDetail
from store import exports, runs
from store.clock import now
from store.connection import Store
from store.errors import StoreError


def _ahead(keys: str, action: str, description: str, *, id_: str, show: bool = False) -> Binding:
    """Bind what a text that was clicked at would take for itself."""
    name = f"annotate.{id_}"
    return Binding(keys, action, description, show=show, priority=True, id=name)


_RESPONSES = [
    Binding("1", "response(0)", "Response", key_display="1-9", id="annotate.response_1"),
    *(
        Binding(
            f"{n}", f"response({n - 1})", f"Response {n}", show=False, id=f"annotate.response_{n}"
        )
        for n in range(2, 10)
    ),
]


def make_queue(desk: Desk, author: str) -> Queue:
    """Return the desk's list as a queue, at the scenario at hand.

    Raises:
        ValueError: the desk has no run.

    """
    opened = desk.opened
    if opened.run is None:
        raise ValueError("only runs are annotated")
    queue = Queue(
        opened.notes,
        run=opened.run.number,
        author=author,
        order=desk.order.tolist(),
        responses=opened.judged.present.sum(axis=1).tolist(),
        attributes=len(opened.attributes),
    )
    if desk.index is not None:
        queue.go(desk.index)
    return queue


class AnnotateScreen(StoringScreen):
    """The desk's list as a queue; dismissed with the position of the scenario at hand.

    Args:
        store: where verdicts go.
        desk: with a run; it is only read.
        author: who judges.
        clock: gives the time of a verdict.

    """

    CSS = """
    AnnotateScreen {
        & PagedDetail { height: 1fr; }
        & #progress, & #keys { height: auto; max-height: 3; padding: 0 1; }
        & #keys { background: $panel; }
        & #given { height: auto; max-height: 5; padding: 0 1; border-top: solid $panel-lighten-2;
            scrollbar-size-vertical: 1; }
        &.-short #given { max-height: 3; }
    }
    """
    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012  # Textual's declaration
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(one.key, f"judge('{one.name}')", one.name, show=False, id=one.binding)
            for one in VERDICTS
        ),
        Binding("n", "note", "Note", id="annotate.note"),
        Binding("u,backspace", "undo", "Undo", id="annotate.undo"),
        Binding("g", "next_undone", "To do", id="annotate.next_unjudged"),
        _RESPONSES[0],
        _ahead("tab", "attribute(1)", "Attribute", id_="attribute", show=True),
        _ahead("enter", "read", "Read", id_="read", show=True),
        Binding("escape,q", "back", "Back", id="annotate.back"),
        Binding("e", "export", "Export", show=False, id="annotate.export"),
        Binding("A", "agreement", "Agreement", show=False, id="annotate.agreement"),
        Binding("r", "retry", "Store again", show=False, id="annotate.retry"),
        Binding("0", "whole", "Whole scenario", show=False, id="annotate.whole"),
        *_RESPONSES[1:],
        _ahead("shift+tab", "attribute(-1)", "Attribute before", id_="previous_attribute"),
        _ahead("left", "step(-1)", "Previous", id_="previous"),
        _ahead("right", "step(1)", "Next", id_="next"),
        _ahead("down,j,pagedown", "scroll(1)", "Scroll texts", id_="scroll_down"),
        _ahead("up,k,pageup", "scroll(-1)", "Scroll back", id_="scroll_up"),
    ]

    @dataclass
    class Exported(Message):
        """The annotations are in a file."""

        rows: int
        path: Path

    def __init__(
        self, store: Store, desk: Desk, author: str, *, clock: Callable[[], datetime] = now
    ) -> None:
        super().__init__(store, make_queue(desk, author))
        self._store, self._desk, self._clock = store, desk, clock

    def compose(self) -> ComposeResult:
        """Lay out progress, scenario, what was said, what can be said."""
        yield HeadLine(id="head")
        yield Static(id="progress", markup=False)
        yield PagedDetail(self._store, empty="No scenario is listed.")
        with VerticalScroll(id="given", can_focus=False):
            yield Static(markup=False)
        yield Static(id="keys", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the scenario at hand."""
        self.query_one(HeadLine).show(self._desk)
        self.draw()

    def on_resize(self) -> None:
        """Fit the lines into the new width."""
        self.draw()

    def draw(self) -> None:
        """Show progress, scenario, what was said of it and what can be."""
        queue, names, width = self.queue, self._desk.opened.names, max(self.size.width - 2, 1)
        self.query_one(PagedDetail).show_at(
            self._desk, queue.order, queue.place, chosen=queue.response
        )
        self.query_one("#progress", Static).update(
            texts.progress(queue, names, width=width, trouble=self.trouble())
        )
        self.query_one("#given Static", Static).update(self._given())
        self.query_one("#keys", Static).update(texts.keys(self._keys(), queue.said, width=width))

    def _given(self) -> Content:
        waiting = self._outbox.waiting()
        return texts.given(self.queue, self._desk.opened.names, waiting, failed=self._failed)

    def _keys(self) -> list[tuple[str, Verdict]]:
        """The verdicts with the keys they have now, which may be others than the usual."""
        bindings = {one.binding.id: one.binding for one in self.active_bindings.values()}
        return [
            (self.app.get_key_display(bindings[one.binding]), one)
            for one in VERDICTS
            if one.binding in bindings
        ]

    # saying something

    def action_judge(self, verdict: str) -> None:
        """Judge the thing at hand; the next one comes by itself."""
        entry = self.queue.judge(verdict, at=self._clock())
        self.keep(entry)
        if entry and not self.queue.left:
            self.notify("all of this list is judged")

    def action_note(self) -> None:
        """Ask for a note on the thing at hand."""
        one = self.queue.at_hand
        if one is None:
            return
        about = texts.scope(one, self._desk.opened.names) or "as a whole"
        title = f"note on scenario {one.scenario}, {about}"
        hint = "enter: keep it; the verdict takes it along   escape: cancel"
        ask = Ask(title, value=self.queue.last_note(), hint=hint)
        self.app.push_screen(ask, self._noted)

    def _noted(self, text: str | None) -> None:
        if text:
            self.keep(self.queue.note(text, at=self._clock()))

    def action_undo(self) -> None:
        """Take back what was said last."""
        found = self.queue.undo(at=self._clock())
        if found is None:
            self.notify("nothing of yours to undo here", severity="warning")
            return
        self.keep(found.entry)
        self.notify(texts.undone(found.taken, found.entry), markup=False, timeout=3)

    # going about

    def action_step(self, step: int) -> None:
        """Go on or back without judging."""
        self.queue.step(step)
        self.draw()

    def action_next_undone(self) -> None:
        """Go to the next scenario that is not judged."""
        if not self.queue.next_undone():
            self.notify("all of this list is judged")
        self.draw()

    def action_attribute(self, step: int) -> None:
        """Judge on the next attribute."""
        self.queue.step_attribute(step)
        self.draw()

    def action_whole(self) -> None:
        """Judge scenarios as a whole."""
        self.queue.choose_response(None)
        self.draw()

    def action_response(self, response: int) -> None:
        """Judge responses one by one, from this one on."""
        if not self.queue.choose_response(response):
            self.notify(f"there is no response {response + 1} here", severity="warning")
        self.draw()

    def action_scroll(self, step: int) -> None:
        """Scroll the texts."""
        self.query_one(PagedDetail).page(step)

    def action_read(self) -> None:
        """Show the scenario at full size, and all that was said of it."""
        index = self.queue.index
        shown = None if index is None else self.query_one(PagedDetail).view_at(index)
        if shown is not None:
            head = Content.styled("\n── verdicts ──", "bold $accent")
            text = full_text(shown, self._desk.opened.names)
            whole = Content("\n").join([text, head, self._given()])
            self.app.push_screen(Reading(f"scenario {shown.number}", whole))

    def action_agreement(self) -> None:
        """Show how far the authors agree."""
        table = texts.agreement_table(agreement(self.queue.history))
        self.app.push_screen(Reading("agreement between authors", table))

    def action_export(self) -> None:
        """Ask for a file to write all annotations of the run to."""
        hint = (
            "all annotations, the overruled too: .csv, .jsonl or .parquet; a file there is replaced"
        )
        value = f"{self._desk.opened.benchmark.name}-run{self.queue.run}-annotations.csv"
        self.app.push_screen(
            AskPath("export annotations", value=value, hint=hint, replace=True), self._export_to
        )

    def _export_to(self, path: Path | None) -> None:
        if path is None:
            return
        if path.suffix not in exports.EXPORT_FORMATS:
            suffixes = ", ".join(exports.EXPORT_FORMATS)
            self.notify(f"{path}: expected one of {suffixes}", severity="error", markup=False)
            return
        self.when_stored(partial(self._export, path))

    @work(thread=True, group="export", exit_on_error=False)
    def _export(self, path: Path) -> None:
        try:
            with self._store.reading() as db:
                rows = exports.export_annotations(db, runs.get(db, self.queue.run), path)
        except StoreError as error:
            self.post_message(Failed(str(error)))
        else:
            self.post_message(self.Exported(rows, path))

    @on(Exported)
    def _exported(self, message: Exported) -> None:
        self.notify(f"{message.rows:,} annotations written to {message.path}", markup=False)
