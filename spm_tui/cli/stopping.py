"""Ctrl-C: once to stop after the batch in hand, twice to stop at once."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether the person wants to stop.

    The second signal raises KeyboardInterrupt wherever the program is. A signal that is ignored
    stays so: `nohup` has the program outlive its terminal, and a shell's script what it starts in
    the background its Ctrl-C.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("stopping after the batch in hand; Ctrl-C again stops at once", file=sys.stderr)

    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in heeded}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
