"""The loop: admit, advance, retire.

Every step is one call of the model. It reads a stretch of the prompts that are to be answered
next, and the newest tokens of all answers being written, with drafts of how these may go on:
reading prompts keeps the arithmetic busy, and the answers ride along at little cost.
"""

import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from spm_tui.engine.base import OUT_OF_MEMORY, Answer
from spm_tui.engine.batching import free_memory, out_of_memory
from spm_tui.engine.fast.agenda import Agenda, Item
from spm_tui.engine.fast.grammar import Grammars
from spm_tui.engine.fast.memory import Space, space
from spm_tui.engine.fast.reader import Reader
from spm_tui.engine.fast.rows import Row
from spm_tui.engine.fast.work import Work
from spm_tui.engine.loading import Loaded
from spm_tui.engine.overflow import overflow
from spm_tui.engine.prompt import Prompt
from spm_tui.forms import most_tokens
from spm_tui.wire import Reply, Request

ROWS = {"cpu": 64, "mps": 64, "cuda": 256}
"""Answers being written at a time, unless the user says otherwise."""
STEP = {"cpu": 768, "mps": 512, "cuda": 4096}
"""Tokens of prompts in a step."""


class FastEngine:
    """A causal language model on this machine, at about the speed the machine allows.

    Args:
        loaded: the model.
        rows: most answers being written at a time; None suits the device.

    Raises:
        Unsupported: the model's attention is not of a kind that can be replaced.

    """

    def __init__(self, loaded: Loaded, *, rows: int | None = None) -> None:
        self._loaded = loaded
        self._rows = rows or ROWS[loaded.kind]
        self._step = STEP[loaded.kind]
        self._reader = Reader(loaded)
        self._grammars = Grammars(loaded.tokenizer, self._reader.vocabulary)

    def answer(
        self, requests: Sequence[Request], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield replies as they are finished, those with common beginnings after each other."""
        wanted = [index for index in range(len(requests)) if index not in done]
        agenda = Agenda(requests, wanted, self._prompt)
        room = self._room(requests)
        while agenda.first():
            rows: list[Row] = []
            try:
                yield from self._run(rows, room, agenda)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                agenda.put_back([row.item.index for row in rows])
                rows.clear()
            else:
                return
            free_memory()  # in vain before: the error holds on to the whole work
            if room.slots == 1:
                yield [_failed(agenda.take(), OUT_OF_MEMORY)]
            room = room.halved()

    def _run(self, rows: list[Row], room: Space, agenda: Agenda) -> Iterator[list[Answer]]:
        work = Work(self._reader, self._grammars, room, rows)
        since = time.perf_counter()
        while work.rows or agenda.first():
            work.admit(agenda)
            work.advance(self._step)
            if finished := work.retire():
                now = time.perf_counter()
                seconds, since = (now - since) / len(finished), now
                yield [(row.item.index, self._reply(row, seconds)) for row in finished]
            while (item := agenda.first()) and item.prompt.problem:
                yield [_failed(agenda.take(), item.prompt.problem)]
                work.keep_for(agenda)

    def _room(self, requests: Sequence[Request]) -> Space:
        longest = max((most_tokens(form) for form in {r.form for r in requests}), default=1)
        return space(
            self._reader.device,
            bytes_per_token=self._reader.bytes_per_token,
            answer=longest,
            rows=self._rows,
        )

    def _prompt(self, request: Request) -> Prompt:
        """Return a request's prompt, with what every answer to it begins with."""
        prompt = self._loaded.prompts.fit(request)
        return replace(prompt, tokens=prompt.tokens + self._grammars.opening(request.form))

    def _reply(self, row: Row, seconds: float) -> Reply:
        prompt = row.item.prompt
        read = len(prompt.tokens) - len(self._grammars.opening(row.item.request.form))
        answer = [token for token in row.answer if token != self._loaded.end]
        error = overflow(self._loaded.model) if row.failed else None
        return Reply(self._loaded.text(answer), read, len(answer), prompt.dropped, seconds, error)


def _failed(item: Item, reason: str) -> Answer:
    return item.index, Reply("", len(item.prompt.tokens), 0, item.prompt.dropped, 0.0, reason)
