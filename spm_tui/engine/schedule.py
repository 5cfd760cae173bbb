"""In which order, and by whom, requests are answered: pure, so that a resumed run does alike.

A batch of the plain engine has one form of answer, because the constraint is compiled per
form, and prompts of similar length, because shorter ones are padded. Long prompts come first:
what does not fit into memory shows early, and the time left is not underestimated.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

import numpy as np

from spm_tui.forms import most_tokens
from spm_tui.wire import Request

CHARACTERS_PER_TOKEN = 3.5
"""Fewer than in English prose (4 to 4.5), so that estimates err on the safe side."""


def estimated_tokens(request: Request) -> int:
    """Return about how many tokens a request takes, its longest answer included."""
    return int(request.size / CHARACTERS_PER_TOKEN) + most_tokens(request.form)


def batches(requests: Sequence[Request], *, rows: int, tokens: int) -> list[list[int]]:
    """Return the indices of the requests in batches.

    Args:
        requests: all requests of a run.
        rows: most requests in a batch.
        tokens: most tokens in a batch, padding included; one long request may exceed it.

    """
    cost = [estimated_tokens(request) for request in requests]
    order = sorted(range(len(requests)), key=lambda i: (most_tokens(requests[i].form), cost[i]))
    forms = [request.form for request in requests]
    return _filled(order[::-1], cost, rows, tokens, lambda i, j: forms[i] == forms[j])


def batches_of_one_form(cost: Sequence[int], *, rows: int, tokens: int) -> list[list[int]]:
    """Return the indices of requests that may all be answered together in batches.

    Args:
        cost: of each request, in tokens.
        rows: most requests in a batch.
        tokens: most tokens in a batch, padding included; one long request may exceed it.

    """
    order = sorted(range(len(cost)), key=cost.__getitem__)
    return _filled(order[::-1], cost, rows, tokens, lambda _, __: True)


def _filled(
    order: Sequence[int],
    cost: Sequence[int],
    rows: int,
    tokens: int,
    alike: Callable[[int, int], bool],
) -> list[list[int]]:
    found: list[list[int]] = []
    for index in order:
        batch = found[-1] if found else []
        fits = (
            batch
            and len(batch) < rows
            and (len(batch) + 1) * cost[batch[0]] <= tokens
            and alike(batch[0], index)
        )
        if fits:
            batch.append(index)
        else:
            found.append([index])
    return found


def unfinished(batches_: Sequence[Sequence[int]], done: AbstractSet[int]) -> list[list[int]]:
    """Return the batches with an index that is not in `done`; each stays whole."""
    return [list(batch) for batch in batches_ if not done >= set(batch)]


def by_beginning(requests: Sequence[Request], wanted: Sequence[int]) -> list[int]:
    """Return indices so that those with the same beginning follow each other.

    The samples of one request are neighbours, then the requests with the same examples, then
    those of the same attribute.
    """
    return sorted(wanted, key=lambda index: _text(requests[index]))


def _text(request: Request) -> tuple[object, ...]:
    shots = tuple((shot.question, shot.answer) for shot in request.shots)
    return request.system, shots, request.question, request.seed


def shares(requests: Sequence[Request], wanted: Sequence[int], count: int) -> list[list[int]]:
    """Return `count` parts of about equal cost, each of requests that begin alike."""
    order = by_beginning(requests, wanted)
    if not order:
        return [[] for _ in range(count)]
    spent = np.cumsum([estimated_tokens(requests[index]) for index in order])
    ends = np.searchsorted(spent, [spent[-1] * (i + 1) / count for i in range(count)]) + 1
    return [order[start:end] for start, end in pairwise([0, *ends])]
