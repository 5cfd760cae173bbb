"""A run that was asked for: how it stands, what events and its end make of it."""

import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from spm_tui.bench.events import Ended, Event, ItemAnswered, Planned, Problem, Progress, Stage
from spm_tui.bench.options import RunOptions
from spm_tui.tui.child import tail

JobState: TypeAlias = Literal["waiting", "running", "finished", "failed", "cancelled"]
_DONE, _WITH_FAILURES, _INTERRUPTED = 0, 1, 130
_TERMINATED = 128 + signal.SIGTERM
"""What a shell or a scheduler in between ends with when its program is ended by the signal."""


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
    stage: str = ""
    """What it does while no requests are answered."""
    error: str = ""
    log: Path | None = None

    @property
    def title(self) -> str:
        """What is run, for people."""
        o = self.options
        return f"{', '.join(o.method)} on {o.benchmark}/{o.split}"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("finished", "failed", "cancelled")

    def after(self, event: Event) -> "Job":
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
            case Ended(run=run, failed=failed):
                failed += self._failed_before(run)
                return replace(self, run=run, failed=failed, stage="")
            case Problem(message):
                return replace(self, error=message)
            case ItemAnswered():
                return self

    def _failed_before(self, run: int) -> int:
        """Return the failed requests of the runs before this one."""
        same = self.progress is not None and self.progress.run == run
        return self.failed - (self.progress.failed if self.progress and same else 0)

    def ended(self, code: int) -> "Job":
        """Return the job as the exit code of its process leaves it."""
        job = replace(self, stage="", stops=0)
        if code in (_DONE, _WITH_FAILURES):
            return replace(job, state="finished", error="")
        if code == _INTERRUPTED or (self.stops and (code < 0 or code == _TERMINATED)):
            return replace(job, state="cancelled", error="")
        return replace(job, state="failed", error=self.error or self._reason(code))

    def _reason(self, code: int) -> str:
        last = "".join(tail(self.log, 1)) if self.log else ""
        if code < 0:
            ended = f"ended by signal {-code} ({signal.strsignal(-code)})"
            return f"{ended}; last it said: {last}" if last else ended
        return last.removeprefix("spm-tui: error: ") or f"ended with exit code {code}"


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
