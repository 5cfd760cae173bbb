"""The answers in hand: which requests come in, what is read next, who is done."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from spm_tui.engine.fast.agenda import Agenda, Item
from spm_tui.engine.fast.choice import choose
from spm_tui.engine.fast.draft import draft
from spm_tui.engine.fast.grammar import Grammars
from spm_tui.engine.fast.memory import Space
from spm_tui.engine.fast.reader import Reader
from spm_tui.engine.fast.rows import Row
from spm_tui.engine.fast.step import Share, plan
from spm_tui.engine.fast.tree import Segment, Tree
from spm_tui.engine.sampling import uniforms
from spm_tui.forms import most_tokens


class Work:
    """Answers being written, and what has been read for them.

    Args:
        reader: the model.
        grammars: of the answers.
        room: what may be in memory.
        rows: the answers, seen by the caller when memory runs out.

    """

    def __init__(self, reader: Reader, grammars: Grammars, room: Space, rows: list[Row]) -> None:
        self.rows = rows
        self._reader = reader
        self._grammars = grammars
        self._room = room
        self._tree = Tree(reader.segment_cache)
        self._tails = reader.tails_cache(room.slots, room.answer)
        self._free = list(range(room.slots))[::-1]
        self._unread: list[Segment] = []
        self._kept: list[Segment] = []
        """What the next request will use, so that it does not go with its last user."""

    def admit(self, agenda: Agenda) -> None:
        """Take in requests while there is room."""
        while self._free and (item := agenda.first()) and not item.prompt.problem:
            tokens = item.prompt.tokens
            if self.rows and self._tree.missing(tokens) > self._left:
                break
            path = self._tree.hold(tokens, agenda.cuts())
            self._unread += [s for s in path if not s.whole and s not in self._unread]
            self.rows.append(self._begin(agenda.take(), path))
            self.keep_for(agenda)

    @property
    def _left(self) -> int:
        """Tokens of prompts for which there is room, beside one more answer."""
        answers = (len(self.rows) + 1) * self._room.answer
        return self._room.tokens - answers - self._tree.size

    def _begin(self, item: Item, path: list[Segment]) -> Row:
        request, slot = item.request, self._free.pop()
        self._tails[:, :, slot] = 0  # what a row does not see is multiplied by 0: no NaN there
        draws = most_tokens(request.form) if request.temperature else 0
        progress = self._grammars.start(request.form)
        forced = progress.forced()
        return Row(item, path, slot, progress, uniforms(request.seed, draws), forced)

    def keep_for(self, agenda: Agenda) -> None:
        """Keep what the next request will use, and nothing else that nobody uses."""
        item = agenda.first()
        kept = self._tree.known(item.prompt.tokens) if item else []
        self._tree.use(kept)
        self._tree.release(self._kept)
        self._kept = kept

    def advance(self, tokens: int) -> None:
        """Read one step's tokens, and let every answer that can go on do so.

        Args:
            tokens: of prompts, most to read; the answers' own come on top.

        """
        going = [row for row in self.rows if row.unread]
        for row in going:
            room = 0 if row.careful else self._room.answer - row.read - len(row.unread)
            row.draft = draft(row.context)[:room] if room else []
        shares = list(self._shares(tokens))
        if going or shares:
            step = plan(going, shares, self._tails, self._reader.device)
            logits = self._reader.read(step)
            places = self._note(going, shares, logits)
            self._write(going, logits, places)
        if waiting := [row for row in self.rows if row.waiting]:
            stacked = _stack([row.path[-1].logits for row in waiting])
            self._write(waiting, stacked, range(len(waiting)))

    def _shares(self, room: int) -> Iterator[Share]:
        for segment in self._unread:
            if room <= 0:
                return
            count = min(room, len(segment.tokens) - segment.read)
            room -= count
            yield Share(segment, count)

    def _note(self, going: Sequence[Row], shares: Sequence[Share], logits: Any) -> list[int]:
        """Note what has been read; return the places of the rows' first logits."""
        for place, share in enumerate(shares):
            share.segment.read += share.count
            if share.segment.whole:
                share.segment.logits = logits[place].clone()
        self._unread = [segment for segment in self._unread if not segment.whole]
        for row in going:
            row.since = row.read
            row.read += len(row.unread)
            row.unread = []
        ends = accumulate((1 + len(row.draft) for row in going), initial=len(shares))
        return list(ends)[:-1]

    def _write(self, rows: Sequence[Row], logits: Any, places: Sequence[int]) -> None:
        """Let rows go on by a token, and by another for each that their drafts foretold."""
        going = [(row, place - row.read) for row, place in zip(rows, places, strict=True)]
        while going:
            some = [row for row, _ in going]
            chosen = choose(some, logits[[start + row.read for row, start in going]])
            for row, token in zip(some, chosen, strict=True):
                if token is None:
                    self._fail(row)
                else:
                    row.write(token)
            going = [(row, start) for row, start in going if row.asked]

    def _fail(self, row: Row) -> None:
        """Give up a row for which the model has no numbers, unless a draft may be to blame.

        What was read on trial is multiplied by 0 where it must not be seen, and NaN stays NaN.
        """
        if row.careful or row.read == row.since:
            row.failed = True
        else:
            row.retract()
            self._tails[:, :, row.slot, :, row.read :] = 0

    def retire(self) -> list[Row]:
        """Return the finished rows, and let go of what they used."""
        finished = [row for row in self.rows if row.over]
        for row in finished:
            self.rows.remove(row)
            self._free.append(row.slot)
            self._tree.release(row.path)
        return finished


def _stack(vectors: list[Any]) -> Any:
    import torch

    return torch.stack(vectors)
