"""Attention over a tree of segments.

The tokens of a step are one packed row. Each attends to several stretches of keys: the
segments of its prompt, and what follows them. Every stretch is attended to by all tokens that
need it at once, so that a shared one is fetched from memory once; the partial results are
joined by their log-sum-exp, which is exact.

Some layers see only a window of the last tokens, and some hold scores below a cap. What a
window cuts through, and all that is capped, is computed in plain steps; the rest by the
device's fused kernel.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scoring:
    """How queries are compared with keys."""

    scale: float
    cap: float | None = None
    """What scores come near to and do not exceed; None leaves them as they are."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packed tokens that see the same keys."""

    cache: Any
    """A segment's, [layers, 2, key heads, tokens, head size]."""
    level: int
    """Of the partial result; two stretches of one level have no token in common."""
    first: int
    end: int
    """The packed tokens."""
    since: int
    until: int
    """Which of the segment's tokens they see."""
    hidden: Any = None
    """Which of these a packed token must not see after all, [end - first, until - since]; None
    if there are none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Packed prompt tokens that are being read into a segment, and see each other causally."""

    cache: Any
    level: int
    first: int
    end: int
    offset: int
    """Of the first in the segment."""
    hidden: Any = None
    """What they must not see of each other, [end - first, end - first]; None if this is only
    what comes later."""


@dataclass(frozen=True, slots=True)
class Tails:
    """Packed answer tokens; each sees its own answer so far."""

    cache: Any
    """Of all answers, [layers, 2, slots, key heads, tokens, head size]."""
    level: int
    packed: Any
    """Their places among the packed tokens, [n]."""
    slots: Any
    """Of which answer each is, [n]."""
    offsets: Any
    """Position within the answer, [n]."""
    looked: Any
    """Slots whose keys are looked at, [rows]; a slice where that spares copying them."""
    rows: Any
    """Which of these is each token's, [n]."""
    turns: Any
    """The how manieth of this step each is within its answer, [n]."""
    hidden: Any
    """What must not be seen, [rows, 1, turns, keys]."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Who sees what in one step, in layers of one kind."""

    levels: int
    stretches: tuple[Stretch, ...]
    pieces: tuple[Piece, ...]
    tails: tuple[Tails, ...]

    def attend(self, layer: int, query: Any, key: Any, value: Any, scoring: Scoring) -> Any:
        """Store the keys and values of a layer, and return what the tokens see.

        Args:
            layer: index.
            query: [heads, packed, head size].
            key: [key heads, packed, head size].
            value: likewise.
            scoring: the layer's.

        Returns:
            [packed, heads, head size]

        """
        import torch

        parts = query.new_zeros(self.levels, *query.shape)
        weights = query.new_full(parts.shape[:-1], -torch.inf, dtype=torch.float32)
        for piece in self.pieces:
            span = slice(piece.first, piece.end)
            new = slice(piece.offset, piece.offset + piece.end - piece.first)
            piece.cache[layer, 0, :, new] = key[:, span]
            piece.cache[layer, 1, :, new] = value[:, span]
            seen = _causal(query[:, span], key[:, span], value[:, span], scoring, piece.hidden)
            parts[piece.level, :, span], weights[piece.level, :, span] = seen
        for stretch in self.stretches:
            span = slice(stretch.first, stretch.end)
            keys, values = stretch.cache[layer, :, :, stretch.since : stretch.until]
            seen = _whole(query[:, span], keys, values, scoring, stretch.hidden)
            parts[stretch.level, :, span], weights[stretch.level, :, span] = seen
        for tails in self.tails:
            places = (tails.level, slice(None), tails.packed)
            parts[places], weights[places] = _answers(tails, layer, (query, key, value), scoring)
        shares = torch.softmax(weights, dim=0).to(parts.dtype)
        return parts.mul_(shares.unsqueeze(-1)).sum(dim=0).transpose(0, 1)


