"""What a server's response means: pure.

::

    Said                  an answer, whatever it is worth
    Trouble               the server cannot answer now; another try may succeed
    Refused               this request is at fault, and no other
    └── TooLong           it does not fit the model's context
    ModelError            no request will be answered: wrong address, key or model
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from spm_tui.engine.remote.completions import Said, read_completion
from spm_tui.errors import ModelError, SpmError


class Trouble(SpmError):
    """The server cannot answer now.

    Args:
        problem: why.
        busy: whether fewer requests at a time may help.
        blamed: whether the request itself may be what the server stumbles over.
        wait: seconds the server wants to be left alone.

    """

    def __init__(
        self, problem: str, *, busy: bool = False, blamed: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(problem)
        self.busy, self.blamed, self.wait = busy, blamed, wait


class Refused(SpmError):
    """The request itself cannot be answered."""


class TooLong(Refused):
    """The request does not fit the model's context."""


_TOO_LONG = re.compile(
    r"context.?(length|window|size)|max_model_len|max_tokens must be at least", re.IGNORECASE
)
"""Said by vLLM, SGLang, llama.cpp, llama-cpp-python and OpenAI, each in words of its own."""


def read(status: int, headers: Mapping[str, str], body: str, *, now: datetime) -> Said:
    """Return what a response to a chat request says.

    Raises:
        ModelError: the key, the model or the address is wrong.
        Trouble: it is worth another try.
        Refused: it is not.

    """
    if status == 200:
        return _completed(body)
    problem = f"HTTP {status}: {complaint(body)}".removesuffix(": ")
    if status in (400, 413, 422, 500) and (status == 413 or _TOO_LONG.search(body)):
        raise TooLong(problem)
    if status in (401, 403):
        raise ModelError(f"the API key is missing or not accepted ({problem})")
    if status == 404:
        raise ModelError(f"the model or the address is not there ({problem})")
    if 300 <= status < 400:
        raise ModelError(redirected(headers))
    if status in (408, 429) or status >= 500:
        busy = status in (408, 429, 503)
        wait = _wait(headers.get("retry-after", ""), now)
        raise Trouble(problem, busy=busy, blamed=status == 500, wait=wait)
    raise Refused(problem)


def redirected(headers: Mapping[str, str]) -> str:
    """Return what is wrong with an address that leads elsewhere: a key goes nowhere else."""
    place = headers.get("location", "").partition("?")[0]
    return f"it points to {place or 'elsewhere'}, where nothing is sent; give that address instead"


def _completed(body: str) -> Said:
    try:
        said = read_completion(body)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        problem = f"the response is not a chat completion: {complaint(body)}"
        raise Trouble(problem, blamed=True) from error
    if said.refusal:
        raise Refused(f"the model refuses to answer: {_one_line(said.refusal)}")
    return said


def complaint(body: str) -> str:
    """Return a server's message about an error, as one line; they wrap it in several ways."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        return _one_line(re.sub(r"<[^>]*>", " ", body))
    for name in ("error", "message", "detail"):
        if isinstance(told, dict) and told.get(name):
            told = told[name]
    return _one_line(told if isinstance(told, str) else json.dumps(told))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def _wait(value: str, now: datetime) -> float | None:
    """Return the seconds of a Retry-After, which may be a date."""
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None
