"""One call of the model: which tokens it reads, and how they see each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

from spm_tui.engine.fast.attention import Layout, Piece, Stretch, Tails
from spm_tui.engine.fast.fused import Own, Tasks, fuse
from spm_tui.engine.fast.rows import Row
from spm_tui.engine.fast.tree import Segment


@dataclass(frozen=True, slots=True)
class Share:
    """Tokens of a segment that are read in this step."""

    segment: Segment
    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """Input of the model."""

    tokens: list[int]
    positions: list[int]
    wanted: list[int]
    """Packed places whose logits are wanted: one per share, then of each row the last of its
    unread tokens and all of its draft."""
    layout: Callable[[int | None, bool], Layout | Tasks]
    """Who sees what in layers that see only so many of the last tokens, or all; and whether the
    processor's kernel suits them."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Packed tokens that follow each other and have the same past."""

    first: int
    positions: range
    past: list[tuple[Segment, int]]
    """What all of them see: segments, and how many tokens of each."""

    @property
    def end(self) -> int:
        """The packed place after the last."""
        return self.first + len(self.positions)

    def sees(self, level: int, window: int | None) -> bool:
        """Whether there is something of its past at a level, and within the window."""
        if len(self.past) <= level:
            return False
        segment, keys = self.past[level]
        return window is None or segment.start + keys > self.positions[0] - window + 1


def plan(rows: Sequence[Row], shares: Sequence[Share], tails: Any, device: Any) -> Step:
    """Return the step that reads the rows' unread tokens and the shares.

    Args:
        rows: with unread tokens.
        shares: of segments; one that goes on from another comes after it.
        tails: cache of the answers, [layers, 2, slots, key heads, tokens, head size].
        device: where the model is.

    """
    spans: list[_Span] = []
    tokens: list[int] = []
    wanted: list[int] = []
    pieces: list[Piece] = []
    own: list[Own] = []
    for share in shares:
        segment, read = share.segment, share.segment.read
        positions = range(segment.start + read, segment.start + read + share.count)
        span = _Span(len(tokens), positions, _past(segment))
        spans.append(span)
        pieces.append(Piece(segment.cache, len(span.past), span.first, span.end, read))
        tokens += segment.tokens[read : read + share.count]
        wanted.append(span.end - 1)
    for row in rows:
        new = row.unread + row.draft
        past = [(segment, len(segment.tokens)) for segment in row.path]
        span = _Span(len(tokens), range(row.position, row.position + len(new)), past)
        spans.append(span)
        own.append(Own(span.first, span.end, row.slot, row.read))
        tokens += new
        wanted += range(span.end - 1 - len(row.draft), span.end)

    @cache  # the same for all layers of a kind
    def layout(window: int | None, fused: bool) -> Layout | Tasks:
        stretches = tuple(_stretches(spans, window, device))
        if fused and window is None:
            return fuse(stretches, pieces, own, tails)
        levels = _levels(spans)
        return Layout(
            levels + 1,
            stretches,
            tuple(_within(piece, window, device) for piece in pieces),
            tuple(_tails(some, tails, levels, window, device) for some in _alike(own)),
        )

    places = [place for span in spans for place in span.positions]
    return Step(tokens, places, wanted, layout)


def _levels(spans: Sequence[_Span]) -> int:
    return max((len(span.past) for span in spans), default=0)


def _past(segment: Segment) -> list[tuple[Segment, int]]:
    """Return what the next tokens of a segment see of the prompt before them."""
    past = [(segment, segment.read)] if segment.read else []
    while parent := segment.parent:
        past.append((parent, len(parent.tokens)))
        segment = parent
    return past[::-1]


def _stretches(spans: Sequence[_Span], window: int | None, device: Any) -> Iterator[Stretch]:
    """Join neighbours that see the same."""
    for level in range(_levels(spans)):
        deep = [span for span in spans if span.sees(level, window)]
        parted = [i for i, (a, b) in enumerate(pairwise(deep), 1) if _parted(a, b, level)]
        for start, end in pairwise([0, *parted, len(deep)]):
            if group := deep[start:end]:
                yield _stretch(group, level, window, device)


def _parted(one: _Span, other: _Span, level: int) -> bool:
    """Whether two spans cannot be in one stretch."""
    return one.end != other.first or one.past[level] != other.past[level]


def _stretch(group: Sequence[_Span], level: int, window: int | None, device: Any) -> Stretch:
    segment, keys = group[0].past[level]
    stretch = Stretch(segment.cache, level, group[0].first, group[-1].end, 0, keys)
    if window is None:
        return stretch
    positions = [place for span in group for place in span.positions]
    since = max(0, min(positions) - window + 1 - segment.start)
    if max(positions) - window < segment.start + since:
        return replace(stretch, since=since)
    import torch

    seen = torch.arange(segment.start + since, segment.start + keys, device=device)
    hidden = _hidden(torch.tensor(positions, device=device), seen, window)
    return replace(stretch, since=since, hidden=hidden)


def _within(piece: Piece, window: int | None, device: Any) -> Piece:
    """Return a piece whose tokens see no further than the window."""
    import torch

    if window is None or piece.end - piece.first <= window:
        return piece
    places = torch.arange(piece.end - piece.first, device=device)
    return replace(piece, hidden=_hidden(places, places, window))


def _alike(own: Sequence[Own]) -> list[list[Own]]:
    """Part the answers that go on by one token from those that go on by several.

    So that the former are not padded to the length of the latter.
    """
    parts = [[one for one in own if (one.tokens > 1) is many] for many in (False, True)]
    return [part for part in parts if part]


def _tails(own: Sequence[Own], cache_: Any, level: int, window: int | None, device: Any) -> Tails:
    import torch

    written = [
        (one.first + turn, one.slot, turn, one.offset + turn)
        for one in own
        for turn in range(one.tokens)
    ]
    packed, slots, turns, offsets = torch.tensor(written).to(device).unbind(1)
    most = [1 + max(one[column] for one in written) for column in (1, 2, 3)]
    looked, rows, count = slice(0, most[0]), slots, most[0]
    if most[1] > 1:
        looked, rows = torch.unique(slots, return_inverse=True)
        count = len(looked)
    last = torch.zeros(count, 1, most[1], dtype=torch.long, device=device)
    last[rows, 0, turns] = offsets
    seen = torch.arange(most[2], device=device)
    return Tails(
        cache_, level, packed, slots, offsets, looked, rows, turns, _hidden(last, seen, window)
    )


def _hidden(queries: Any, keys: Any, window: int | None) -> Any:
    """Return what is not seen, [..., queries, keys], from the positions of both."""
    distance = queries.unsqueeze(-1) - keys
    later = distance < 0
    return later if window is None else later | (distance >= window)
