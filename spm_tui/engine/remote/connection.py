"""One server over HTTP: the only place that knows the HTTP client, and the API key.

The key is sent to the given address and nowhere else: redirects are not followed, and what
servers say is cleared of it before it can reach a message or the store.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx2

from spm_tui.engine.remote.addresses import read_address
from spm_tui.engine.remote.completions import Said
from spm_tui.engine.remote.environment import proxied, unreached, usable_environment
from spm_tui.engine.remote.key import Key
from spm_tui.engine.remote.pace import MOST
from spm_tui.engine.remote.responses import Trouble, read
from spm_tui.errors import ModelError, SpmError, reason

_CONNECT = 10.0
"""Seconds for a connection."""

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
        ModelError: the address or the key is none, or the key may not go there.

    """

    def __init__(self, url: str, *, key: Key | None, transport: Transport | None = None) -> None:
        self.url, _ = read_address(url)
        _require_sendable(self.url)
        self._key = key
        with usable_environment(self.url):
            self._client = httpx2.AsyncClient(
                headers=key.headers(self.url) if key else {},
                timeout=httpx2.Timeout(None, connect=_CONNECT),
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=MOST),
                transport=transport,
                verify=True if transport else httpx2.create_ssl_context(),
                trust_env=proxied(self.url),  # of proxies alone: certificates are above
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
        try:
            said = self._read(response)
        except ModelError as error:
            raise ModelError(f"{self.url}: {error}") from error
        if self._key and not self._key.may_be_word:
            said = replace(said, text=self._key.cleared(said.text))
        return said

    def _read(self, response: Response) -> Said:
        """Return what a response says; of what it is not, an error that does not tell the key."""
        now = datetime.now(UTC)
        try:
            return read(response.status, response.headers, response.text, now=now)
        except SpmError:
            return read(response.status, response.headers, self._cleared(response.text), now=now)

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
            raise Trouble(f"cannot be reached ({unreached(self._reason(error))})") from error
        except httpx2.RequestError as error:
            raise Trouble(
                f"the connection broke off ({self._reason(error)})", blamed=True
            ) from error
        headers = [(name, self._cleared(value)) for name, value in response.headers.items()]
        text = response.text
        if response.status_code != 200 or '"choices"' not in text:  # an answer is read first
            text = self._cleared(text)
        return Response(response.status_code, httpx2.Headers(headers, encoding="utf-8"), text)

    def _cleared(self, text: str) -> str:
        return self._key.cleared(text) if self._key else text

    def _reason(self, error: httpx2.RequestError) -> str:
        return self._cleared(" ".join(str(error).split())) or type(error).__name__


def _require_sendable(url: str) -> None:
    """See that the HTTP client takes an address: it knows which names of hosts there can be."""
    try:
        httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise ModelError(f"{url!r:.80} is not an address: {reason(error)}") from error
