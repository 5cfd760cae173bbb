"""Requests answered batch by batch; a batch that is too large for the memory is halved."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from spm_tui.engine.base import OUT_OF_MEMORY, Answer
from spm_tui.engine.schedule import unfinished
from spm_tui.wire import Reply

ROWS = {"cpu": 8, "mps": 8, "cuda": 64}
"""Requests in a batch unless the user says otherwise, by kind of device."""
TOKENS = {"cpu": 16_384, "mps": 16_384, "cuda": 131_072}
"""Padded tokens in a batch likewise; memory that does not suffice halves the batch."""


def in_batches(
    planned: Sequence[Sequence[int]],
    answer: Callable[[list[int]], list[Reply]],
    *,
    done: AbstractSet[int],
) -> Iterator[list[Answer]]:
    """Yield the replies of batch after batch.

    Args:
        planned: batches of all requests, by index.
        answer: answers one.
        done: indices that need no reply.

    """
    queue = unfinished(planned, done)[::-1]
    while queue:
        batch = queue.pop()
        replies = _answered(batch, answer)
        if replies is None:
            half = len(batch) // 2
            queue += [batch[half:], batch[:half]]
            continue
        answers = zip(batch, replies, strict=True)
        yield [(index, reply) for index, reply in answers if index not in done]


def _answered(batch: list[int], answer: Callable[[list[int]], list[Reply]]) -> list[Reply] | None:
    """Answer a batch; None when it must be halved for want of memory."""
    import torch

    try:
        return answer(batch)
    except torch.OutOfMemoryError:
        if len(batch) > 1:
            torch.cuda.empty_cache()
            return None
    torch.cuda.empty_cache()
    return [Reply("", 0, 0, 0, 0.0, error=OUT_OF_MEMORY)]
