"""Access to the store's file: short, whole, and never held.

DuckDB lets one process write or many read. So every access opens the file, does one
batch and closes it; whoever finds it taken waits with growing, jittered pauses. A
process that is killed loses what it had not committed, and nothing else.

Between two accesses the file may be deleted, or another put in its place. Neither is taken
for the store that was opened: nothing read from the one is written into the other.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import duckdb

from store import faults
from store.clock import now
from store.errors import StoreBusy, StoreLost, StoreUnusable
from store.migrations import MIGRATIONS, migrate, schema_version
from store.regular import irregular

Connection: TypeAlias = duckdb.DuckDBPyConnection

NEWEST = MIGRATIONS[-1].number
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": "4",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_LOCKED = "Could not set lock on file"
_HOLDER = re.compile(r"\(PID (\d+)\)")
_ONE_CONFIGURATION = threading.Lock()
"""One connection at a time in this process: DuckDB refuses a reader beside a writer."""


def token(db: Connection) -> str:
    """Return what tells this store from every other, wherever its file is moved."""
    (value,) = db.execute("SELECT value FROM identity WHERE token = 'store'").fetchall()[0]
    return str(value)


class Store:
    """The store at one path; safe to share between threads.

    Args:
        path: the DuckDB file; made, with its folder, at the first access.
        patience: seconds to wait for another process before `StoreBusy`.
        sleep: how to pause; replaced in tests.
        random_: source of the jitter.

    """

    def __init__(
        self,
        path: Path,
        *,
        patience: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        random_: random.Random | None = None,
    ) -> None:
        self.path = path
        self._patience = patience
        self._sleep = sleep
        self._random = random_ or random.Random()
        self._token = ""
        """Of the store that was found at the first access."""
        self._leaving = False

    def leave(self) -> None:
        """Let whoever waits to read give up at once; what is to be written still waits."""
        self._leaving = True

    def anew(self) -> "Store":
        """Return access to whatever store is at the path now."""
        return Store(self.path, patience=self._patience, sleep=self._sleep, random_=self._random)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open for reading; the schema is brought up to date first where it is behind.

        Raises:
            StoreBusy: another process does not let go of it.
            StoreLost: it is not there any more.
            StoreUnusable: it is no store, or none that this version can read.

        """
        if not self._token and not self.path.exists():
            with self.writing():
                pass
        with self._open(read_only=True) as db:
            behind = self._check(db) < NEWEST
            if not behind:
                yield db
        if behind:
            with self.writing() as db:
                yield db

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Blame the store for what comes of its rows after they were read, if they are damaged.

        Raises:
            StoreError: as `reading`, in place of what was raised within.

        """
        try:
            yield
        except faults.BY_DAMAGED_ROWS:
            if self.path.exists():
                with self.reading():
                    raise
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open for one transaction: committed at the end; closing undoes it on any exception.

        Raises:
            StoreError: as `reading`.

        """
        with self._open(read_only=False) as db:
            if self._check(db) < NEWEST:
                migrate(db, at=now())
                self._check(db)
            db.begin()
            yield db
            db.commit()

    def _check(self, db: Connection) -> int:
        try:
            version = schema_version(db)
        except StoreUnusable as error:
            raise StoreUnusable(f"{self.path}: {error}") from None
        if version > NEWEST:
            raise StoreUnusable(
                f"{self.path}: written by a newer spm-tui (schema {version}, this one knows"
                f" {NEWEST}); update spm-tui or name another --store"
            )
        found = token(db) if version >= 0 else ""
        if self._token not in ("", found):
            raise StoreLost(f"{self.path}: another store has taken its place")
        self._token = found
        return version

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[Connection]:
        with _ONE_CONFIGURATION:
            if self._token and not self.path.exists():
                raise StoreLost(f"{self.path}: has been deleted or moved")
            db = self._connect(read_only=read_only)
            try:
                yield db
            except Exception as error:
                if fault := faults.told(error, db):
                    raise StoreUnusable(f"{self.path}: {fault}") from error
                raise
            finally:
                db.close()

    def _connect(self, *, read_only: bool) -> Connection:
        self._require_file()
        deadline = time.monotonic() + self._patience
        pause = 0.01
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only, config=_CONFIG)
            except duckdb.Error as error:
                if _LOCKED not in str(error):
                    raise StoreUnusable(f"{self.path}: {faults.described(error)}") from error
                if time.monotonic() > deadline or (read_only and self._leaving):
                    holder = _HOLDER.search(str(error))
                    raise StoreBusy(
                        self.path, int(holder[1]) if holder else None, self._patience
                    ) from error
            self._sleep(pause * self._random.uniform(0.5, 1.5))
            pause = min(pause * 1.5, 0.25)

    def _require_file(self) -> None:
        """See that the file and its log are regular ones, or can be made: DuckDB opens anything."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for path in (self.path, self.path.with_name(f"{self.path.name}.wal")):
                if path.exists() and (kind := irregular(path)):
                    raise StoreUnusable(f"{path}: {kind}")
        except OSError as error:
            raise StoreUnusable(f"{self.path}: {error.strerror}") from error
