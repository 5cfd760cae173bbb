"""A stand-in for the models: scores and embeddings that follow from the texts alone."""

import json
import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from spm_tui.bench.embedding import Vectors
from spm_tui.wire import Asked, Rating, Stance


def judge(request: Asked) -> str:
    """Answer with a score per response that depends on its text and on the attribute.

    Or choose the response that would score highest.
    """
    if isinstance(request, Rating):
        return json.dumps({"rewards": [_score(text) / 7 - 5 for text in request.responses]})
    if isinstance(request, Stance):
        supports = _score(request.value + request.response) / 101
        said = {
            "supports": supports,
            "opposes": 0.75 * (1 - supports),
            "either": 0.25 * (1 - supports),
        }
        return json.dumps(said | {"explanation": f"for {request.response[:20]}", "cut": 0})
    found = re.findall(r"Response ([A-Z]):\n(.*?)(?=\n\nResponse |\Z)", request.question, re.DOTALL)
    if request.form.fields[-1][0] == "choice":
        letter, text = max(found, key=lambda one: _score(request.system + one[1]))
        return json.dumps({"reasoning": f"for {text[:20]}", "choice": letter})
    return json.dumps(
        {
            letter: {"reasoning": f"on {text[:20]}", "score": _score(request.system + text)}
            for letter, text in found
        }
    )


def _score(text: str) -> int:
    return zlib.crc32(text.encode()) % 101


def embed(texts: Sequence[str]) -> Iterator[Vectors]:
    """Embed each text as a vector drawn from its own content, two at a time."""
    vectors = [np.random.default_rng(zlib.crc32(text.encode())).random(8) for text in texts]
    for start in range(0, len(vectors), 2):
        yield np.array(vectors[start : start + 2], dtype=np.float32)
