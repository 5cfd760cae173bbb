"""Stand-ins for OpenAI-compatible servers: behind a transport, or on a real socket."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import httpx2
import pytest

from spm_tui.forms import Fields, Text, Whole
from spm_tui.wire import Request, Shot

URL = "http://server:8000/v1"
FORM = Fields((("reasoning", Text(40, 12)), ("score", Whole(0, 100))))
GOOD = '{"reasoning": "it is good", "score": 50}'
Body: TypeAlias = dict[str, Any]
Outcome: TypeAlias = str | httpx2.Response | Exception
"""What a model says, a whole response, or what happens to the connection."""


def request(question: str = "?", *, shots: int = 0, temperature: float = 0.0) -> Request:
    """Return a request; the last example is the least similar one."""
    examples = tuple(Shot(f"example {i}", GOOD, i) for i in range(shots))
    return Request("Judge.", examples, question, FORM, temperature, 7 if temperature else 0)


def completion(text: str, **changes: Any) -> httpx2.Response:
    """Return a chat completion."""
    message = {"role": "assistant", "content": text} | changes.pop("message", {})
    choice = {"index": 0, "message": message, "finish_reason": "stop"} | changes
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return httpx2.Response(200, json={"choices": [choice], "usage": usage})


def error(status: int, message: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    """Return an error as OpenAI's servers word it."""
    return httpx2.Response(status, json={"error": {"message": message}}, headers=headers)


@contextmanager
def interrupted() -> Iterator[None]:
    """Send Ctrl-C's signal in a moment, and see that what is done here ends by it at once."""
    main = threading.main_thread().ident
    assert main is not None
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT)).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            yield
        assert time.monotonic() - started < 4.0
    finally:
        signal.signal(signal.SIGINT, inherited)


def question(body: Body) -> str:
    """Return what is asked."""
    return str(body["messages"][-1]["content"])


@dataclass
class FakeServer:
    """A server with one model, which answers what a test says.

    It tells the questions of the probe by their form.
    """

    respond: Callable[[Body], Outcome] = lambda _: GOOD
    """Answers the questions of a run."""
    honours: tuple[str, ...] = ("json_schema",)
    """Ways of telling a form that it knows; others are ignored."""
    rejects: tuple[str, ...] = ()
    """Ways to which it answers HTTP 500."""
    owner: str = "someone"
    entry: Body = field(default_factory=dict)
    """More of what it says of its model."""
    pages: Mapping[str, Outcome] = field(default_factory=dict)
    """By path."""
    key: str | None = None
    has_system: bool = True
    thinks: str = "never"
    """never, unless asked not to, always."""
    refuses: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    """Fields of requests with what it refuses of their values, in OpenAI's words."""
    writes: Callable[[str, Body], Outcome] = lambda text, _: completion(text)
    """Puts what the model says into a response."""
    bodies: list[Body] = field(default_factory=list)
    """Chat requests of a run, as they came."""
    trials: list[Body] = field(default_factory=list)
    """And those of the probe."""
    headers: list[httpx2.Headers] = field(default_factory=list)

    @property
    def transport(self) -> httpx2.MockTransport:
        """The server, in place of the network."""
        return httpx2.MockTransport(self.handle)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one HTTP request."""
        self.headers.append(request.headers)
        outcome = self._outcome(request)
        if isinstance(outcome, str):
            outcome = self.writes(outcome, json.loads(request.content))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, httpx2.Response) else completion(outcome)

    def _outcome(self, request: httpx2.Request) -> Outcome:
        path = request.url.path
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, f"wrong key: {request.headers.get('authorization')}")
        if path in self.pages:
            return self.pages[path]
        if path == "/v1/models":
            model = {"id": "m", "owned_by": self.owner} | self.entry
            return httpx2.Response(200, json={"data": [model]})
        if path != "/v1/chat/completions":
            return error(404, "Not Found")
        return self._chat(json.loads(request.content))

    def _chat(self, body: Body) -> Outcome:
        if not self.has_system and body["messages"][0]["role"] == "system":
            return error(400, "System role not supported")
        for name, refused in self.refuses.items():
            if name in body and refused(body[name]):
                return error(400, f"Unsupported parameter: '{name}' is not supported here.")
        trial = "capital of France" in question(body)
        (self.trials if trial else self.bodies).append(body)
        return self._trial(body) if trial else self.respond(body)

    def _trial(self, body: Body) -> Outcome:
        tamed = "chat_template_kwargs" in body
        if self.thinks == "always" or (self.thinks == "unless asked not to" and not tamed):
            return completion("", message={"reasoning_content": "Well."}, finish_reason="length")
        way = way_of(body)
        if way in self.rejects:
            return error(500, "an unknown format")
        honoured = way in self.honours
        return '{"remark": "x", "city": "Q", "sum": 38}' if honoured else "Paris, and four."


def way_of(body: Body) -> str:
    """Return how a body tells the form."""
    if "response_format" in body:
        return str(body["response_format"]["type"])
    found = {"structured_outputs", "guided_regex", "regex", "grammar"} & set(body)
    return found.pop() if found else "words"


Handle: TypeAlias = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def listening(handle: Handle) -> Iterator[str]:
    """Serve on a real socket; `handle` answers what `FakeServer` would not."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            handle(self, b"")

        def do_POST(self) -> None:
            handle(self, self.rfile.read(int(self.headers["content-length"])))

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that have gone."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def through(fake: FakeServer, handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Answer over a real socket as a fake server does."""
    url = f"http://{handler.headers['host']}{handler.path}"
    asked = httpx2.Request(handler.command, url, headers=dict(handler.headers), content=body)
    response = fake.handle(asked)
    handler.send_response(response.status_code)
    handler.send_header("content-length", str(len(response.content)))
    handler.end_headers()
    handler.wfile.write(response.content)
