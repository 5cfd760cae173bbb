"""A screen on runs that may grow while it is open; the app reads them again and tells it."""

from collections.abc import Sequence
from typing import TypeVar

from textual.screen import Screen

from spm_tui.tui.session import Opened

Answer = TypeVar("Answer")


class FollowingScreen(Screen[Answer]):
    """Shows runs as they were read last."""

    @property
    def followed(self) -> Sequence[Opened]:
        """What it shows."""
        raise NotImplementedError

    def grew(self, opened: Opened) -> None:
        """Show a run as it has been read again; it may be one that is not shown here."""
        raise NotImplementedError
