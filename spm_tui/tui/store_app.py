"""The app as far as it reads: opens runs, keeps the desk, watches the store.

What a person can do with it is in `app`, what is shown in `screens`.
"""

import os
from pathlib import Path
from typing import TypeAlias

from rich.console import RenderableType
from textual import on, work
from textual.app import App

from spm_tui.errors import SpmError
from spm_tui.tui import session
from spm_tui.tui.config import Config
from spm_tui.tui.desk import Desk
from spm_tui.tui.memory import key_of, restore, snapshot
from spm_tui.tui.messages import (
    Failed,
    RunGrew,
    RunOpened,
    StoreAway,
    StoreEmpty,
    StoreRead,
    StoreUnread,
)
from spm_tui.tui.remembered import Remembered, load, save
from spm_tui.tui.screens.browse import BrowseScreen
from spm_tui.tui.screens.following import FollowingScreen
from spm_tui.tui.screens.storing import StoringScreen
from spm_tui.tui.session import Contents
from spm_tui.tui.themes import THEMES, VARIABLES, default_theme
from store.connection import Connection, Store
from store.errors import StoreBusy, StoreError, StoreLost
from store.records import Split

LOOK = 1.0
"""Seconds between two looks at whether the store's file has changed."""


Stamp: TypeAlias = tuple[int, int]
"""Which file it is, and when it changed last."""
NOTHING = Contents((), (), {}, {}, "")


