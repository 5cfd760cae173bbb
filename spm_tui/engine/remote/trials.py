"""How a server must be spoken to, tried with a question whose honest answer is not of the form."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spm_tui.engine.remote.completions import Said
from spm_tui.engine.remote.connection import Connection
from spm_tui.engine.remote.dialects import (
    CANDIDATES,
    WORDS,
    Dialect,
    Manner,
    Temperatures,
    payload,
    understood,
)
from spm_tui.engine.remote.health import LONG, LONGEST, asks_for
from spm_tui.engine.remote.responses import Refused, Trouble
from spm_tui.errors import AnswerError, ModelError
from spm_tui.forms import Fields, Letter, Text, Whole
from spm_tui.wire import Request

_SECONDS = 120.0
"""For an answer; a server may compile something at its first ones, or share its processor."""
_SLACK = 128
"""Tokens that an answer may have above what it should need."""
_LOADING = 2.0
"""Seconds until a server that is loading its model is asked again."""
_THOUGHTS = 2048

_FORM = Fields((("remark", Text(30, 12)), ("city", Letter("QX")), ("sum", Whole(37, 41))))
_TRIAL = Request(
    system="You answer questions.",
    shots=(),
    question="Which city is the capital of France, and what is the sum of two and two?",
    form=_FORM,
    temperature=0.0,
    seed=0,
)
_TEMPERATURES: Mapping[Temperatures, float] = {"any": 0.0, "above 0": 0.5, "1": 1.0}
"""What is tried, the most that a server may take first, and with which temperature."""
_LIMITS = ("max_tokens", "max_completion_tokens", "")
"""Fields that bound an answer: every server's but those of OpenAI's newer models; and none."""


class Trials:
    """Questions put to a server, one after the other.

    Args:
        connection: open.
        model: as the server names it.
        patience: seconds that it may go on loading its model or being busy, and as much longer
            as it asks for; none at all when it is 0.
        say: told what it asks for.

    """

    def __init__(
        self, connection: Connection, model: str, *, patience: float, say: Callable[[str], None]
    ) -> None:
        self._connection, self._model, self._say = connection, model, say
        self._waits = patience > 0
        self._start = time.monotonic()
        self._until = self._start + patience

    async def manner(self, kind: str, wanted: Manner) -> Manner:
        """Return which roles and fields there are, and whether the model thinks before it answers.

        Servers of a known kind hand options on to templates, and are asked for no thoughts before
        there are any: then the prompt is what it is here.

        Args:
            kind: of server.
            wanted: a manner with all that is to be sent.

        Raises:
            Trouble: the server cannot answer now.
            ModelError: it answers nothing.

        """
        manners = [wanted, replace(wanted, joined=True)]
        if kind:
            manners = [*(replace(each, unthinking=True) for each in manners), *manners]
        manner, said = await self._first(manners)
        if not _thought(said):
            return manner
        if manner.unthinking:
            return replace(manner, thoughts=_THOUGHTS)
        unthinking = replace(manner, unthinking=True)
        try:
            if not _thought(await self._ask(unthinking)):
                return unthinking
        except Refused:
            pass  # a server that knows no options of templates
        return replace(manner, thoughts=_THOUGHTS)

    async def _first(self, manners: Sequence[Manner]) -> tuple[Manner, Said]:
        """Return the first manner that is answered, or what of it is, and the answer."""
        problem: Refused | Trouble | None = None
        for manner in manners:
            try:
                return manner, await self._ask(manner)
            except (Refused, Trouble) as error:
                if isinstance(error, Trouble) and not error.blamed and problem is None:
                    raise
                problem = problem or error
        pieced = await self._pieced(manners[0])
        if pieced is None:
            raise ModelError(f"{self._connection.url}: {problem}") from problem
        return pieced

    async def _pieced(self, wanted: Manner) -> tuple[Manner, Said] | None:
        """Return as much of a manner as a server takes, None where it takes nothing.

        A server complains of one field at a time, in words of its own: so it is asked with nothing
        but the messages, and then with one thing more each time.
        """
        bare = Manner(WORDS, joined=True, temperatures="", seed=False, stream=False)
        for limit in _LIMITS:
            manner = replace(bare, limit=limit)
            said = await self._tried(manner)
            if said is not None:
                break
        else:
            return None
        for alternatives in _steps(wanted):
            for change in alternatives:
                larger = replace(manner, **change)
                if larger == manner:
                    break
                answered = await self._tried(larger)
                if answered is not None:
                    manner, said = larger, answered
                    break
        return manner, said

    async def _tried(self, manner: Manner) -> Said | None:
        """Return what is said, None where the request is at fault.

        Raises:
            Trouble: the server cannot answer now.

        """
        try:
            return await self._ask(manner)
        except Refused:
            return None
        except Trouble as error:
            if error.blamed:
                return None
            raise

    async def dialect(self, kind: str, manner: Manner) -> tuple[Dialect, list[str]]:
        """Return the first dialect that works, and what became of those before.

        Raises:
            Trouble: the server cannot answer now.

        """
        outcomes = []
        for dialect in CANDIDATES[kind]:
            spoken = replace(manner, dialect=dialect)
            try:
                said = await self._ask(spoken)
                understood(_FORM, said.text, spoken)
            except AnswerError:
                outcomes.append(f"{dialect.name} is ignored")
            except Refused as error:
                outcomes.append(f"{dialect.name}: {error}")
            except Trouble as error:
                if not error.blamed:
                    raise  # it says nothing of the dialect, on which the answers depend
                outcomes.append(f"{dialect.name}: {error}")
            else:
                return dialect, outcomes
        return WORDS, outcomes

    async def _ask(self, manner: Manner) -> Said:
        trial = replace(_TRIAL, temperature=_TEMPERATURES.get(manner.temperatures, 0.0))
        body = payload(trial, manner, model=self._model, seed=0)
        if manner.limit:
            body[manner.limit] += _SLACK
        while True:
            try:
                return await self._connection.ask(body, timeout=_SECONDS)
            except Trouble as error:
                if not (error.busy and self._waits):
                    raise
                await self._rest(error)

    async def _rest(self, error: Trouble) -> None:
        """Wait until a server is worth another try.

        Raises:
            Trouble: it is not.

        """
        now, asked = time.monotonic(), error.wait or 0.0
        if now + asked > self._start + LONGEST:
            raise Trouble(f"{error}; it {asks_for(asked)}") from error
        self._until += asked
        pause = max(_LOADING, asked)
        if now + pause > self._until:
            raise error
        if asked > LONG:
            self._say(f"{self._connection.url} {asks_for(asked)}: {error}")
        await asyncio.sleep(pause)


def _thought(said: Said) -> bool:
    """Return whether a model thought before it answered; one may keep its thoughts to itself."""
    return said.thought or not (said.finished or said.text.strip())


def _steps(wanted: Manner) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Yield what turns a bare manner into the wanted one, each time with ways of less and less."""
    yield [{"joined": wanted.joined}]
    if wanted.temperatures:
        yield [{"temperatures": temperatures} for temperatures in _TEMPERATURES]
    yield [{"seed": wanted.seed}]
    yield [{"stream": wanted.stream}]
    yield [{"unthinking": wanted.unthinking}]
