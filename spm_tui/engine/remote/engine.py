"""Requests answered by OpenAI-compatible servers.

The servers are talked to in a thread with an event loop of its own, which is gone when the
generator is: at its end, when it is closed, or when anything is raised on either side.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

from spm_tui.engine.base import Answer
from spm_tui.engine.remote.connection import Connection, Transport
from spm_tui.engine.remote.demands import unmet
from spm_tui.engine.remote.dialects import longest
from spm_tui.engine.remote.health import Health
from spm_tui.engine.remote.key import Key
from spm_tui.engine.remote.pace import Pace
from spm_tui.engine.remote.pool import Endpoint, Pool
from spm_tui.engine.remote.probe import Server, explore
from spm_tui.errors import ModelError
from spm_tui.wire import Request

_Told: TypeAlias = list[Answer] | str | None
"""What the thread tells: answers, what is to be said, or that it has ended."""
_DENSE = 6.0
"""Characters of a token at the most, in a whole prompt: what does not fit even so never will."""


class RemoteEngine:
    """Answers requests through servers, all with the same model.

    Args:
        urls: of the servers, each where its OpenAI-compatible part begins.
        model: as the servers name it, or a short name of what they name by its hub id.
        key: the API key, if they need one.
        deadline: seconds after which an unanswered request has failed.
        patience: seconds without any answer from any server after which the run ends; those for
            which servers ask to be left alone do not count, up to an hour.
        without: which of `seed` and `temperature` are not sent.
        say: told what the servers are and what happens to them.
        transport: in place of the network, for tests.

    Raises:
        ModelError: a server cannot be used.

    """

    def __init__(
        self,
        urls: Sequence[str],
        model: str,
        *,
        key: Key | None,
        deadline: float = 600.0,
        patience: float = 120.0,
        without: AbstractSet[str] = frozenset(),
        say: Callable[[str], None] = lambda _: None,
        transport: Transport | None = None,
    ) -> None:
        self._key, self._transport, self._say = key, transport, say
        self._deadline, self._patience = deadline, patience
        self._without = without
        self.servers: tuple[Server, ...] = asyncio.run(self._explore(urls, model))
        """What they are."""
        for server in self.servers:
            say(str(server))
            for note in server.notes:
                say(note)
        if len({server.context for server in self.servers}) > 1:
            say("the servers' contexts differ: how many examples fit depends on who answers")
        weights = dict.fromkeys(server.weights for server in self.servers if server.weights)
        if len(weights) > 1:
            say(f"the servers' models may differ: {'; '.join(weights)}")

    async def _explore(self, urls: Sequence[str], model: str) -> tuple[Server, ...]:
        asked = [
            explore(
                url,
                model,
                key=self._key,
                patience=self._patience,
                transport=self._transport,
                without=self._without,
                say=self._say,
            )
            for url in urls
        ]
        return tuple(await asyncio.gather(*asked))

    def answer(
        self, requests: Sequence[Request], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield replies as they come.

        Their seconds are shares: a moment counts equally for all requests under way in it.

        Raises:
            ModelError: the model's context is too small for any request, a server does not take
                the seed or the temperature, or no server answers any more.

        """
        wanted = [index for index in range(len(requests)) if index not in done]
        self._check_demands([requests[index] for index in wanted])
        self._check_room([requests[index] for index in wanted])
        told: SimpleQueue[_Told] = SimpleQueue()
        with _in_thread(self._work(requests, wanted, told.put)) as task:
            while (one := told.get()) is not None:
                if isinstance(one, str):
                    self._say(one)
                else:
                    yield one
        task.result()

    def _check_demands(self, requests: Sequence[Request]) -> None:
        """Complain when answers would be to another question."""
        for server in self.servers:
            if problem := unmet(server.manner, requests, self._without):
                raise ModelError(f"{server.url} {problem}")

    def _check_room(self, requests: Sequence[Request]) -> None:
        """Complain when nothing can fit."""
        for server in self.servers:
            least = min(map(_least_tokens, requests), default=0)
            if server.context and least > server.context:
                raise ModelError(
                    f"{server.url}: the context of {server.context} tokens is too small: no"
                    f" request has less than about {least}, without any example"
                )

    async def _work(
        self,
        requests: Sequence[Request],
        wanted: Sequence[int],
        tell: Callable[[_Told], None],
    ) -> None:
        try:
            async with AsyncExitStack() as stack:
                endpoints = [await stack.enter_async_context(self._open(s)) for s in self.servers]
                pool = Pool(endpoints, deadline=self._deadline, put=tell, say=tell)
                await pool.run(requests, wanted)
        finally:
            tell(None)

    @asynccontextmanager
    async def _open(self, server: Server) -> AsyncIterator[Endpoint]:
        pace = Pace(now=time.monotonic())
        health = Health(patience=self._patience, rng=random.Random())
        async with Connection(server.url, key=self._key, transport=self._transport) as connection:
            yield Endpoint(server, connection, pace, health)


def _least_tokens(request: Request) -> int:
    return int((len(request.system) + len(request.question)) / _DENSE) + longest(request.form)


@contextmanager
def _in_thread(work: Coroutine[Any, Any, None]) -> Iterator[asyncio.Task[None]]:
    """Run something in a thread; at the end it is cancelled, and waited for.

    The thread is no reason for a process to stay: an unhandled error keeps its generators alive.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    thread = Thread(target=_complete, args=(loop, task), name="remote", daemon=True)
    thread.start()
    try:
        yield task
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()
        if not task.cancelled():
            task.exception()  # or asyncio complains that nobody has looked at it


def _complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    loop.run_until_complete(asyncio.wait([task]))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
