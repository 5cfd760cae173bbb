"""Which token comes next: what the form allows and the model finds best, or draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spm_tui.engine.fast.rows import Row
from spm_tui.engine.sampling import draw


def choose(rows: Sequence[Row], logits: Any) -> list[int]:
    """Return the next token of every row, which its progress has accepted.

    Args:
        rows: answers that go on.
        logits: of the model, [rows, vocabulary].

    """
    alike: dict[float, list[int]] = {}
    for place, row in enumerate(rows):
        alike.setdefault(row.item.request.temperature, []).append(place)
    tokens = [0] * len(rows)
    for temperature, places in alike.items():
        way = _drawn if temperature else _best
        some = logits if len(places) == len(rows) else logits[places]
        for place, token in zip(places, way([rows[p] for p in places], some), strict=True):
            tokens[place] = token
    return tokens


def _best(rows: Sequence[Row], logits: Any) -> list[int]:
    """The best token of all, where it is allowed, is also the best of those allowed."""
    tokens = logits.argmax(dim=-1).tolist()
    refused = [i for i, row in enumerate(rows) if not row.progress.accept(tokens[i])]
    if refused:
        best = _masked([rows[i] for i in refused], logits[refused]).argmax(dim=-1).tolist()
        for i, token in zip(refused, best, strict=True):
            rows[i].progress.accept(token)
            tokens[i] = token
    return [int(token) for token in tokens]


def _drawn(rows: Sequence[Row], logits: Any) -> list[int]:
    import torch

    at = torch.tensor([row.uniforms[len(row.answer)] for row in rows], dtype=torch.float64)
    scores = _masked(rows, logits)
    drawn = draw(scores, at.to(scores.device), rows[0].item.request.temperature).tolist()
    for row, token in zip(rows, drawn, strict=True):
        row.progress.accept(token)
    return [int(token) for token in drawn]


def _masked(rows: Sequence[Row], logits: Any) -> Any:
    import torch

    allowed = torch.from_numpy(np.stack([row.progress.allowed() for row in rows]))
    return logits.masked_fill(~allowed.to(logits.device, non_blocking=True), -torch.inf)
