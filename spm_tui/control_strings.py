"""Texts that hold what models know as control strings, by the look of them.

Which strings a model's tokenizer makes into control tokens is known once it is loaded, and never
of a server's. These are of the models in use, whatever theirs.
"""

import re
from functools import lru_cache

from spm_tui.wire import Asked, Request

_STRINGS = re.compile(
    r"<\|[^|<>\s]{1,40}\|>"  # ChatML, Llama 3, Phi, GLM, gpt-oss
    r"|<｜[^｜<>]{1,40}｜>"  # DeepSeek
    r"|\[\|[a-z]{1,40}\|\]"  # EXAONE
    r"|\[/?(?:INST|THINK|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"  # Mistral
    r"|<<SYS>>|<</SYS>>"  # Llama 2
    r"|<(?:start|end)_of_turn>"  # Gemma
    r"|</?(?:s|bos|eos|pad|unk|mask|think|thought|tool_call|tool_response)>"
    r"|<extra_id_\d+>|<\|channel>|<channel\|>",
    re.IGNORECASE,
)


def holds_any(request: Asked) -> bool:
    """Return whether a text of a request holds a control string."""
    return any(_holds(text) for text in _texts(request))


def _texts(request: Asked) -> list[str]:
    if isinstance(request, Request):
        shots = [text for shot in request.shots for text in (shot.question, shot.answer)]
        return [request.system, *shots, request.question]
    return [message.content for message in request.messages()]


@lru_cache(maxsize=4096)
def _holds(text: str) -> bool:
    return _STRINGS.search(text) is not None
