"""Runs that other processes carry on: which there are, and how one of them is asked to stop.

The app is no parent of such a process and knows it by its number alone. Numbers are given
again, so a signal goes only to a run of this program that was there when the store's run was
last marked: nothing else can have had the number then.
"""

import os
import signal
import socket
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil
from rich.cells import cell_len

from spm_tui.plain_text import visible
from spm_tui.tui.plain import one_line
from spm_tui.tui.session import Contents, called
from store.records import Run

_SLACK = timedelta(seconds=2)
"""How exactly a process's start is told; a run is marked later than that after its start."""
_RUNS = "--headless"
"""What stands in the command line of whatever carries on a run."""


@dataclass(frozen=True, slots=True)
class OtherRun:
    """A run that goes on by the store, in a process which is not the app's."""

    run: Run
    benchmark: str
    """Its name."""

    @property
    def host(self) -> str:
        """Where the process is."""
        return self.run.process.rpartition(":")[0]

    @property
    def process(self) -> str:
        """The process's number."""
        return self.run.process.rpartition(":")[2]


def others(contents: Contents, mine: Collection[int | None]) -> list[OtherRun]:
    """Return the runs that go on, those of `mine` left out, the newest number first."""
    names = called(contents.benchmarks)
    going = (run for run in contents.runs if run.state == "running" and run.number not in mine)
    return [
        OtherRun(run, names[run.spec.benchmark])
        for run in sorted(going, key=lambda run: -run.number)
    ]


def line(other: OtherRun, width: int) -> str:
    """Return the line about a run; its title gives way where room is short."""
    spec, here = other.run.spec, other.host == socket.gethostname()
    place = f"process {other.process}" + ("" if here else f" on {visible(other.host)}")
    told = f"run {other.run.number}  {place}"
    title = visible(f"▶ {spec.method} on {other.benchmark}/{spec.split}")
    room = width - cell_len(told) - 2
    return f"{one_line(title, room)}  {told}" if room >= 8 else one_line(told, width)


def obstacle(other: OtherRun) -> str:
    """Return why a run cannot be stopped from here, in a line; empty if it can."""
    run = other.run
    if other.host != socket.gethostname() or not other.process.isdecimal():
        return f"run {run.number} was started on {other.host or 'another host'}: stop it there"
    try:
        process = psutil.Process(int(other.process))
        started = datetime.fromtimestamp(process.create_time(), UTC).replace(tzinfo=None)
        if _RUNS in process.cmdline() and started <= run.updated_at + _SLACK:
            return ""
    except psutil.AccessDenied:
        return f"process {other.process} is another user's, who alone can stop run {run.number}"
    except psutil.NoSuchProcess:
        pass
    return f"process {other.process} of run {run.number} has ended; the run can be resumed"


def interrupt(other: OtherRun) -> str:
    """Ask the run's process to end; return why that cannot be, empty if it is done.

    It takes this like Ctrl-C, which one that a script started in the background ignores.
    """
    if why := obstacle(other):
        return why
    try:
        os.kill(int(other.process), signal.SIGTERM)
    except OSError as error:
        return f"process {other.process} cannot be asked to stop: {error.strerror}"
    return ""
