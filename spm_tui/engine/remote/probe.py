"""What a server is, and how it must be spoken to, found out by asking before any work.

Servers are told apart by what they say of themselves. Whether one keeps answers to a form is
tried, with a question whose honest answer is not of the form.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from spm_tui.engine.remote.connection import Connection, Response, Transport
from spm_tui.engine.remote.dialects import CANDIDATES, WORDS, Dialect, Manner, answer, payload
from spm_tui.engine.remote.responses import Refused, Said, Trouble, complaint, redirected
from spm_tui.errors import AnswerError, ModelError
from spm_tui.forms import Fields, Letter, Text, Whole, read
from spm_tui.wire import Request

_SECONDS = 120.0
"""For an answer; a server may compile something at its first ones, or share its processor."""
_FACTS = 20.0
"""Seconds for what it knows at once."""
_SLACK = 128
"""Tokens that an answer may have above what it should need."""
_LOADING = 2.0
"""Seconds until a server that is loading its model is asked again."""
_THOUGHTS = 2048

_FORM = Fields((("remark", Text(30, 12)), ("city", Letter("QX")), ("sum", Whole(37, 41))))
_TRIAL = Request(
    system="You answer questions.",
    shots=(),
    question="Which city is the capital of France, and what is the sum of two and two?",
    form=_FORM,
    temperature=0.0,
    seed=0,
)


class NotServed(ModelError):
    """A server has other models.

    Args:
        problem: what is to be said.
        names: of those it has.

    """

    def __init__(self, problem: str, names: tuple[str, ...]) -> None:
        super().__init__(problem)
        self.names = names


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready for work."""

    url: str
    model: str
    kind: str
    """vllm, sglang, llama.cpp, or "" for any other."""
    version: str | None
    context: int | None
    """Tokens of prompt and answer together, where the server says."""
    manner: Manner
    notes: tuple[str, ...]
    """What the user should know."""
    seconds: float
    """From here to there and back, at most: until it told its models."""

    def __str__(self) -> str:
        name = " ".join(part for part in (self.kind, self.version) if part) or "a server"
        context = f", context of {self.context} tokens" if self.context else ""
        return f"{self.url}: {name} with {self.model}{context}, {self.manner.dialect.name}"


def probe(
    url: str,
    model: str,
    *,
    key: str | None,
    patience: float = 0.0,
    transport: Transport | None = None,
) -> Server:
    """Return what there is to know about a server.

    Args:
        url: where its OpenAI-compatible part begins.
        model: as it names it.
        key: the API key, if it needs one.
        patience: seconds that it may go on loading its model.
        transport: in place of the network, for tests.

    Raises:
        ModelError: it cannot be used; says why, and what would help.
        NotServed: it has other models.

    """
    return asyncio.run(explore(url, model, key=key, patience=patience, transport=transport))


async def explore(
    url: str, model: str, *, key: str | None, patience: float, transport: Transport | None
) -> Server:
    """Do the work of `probe`."""
    async with Connection(url, key=key, transport=transport) as connection:
        try:
            start = time.monotonic()
            entry = await _entry(connection, model)
            seconds = time.monotonic() - start
            kind, version, context = await _identity(connection, entry)
            manner = await _greet(connection, model, until=time.monotonic() + patience)
            dialect, outcomes = await _dialect(connection, model, kind, manner)
        except Trouble as error:
            raise ModelError(f"{connection.url}: {error}") from error
        manner = replace(manner, dialect=dialect)
        notes = tuple(_notes(connection.url, manner, outcomes))
        return Server(connection.url, model, kind, version, context, manner, notes, seconds)


async def _entry(connection: Connection, model: str) -> dict[str, Any]:
    """Return what a server says of a model."""
    response = await connection.get("models", timeout=_FACTS)
    served = _models(response)
    if served is None:
        raise ModelError(f"{connection.url}: {await _no_models(connection, response)}")
    for one in served:
        if one["id"] == model:
            return one
    if not served:
        raise ModelError(f"{connection.url}: serves no model")
    names = tuple(str(one["id"]) for one in served)
    problem = f"{model!r} is not served; there is" if model else "serves"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    raise NotServed(f"{connection.url}: {problem} {', '.join(names[:5])}{more}", names)


