"""One engine per device, each in a process of its own, and its share of the requests.

For models that fit one GPU, on machines with several: the processes share nothing, so twice
the GPUs answer twice as fast. Only the parent talks to anybody else.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TypeAlias

from spm_tui.engine.base import Answer
from spm_tui.engine.device import Placement
from spm_tui.engine.schedule import shares
from spm_tui.errors import EngineLost, ModelError
from spm_tui.wire import Request

Told: TypeAlias = list[Answer] | ModelError | None
"""What a worker sends: answers, why there are none, or that it has finished its share."""


_DIED = "a process of the model has died; what is answered stays, run it again"
_ENDED = "the model's processes ended with what they were asked before; run it again"


class SpreadEngine:
    """The local engine, several times.

    When answering ends before all is answered, its processes do, too: what they had still to say
    would be taken for answers to what they are asked next.

    Args:
        folder: the model's files.
        placements: one per process.
        rows: most requests answered at a time by each; None suits the device.
        plain: whether to use the plain engine.

    """

    def __init__(
        self, folder: Path, placements: Sequence[Placement], *, rows: int | None, plain: bool
    ) -> None:
        spawn = multiprocessing.get_context("spawn")
        threads = max(1, (os.cpu_count() or 1) // len(placements))
        self._ends: list[Connection] = []
        self._processes = []
        self._unanswered = False
        """Whether they were asked what they may still answer."""
        for placement in placements:
            ours, theirs = spawn.Pipe()
            process = spawn.Process(
                target=_serve,
                args=(theirs, folder, placement),
                kwargs={"threads": threads, "rows": rows, "plain": plain},
                daemon=True,
            )
            process.start()
            theirs.close()
            self._ends.append(ours)
            self._processes.append(process)

    def answer(
        self, requests: Sequence[Request], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield replies as any of the processes has them.

        Raises:
            ModelError: a process cannot use the model, or has died.
            EngineLost: answering ended early before.

        """
        if self._unanswered:
            raise EngineLost(_ENDED)
        self._unanswered = True
        wanted = [index for index in range(len(requests)) if index not in done]
        parts = shares(requests, wanted, len(self._ends))
        busy: dict[Connection, list[int]] = {}
        try:
            for end, share in zip(self._ends, parts, strict=True):
                if share:
                    busy[end] = share
                    _ask(end, [requests[index] for index in share])
            while busy:
                ready = wait(list(busy))
                for end in [end for end in busy if end in ready]:
                    told = _hear(end)
                    if isinstance(told, ModelError):
                        raise told
                    if told is None:
                        del busy[end]
                    else:
                        yield [(busy[end][index], reply) for index, reply in told]
            self._unanswered = False
        finally:
            if self._unanswered:
                self._end()

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()


def _ask(end: Connection, requests: list[Request]) -> None:
    try:
        end.send(requests)
    except OSError as error:
        raise EngineLost(_DIED) from error


def _hear(end: Connection) -> Told:
    try:
        told: Told = end.recv()
    except (EOFError, OSError):
        return EngineLost(_DIED)
    return told


def _serve(
    end: Connection,
    folder: Path,
    placement: Placement,
    *,
    threads: int,
    rows: int | None,
    plain: bool,
) -> None:
    """Answer what comes, until the parent is gone; processes share out the processor's cores."""
    import torch

    from spm_tui.engine.local import local

    torch.set_num_threads(threads)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides what it means
    try:
        engine = local(folder, placement=placement, rows=rows, plain=plain)
        while True:
            for answers in engine.answer(end.recv()):
                end.send(answers)
            end.send(None)
    except ModelError as error:
        end.send(error)
    except (EOFError, BrokenPipeError):
        return
