"""What transformers calls in the place of its own attention."""

from typing import Any

from spm_tui.engine.fast.attention import Scoring
from spm_tui.engine.fast.fused import suits

_WITHOUT_EFFECT = frozenset({"dropout", "position_ids", "use_cache", "output_router_logits"})
"""Options of transformers' that change nothing here; dropout is for training."""


def window(*, local_size: int | None = None, **_: Any) -> int | None:
    """Stand in for transformers' making of masks: all we need to know is the window's width."""
    return local_size


def attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    *,
    layout: Any,
    scaling: float,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **others: Any,
) -> tuple[Any, None]:
    """Stand in for transformers' attention.

    Args:
        module: the layer.
        query: [1, heads, packed, head size].
        key: [1, key heads, packed, head size].
        value: likewise.
        attention_mask: the window, as `window` made it; None if the layer sees everything.
        layout: the step's, by window and whether the processor's kernel suits.
        scaling: of the scores.
        sliding_window: the window once more; some models do not tell.
        softcap: the cap of the scores.
        others: what must not make a difference.

    Raises:
        ValueError: there is something to this attention that we do not do.

    """
    asked = {name for name, option in others.items() if option is not None and option is not False}
    if asked := asked - _WITHOUT_EFFECT:
        raise ValueError(f"it depends on {', '.join(sorted(asked))}")
    if not isinstance(attention_mask, int | None) or sliding_window not in (None, attention_mask):
        raise ValueError("it has a mask of its own")
    scoring = Scoring(scaling, softcap)
    seen = layout(attention_mask, suits(query, scoring)).attend(
        module.layer_idx, query[0], key[0], value[0], scoring
    )
    return seen.unsqueeze(0), None
