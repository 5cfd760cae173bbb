"""The line that takes words to search for, or a number to go to."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class QueryLine(Input):
    """Hidden until it asks."""

    DEFAULT_CSS = """
    QueryLine { display: none; border: none; height: 1; padding: 0 1; }
    QueryLine.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Cancel", show=False, id="query.close")
    ]

    @dataclass
    class Searched(Message):
        """Words were given; none ends the search."""

        words: str

    @dataclass
    class Jumped(Message):
        """A number was given, or what should have been one."""

        words: str

    @dataclass
    class Closed(Message):
        """It is hidden again."""

    def __init__(self) -> None:
        super().__init__(compact=True)
        self._jumping = False

    def ask_words(self, words: str) -> None:
        """Ask for words, those of the last search first."""
        self._ask(words, "words in question, response or reasoning", jumping=False)

    def ask_number(self) -> None:
        """Ask for a scenario's number."""
        self._ask("", "number of a scenario", jumping=True)

    def _ask(self, value: str, placeholder: str, *, jumping: bool) -> None:
        self._jumping, self.value, self.placeholder = jumping, value, placeholder
        self.add_class("-open")
        self.screen.set_focus(self)  # at once: focus() would lose keys typed in the same breath

    def action_close(self) -> None:
        """Hide without an answer."""
        self.remove_class("-open")
        self.post_message(self.Closed())

    async def action_submit(self) -> None:
        """Pass the answer on and hide."""
        words = self.value.strip()
        self.action_close()
        self.post_message(self.Jumped(words) if self._jumping else self.Searched(words))
