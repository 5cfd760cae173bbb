"""What an answer may go on with: what followed the same tokens before.

Reasonings repeat their prompt: words of the question, the way examples are worded, the form. A
draft is read together with the answer's newest tokens, and the model's own choices tell how much
of it was right, so that one step writes several tokens; no choice depends on the draft. This is
speculative decoding with the prompt as the draft model ("prompt lookup decoding").
"""

import numpy as np
from numpy.typing import NDArray

LEAST, MOST = 2, 4
"""Tokens that must agree for what follows them to be worth reading, and that are compared."""


def draft(context: NDArray[np.int64]) -> list[int]:
    """Return what followed the place that agrees with the end of the context longest.

    Args:
        context: a prompt and the answer so far, [tokens].

    Returns:
        As many tokens as agree, fewer where the context ends; from the latest place if several
        agree. None if fewer than `LEAST` do.

    """
    after = 1 + np.flatnonzero(context[:-1] == context[-1])
    agreed = min(1, len(after))
    while 0 < agreed < MOST:
        more = after[after > agreed]
        more = more[context[more - agreed - 1] == context[-agreed - 1]]
        if not len(more):
            break
        after, agreed = more, agreed + 1
    if agreed < LEAST:
        return []
    return [int(token) for token in context[after[-1] : after[-1] + agreed]]
