"""A request on its way, and what becomes of it: pure.

Whatever happens to a request has one of two ends: an answer, which may be a failed one, or another
try. What is tried again differs from before only where that helps, so that an answer does not
depend on when, or by which server, it was given.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spm_tui.engine.base import Answer
from spm_tui.engine.remote.completions import Said
from spm_tui.engine.remote.dialects import answer, payload, understood
from spm_tui.engine.remote.health import LONGEST
from spm_tui.engine.remote.probe import Server
from spm_tui.engine.remote.responses import Trouble
from spm_tui.errors import AnswerError
from spm_tui.wire import Reply, Request, derive_seed

_FAMILY = 8
"""Requests that begin alike, taken by a server at a time: more would keep others idle."""
_STRIKES = 5
"""Failures that a request itself may be the cause of, until it is given up."""
_SAMPLED = 3
_GREEDY = 2
"""Answers not of the form, until a request is given up. A sampled one has a new seed each time. A
greedy one is repeated as it is, once: most servers' answers depend a little on what else they are
computing."""


@dataclass(slots=True)
class Work:
    """A request that is not answered yet.

    Its methods return the end, or None for another try.
    """

    index: int
    request: Request
    first: float | None = None
    """When it was first sent, and later by the rest that servers asked for since."""
    rest: float = 0.0
    """Seconds of that."""
    without: int = 0
    """Examples left out."""
    tries: int = 0
    """Answers that were not of the form."""
    strikes: int = 0
    seconds: float = 0.0
    """Its shares of the time."""

    def body(self, server: Server) -> dict[str, Any]:
        """Return what is sent."""
        seed = self.request.seed
        if self.tries and self.request.temperature:
            seed = derive_seed(seed, "again", self.tries)
        return payload(
            self.request, server.manner, model=server.model, seed=seed, without=self.without
        )

    def heard(self, said: Said, server: Server) -> Answer | None:
        """Take an answer, if it is of the form."""
        try:
            text = understood(self.request.form, said.text, server.manner)
        except AnswerError as error:
            text, problem = answer(said.text, server.manner), str(error)
        else:
            return self._replied(said, text)
        if not said.finished:
            problem = f"the answer was cut off after {said.answer_tokens} tokens: {text!r:.80}"
            if server.context and said.prompt_tokens + said.answer_tokens >= server.context:
                return self.shortened(f"{problem}, at the end of the context")
        self.tries += 1
        if self.tries < (_SAMPLED if self.request.temperature else _GREEDY):
            return None
        return self._replied(said, text, error=problem)

    def shortened(self, problem: str) -> Answer | None:
        """Leave out the least similar example, if there is one left."""
        if self.without == len(self.request.shots):
            return self.failed(f"no room in the model's context, without any example: {problem}")
        self.without += 1
        return None

    def troubled(self, error: Trouble, *, now: float, deadline: float) -> Answer | None:
        """Give up after too many failures, or too long; a rest that servers ask for is granted."""
        self.strikes += error.blamed
        if error.wait and self.first is not None:
            rest = min(error.wait, LONGEST - self.rest)
            self.rest += rest
            self.first += rest
        if self.strikes >= _STRIKES:
            return self.failed(f"given up after {_STRIKES} tries: {error}")
        if self.first is not None and now - self.first >= deadline:
            return self.failed(f"no answer in {deadline:g} s; the last try: {error}")
        return None

    def failed(self, problem: str) -> Answer:
        """Return the answer that there is none."""
        return self.index, Reply("", 0, 0, self.without, self.seconds, error=problem)

    def _replied(self, said: Said, text: str, *, error: str | None = None) -> Answer:
        reply = Reply(
            text=text,
            prompt_tokens=said.prompt_tokens,
            answer_tokens=said.answer_tokens,
            dropped_shots=self.without,
            seconds=self.seconds,
            error=error,
        )
        return self.index, reply


def families(requests: Sequence[Request], order: Sequence[int]) -> list[deque[Work]]:
    """Return the work there is, in pieces of what begins alike.

    Args:
        requests: all of a run.
        order: indices of those that are wanted, alike ones together.

    """
    found: list[deque[Work]] = []
    before: object = None
    for index in order:
        request = requests[index]
        beginning = request.system, request.shots
        if beginning != before or len(found[-1]) == _FAMILY:
            found.append(deque())
        found[-1].append(Work(index, request))
        before = beginning
    return found