def _models(response: Response) -> list[dict[str, Any]] | None:
    told = response.json() if response.status == 200 else None
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, list):
        return None
    return [one for one in data if isinstance(one, dict) and "id" in one]


async def _no_models(connection: Connection, response: Response) -> str:
    """Return why a server does not tell its models."""
    problem = f"HTTP {response.status}: {complaint(response.text)}".removesuffix(": ")
    if response.status in (401, 403):
        return f"the API key is missing or not accepted ({problem})"
    if 300 <= response.status < 400:
        return redirected(response.headers)
    if response.status not in (200, 404, 405):
        return problem
    if not connection.url.endswith("/v1"):
        below = await connection.get("v1/models", timeout=_FACTS)
        if below.status in (401, 403) or _models(below) is not None:
            return f"there is no /models; use {connection.url}/v1"
    return "no OpenAI-compatible server, there is no /models"


async def _identity(
    connection: Connection, entry: dict[str, Any]
) -> tuple[str, str | None, int | None]:
    """Return a server's kind, version and context, as far as it tells."""
    owner = str(entry.get("owned_by", ""))
    kind = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llama.cpp"}.get(owner, "")
    meta = entry.get("meta")
    context = entry.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, dict) else None)
    version = None
    if kind in ("vllm", "sglang"):
        path = "/version" if kind == "vllm" else "/get_server_info"
        version = await _told(connection, path, "version")
    elif kind == "llama.cpp":
        version = await _told(connection, "/props", "build_info")
        settings = await _told(connection, "/props", "default_generation_settings")
        context = context or (settings.get("n_ctx") if isinstance(settings, dict) else None)
    return kind, version and str(version), context if isinstance(context, int) else None


async def _told(connection: Connection, path: str, name: str) -> Any:
    told = (await connection.get(path, timeout=_FACTS)).json()
    return told.get(name) if isinstance(told, dict) else None


async def _greet(connection: Connection, model: str, *, until: float) -> Manner:
    """Return whether there is a system role, and whether the model thinks before it answers."""
    manner = Manner(WORDS)
    try:
        said = await _try(connection, model, manner, until=until)
    except (Refused, Trouble) as error:
        if isinstance(error, Trouble) and not error.blamed:
            raise
        manner = replace(manner, joined=True)
        try:
            said = await _try(connection, model, manner)
        except (Refused, Trouble):
            raise ModelError(f"{connection.url}: {error}") from error
    if not said.thought:
        return manner
    unthinking = replace(manner, unthinking=True)
    try:
        if not (await _try(connection, model, unthinking)).thought:
            return unthinking
    except Refused:
        pass  # a server that knows no options of templates
    return replace(manner, thoughts=_THOUGHTS)


async def _dialect(
    connection: Connection, model: str, kind: str, manner: Manner
) -> tuple[Dialect, list[str]]:
    """Return the first dialect that works, and what became of those before."""
    outcomes = []
    for dialect in CANDIDATES[kind]:
        spoken = replace(manner, dialect=dialect)
        try:
            said = await _try(connection, model, spoken)
            read(_FORM, answer(said.text, spoken))
        except AnswerError:
            outcomes.append(f"{dialect.name} is ignored")
        except Refused as error:
            outcomes.append(f"{dialect.name}: {error}")
        except Trouble as error:
            if not error.blamed:
                raise  # it says nothing of the dialect, on which the answers depend
            outcomes.append(f"{dialect.name}: {error}")
        else:
            return dialect, outcomes
    return WORDS, outcomes


async def _try(connection: Connection, model: str, manner: Manner, *, until: float = 0.0) -> Said:
    while True:
        try:
            body = payload(_TRIAL, manner, model=model, seed=0)
            body["max_tokens"] += _SLACK
            return await connection.ask(body, timeout=_SECONDS)
        except Trouble as error:
            if not error.busy or time.monotonic() + _LOADING > until:
                raise
            await asyncio.sleep(_LOADING)


def _notes(url: str, manner: Manner, outcomes: list[str]) -> Iterator[str]:
    if manner.dialect is WORDS:
        yield (
            f"{url} does not keep answers to a form, as `transformers serve` does not"
            f" ({'; '.join(outcomes)}); asking in words, answers are checked"
        )
    if manner.thoughts:
        yield f"{url}: the model thinks before every answer, which takes long"
