"""Runs something in a child process with bounds, and says in a word how it ended.

A child is forked, not started: what is imported already need not be imported again, so that
hundreds of them take minutes. Whoever forks must not have opened DuckDB before: its threads do
not come along.
"""

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from spm_tui.errors import SpmError
from store.errors import StoreError

SECONDS = 20.0
MEMORY = 3 << 30
"""Bytes of address space that a child may have beside what it began with."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended."""

    kind: str
    """worked, refused; or what must not be: ragged (more lines than one), raised, hung, died."""
    text: str
    """What it returned, or said."""
    seconds: float
    megabytes: float
    """The most that it held."""

    @property
    def good(self) -> bool:
        """Whether it is one of the endings that may be."""
        return self.kind in ("worked", "refused")


def forked(act: Callable[[], str], *, seconds: float = SECONDS, memory: int = MEMORY) -> Ending:
    """Run a function in a child, and wait for its end, or make it.

    Args:
        act: what to do; returns what it came to.
        seconds: after which it has hung.
        memory: bytes of address space.

    """
    with TemporaryFile() as output:
        started = time.monotonic()
        if (child := os.fork()) == 0:
            _end_as(act, output.fileno(), memory)
        while time.monotonic() - started < seconds:
            if (ended := os.wait4(child, os.WNOHANG))[0]:
                break
            time.sleep(0.005)
        else:
            os.kill(child, signal.SIGKILL)
            os.wait4(child, 0)
            return Ending("hung", "", time.monotonic() - started, 0.0)
        output.seek(0)
        kind, _, text = output.read().decode(errors="replace").partition(":")
    if os.WIFSIGNALED(ended[1]) or not kind:
        kind, text = "died", f"signal {ended[1]} {text}"
    took = time.monotonic() - started
    return Ending(kind, text, took, ended[2].ru_maxrss / 1024)


def _end_as(act: Callable[[], str], output: int, memory: int) -> None:
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + memory, held + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        text = f"worked:{act()}"
    except (SpmError, StoreError) as error:
        text = f"{'refused' if len(str(error).splitlines()) == 1 else 'ragged'}:{error}"
    except BaseException as error:  # whatever it is, it would have been a traceback
        text = (
            f"raised:{type(error).__name__}: {str(error)[:300]}\n{traceback.format_exc()[-1500:]}"
        )
    os.write(output, text.encode(errors="replace"))
    sys.stdout = sys.stderr = None
    os._exit(0)
