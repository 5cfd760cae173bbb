"""The small questions: one line of text, one of a list, several of a list."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from spm_tui.errors import InputError
from spm_tui.paths import typed_path

BOX = """
    align: center middle;
    & > .box {
        width: 76; max-width: 100%; height: auto; max-height: 90%;
        border: round $accent; border-title-color: $accent; padding: 0 1; background: $surface;
    }
    & .hint { color: $text-muted; height: auto; }
"""
"""How dialogs look: a box in the middle, a hint at its foot."""


Answer = TypeVar("Answer")


class Line(ModalScreen[Answer | None]):
    """Asks for one line; dismissed with what it means, or None when there is no answer."""

    DEFAULT_CSS = f"Line {{ {BOX} }}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="dialog.cancel")
    ]

    def __init__(self, title: str, *, value: str = "", hint: str = "") -> None:
        super().__init__()
        self._title, self._value = title, value
        self._hint = hint or "enter: take it   escape: cancel"

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Input(self._value, compact=True)
            yield Static(self._hint, classes="hint", markup=False)

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        text = message.value.strip()
        try:
            self.dismiss(self.read(text) if text else None)
        except InputError as error:
            self.notify(str(error), severity="error", markup=False)

    @abstractmethod
    def read(self, text: str) -> Answer:
        """Return what a line means.

        Raises:
            InputError: nothing; the person may mend it.

        """


class Ask(Line[str]):
    """Asks for a text."""

    def read(self, text: str) -> str:
        """Return it as it is."""
        return text


class AskPath(Line[Path]):
    """Asks for a file to write; stays as long as it cannot be.

    Args:
        title: what is written.
        value: the path to start with.
        hint: below the line.
        replace: whether a file that is there may be written over.

    """

    def __init__(
        self, title: str, *, value: str = "", hint: str = "", replace: bool = False
    ) -> None:
        super().__init__(title, value=value, hint=hint)
        self._replace = replace

    def read(self, text: str) -> Path:
        """Return the path that is meant."""
        path = typed_path(text)
        if not path.absolute().parent.is_dir():
            raise InputError("its folder does not exist", path=path)
        if path.is_file() and not self._replace:
            raise InputError("is there already; give another name", path=path)
        return path


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a menu."""

    key: str
    """What the menu is dismissed with; empty for a heading."""
    text: Content


class Menu(ModalScreen[str | None]):
    """Asks for one of a list; dismissed with its key, or None."""

    HINT = "enter or space: choose   escape: close"
    DEFAULT_CSS = (
        f"Menu {{ {BOX} & OptionList {{ height: auto; max-height: 100%; }}"
        " & OptionList, & OptionList:focus { border: none; } }"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Close", id="dialog.close"),
        Binding("space", "list('select')", "Choose", show=False, id="menu.choose"),
        Binding("j", "list('cursor_down')", "Next", show=False, id="menu.next"),
        Binding("k", "list('cursor_up')", "Previous", show=False, id="menu.previous"),
    ]

    def __init__(self, title: str, entries: Sequence[Entry], *, at: str | None = None) -> None:
        super().__init__()
        self._title, self._entries, self._at = title, entries, at

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield OptionList(*_options(self._entries), markup=False)
            yield Static(self.HINT, classes="hint", markup=False)

    def on_mount(self) -> None:
        """Start at the present choice."""
        keys = [entry.key for entry in self._entries]
        if self._at in keys:
            self.query_one(OptionList).highlighted = keys.index(self._at)

    def action_list(self, move: str) -> None:
        """Move the cursor of the list."""
        getattr(self.query_one(OptionList), f"action_{move}")()

    @on(OptionList.OptionSelected)
    def _selected(self, message: OptionList.OptionSelected) -> None:
        self.choose(message.option.id or "")

    def choose(self, key: str) -> None:
        """Do what choosing an entry means here: close with it."""
        self.dismiss(key)


class Choices(Menu):
    """A list whose choices count at once, until it is closed."""

    HINT = "enter or space: choose, it counts at once   escape: done"

    def __init__(
        self, title: str, entries: Callable[[], Sequence[Entry]], choose: Callable[[str], None]
    ) -> None:
        super().__init__(title, entries())
        self._fresh, self._choose = entries, choose

    def choose(self, key: str) -> None:
        """Let the choice count, and show what is chosen now."""
        self._choose(key)
        found = self.query_one(OptionList)
        at = found.highlighted
        found.clear_options()
        found.add_options(_options(self._fresh()))
        found.highlighted = at


def _options(entries: Sequence[Entry]) -> list[Option]:
    return [Option(entry.text, id=entry.key or None, disabled=not entry.key) for entry in entries]


class Reading(ModalScreen[None]):
    """A long text at full size."""

    DEFAULT_CSS = """
    Reading {
        & VerticalScroll { border: round $accent; border-title-color: $accent; padding: 0 1;
            background: $background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "Close", id="reading.close"),
        Binding("j,down", "scroll(1)", "Down", show=False, id="reading.down"),
        Binding("k,up", "scroll(-1)", "Up", show=False, id="reading.up"),
        Binding("y", "copy", "Copy", id="reading.copy"),
    ]

    def __init__(self, title: str, text: Content) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with VerticalScroll() as frame:
            frame.border_title = Content(self._title)
            frame.border_subtitle = Content("↑↓ scroll   y copy   escape close")
            yield Static(self._text, markup=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copy the text."""
        self.app.copy_to_clipboard(self._text.plain)
        self.notify(f"copied {len(self._text.plain):,} characters (OSC 52)")
