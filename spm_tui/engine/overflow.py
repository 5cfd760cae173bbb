"""What becomes of a model whose numbers are none: not a number, or infinite.

In half precision activations overflow that single precision holds, and the logits that come of
them are NaN. Whoever takes the largest of these takes some token nevertheless, and the answer has
the form that was asked for and means nothing; so it is an error of the request.
"""

from typing import Any

_WIDER = {"float16": "bfloat16 or float32", "bfloat16": "float32"}
"""Precisions with a larger range, by precision."""


def overflow(model: Any) -> str:
    """Return the error of a request for which a model's numbers were none, in a line.

    Args:
        model: of transformers.

    """
    dtype = str(model.dtype).removeprefix("torch.")
    problem = f"the model's numbers overflow in {dtype}"
    remedies = [f"--dtype {_WIDER[dtype]}"] if dtype in _WIDER else []
    if getattr(model, "is_quantized", False):
        remedies.append("without --quantize")
    if not remedies:
        return f"{problem}, which has the largest range: its weights may be damaged"
    return f"{problem}; try {', or '.join(remedies)}"


def numeric(scores: Any) -> Any:
    """Return of each row whether a token can be chosen by it, [rows].

    Args:
        scores: logits, minus infinity for what is not allowed, [rows, vocabulary].

    """
    return scores.amax(dim=-1).isfinite()  # one NaN, and the largest is NaN


class Watch:
    """A logits processor that notes the answers for which a model's numbers were none.

    These go on with whatever is allowed, so that the others of the batch are not disturbed. It
    comes after the constraint, and is a criterion for stopping, too: when no other answer is left.

    Args:
        rows: answers in the batch.
        start: length of what they begin with, in tokens.
        end: the token that ends them.

    """

    def __init__(self, rows: int, *, start: int, end: int) -> None:
        import torch

        self._failed = torch.zeros(rows, dtype=torch.bool)
        self._start, self._end = start, end

    @property
    def failed(self) -> list[bool]:
        """Of each answer, whether there was such a token before its end."""
        return [bool(failed) for failed in self._failed.tolist()]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return the scores, in rows that are no numbers 0 for all that is allowed."""
        import torch

        usable = numeric(scores)
        ended = (input_ids[:, self._start :] == self._end).any(dim=-1)
        self._failed = self._failed.to(scores.device) | ~(usable | ended)
        allowed = torch.zeros_like(scores).masked_fill(scores.isneginf(), -torch.inf)
        return torch.where(usable[:, None], scores, allowed)

    def stop(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        """Say for transformers' criteria which answers are to end: all, or none."""
        import torch

        return torch.full((len(input_ids),), bool(self._failed.all()), device=input_ids.device)
