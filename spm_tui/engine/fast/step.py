"""One call of the model: which tokens it reads, and how they see each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from spm_tui.engine.fast.attention import Layout, Piece, Stretch, Tails
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
    """Packed places whose logits are wanted: one per row, then one per share."""
    layout: Layout


@dataclass(frozen=True, slots=True)
class _Span:
    """Packed tokens with the same past."""

    first: int
    end: int
    past: list[tuple[Segment, int]]
    """What all of them see: segments, and how many tokens of each."""


def plan(rows: Sequence[Row], shares: Sequence[Share], tails: Any, device: Any) -> Step:
    """Return the step that reads the rows' unread tokens and the shares.

    Args:
        rows: with unread tokens.
        shares: of segments; one that goes on from another comes after it.
        tails: cache of the answers, [layers, 2, slots, key heads, tokens, head size].
        device: where the model is.

    """
    tokens: list[int] = []
    positions: list[int] = []
    spans: list[_Span] = []
    pieces: list[Piece] = []
    for row in rows:
        past = [(segment, len(segment.tokens)) for segment in row.path]
        spans.append(_Span(len(tokens), len(tokens) + len(row.unread), past))
        positions += range(row.position, row.position + len(row.unread))
        tokens += row.unread
    for share in shares:
        segment, read = share.segment, share.segment.read
        span = _Span(len(tokens), len(tokens) + share.count, _past(segment))
        spans.append(span)
        pieces.append(Piece(segment.cache, len(span.past), span.first, span.end, read))
        positions += range(segment.start + read, segment.start + read + share.count)
        tokens += segment.tokens[read : read + share.count]
    levels = max(len(span.past) for span in spans) + 1
    answers = _tails(rows, spans, tails, levels - 1, device) if rows else None
    layout = Layout(levels, tuple(_stretches(spans)), tuple(pieces), answers)
    return Step(tokens, positions, [span.end - 1 for span in spans], layout)


def _past(segment: Segment) -> list[tuple[Segment, int]]:
    """Return what the next tokens of a segment see of the prompt before them."""
    past = [(segment, segment.read)] if segment.read else []
    while parent := segment.parent:
        past.append((parent, len(parent.tokens)))
        segment = parent
    return past[::-1]


def _stretches(spans: Sequence[_Span]) -> list[Stretch]:
    """Join neighbours that see the same."""
    found: list[Stretch] = []
    for level in range(max(len(span.past) for span in spans)):
        deep = [span for span in spans if len(span.past) > level]
        starts = [0, *(i for i, (a, b) in enumerate(pairwise(deep), 1) if _parted(a, b, level))]
        for start, end in pairwise([*starts, len(deep)]):
            segment, keys = deep[start].past[level]
            first, last = deep[start].first, deep[end - 1].end
            found.append(Stretch(segment.cache, level, first, last, keys))
    return found


def _parted(one: _Span, other: _Span, level: int) -> bool:
    """Whether two spans cannot be in one stretch."""
    return one.end != other.first or one.past[level] != other.past[level]


def _tails(
    rows: Sequence[Row], spans: Sequence[_Span], cache: Any, level: int, device: Any
) -> Tails:
    import torch

    places = [
        (packed, row.slot, turn, row.read + turn)
        for row, span in zip(rows, spans, strict=False)
        for turn, packed in enumerate(range(span.first, span.end))
    ]
    packed, slots, turns, offsets = torch.tensor(places).to(device).unbind(1)
    sizes = [1 + max(place[column] for place in places) for column in (1, 2, 3)]
    last = torch.zeros(sizes[0], 1, sizes[1], 1, dtype=torch.long, device=device)
    last[slots, 0, turns, 0] = offsets
    later = torch.arange(sizes[2], device=device) > last
    hidden = torch.zeros_like(later, dtype=torch.float32).masked_fill_(later, -torch.inf)
    return Tails(cache, level, packed, slots, turns, offsets, hidden)
