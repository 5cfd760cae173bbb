"""The app as far as it reads: opens runs, keeps the desk, watches the store.

What a person can do with it is in `app`, what is shown in `screens`.
"""

import os
from pathlib import Path

from textual import on, work
from textual.app import App

from spm_tui.errors import SpmError
from spm_tui.tui import session
from spm_tui.tui.config import Config
from spm_tui.tui.desk import Desk
from spm_tui.tui.memory import key_of, restore, snapshot
from spm_tui.tui.messages import Failed, RunGrew, RunOpened, StoreEmpty, StoreRead, StoreUnread
from spm_tui.tui.remembered import Remembered, load, save
from spm_tui.tui.screens.browse import BrowseScreen
from spm_tui.tui.session import Contents, Opened
from spm_tui.tui.themes import THEMES, VARIABLES, default_theme
from store.connection import Connection, Store
from store.errors import StoreBusy, StoreError
from store.records import Split

LOOK = 1.0
"""Seconds between two looks at whether the store's file has changed."""


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
        self.contents = Contents((), (), {}, "")
        self._stamp = 0
        """When the store's file had last changed when it was last read; 0 to read it again."""
        self._growing = False

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
        self._stamp = self._stamped()
        self._read_store()
        self.set_interval(LOOK, self._look)

    # reading

    @work(thread=True, exclusive=True, group="store", exit_on_error=False)
    def _read_store(self) -> None:
        """Read what there is and what to show of it, opening the file once: it is the start."""
        try:
            with self.store.reading() as db:
                contents = session.read_contents(db)
                remembered = load(contents.token, self.folder)
                key = session.first_key(contents, remembered.opened)
                first = _read(db, key, remembered) if key else StoreEmpty()
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

    def _stamped(self) -> int:
        """When the store's file last changed."""
        try:
            return self.store.path.stat().st_mtime_ns
        except OSError:
            return 0

    def _look(self) -> None:
        stamp = self._stamped()
        if stamp != self._stamp and not self._growing:
            self._stamp, self._growing = stamp, bool(stamp)
            if stamp and self.desk:
                self._grow(self.desk.opened)
            elif stamp:
                self._read_store()

    @work(thread=True, group="grow", exit_on_error=False)
    def _grow(self, opened: Opened) -> None:
        """Read again what has come to the store, by this app's runs or anyone's."""
        try:
            with self.store.reading() as db:
                contents = session.read_contents(db)
                there = {run.number: run for run in contents.runs}
                run = opened.run
                grown = session.read_run(db, run.number) if run and run.number in there else None
        except (StoreError, SpmError) as error:
            self.post_message(StoreUnread(str(error), again=isinstance(error, StoreBusy)))
            return
        self.post_message(StoreRead(contents))
        if grown and grown.benchmark.identity == opened.benchmark.identity:
            self.post_message(RunGrew(grown))

    @on(StoreUnread)
    def _try_again(self, message: StoreUnread) -> None:
        """Say what is wrong; look again before long, or when the file has changed."""
        self._growing = False
        if message.again:
            self._stamp = 0
        self._failed(Failed(message.problem))

    @on(RunGrew)
    def _grew(self, message: RunGrew) -> None:
        if self.desk and key_of(self.desk.opened) == key_of(message.opened):
            self.desk.reopen(message.opened)
            self.show()

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