class StoreApp(App[None]):
    """An app over one store."""

    TITLE = "spm-tui"

    def __init__(self, store: Store, *, config: Config, folder: Path) -> None:
        super().__init__()
        self.store = store
        self.config = config
        self.folder = folder
        """For what is remembered, and for logs."""
        self.desk: Desk | None = None
        self.contents = NOTHING
        self._stamp: Stamp | None = None
        """Of the store's file when it was last read; None to read it again."""
        self._growing = False
        self._missed = False
        """Whether it has been said that the file is gone."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colours of our own that Textual's themes lack."""
        return dict(VARIABLES)

    def on_mount(self) -> None:
        """Choose the theme, read the store, watch it."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.config.theme or default_theme(os.environ)
        self.set_keymap(dict(self.config.keys))
        self.push_screen(BrowseScreen(self.store))
        self._read_anew()
        self.set_interval(LOOK, self._look)

    def exit(
        self, result: None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Leave; nobody waits any longer to read a store that another process holds."""
        self.store.leave()
        super().exit(result, return_code, message)

    # reading

    def _read_anew(self) -> None:
        self._stamp = self._stamped()
        self._read_store()

    @work(thread=True, exclusive=True, group="store", exit_on_error=False)
    def _read_store(self) -> None:
        """Read what there is and what to show of it, opening the file once: it is the start."""
        store = self.store
        try:
            with store.reading() as db:
                contents = session.read_contents(db)
                remembered = load(contents.token, self.folder)
                key = session.first_key(contents, remembered.opened)
                first = _read(db, key, remembered) if key else StoreEmpty()
        except StoreLost:
            self.post_message(StoreAway(store))
            return
        except (StoreError, SpmError) as error:
            self.post_message(StoreUnread(str(error), again=isinstance(error, StoreBusy)))
            return
        self.post_message(StoreRead(contents))
        self.post_message(first)

    def opened(self, key: str) -> RunOpened:
        """Read what a key of the opening menu means; in a worker's thread."""
        with self.store.reading() as db:
            return _read(db, key, None)

    @work(thread=True, exclusive=True, group="open", exit_on_error=False)
    def open(self, key: str) -> None:
        """Open a run or a split by its key in the opening menu."""
        try:
            self.post_message(self.opened(key))
        except (StoreError, SpmError) as error:
            self.post_message(Failed(str(error)))

    @on(StoreRead)
    def _store_read(self, message: StoreRead) -> None:
        self._growing = False
        self.contents = message.contents

    @on(RunOpened)
    def _take(self, message: RunOpened) -> None:
        opened, before = message.opened, self.desk
        self.desk = Desk(opened, message.saved)
        if message.remembered:
            restore(self.desk, message.remembered)
            if message.remembered.theme in self.available_themes:
                self.theme = message.remembered.theme
        elif before and before.opened.attributes == opened.attributes:
            self.desk.steering = before.steering
            self.desk.reopen(opened)
            if before.index is not None:
                self.desk.go(before.index)
        self.show()

    def show(self) -> None:
        """Show the desk after a change."""
        for screen in self.screen_stack:
            if isinstance(screen, BrowseScreen) and self.desk:
                screen.show(self.desk)

    def on_unmount(self) -> None:
        """Remember where the person was."""
        self.remember()

    def remember(self) -> None:
        """Keep where the person is, for the next session."""
        if self.desk and self.contents.token:
            save(self.contents.token, snapshot(self.desk, self.theme), self.folder)

    # watching

    def _stamped(self) -> Stamp | None:
        """What tells whether the store's file has changed; None where there is no file."""
        try:
            found = self.store.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _look(self) -> None:
        stamp = self._stamped()
        if stamp is None:
            self._miss()
        elif stamp != self._stamp and not self._growing:
            self._stamp, self._growing, self._missed = stamp, True, False
            if self.desk:
                self._grow(self._open_runs())
            else:
                self._read_store()

    def _miss(self) -> None:
        """Say once that the file has gone, if it has been there; what was read of it stays."""
        self._stamp = None
        if self.contents.token and not self._missed:
            self._missed = True
            gone = f"{self.store.path}: has been deleted or moved; what was read of it stays here"
            self.notify(gone, severity="warning", markup=False, timeout=10)

    def _open_runs(self) -> frozenset[int]:
        """The numbers of the runs that lie open, on the desk and on screens above it."""
        opened = [self.desk.opened] if self.desk else []
        for screen in self.screen_stack:
            opened += screen.followed if isinstance(screen, FollowingScreen) else []
        return frozenset(one.run.number for one in opened if one.run)

    @work(thread=True, group="grow", exit_on_error=False)
    def _grow(self, numbers: frozenset[int]) -> None:
        """Read again what has come to the store, by this app's runs or anyone's."""
        store = self.store
        try:
            with store.reading() as db:
                contents = session.read_contents(db)
                there = numbers.intersection(run.number for run in contents.runs)
                grown = [session.read_run(db, number) for number in sorted(there)]
        except StoreLost:
            self.post_message(StoreAway(store))
            return
        except (StoreError, SpmError) as error:
            self.post_message(StoreUnread(str(error), again=isinstance(error, StoreBusy)))
            return
        self.post_message(StoreRead(contents))
        for opened in grown:
            self.post_message(RunGrew(opened))

    @on(StoreUnread)
    def _try_again(self, message: StoreUnread) -> None:
        """Say what is wrong; look again before long, or when the file has changed."""
        self._growing = False
        if message.again:
            self._stamp = None
        self._failed(Failed(message.problem))

    @on(StoreAway)
    async def _start_over(self, message: StoreAway) -> None:
        """Open the store that has taken the place of the one that was open, as at the start."""
        self._growing = False
        if message.store is not self.store or self._stamped() is None:
            return
        self.remember()
        lost = sum(one.give_up() for one in self.screen_stack if isinstance(one, StoringScreen))
        self.store, self.desk, self.contents = self.store.anew(), None, NOTHING
        while not isinstance(self.screen, BrowseScreen):
            await self.pop_screen()
        await self.switch_screen(BrowseScreen(self.store))
        said = f"{self.store.path}: another store has taken its place and is opened"
        said += f"; annotations that were not stored are lost: {lost}" if lost else ""
        self.notify(said, severity="warning", markup=False, timeout=10)
        self._read_anew()

    @on(RunGrew)
    def _grew(self, message: RunGrew) -> None:
        if self.desk and key_of(self.desk.opened) == key_of(message.opened):
            self.desk.reopen(message.opened)
            self.show()
        for screen in self.screen_stack:
            if isinstance(screen, FollowingScreen):
                screen.grew(message.opened)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.notify(message.problem, severity="error", markup=False, timeout=10)


def _read(db: Connection, key: str, remembered: Remembered | None) -> RunOpened:
    kind, _, rest = key.partition(":")
    if kind == "run":
        opened = session.read_run(db, int(rest))
    else:
        benchmark, _, split = rest.partition(":")
        opened = session.read_split(db, benchmark, _split(split))
    saved = session.saved_targets(db, opened.benchmark.identity, opened.attributes)
    return RunOpened(opened, saved, remembered)


def _split(name: str) -> Split:
    return "train" if name == "train" else "eval"
