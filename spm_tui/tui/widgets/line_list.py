"""A list that draws only the lines on screen, so that ten thousand are as quick as ten.

What a line says is told by a function; the list knows how many there are and which is at hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

Parts: TypeAlias = Sequence[tuple[str, str]]
"""Texts with styles (right, wrong, tie, dim or none)."""


class LineList(ScrollView, can_focus=True):
    """Lines with one at hand."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "list--right",
        "list--wrong",
        "list--tie",
        "list--cursor",
        "list--dim",
    }
    DEFAULT_CSS = """
    LineList {
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
        """Another line is at hand."""

        place: int
        count: int
        """Lines of the list at that moment."""

    @dataclass
    class Chosen(Message):
        """The line at hand is to be read at full size."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self._count = self._place = 0
        self._line: Callable[[int, int], Parts] = lambda place, width: []  # noqa: ARG005

    def show(self, line: Callable[[int, int], Parts], *, count: int, place: int) -> None:
        """Draw a list anew.

        Args:
            line: gives the parts of the line at a place, for so many cells.
            count: of the lines.
            place: of the line at hand.

        """
        self._line, self._count, self._place = line, count, place
        self.virtual_size = Size(0, count)
        self._reveal()
        self.refresh()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self._go(self._place + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(step * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Move the cursor to the top."""
        self._go(0)

    def action_last(self) -> None:
        """Move the cursor to the bottom."""
        self._go(self._count - 1)

    def action_open(self) -> None:
        """Ask for the line at full size."""
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the line that was clicked."""
        self._go(self.scroll_offset.y + event.y)

    def _go(self, place: int) -> None:
        place = min(max(place, 0), self._count - 1)
        if self._count and place != self._place:
            before, self._place = self._place, place
            self._reveal()
            self._redraw(before)
            self._redraw(place)
            self.post_message(self.Moved(place, self._count))

    def _redraw(self, place: int) -> None:
        self.refresh(Region(0, place - self.scroll_offset.y, self.size.width, 1))

    def _reveal(self) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not top <= self._place < top + height:
            self.scroll_to_region(
                Region(0, self._place, 1, 1), animate=False, immediate=True, force=True
            )

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._reveal()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, place = self.scrollable_content_region.width, self.scroll_offset.y + y
        base = self.rich_style
        if place >= self._count:
            return Strip.blank(width, base)
        cursor = Style.null()
        if place == self._place:
            cursor = self.get_component_rich_style("list--cursor", partial=True)
        segments = [
            Segment(text, base + self._style(style) + cursor)
            for text, style in self._line(place, width)
        ]
        return Strip(segments).adjust_cell_length(width, base + cursor)

    def _style(self, name: str) -> Style:
        if not name:
            return Style.null()
        return self.get_component_rich_style(f"list--{name}", partial=True)
