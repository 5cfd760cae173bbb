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
    try:
        return answer(batch)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
    free_memory()  # in vain before: the error holds on to the whole batch
    return None if len(batch) > 1 else [Reply("", 0, 0, 0, 0.0, error=OUT_OF_MEMORY)]


def out_of_memory(error: RuntimeError) -> bool:
    """Whether an error is a want of memory; of Apple's GPUs only the text tells."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "MPS backend out of memory" in str(error)


def free_memory() -> None:
    """Give back to the GPU what torch keeps for later."""
    import torch

    torch.cuda.empty_cache()  # does nothing where there is none; the other raises
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
