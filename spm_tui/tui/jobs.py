"""Runs as the app starts them: a queue of child processes, one at a time.

Nothing here knows of widgets. What happens is told to one function, from several threads,
in order; in the app it posts a message.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from os import getpid
from pathlib import Path

from spm_tui.bench.events import Event, ItemAnswered
from spm_tui.bench.options import RunOptions
from spm_tui.tui.child import Child
from spm_tui.tui.job import Job, JobChanged, JobItems, Told

COMMAND = (
    *(sys.executable, "-P", "-c"),
    "import sys; from spm_tui.cli import main; sys.exit(main())",
)
"""This program, whatever the shell's path and folder are."""
INTERVAL = 0.1
"""Least seconds between two tellings of items; thousands a second may come."""
_LOGS_KEPT = 20


def batched(
    events: Iterable[Event | None], *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Event | tuple[ItemAnswered, ...]]:
    """Yield events in order, items together: at most one tuple of them per `INTERVAL`.

    Args:
        events: None stands for a while without any.
        clock: seconds.

    """
    held: list[ItemAnswered] = []
    told = float("-inf")
    for event in events:
        item = isinstance(event, ItemAnswered)
        if isinstance(event, ItemAnswered):
            held.append(event)
        due = clock() - told >= INTERVAL if item or event is None else True
        if held and due:
            yield tuple(held)
            held, told = [], clock()
        if event is not None and not item:
            yield event
    if held:
        yield tuple(held)


class JobQueue:
    """Runs jobs one after the other, each in its own process.

    Args:
        command: starts this program; replaced in tests.
        store: the store's file.
        logs: folder for the processes' logs, made when the first is needed.
        tell: told what happens, from any thread; must not wait for anything.
        now: clock, for the logs' names.

    """

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        *,
        store: Path,
        logs: Path,
        tell: Callable[[Told], object],
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._command = (*command, "--store", str(store))
        self._logs, self._tell, self._now = logs, tell, now
        self._lock = threading.RLock()
        self._jobs: dict[int, Job] = {}
        self._child: Child | None = None
        self._reader: threading.Thread | None = None
        self._closed = False

    @property
    def jobs(self) -> list[Job]:
        """All jobs as they stand, the oldest first."""
        with self._lock:
            return list(self._jobs.values())

    @property
    def running(self) -> Job | None:
        """The job whose process is there."""
        return next((job for job in self.jobs if job.state == "running"), None)

    @property
    def waiting(self) -> int:
        """How many jobs wait for their turn."""
        return sum(job.state == "waiting" for job in self.jobs)

    def submit(self, options: RunOptions) -> Job:
        """Add a run, which starts once those before it are over."""
        with self._lock:
            if self._closed:
                raise ValueError("the queue is closed")
            job = Job(len(self._jobs) + 1, options)
            self._put(job)
            self._start_next()
            return self._jobs[job.number]

    def resume(self, job: Job) -> Job:
        """Add the same run again: it goes on from what is stored."""
        return self.submit(job.options)

    def cancel(self, job: Job) -> None:
        """End a job: after the batch in hand; asked again, at once; the third time, by force."""
        with self._lock:
            job = self._jobs[job.number]
            if job.state == "waiting":
                self._put(replace(job, state="cancelled"))
            elif job.state == "running" and self._child:
                self._child.kill() if job.stops >= 2 else self._child.interrupt()
                self._put(replace(job, stops=job.stops + 1))

    def leave(self) -> None:
        """Let the running process go on by itself, and tell nothing more; what waits is dropped."""
        self._close()
        with self._lock:
            if self._child:
                self._child.release()
            reader = self._reader
        if reader:
            reader.join(1.0)

    def close(self, *, patience: float = 10.0) -> None:
        """End everything: the running process after its batch, or after `patience` seconds.

        Without effect after `leave`.
        """
        if self._closed:
            return
        self._close()
        with self._lock:
            child, reader = self._child, self._reader
            if child:
                child.interrupt()
        if reader:
            reader.join(patience)
            if child and reader.is_alive():
                child.kill()
                reader.join()

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            for job in self.jobs:
                if job.state == "waiting":
                    self._put(replace(job, state="cancelled"))
            self._tell = _say_nothing

    def _put(self, job: Job) -> None:
        self._jobs[job.number] = job
        self._tell(JobChanged(job))

    def _start_next(self) -> None:
        """Start the first job that waits, unless a process is there."""
        while self._child is None and (job := self._next()):
            try:
                log = self._new_log(job)
                job = replace(job, log=log)
                self._child = Child(self._words(job.options), log=log)
            except (OSError, ValueError) as error:
                self._put(replace(job, state="failed", error=f"cannot be started: {error}"))
                continue
            self._put(replace(job, state="running", stage="starting"))
            # a daemon: the app may end before a process that it has left to itself
            self._reader = threading.Thread(
                target=self._follow,
                args=(job.number, self._child),
                name=f"run-{job.number}",
                daemon=True,
            )
            self._reader.start()

    def _next(self) -> Job | None:
        return next((job for job in self._jobs.values() if job.state == "waiting"), None)

    def _words(self, options: RunOptions) -> list[str]:
        shown = ("--headless", "--events=-", "--display=none")
        return [*self._command, *shown, *options.arguments()]

    def _new_log(self, job: Job) -> Path:
        self._logs.mkdir(parents=True, exist_ok=True)
        for old in sorted(self._logs.glob("run-*.log"))[: 1 - _LOGS_KEPT]:
            old.unlink(missing_ok=True)
        return self._logs / f"run-{self._now():%Y%m%d-%H%M%S}-{getpid()}-{job.number}.log"

    def _follow(self, number: int, child: Child) -> None:
        """Tell what a process says, then start the next; runs in the process's own thread."""
        for found in batched(child.events()):
            with self._lock:
                job = self._jobs[number]
                if isinstance(found, tuple):
                    self._tell(JobItems(job, found))
                else:
                    self._put(job.after(found))
        if (code := child.wait()) is None:
            return
        with self._lock:
            self._child = None
            self._put(self._jobs[number].ended(code))
            self._start_next()


def _say_nothing(told: Told) -> None:
    """Stand in for `tell` once nobody listens."""
