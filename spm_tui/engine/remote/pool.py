"""Many requests under way at many servers, whatever happens to them.

Every server has its pace and its health. Requests that begin alike go to the same one, which has
read their beginning; the next of them go where the least work is under way. What a server fails
to answer goes back to the front of the queue, and so to any that is well.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spm_tui.engine.base import Answer
from spm_tui.engine.remote.completions import Said
from spm_tui.engine.remote.connection import Connection
from spm_tui.engine.remote.health import LONG, Health, asks_for
from spm_tui.engine.remote.pace import Pace, Shares
from spm_tui.engine.remote.probe import Server
from spm_tui.engine.remote.responses import Refused, TooLong, Trouble
from spm_tui.engine.remote.work import Work, families
from spm_tui.engine.schedule import by_beginning, estimated_tokens
from spm_tui.errors import EngineLost
from spm_tui.wire import Request


class Endpoint:
    """A server, and what is known of it by now.

    Args:
        server: what it is.
        connection: open.
        pace: how many requests it gets.
        health: when it gets any.

    """

    def __init__(self, server: Server, connection: Connection, pace: Pace, health: Health) -> None:
        self.server, self.connection, self.pace, self.health = server, connection, pace, health
        self.next: deque[Work] = deque()
        """Of one family, to be sent here."""
        self.tokens: dict[int, int] = {}
        """Estimates of what is under way, by index."""

    def room(self, now: float) -> int:
        """Return how many requests may be sent; a server that failed is tried with one."""
        if now < self.health.until:
            return 0
        return (1 if self.health.failures else self.pace.limit) - len(self.tokens)


@dataclass(frozen=True, slots=True)
class _Sent:
    endpoint: Endpoint
    work: Work
    at: float
    share: float
    """What `Shares.end` wants to know."""


class Pool:
    """Answers requests.

    Args:
        endpoints: that answer.
        deadline: seconds after which an unanswered request has failed.
        put: takes answers.
        say: told what happens to servers.

    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        deadline: float,
        put: Callable[[list[Answer]], None],
        say: Callable[[str], None],
    ) -> None:
        self._endpoints, self._deadline, self._put, self._say = endpoints, deadline, put, say
        self._queue: deque[deque[Work]] = deque()
        self._sent: dict[asyncio.Task[Said], _Sent] = {}
        self._shares = Shares()
        self._told_of_room = False

    async def run(self, requests: Sequence[Request], wanted: Sequence[int]) -> None:
        """Answer the wanted requests.

        Raises:
            EngineLost: no server answers any more.

        """
        self._queue.extend(families(requests, by_beginning(requests, wanted)))
        try:
            while self._fill(time.monotonic()):
                await self._wait()
        finally:
            for task in self._sent:
                task.cancel()
            await asyncio.gather(*self._sent, return_exceptions=True)

    def _fill(self, now: float) -> bool:
        """Send what there is room for; return whether anything is left to wait for."""
        while free := [
            one for one in self._endpoints if (one.next or self._queue) and one.room(now) > 0
        ]:
            endpoint = min(free, key=lambda one: sum(one.tokens.values()))
            if not endpoint.next:
                endpoint.next = self._queue.popleft()
            self._send(endpoint, endpoint.next.popleft(), now)
        return bool(self._sent or self._queue or any(one.next for one in self._endpoints))

    def _send(self, endpoint: Endpoint, work: Work, now: float) -> None:
        if work.first is None:
            work.first = now
        left = work.first + self._deadline - now
        # Half of the time at most, so that what is lost on the way is asked again.
        timeout = max(min(left, self._deadline / 2), self._deadline / 10)
        asking = endpoint.connection.ask(work.body(endpoint.server), timeout=timeout)
        endpoint.tokens[work.index] = estimated_tokens(work.request)
        sent = _Sent(endpoint, work, now, self._shares.begin(now))
        self._sent[asyncio.create_task(asking)] = sent

    async def _wait(self) -> None:
        """Wait for a response, or for the end of a server's pause; settle what is there."""
        now = time.monotonic()
        pauses = [one.health.until - now for one in self._endpoints if one.health.until > now]
        pause = min(pauses, default=None)
        if not self._sent:
            await asyncio.sleep(pause or 0.0)
            return
        done, _ = await asyncio.wait(self._sent, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self._settle(task, self._sent.pop(task), time.monotonic())

    def _settle(self, task: asyncio.Task[Said], sent: _Sent, now: float) -> None:
        endpoint, work = sent.endpoint, sent.work
        tokens = endpoint.tokens.pop(work.index)
        work.seconds += self._shares.end(sent.share, now)
        end = None if task.cancelled() else self._end(sent, task, tokens, now)
        if end is None:
            self._queue.appendleft(deque([work]))
        else:
            self._put([end])
        if work.without and not self._told_of_room:
            self._told_of_room = True
            self._say(
                "the model's context is too small for all worked examples: the least similar"
                " are left out where there is no room"
            )

    def _end(self, sent: _Sent, task: asyncio.Task[Said], tokens: int, now: float) -> Answer | None:
        """Return how a request ends, None for another try; take note of what its server did."""
        endpoint, work, error = sent.endpoint, sent.work, task.exception()
        if isinstance(error, Trouble):
            self._fail(sent, error, now)
            return work.troubled(error, now=now, deadline=self._deadline)
        if error is not None and not isinstance(error, Refused):
            raise error
        self._alive(endpoint)
        if isinstance(error, TooLong):
            return work.shortened(str(error))
        if error is not None:
            return work.failed(str(error))
        endpoint.pace.answered(tokens, now)
        return work.heard(task.result(), endpoint.server)

    def _fail(self, sent: _Sent, error: Trouble, now: float) -> None:
        """Take note of a server's failure.

        Raises:
            EngineLost: it was the last one.

        """
        endpoint, health = sent.endpoint, sent.endpoint.health
        was_down = health.down
        rest = health.failed(str(error), sent=sent.at, now=now, wait=error.wait)
        if error.busy:
            endpoint.pace.refused(sent.at, now)
        if all(one.health.lost(now) for one in self._endpoints):
            problems = [f"{one.server.url}: {one.health.problem}" for one in self._endpoints]
            lost = f"all endpoints are lost: {'; '.join(problems)}"
            raise EngineLost(f"{lost}; what is answered is stored")
        if rest > LONG:
            self._say(f"{endpoint.server.url} {asks_for(rest)}: {error}")
        if health.down and not was_down:
            self._say(f"{endpoint.server.url} is set aside for now: {error}")
        if rest > LONG or (health.down and not was_down):
            self._relieve(endpoint)

    def _relieve(self, endpoint: Endpoint) -> None:
        """Give a server's requests to others, if there are any that are well."""
        if endpoint.next:
            self._queue.appendleft(endpoint.next)
            endpoint.next = deque()
        if endpoint.health.down and not all(one.health.down for one in self._endpoints):
            for task, sent in self._sent.items():
                if sent.endpoint is endpoint:
                    task.cancel()

    def _alive(self, endpoint: Endpoint) -> None:
        if endpoint.health.down:
            self._say(f"{endpoint.server.url} answers again")
        endpoint.health.succeeded()
