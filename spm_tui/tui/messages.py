"""What workers tell the app: small facts, each replacing an earlier one of its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.message import Message

from spm_tui.targets import Target
from spm_tui.tui.job import Told
from spm_tui.tui.listing import Order
from spm_tui.tui.remembered import Remembered
from spm_tui.tui.session import Contents, Opened
from spm_tui.tui.views import Page
from store.connection import Store


@dataclass
class StoreRead(Message):
    """It is known what the store holds."""

    contents: Contents


@dataclass
class StoreEmpty(Message):
    """The store holds nothing that could be opened."""


@dataclass
class StoreUnread(Message):
    """The store could not be read."""

    problem: str
    again: bool
    """Whether it may be readable soon, as it is."""


@dataclass
class StoreAway(Message):
    """The store that was open is not at its path any more."""

    store: Store


@dataclass
class RunOpened(Message):
    """A run, or a split without one, has been read."""

    opened: Opened
    saved: Mapping[str, Sequence[Target]]
    remembered: Remembered | None
    """Where the last session stood, for the first that is opened."""


@dataclass
class RunGrew(Message):
    """A run that lies open has been read again."""

    opened: Opened


@dataclass
class PagesRead(Message):
    """Texts and answers of some scenarios have been read."""

    opened: Opened
    """What they belong to."""
    pages: Mapping[int, Page]


@dataclass
class SearchDone(Message):
    """A search has ended."""

    opened: Opened
    """What was searched."""
    words: str
    found: Order


@dataclass
class Failed(Message):
    """Something could not be done, in one line."""

    problem: str


@dataclass
class JobTold(Message):
    """A run that this app has started says something."""

    told: Told
