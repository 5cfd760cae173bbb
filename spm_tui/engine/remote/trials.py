"""How a server must be spoken to, tried with a question whose honest answer is not of the form."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from spm_tui.engine.remote.connection import Connection
from spm_tui.engine.remote.dialects import CANDIDATES, WORDS, Dialect, Manner, answer, payload
from spm_tui.engine.remote.health import LONG, LONGEST, asks_for
from spm_tui.engine.remote.responses import Refused, Said, Trouble
from spm_tui.errors import AnswerError, ModelError
from spm_tui.forms import Fields, Letter, Text, Whole, read
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

    async def manner(self, kind: str) -> Manner:
        """Return whether there is a system role, and whether the model thinks before it answers.

        Servers of a known kind hand options on to templates, and are asked for no thoughts before
        there are any: then the prompt is what it is here.

        Args:
            kind: of server.

        Raises:
            Trouble: the server cannot answer now.
            ModelError: it answers nothing.

        """
        manners = [Manner(WORDS), Manner(WORDS, joined=True)]
        if kind:
            manners = [*(replace(one, unthinking=True) for one in manners), *manners]
        manner, said = await self._first(manners)
        if not said.thought:
            return manner
        if manner.unthinking:
            return replace(manner, thoughts=_THOUGHTS)
        unthinking = replace(manner, unthinking=True)
        try:
            if not (await self._ask(unthinking)).thought:
                return unthinking
        except Refused:
            pass  # a server that knows no options of templates
        return replace(manner, thoughts=_THOUGHTS)

    async def _first(self, manners: Sequence[Manner]) -> tuple[Manner, Said]:
        """Return the first manner that is answered, and the answer."""
        problem: Refused | Trouble | None = None
        for manner in manners:
            try:
                return manner, await self._ask(manner)
            except (Refused, Trouble) as error:
                if isinstance(error, Trouble) and not error.blamed and problem is None:
                    raise
                problem = problem or error
        raise ModelError(f"{self._connection.url}: {problem}") from problem

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
                read(_FORM, answer(said.text, spoken))
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
        body = payload(_TRIAL, manner, model=self._model, seed=0)
        body["max_tokens"] += _SLACK
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
