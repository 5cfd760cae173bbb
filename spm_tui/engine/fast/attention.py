"""Attention over a tree of segments.

The tokens of a step are one packed row. Each attends to several stretches of keys: the
segments of its prompt, and what follows them. Every stretch is attended to by all tokens that
need it at once, so that a shared one is fetched from memory once; the partial results are
joined by their log-sum-exp, which is exact.
"""

from dataclasses import dataclass
from typing import Any


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
    keys: int
    """How many of the segment's tokens they see."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Packed prompt tokens that are being read into a segment, and see each other causally."""

    cache: Any
    level: int
    first: int
    end: int
    offset: int
    """Of the first in the segment."""


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
    turns: Any
    """The how manieth of this step each is within its answer, [n]."""
    offsets: Any
    """Position within the answer, [n]."""
    hidden: Any
    """What must not be seen, 0 or -inf, [slots, 1, turns, keys]."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Who sees what in one step."""

    levels: int
    stretches: tuple[Stretch, ...]
    pieces: tuple[Piece, ...]
    tails: Tails | None

    def attend(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """Store the keys and values of a layer, and return what the tokens see.

        Args:
            layer: index.
            query: [heads, packed, head size].
            key: [key heads, packed, head size].
            value: likewise.
            scale: of the scores.

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
            seen = _causal(query[:, span], key[:, span], value[:, span], scale)
            parts[piece.level, :, span], weights[piece.level, :, span] = seen
        for stretch in self.stretches:
            span = slice(stretch.first, stretch.end)
            keys, values = stretch.cache[layer, :, :, : stretch.keys]
            seen = _whole(query[:, span], keys, values, scale)
            parts[stretch.level, :, span], weights[stretch.level, :, span] = seen
        if self.tails:
            self._attend_tails(self.tails, layer, (query, key, value), scale, (parts, weights))
        shares = torch.softmax(weights, dim=0).to(parts.dtype)
        return (parts * shares.unsqueeze(-1)).sum(dim=0).transpose(0, 1)

    @staticmethod
    def _attend_tails(
        tails: Tails, layer: int, new: tuple[Any, Any, Any], scale: float, into: tuple[Any, Any]
    ) -> None:
        query, key, value = (part[:, tails.packed].transpose(0, 1) for part in new)
        cache, (slots, _, turns, seen) = tails.cache[layer], tails.hidden.shape
        cache[0][tails.slots, :, tails.offsets] = key
        cache[1][tails.slots, :, tails.offsets] = value
        keys, values = cache[:, :slots, :, :seen]
        _, heads, size = query.shape
        shared = heads // keys.shape[1]
        rows = query.new_zeros(slots, turns, heads, size)
        rows[tails.slots, tails.turns] = query
        rows = rows.view(slots, turns, -1, shared, size).permute(0, 2, 3, 1, 4)
        rows = rows.reshape(slots, -1, shared * turns, size)
        scores = (rows @ keys.transpose(2, 3)).float() * scale
        scores = scores.view(slots, -1, shared, turns, seen) + tails.hidden.unsqueeze(1)
        weights = scores.logsumexp(-1)
        shares = (scores - weights.unsqueeze(-1)).exp().to(values.dtype)
        found = shares.view(slots, -1, shared * turns, seen) @ values
        found = found.view(slots, heads, turns, size)[tails.slots, :, tails.turns]
        parts, all_weights = into
        parts[tails.level, :, tails.packed] = found.transpose(0, 1)
        weights = weights.view(slots, heads, turns)[tails.slots, :, tails.turns]
        all_weights[tails.level, :, tails.packed] = weights.transpose(0, 1)


def _whole(query: Any, keys: Any, values: Any, scale: float) -> tuple[Any, Any]:
    """Let every query see every key; the heads that share keys become more queries."""
    heads, tokens, size = query.shape
    rows = query.reshape(keys.shape[0], -1, size)
    seen, weights = _kernel(rows, keys, values, scale, causal=False)
    return seen.reshape(heads, tokens, size), weights.reshape(heads, tokens)


def _causal(query: Any, keys: Any, values: Any, scale: float) -> tuple[Any, Any]:
    """Let every query see the keys up to its own."""
    shared = query.shape[0] // keys.shape[0]
    if shared > 1:
        keys, values = (part.repeat_interleave(shared, dim=0) for part in (keys, values))
    return _kernel(query, keys, values, scale, causal=True)


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
    elif query.device.type == "cuda" and query.dtype != torch.float32:
        seen, weights, *_ = aten._scaled_dot_product_flash_attention(  # noqa: SLF001
            *batched, 0.0, causal, False, scale=scale
        )
    else:
        return _plain(query, keys, values, scale, causal=causal)
    return seen[0], weights[0]


def _plain(query: Any, keys: Any, values: Any, scale: float, *, causal: bool) -> tuple[Any, Any]:
    import torch

    scores = (query @ keys.transpose(1, 2)).float() * scale
    if causal:
        later = torch.ones(scores.shape[1:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    weights = scores.logsumexp(-1)
    return (scores - weights.unsqueeze(-1)).exp().to(values.dtype) @ values, weights


def attention(
    module: Any, query: Any, key: Any, value: Any, _mask: Any, *, layout: Layout, **options: Any
) -> tuple[Any, None]:
    """Stand in for transformers' attention; `options` are its own, of which `scaling` counts."""
    seen = layout.attend(module.layer_idx, query[0], key[0], value[0], options["scaling"])
    return seen.unsqueeze(0), None
