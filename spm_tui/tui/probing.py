"""Servers asked what they are: all at once, until they have said it or nobody wants to know."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spm_tui.engine.remote.dialects import WORDS
from spm_tui.engine.remote.key import Key
from spm_tui.engine.remote.probe import NotServed, Server, explore
from spm_tui.errors import ModelError
from spm_tui.format import count, latency

_LOOK = 0.2
"""Seconds between two looks at whether anybody still wants to know."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a server."""

    url: str
    """As it was asked for."""
    usable: bool
    text: str
    """What it is, or why it cannot be used."""
    notes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """Names by which it can be asked."""
    kind: str = ""
    """The backend that stands for its software, where it says what that is."""


def probe_all(
    urls: Sequence[str],
    model: str,
    *,
    key: Key | None,
    tell: Callable[[Outcome], None],
    cancelled: Callable[[], bool],
) -> None:
    """Ask servers what they are; for a thread, since it takes seconds.

    Args:
        urls: of the servers.
        model: its name there; empty for whatever a server has, if it has one.
        key: the API key, if they need one.
        tell: told of each server as soon as it is known.
        cancelled: says when to stop.

    """
    asyncio.run(_probe_all(urls, model, key, tell, cancelled))


async def _probe_all(
    urls: Sequence[str],
    model: str,
    key: Key | None,
    tell: Callable[[Outcome], None],
    cancelled: Callable[[], bool],
) -> None:
    waiting = {asyncio.create_task(_outcome(url, model, key)) for url in urls}
    while waiting and not cancelled():
        done, waiting = await asyncio.wait(waiting, timeout=_LOOK)
        for task in done:
            tell(task.result())


async def _outcome(url: str, model: str, key: Key | None) -> Outcome:
    try:
        server = await _server(url, model, key)
    except NotServed as error:
        return Outcome(url, False, str(error), models=error.names)
    except ModelError as error:
        return Outcome(url, False, str(error))
    return Outcome(url, True, described(server), server.notes, (server.model,), server.kind)


async def _server(url: str, model: str, key: Key | None) -> Server:
    try:
        return await explore(url, model, key=key, patience=0.0, transport=None)
    except NotServed as error:
        if model or len(error.names) > 1:
            raise
        (only,) = error.names
        return await explore(url, only, key=key, patience=0.0, transport=None)


def described(server: Server) -> str:
    """Return what a server is, in one line."""
    kind = " ".join(part for part in (server.kind, server.version) if part)
    dialect = server.manner.dialect
    parts = (
        f"{server.url}: {server.model}{kind and f' on {kind}'}",
        f"{count(server.context)} tokens of context" if server.context else "",
        "answers not constrained" if dialect is WORDS else f"constrained by {dialect.name}",
        latency(server.seconds),
    )
    return ", ".join(part for part in parts if part)
