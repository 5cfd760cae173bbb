"""The app in a real terminal of its own: how long until what was asked for is on the screen."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

WAIT = 20.0
"""Seconds after which something that should appear counts as missing."""


class Terminal:
    """The app as a process on a pseudo-terminal.

    Args:
        store: the file it opens.
        state: folder for what it remembers.
        size: columns and rows.

    """

    def __init__(self, store: Path, state: Path, *, size: tuple[int, int] = (140, 45)) -> None:
        words = "import sys; from spm_tui.cli import main; sys.exit(main())"
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "XDG_STATE_HOME": str(state),
            "SPM_CONFIG": str(state / "none.toml"),
        }
        self.started = time.perf_counter()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            command = [sys.executable, "-c", words, "--store", str(store)]
            os.execve(sys.executable, command, environment)

    def until(self, texts: Sequence[str]) -> float:
        """Return the time at which any of the texts has come to the screen."""
        wanted = [text.encode() for text in texts]
        seen = b""
        deadline = time.perf_counter() + WAIT
        while time.perf_counter() < deadline:
            ready, _, _ = select.select([self._master], [], [], 0.5)
            if ready:
                seen = seen[-4096:] + os.read(self._master, 1 << 16)
                if any(text in seen for text in wanted):
                    return time.perf_counter()
        raise TimeoutError(f"none of {texts} came to the screen")

    def press(self, keys: str, *texts: str) -> float:
        """Press keys and return the seconds until one of the texts is on the screen."""
        self.drain()
        started = time.perf_counter()
        os.write(self._master, keys.encode())
        return self.until(texts) - started

    def drain(self) -> None:
        """Read what is still being painted, until nothing comes for a while."""
        while select.select([self._master], [], [], 0.3)[0]:
            os.read(self._master, 1 << 16)

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def close(self) -> None:
        """Quit and wait for the end."""
        os.write(self._master, b"q")
        try:
            while os.read(self._master, 1 << 16):
                pass
        except OSError:  # the other end is gone
            pass
        os.waitpid(self.pid, 0)
        os.close(self._master)
