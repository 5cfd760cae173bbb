"""Which token comes next: what the form allows and the model finds best, or draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spm_tui.engine.fast.rows import Row
from spm_tui.engine.overflow import numeric
from spm_tui.engine.sampling import draw


def choose(rows: Sequence[Row], logits: Any) -> list[int | None]:
    """Return the next token of every row, which its progress has accepted.

    None where the logits of what is allowed are no numbers, or infinite.

    Args:
        rows: answers that go on.
        logits: of the model, [rows, vocabulary].

    """
    alike: dict[float, list[int]] = {}
    for place, row in enumerate(rows):
        alike.setdefault(row.item.request.temperature, []).append(place)
    tokens: list[int | None] = [None] * len(rows)
    for temperature, places in alike.items():
        way = _drawn if temperature else _best
        some = logits if len(places) == len(rows) else logits[places]
        for place, token in zip(places, way([rows[p] for p in places], some), strict=True):
            tokens[place] = token
    return tokens


def _best(rows: Sequence[Row], logits: Any) -> list[int | None]:
    """The best token of all, where it is allowed, is also the best of those allowed."""
    tokens = _highest(logits)
    refused = [
        i
        for i, (row, token) in enumerate(zip(rows, tokens, strict=True))
        if token is None or not row.progress.accept(token)
    ]
    if refused:
        some = [rows[i] for i in refused]
        for i, token in zip(refused, _highest(_masked(some, logits[refused])), strict=True):
            tokens[i] = token
            if token is not None:
                rows[i].progress.accept(token)
    return tokens


def _highest(logits: Any) -> list[int | None]:
    """Return the best token of each row; a NaN counts as the highest, so one look is enough."""
    best = logits.argmax(dim=-1)
    return _chosen(best, logits.gather(1, best[:, None])[:, 0].isfinite())


def _drawn(rows: Sequence[Row], logits: Any) -> list[int | None]:
    import torch

    at = torch.tensor([row.uniforms[len(row.answer)] for row in rows], dtype=torch.float64)
    scores = _masked(rows, logits)
    drawn = draw(scores, at.to(scores.device), rows[0].item.request.temperature)
    tokens = _chosen(drawn, numeric(scores))
    for row, token in zip(rows, tokens, strict=True):
        if token is not None:
            row.progress.accept(token)
    return tokens


def _chosen(tokens: Any, usable: Any) -> list[int | None]:
    """Return tokens, [rows], as a list; None for those that were not chosen by a number."""
    import torch

    # one transfer from the device for both
    pairs = torch.stack([tokens, usable.to(tokens.dtype)], dim=1).tolist()
    return [token if number else None for token, number in pairs]


def _masked(rows: Sequence[Row], logits: Any) -> Any:
    import torch

    allowed = torch.from_numpy(np.stack([row.progress.allowed() for row in rows]))
    return logits.masked_fill(~allowed.to(logits.device, non_blocking=True), -torch.inf)