def _answers(
    tails: Tails, layer: int, new: tuple[Any, Any, Any], scoring: Scoring
) -> tuple[Any, Any]:
    """Let the answers' tokens see their answers, all at once."""
    query, key, value = (part[:, tails.packed].transpose(0, 1) for part in new)
    cache, (count, _, turns, seen) = tails.cache[layer], tails.hidden.shape
    cache[0][tails.slots, :, tails.offsets] = key
    cache[1][tails.slots, :, tails.offsets] = value
    keys, values = (part[tails.looked, :, :seen] for part in cache)
    _, heads, size = query.shape
    rows = query.new_zeros(count, heads, turns, size)
    rows[tails.rows, :, tails.turns] = query
    found, weights = (
        part[tails.rows, :, tails.turns].transpose(0, 1)
        for part in _plain(rows, keys, values, scoring, tails.hidden)
    )
    return found, weights


def _whole(query: Any, keys: Any, values: Any, scoring: Scoring, hidden: Any) -> tuple[Any, Any]:
    """Let every query see every key that is not hidden."""
    if hidden is not None or not _has_kernel(query, scoring):
        return _plain(query, keys, values, scoring, hidden)
    heads, tokens, size = query.shape
    rows = query.reshape(keys.shape[0], -1, size)  # heads that share keys become more queries
    seen, weights = _kernel(rows, keys, values, scoring.scale, causal=False)
    return seen.reshape(heads, tokens, size), weights.reshape(heads, tokens)


def _causal(query: Any, keys: Any, values: Any, scoring: Scoring, hidden: Any) -> tuple[Any, Any]:
    """Let every query see the keys up to its own that are not hidden."""
    import torch

    if hidden is None and _has_kernel(query, scoring):
        shared = query.shape[0] // keys.shape[0]
        if shared > 1:
            keys, values = (part.repeat_interleave(shared, dim=0) for part in (keys, values))
        return _kernel(query, keys, values, scoring.scale, causal=True)
    if hidden is None:
        tokens = query.shape[1]
        hidden = torch.ones(tokens, tokens, dtype=torch.bool, device=query.device).triu(1)
    return _plain(query, keys, values, scoring, hidden)


def _has_kernel(query: Any, scoring: Scoring) -> bool:
    """Whether the device has a fused kernel for this that also returns the log-sum-exp."""
    kind, precision = query.device.type, query.dtype.itemsize
    return scoring.cap is None and (kind == "cpu" or (kind == "cuda" and precision == 2))


def _kernel(query: Any, keys: Any, values: Any, scale: float, *, causal: bool) -> tuple[Any, Any]:
    """Return attention and log-sum-exp of the scores, with the device's fused kernel.

    The public function does not return the log-sum-exp.
    """
    import torch

    aten = torch.ops.aten
    batched = (query.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0))
    if query.device.type == "cpu":
        seen, weights = aten._scaled_dot_product_flash_attention_for_cpu(  # noqa: SLF001
            *batched, 0.0, causal, scale=scale
        )
    else:
        seen, weights, *_ = aten._scaled_dot_product_flash_attention(  # noqa: SLF001
            *batched, 0.0, causal, False, scale=scale
        )
    return seen[0], weights[0]


def _plain(query: Any, keys: Any, values: Any, scoring: Scoring, hidden: Any) -> tuple[Any, Any]:
    """Return the same step by step.

    Args:
        query: [..., heads, tokens, head size].
        keys: [..., key heads, keys, head size].
        values: likewise.
        scoring: how they are compared.
        hidden: what must not be seen, of a shape that extends to [..., heads, tokens, keys].

    """
    import torch

    rows = query.reshape(*keys.shape[:-2], -1, query.shape[-1])
    scores = (rows @ keys.transpose(-2, -1)).float() * scoring.scale
    if scoring.cap is not None:
        scores = torch.tanh(scores / scoring.cap) * scoring.cap
    if hidden is not None:
        scores = scores.view(*query.shape[:-1], -1).masked_fill_(hidden, -torch.inf)
    weights = scores.logsumexp(-1, keepdim=True)
    # a query that sees none of these keys weighs nothing; -inf less -inf would not be a number
    shares = (scores - weights.clamp(min=torch.finfo(weights.dtype).min)).exp()
    found = shares.to(values.dtype).view(*rows.shape[:-1], -1) @ values
    return found.view(query.shape), weights.view(query.shape[:-1])
