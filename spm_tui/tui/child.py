"""A run's process: started, read, signalled.

It has its own session, so that it can outlive the app.
"""

import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from spm_tui.bench.events import Event, from_json

TICK = 0.1
"""Seconds after which silence is told too."""
_CHUNK = 1 << 16
_ENCODING = "utf-8:backslashreplace"
"""Of the child's output, whatever its locale: half a surrogate pair becomes its JSON escape."""


class Child:
    """A process that writes events to stdout, and what is for people to its log.

    Args:
        words: command and arguments.
        log: the file that takes stderr and whatever on stdout is no event.

    Raises:
        OSError: it cannot be started, or the log not be written.

    """

    def __init__(self, words: Sequence[str], *, log: Path) -> None:
        self._log = log
        self._released = threading.Event()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                env={**os.environ, "PYTHONIOENCODING": _ENCODING},
            )

    def events(self) -> Iterator[Event | None]:
        """Yield events as they come, None after silence; ends with the child or a release."""
        output = self._process.stdout
        assert output is not None
        with output:
            for line in lines(self._chunks(output)):
                if line is None:
                    yield None
                    continue
                try:
                    yield from_json(line)
                except ValueError:
                    self._note(line)

    def _note(self, line: str) -> None:
        # a full disk must not end the reading of events
        with suppress(OSError), self._log.open("a", encoding="utf-8") as log:
            print(line, file=log)

    def _chunks(self, output: IO[bytes]) -> Iterator[bytes | None]:
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not self._released.is_set():
                if not selector.select(TICK):
                    yield None
                elif chunk := os.read(output.fileno(), _CHUNK):
                    yield chunk
                else:
                    return

    def wait(self) -> int | None:
        """Return its exit code once it has ended, negative for a signal; None once released."""
        if self._released.is_set():
            self._process.returncode = 0  # it is not ours to wait for any more
            return None
        return self._process.wait()

    def interrupt(self) -> None:
        """Ask it to end; one that has ended is left alone.

        A child takes this like Ctrl-C. One that is only starting ends at once, where Ctrl-C would
        be an exception somewhere amid its imports, which some of them swallow.
        """
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def release(self) -> None:
        """Read no further: the child goes on without being heard."""
        self._released.set()


def lines(chunks: Iterable[bytes | None]) -> Iterator[str | None]:
    """Yield the lines that chunks of bytes make up, and every None where it stands."""
    rest = b""
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def tail(path: Path, count: int) -> list[str]:
    """Return the last `count` lines of a file that are not blank; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _CHUNK))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]
