"""Annotations on their way to the store: said at once, stored as soon as it lets us, in order.

Separate from the queue, for the store may be held by a run in another process for seconds, and
whoever judges does not wait for it.
"""

import threading

from store import annotations
from store.connection import Store
from store.records import Annotation


class Outbox:
    """What has been said about a run and is not stored yet; threads may share it."""

    def __init__(self, store: Store, run: int) -> None:
        self._store, self._run = store, run
        self._entries: list[Annotation] = []
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()

    def put(self, entry: Annotation) -> None:
        """Take in what is to be stored."""
        with self._lock:
            self._entries.append(entry)

    def waiting(self) -> tuple[Annotation, ...]:
        """Return what is not stored, in order."""
        with self._lock:
            return tuple(self._entries)

    def drop(self, count: int) -> None:
        """Forget the first so many: they are stored, or given up."""
        with self._lock:
            del self._entries[:count]

    def drain(self) -> list[Annotation] | None:
        """Store all there is; return the run's annotations, None where there was nothing to do.

        What fails stays, so that the order of what was said is kept when it is tried again.

        Raises:
            StoreError: not all could be stored.

        """
        found = None
        with self._one_at_a_time:
            while batch := self.waiting():
                with self._store.writing() as db:
                    for entry in batch:
                        annotations.annotate(db, entry)
                    found = annotations.history(db, self._run)
                self.drop(len(batch))
        return found
