"""What a server is, found out by asking before any work.

Servers are told apart by what they say of themselves; how they must be spoken to is tried.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from typing import Any

from spm_tui.engine.presets import hub_id
from spm_tui.engine.remote import demands
from spm_tui.engine.remote.connection import Connection, Response, Transport
from spm_tui.engine.remote.dialects import WORDS, Manner
from spm_tui.engine.remote.key import Key
from spm_tui.engine.remote.responses import Trouble, complaint, redirected
from spm_tui.engine.remote.trials import Trials
from spm_tui.errors import ModelError

_FACTS = 20.0
"""Seconds for what a server knows at once."""
_KINDS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llama.cpp"}
"""By whom models are owned, as servers say."""
_PAGES = {"vllm": "/version", "sglang": "/get_server_info", "llama.cpp": "/props"}
"""Where each kind says more."""


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
class _Facts:
    """What a server says of itself."""

    kind: str
    """vllm, sglang, llama.cpp, or "" for any other."""
    version: str | None
    context: int | None
    """Tokens of prompt and answer together, where the server says."""
    weights: str
    """Where the model's files are, how they are quantized and their size, as far as it says."""


@dataclass(frozen=True, slots=True)
class Server(_Facts):
    """A server that is ready for work."""

    url: str
    model: str
    """As it is named there."""
    manner: Manner
    notes: tuple[str, ...]
    """What the user should know."""
    seconds: float
    """From here to there and back, at most: until it told its models."""

    def __str__(self) -> str:
        name = " ".join(part for part in (self.kind, self.version) if part) or "a server"
        context = f", context of {self.context} tokens" if self.context else ""
        return f"{self.url}: {name} with {self.model}{context}, {self.manner.dialect.name}"

    @property
    def record(self) -> dict[str, str]:
        """What a run's record says of it; what is not known is left out."""
        facts = {
            "url": self.url,
            "model": self.model,
            "kind": self.kind,
            "version": self.version,
            "weights": self.weights,
        }
        said = {name: fact for name, fact in facts.items() if fact}
        return said | self.manner.record


def probe(
    url: str,
    model: str,
    *,
    key: Key | None,
    patience: float = 0.0,
    transport: Transport | None = None,
) -> Server:
    """Return what there is to know about a server.

    Args:
        url: where its OpenAI-compatible part begins.
        model: as it names it, or a short name of what it names by its hub id.
        key: the API key, if it needs one.
        patience: seconds that it may go on loading its model or being busy.
        transport: in place of the network, for tests.

    Raises:
        ModelError: it cannot be used; says why, and what would help.
        NotServed: it has other models.

    """
    return asyncio.run(explore(url, model, key=key, patience=patience, transport=transport))


async def explore(
    url: str,
    model: str,
    *,
    key: Key | None,
    patience: float,
    transport: Transport | None,
    without: AbstractSet[str] = frozenset(),
    say: Callable[[str], None] = lambda _: None,
) -> Server:
    """Do the work of `probe`; `say` is told for how long it takes, if that is long.

    Neither `seed` nor `temperature` is sent where it is among `without`.
    """
    async with Connection(url, key=key, transport=transport) as connection:
        try:
            start = time.monotonic()
            entry = await _entry(connection, model)
            seconds = time.monotonic() - start
            facts = await _facts(connection, entry)
            trials = Trials(connection, entry["id"], patience=patience, say=say)
            manner = await trials.manner(facts.kind, demands.wanted(without))
            dialect, outcomes = await trials.dialect(facts.kind, manner)
        except Trouble as error:
            raise ModelError(f"{connection.url}: {error}") from error
        manner = replace(manner, dialect=dialect)
        notes = tuple(_notes(connection.url, manner, without, outcomes))
        return Server(
            **asdict(facts),
            url=connection.url,
            model=entry["id"],
            manner=manner,
            notes=notes,
            seconds=seconds,
        )


async def _entry(connection: Connection, model: str) -> dict[str, Any]:
    """Return what a server says of a model."""
    response = await connection.get("models", timeout=_FACTS)
    served = _models(response)
    if served is None:
        raise ModelError(f"{connection.url}: {await _no_models(connection, response)}")
    for name in (model, hub_id(model)):
        for one in served:
            if one["id"] == name:
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


async def _facts(connection: Connection, entry: dict[str, Any]) -> _Facts:
    """Return what a server says of itself, beside what it says of its model."""
    kind = _KINDS.get(str(entry.get("owned_by", "")), "")
    page = await _page(connection, _PAGES[kind]) if kind else {}
    meta, settings = (
        one if isinstance(one, dict) else {}
        for one in (entry.get("meta"), page.get("default_generation_settings"))
    )
    context = entry.get("max_model_len") or meta.get("n_ctx") or settings.get("n_ctx")
    version = page.get("version") or page.get("build_info")
    size = meta.get("size")
    weights = (
        page.get("model_path") or entry.get("root"),
        page.get("quantization") or entry.get("quantization"),
        size and f"{size} bytes",
    )
    return _Facts(
        kind,
        version and str(version),
        context if isinstance(context, int) else None,
        ", ".join(str(one) for one in weights if one),
    )


async def _page(connection: Connection, path: str) -> dict[str, Any]:
    told = (await connection.get(path, timeout=_FACTS)).json()
    return told if isinstance(told, dict) else {}


def _notes(
    url: str, manner: Manner, without: AbstractSet[str], outcomes: list[str]
) -> Iterator[str]:
    for lack in demands.lacks(manner, without):
        yield f"{url} {lack}"
    if manner.dialect is WORDS:
        yield (
            f"{url} does not keep answers to a form, as `transformers serve` does not"
            f" ({'; '.join(outcomes)}); asking in words, answers are checked"
        )
    if manner.thoughts:
        yield (
            f"{url}: the model thinks before every answer, which takes long; run here, it answers"
            " without"
        )
