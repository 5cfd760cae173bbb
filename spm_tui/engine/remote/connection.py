"""One server over HTTP: the only place that knows the HTTP client, and the API key.

The key is sent to the given address and nowhere else: redirects are not followed, and what
servers complain about is cleared of it before it can reach a message.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx2

from spm_tui.engine.remote.addresses import read_address
from spm_tui.engine.remote.pace import MOST
from spm_tui.engine.remote.responses import Said, Trouble, read
from spm_tui.errors import ModelError

_CONNECT = 10.0
"""Seconds for a connection."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Transport = httpx2.AsyncBaseTransport


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; complaints are cleared of the key."""

    status: int
    headers: httpx2.Headers
    text: str

    def json(self) -> Any:
        """Return the body as data, None where it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


class Connection:
    """A server's connections, open inside a `async with`.

    Args:
        url: where its OpenAI-compatible part begins, mostly `http://host:port/v1`.
        key: the API key, if it needs one.
        transport: in place of the network, for tests.

    Raises:
        ModelError: the address or the key is none.

    """

    def __init__(self, url: str, *, key: str | None, transport: Transport | None = None) -> None:
        self.url, host = read_address(url)
        self._key = _checked(key)
        self._client = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx2.Timeout(None, connect=_CONNECT),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=MOST),
            transport=transport,
            trust_env=host not in _LOOPBACK,  # a proxy does not lead to this machine
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def ask(self, body: dict[str, Any], *, timeout: float) -> Said:
        """Return what the server says to a chat request.

        Raises:
            ModelError: it answers no request at all.
            Trouble: it is worth another try.
            Refused: it is not.

        """
        response = await self._send("POST", f"{self.url}/chat/completions", timeout, body)
        now = datetime.now(UTC)
        try:
            return read(response.status, response.headers, response.text, now=now)
        except ModelError as error:
            raise ModelError(f"{self.url}: {error}") from error

    async def get(self, path: str, *, timeout: float) -> Response:
        """Return what is at a path below the address, or at the server's root for `/…`.

        Raises:
            Trouble: nothing came back.

        """
        root = self.url.removesuffix("/v1") if path.startswith("/") else f"{self.url}/"
        return await self._send("GET", f"{root}{path}", timeout, None)

    async def _send(
        self, method: str, url: str, timeout: float, body: dict[str, Any] | None
    ) -> Response:
        try:
            async with asyncio.timeout(timeout):
                response = await self._client.request(method, url, json=body)
        except TimeoutError as error:
            raise Trouble(f"no answer within {timeout:.3g} s", busy=True) from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise Trouble(f"cannot be reached ({_reason(error)})") from error
        except httpx2.RequestError as error:
            raise Trouble(f"the connection broke off ({_reason(error)})", blamed=True) from error
        status, headers, text = response.status_code, response.headers, response.text
        answers = status == 200 and '"choices"' in text
        if self._key and not answers:  # those stay as they are: a key may be a word
            text = text.replace(self._key, "[key]")
            cleared = [(name, value.replace(self._key, "[key]")) for name, value in headers.items()]
            headers = httpx2.Headers(cleared)
        return Response(status, headers, text)


def _reason(error: httpx2.RequestError) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _checked(key: str | None) -> str | None:
    if key is None or not key.strip():
        return None
    if not (key.strip().isascii() and key.strip().isprintable()):
        raise ModelError("the API key holds characters that no key has")
    return key.strip()
