"""Runs that other processes carry on: which there are, and how one of them is asked to stop.

The app is no parent of such a process and knows it by its number alone. Numbers are given
again, so a signal goes only to a run of this program that was there when the store's run was
last marked: nothing else can have had the number then.
"""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.cells import cell_len

from spm_tui.tui.plain import one_line, visible
from spm_tui.tui.session import Contents, called
from store.clock import now
from store.records import Run

_SLACK = timedelta(seconds=2)
"""How exactly the age of a process is told; a run is marked later than that after its start."""
_PROC = Path("/proc")
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
    seen = _look_at(int(other.process))
    if seen is None or _RUNS not in seen.words or now() - seen.age > run.updated_at + _SLACK:
        return f"process {other.process} of run {run.number} has ended; the run can be resumed"
    return ""


def interrupt(other: OtherRun) -> str:
    """Send the run's process what Ctrl-C sends; return why that cannot be, empty if it is done."""
    if why := obstacle(other):
        return why
    try:
        os.kill(int(other.process), signal.SIGINT)
    except OSError as error:
        return f"process {other.process} cannot be asked to stop: {error.strerror}"
    return ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A process, as the system tells of it."""

    age: timedelta
    words: str
    """Its command line."""


def _look_at(number: int) -> _Seen | None:
    """Look at a process; None where there is none, or nothing is told of it."""
    return _from_proc(number) if (_PROC / "uptime").exists() else _from_ps(number)


def _from_proc(number: int) -> _Seen | None:
    with suppress(OSError, ValueError, IndexError):
        # after the name in parentheses, which may hold anything, field 22 is the start
        after = (_PROC / f"{number}/stat").read_text().rpartition(")")[2].split()
        start = int(after[19]) / os.sysconf("SC_CLK_TCK")
        uptime = float((_PROC / "uptime").read_text().split()[0])
        words = (_PROC / f"{number}/cmdline").read_bytes().replace(b"\0", b" ")
        return _Seen(timedelta(seconds=uptime - start), words.decode("utf-8", "replace"))
    return None


def _from_ps(number: int) -> _Seen | None:
    words = ["ps", "-ww", "-o", "etime=", "-o", "args=", "-p", str(number)]
    with suppress(OSError):
        told = subprocess.run(words, check=False, capture_output=True, text=True).stdout
        if found := re.match(r"\s*(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)\s+(.*)", told):
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
            age = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            return _Seen(age, found[5])
    return None
