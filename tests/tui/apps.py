"""The app as tests start it, and what it shows as text."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from spm_tui.tui.app import SpmApp
from spm_tui.tui.config import Config
from store.connection import Store
from tests.tui.wait import settle

SIZES = [(80, 24), (140, 45), (40, 20)]
FAKE = (sys.executable, "-m", "tests.backend")
"""In place of the command that runs: the same command line with a scripted model."""


def make_app(store: Store, *, keys: Mapping[str, str] | None = None) -> SpmApp:
    """An app that remembers beside its store."""
    settings = Config(author="ada", theme="spm-dark", keys=keys or {})
    return SpmApp(store, config=settings, folder=store.path.parent / "state", command=FAKE)


async def opened(pilot: Pilot[Any], app: SpmApp) -> None:
    """Wait until a run, or a split, is shown with its texts."""
    await settle(pilot, lambda: app.desk is not None and "1. " in screen(app))


def screen(app: SpmApp) -> str:
    """What is on the screen, line by line, without trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(part.text for part in strip).rstrip() for strip in strips)


def told(app: SpmApp) -> str:
    """What is on the screen, and the notifications with their lines unbroken."""
    return "\n".join([screen(app), *(note.message for note in app._notifications)])


async def paste(pilot: Pilot[Any], text: str) -> None:
    """Put a text where the cursor is, as a terminal's paste does: at once, not key by key."""
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


async def shows(pilot: Pilot[Any], app: SpmApp, *texts: str) -> None:
    """Wait until all texts are on the screen or in notifications."""
    try:
        await settle(pilot, lambda: all(text in told(app) for text in texts), seconds=15)
    except AssertionError:
        raise AssertionError(f"{texts} not all in:\n{told(app)}") from None


def folder_of(store: Store) -> Path:
    """Where the app of `make_app` keeps its files."""
    return store.path.parent / "state"
