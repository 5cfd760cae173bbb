"""A run that was asked for: how it stands, what events and its end make of it."""

import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from spm_tui.bench.events import (
    Ended,
    Event,
    ItemAnswered,
    Note,
    Planned,
    Problem,
    Progress,
    Stage,
)
from spm_tui.bench.options import RunOptions
from spm_tui.plain_text import visible
from spm_tui.tui.child import tail
from spm_tui.tui.plain import one_line

JobState: TypeAlias = Literal["waiting", "running", "finished", "failed", "cancelled"]
_DONE, _WITH_FAILURES, _INTERRUPTED = 0, 1, 130
_TERMINATED = 128 + signal.SIGTERM
"""What a shell or a scheduler in between ends with when its program is ended by the signal."""


_MOST = 300
"""Cells of a log's last line that are shown; anything may have written it."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run that was asked for, as it stands at one moment."""

    number: int
    """Its identity in this queue, from 1."""
    options: RunOptions
    state: JobState = "waiting"
    stops: int = 0
    """How often it was asked to end: after the batch in hand, at once, by force."""
    run: int | None = None
    """The run's number in the store, once there is one."""
    progress: Progress | None = None
    """Of the run it is at."""
    failed: int = 0
    """Failed requests, over all its runs."""
    completed: frozenset[int] = frozenset()
    """Those of its runs that have told of a good end."""
    stage: str = ""
    """What it does while no requests are answered."""
    error: str = ""
    log: Path | None = None
    notes: tuple[str, ...] = ()
    """What is to be known of its runs' scores."""

    @property
    def title(self) -> str:
        """What is run, for people."""
        o = self.options
        return f"{', '.join(o.method)} on {o.benchmark}/{o.split}"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("finished", "failed", "cancelled")

    def after(self, event: Event) -> "Job":  # noqa: PLR0911  # one for each kind
        """Return the job as an event leaves it."""
        match event:
            case Stage(text):
                return replace(self, stage=text)
            case Planned(run=run, total=total, answered=done):
                start = Progress(run, done, total, 0, 0.0, None)
                return replace(self, run=run, progress=start, stage="")
            case Progress(run=run, failed=failed):
                failed += self._failed_before(run)
                return replace(self, run=run, progress=event, failed=failed, stage="")
            case Ended(run=run, state=state, failed=failed):
                failed += self._failed_before(run)
                completed = self.completed | ({run} if state == "finished" else set())
                return replace(self, run=run, failed=failed, completed=completed, stage="")
            case Problem(message):
                return replace(self, error=message)
            case Note(run=run, text=text):
                return replace(self, notes=(*self.notes, f"run {run}: {text}"))
            case ItemAnswered():
                return self

    def _failed_before(self, run: int) -> int:
        """Return the failed requests of the runs before this one."""
        same = self.progress is not None and self.progress.run == run
        return self.failed - (self.progress.failed if self.progress and same else 0)

    @property
    def _complete(self) -> bool:
        """Whether each of its runs, one for each method, has told of a good end and no error."""
        return len(self.completed) >= len(set(self.options.method)) and not self.error

    def ended(self, code: int) -> "Job":
        """Return the job as the exit code of its process leaves it.

        A code alone says little: what stands between the app and its program, as a scheduler's
        launcher, has codes of its own.
        """
        job = replace(self, stage="", stops=0)
        if code in (_DONE, _WITH_FAILURES) and self._complete:
            return replace(job, state="finished")
        if code == _INTERRUPTED or (self.stops and self._stopped(code)):
            return replace(job, state="cancelled", error="")
        return replace(job, state="failed", error=self.error or self._reason(code))

    def _stopped(self, code: int) -> bool:
        """Whether it has ended as it was asked to, and not for an error."""
        return code < 0 or code == _TERMINATED or not self.error

    def _reason(self, code: int) -> str:
        last = "".join(tail(self.log, 1)) if self.log else ""
        last = one_line(visible(last.removeprefix("spm-tui: error: ")), _MOST)
        if code > 0:
            return last or f"ended with exit code {code}"
        ended = "ended without a result"
        if code:
            ended = f"ended by signal {-code} ({signal.strsignal(-code)})"
        return f"{ended}; last it said: {last}" if last else ended


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job stands differently now."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobItems:
    """Requests of a job have their answers, which are not all stored yet."""

    job: Job
    items: tuple[ItemAnswered, ...]


Told: TypeAlias = JobChanged | JobItems
