"""The list of scenarios: draws only the lines on screen; ten thousand are as quick as ten."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from spm_tui.format import signed
from spm_tui.scoring.standing import Status
from spm_tui.tui.desk import Desk
from spm_tui.tui.plain import one_line

SIGNS = {Status.RIGHT: "✓", Status.WRONG: "✗", Status.TIE: "=", Status.NOT_RUN: "·"}
ROOM_FOR_MARGIN = 30
"""Narrower lists leave the margin out."""


class ScenarioList(ScrollView, can_focus=True):
    """Scenarios as they stand against the target."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "list--right",
        "list--wrong",
        "list--tie",
        "list--cursor",
        "list--dim",
    }
    DEFAULT_CSS = """
    ScenarioList {
        background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        & .list--right { color: $spm-right; }
        & .list--wrong { color: $spm-wrong; }
        & .list--tie { color: $spm-tie; }
        & .list--dim { color: $text-muted; }
        & .list--cursor { background: $surface-lighten-1; }
        &:focus .list--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next", show=False, id="list.next"),
        Binding("up,k", "move(-1)", "Previous", show=False, id="list.previous"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="list.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("home,g", "first", "First", show=False, id="list.first"),
        Binding("end,G", "last", "Last", show=False, id="list.last"),
        Binding("enter", "open", "Read", id="list.open"),
    ]

    @dataclass
    class Moved(Message):
        """Another scenario is at hand."""

    @dataclass
    class Chosen(Message):
        """The scenario at hand is to be read at full size."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self._desk: Desk | None = None

    def show(self, desk: Desk) -> None:
        """Draw the list of a desk anew."""
        self._desk = desk
        self.virtual_size = Size(0, len(desk.order))
        self._reveal()
        self.refresh()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        if self._desk:
            self._go(self._desk.place + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(step * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Move the cursor to the top."""
        self._go(0)

    def action_last(self) -> None:
        """Move the cursor to the bottom."""
        if self._desk:
            self._go(len(self._desk.order) - 1)

    def action_open(self) -> None:
        """Ask for the scenario at full size."""
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the line that was clicked."""
        self._go(self.scroll_offset.y + event.y)

    def _go(self, place: int) -> None:
        desk = self._desk
        if desk is None or not len(desk.order):
            return
        place = min(max(place, 0), len(desk.order) - 1)
        if place != desk.place:
            before, desk.place = desk.place, place
            self._reveal()
            self._redraw(before)
            self._redraw(place)
            self.post_message(self.Moved())

    def _redraw(self, place: int) -> None:
        self.refresh(Region(0, place - self.scroll_offset.y, self.size.width, 1))

    def _reveal(self) -> None:
        if self._desk:
            self.scroll_to_region(
                Region(0, self._desk.place, 1, 1), animate=False, immediate=True, force=True
            )

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._reveal()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        place = self.scroll_offset.y + y
        base = self.rich_style
        if self._desk is None or place >= len(self._desk.order):
            return Strip.blank(width, base)
        under = place == self._desk.place
        cursor = self.get_component_rich_style("list--cursor", partial=True)
        segments = [
            Segment(text, base + self._style(style) + (cursor if under else Style.null()))
            for text, style in line(self._desk, int(self._desk.order[place]), width)
        ]
        return Strip(segments, width)

    def _style(self, name: str) -> Style:
        return (
            self.get_component_rich_style(f"list--{name}", partial=True) if name else Style.null()
        )


_STYLES = {Status.RIGHT: "right", Status.WRONG: "wrong", Status.TIE: "tie", Status.NOT_RUN: "dim"}


def line(desk: Desk, index: int, width: int) -> list[tuple[str, str]]:
    """Return a scenario's line as texts with styles, exactly `width` cells together."""
    status = Status(int(desk.standings.status[index]))
    marks = desk.opened.marks
    digits = len(str(len(desk.opened.questions)))
    signs = "".join(
        sign
        for sign, there in (
            ("!", marks.failed[index]),
            ("⚑", marks.flagged[index]),
            ("✎", marks.annotated[index]),
        )
        if there
    )
    margin = signed(float(desk.standings.margin[index]))
    tail = f" {margin:>5} {signs:<2}" if width >= ROOM_FOR_MARGIN else f" {signs:<1}"
    head = f" {index + 1:0{digits}} "
    room = max(width - 1 - len(head) - cell_len(tail), 0)
    question = set_cell_size(one_line(desk.opened.questions[index], room), room)
    parts = [
        (SIGNS[status], _STYLES[status]),
        (head, "dim"),
        (question, "" if status is not Status.TIE else "dim"),
        (tail, _STYLES[status]),
    ]
    return parts if sum(cell_len(text) for text, _ in parts) <= width else _cut(parts, width)


def _cut(parts: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Cut a line to `width` cells."""
    kept = []
    for text, style in parts:
        size = min(cell_len(text), width)
        kept.append((set_cell_size(text, size), style))
        width -= size
    return kept
