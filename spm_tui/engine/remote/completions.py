"""What a chat completion says, in the several ways in which servers write it: pure.

Content may be a text, a list of parts or the answer itself as an object; counts may be missing; and
some servers stream although they are told not to.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spm_tui.forms import write

_CUT_OFF = re.compile(r"length|(?:model_|max_)(?:length|(?:output_|new_)?tokens)", re.IGNORECASE)
"""Why an answer ended that was not finished, as servers say."""
_FILTERED = re.compile(r"content_?filter|safety|refusal", re.IGNORECASE)
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "thoughts")
"""Fields of a message, and kinds of its parts, that hold what a model thought."""
_MOST_TOKENS = 2**31 - 1
"""As many as the store can hold."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said."""

    text: str
    prompt_tokens: int
    answer_tokens: int
    finished: bool
    """False when it was cut off."""
    thought: bool
    """Whether it thought before it answered."""
    refusal: str = ""
    """Why it did not answer, where it or its server says so."""


def read_completion(body: str) -> Said:
    """Return what the body of a response says.

    Raises:
        ValueError, LookupError, TypeError, AttributeError, RecursionError: it is no completion.

    """
    streamed = body.lstrip().startswith(("data:", "event:", ": "))
    completion = _joined(_chunks(body)) if streamed else json.loads(body)
    choice = completion["choices"][0]
    message = choice["message"]
    usage = completion.get("usage")
    text = _whole(_text(message.get("content")))
    answer_tokens = _count(usage, "completion_tokens")
    ended = str(choice.get("finish_reason") or "")
    return Said(
        text=text,
        prompt_tokens=_count(usage, "prompt_tokens"),
        answer_tokens=answer_tokens,
        finished=not _CUT_OFF.fullmatch(ended),
        thought=_thought(message, usage)
        or text.lstrip().startswith("<think>")
        or "</think>" in text,
        refusal=_refusal(message, ended),
    )


def _text(content: Any) -> str:
    """Return the text of a message; what a model thought is none of it."""
    match content:
        case None:
            return ""
        case str():
            return content
        case list():
            return "".join(_text(part) for part in content if not _is_thought(part))
        case {"type": str(), "text": str(text)}:
            return text
        case {"type": "refusal"}:
            return ""
        case dict():  # the answer itself, not put into a text
            return write(content)
        case _:
            raise TypeError


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in _THOUGHTS


def _thought(message: dict[str, Any], usage: Any) -> bool:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    return (
        any(message.get(name) for name in _THOUGHTS)
        or any(map(_is_thought, parts))
        or _count(details, "reasoning_tokens") > 0
    )


def _refusal(message: dict[str, Any], ended: str) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    said = [part.get("refusal") for part in parts if isinstance(part, dict)]
    refusals = [str(one) for one in (message.get("refusal"), *said) if one]
    if not refusals and _FILTERED.fullmatch(ended):
        return f"the server ended it with {ended}"
    return " ".join(refusals)


def _count(usage: Any, name: str) -> int:
    """Return a number of tokens, 0 where a server does not count."""
    number = usage.get(name) if isinstance(usage, dict) else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        return 0
    return int(number) if 0 <= number <= _MOST_TOKENS else 0


def _chunks(body: str) -> Iterator[dict[str, Any]]:
    """Yield the parts of a stream."""
    for line in body.splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def _joined(chunks: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Return the completion that was streamed.

    Raises:
        ValueError: it does not end.

    """
    message: dict[str, Any] = {"content": ""}
    ended = usage = None
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            for name in ("content", "refusal", *_THOUGHTS):
                if isinstance(delta.get(name), str):
                    message[name] = message.get(name, "") + delta[name]
            ended = choice.get("finish_reason") or ended
    if ended is None:
        raise ValueError
    return {"choices": [{"message": message, "finish_reason": ended}], "usage": usage}


def _whole(text: str) -> str:
    """Return `text` with a sign in place of each half of a surrogate pair, which JSON can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
