"""The remote engine over real sockets: slow servers, broken connections, stopping."""

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from spm_tui.engine.remote.engine import RemoteEngine
from spm_tui.engine.remote.probe import probe
from spm_tui.errors import ModelError
from spm_tui.wire import Reply
from tests.spm_tui.remote_server import FakeServer, interrupted, listening, request, through


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spm_tui.engine.remote.health._FIRST", 0.01)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    gc.collect()  # what was left open would warn now
    left = {thread for thread in threading.enumerate() if "remote" in thread.name}
    assert not left - before


def replies(url: str, count: int, **options: float) -> list[Reply]:
    engine = RemoteEngine([url], "m", key=None, **options)  # type: ignore[arg-type]
    found = dict(
        one for group in engine.answer([request(f"q{i}") for i in range(count)]) for one in group
    )
    return [found[index] for index in range(count)]


class Faulty:
    """Serves as a fake does, but does something else to the first questions of a run."""

    def __init__(self, fault: str, times: int) -> None:
        self.fake = FakeServer()
        self.fault, self.left = fault, times
        self.lock = threading.Lock()

    def __call__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with self.lock:
            struck = b"Judge." in body and self.left > 0
            self.left -= struck
        if not struck:
            through(self.fake, handler, body)
        elif self.fault == "slow":
            time.sleep(5.0)
        else:
            self._break_off(handler)

    def _break_off(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if self.fault == "mid-body":
            handler.send_response(200)
            handler.send_header("content-length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"choices": [')


@pytest.mark.parametrize("fault", ["mid-body", "before any response"])
def test_connections_that_break_off(fault: str) -> None:
    with listening(Faulty(fault, 2)) as url:
        assert [reply.error for reply in replies(url, 6)] == [None] * 6


def test_a_request_that_is_lost_on_the_way_is_asked_again() -> None:
    with listening(Faulty("slow", 1)) as url:
        assert replies(url, 1, deadline=3.0)[0].error is None


def test_a_request_that_takes_too_long_fails() -> None:
    with listening(Faulty("slow", 9)) as url:
        (reply,) = replies(url, 1, deadline=0.4)
    assert reply.error is not None
    assert reply.error.startswith("no answer in 0.4 s; the last try: no answer within 0")


def test_seconds_add_up_to_the_time_it_took() -> None:
    fake = FakeServer()

    def handle(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if b"Judge." in body:
            time.sleep(0.2)
        through(fake, handler, body)

    with listening(handle) as url:
        engine = RemoteEngine([url], "m", key=None)
        started = time.monotonic()
        groups = list(engine.answer([request(f"q{i}") for i in range(40)]))
        took = time.monotonic() - started
    total = sum(reply.seconds for group in groups for _, reply in group)
    assert 0.5 * took <= total <= took


def test_a_run_that_is_closed_early_leaves_nothing_behind() -> None:
    waiting = threading.Event()
    fake = FakeServer()

    def handle(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if b"q0" in body or b"Judge." not in body:
            through(fake, handler, body)
        else:
            waiting.wait(10)

    with listening(handle) as url:
        running = RemoteEngine([url], "m", key=None).answer([request(f"q{i}") for i in range(20)])
        started = time.monotonic()
        assert next(running)[0][0] == 0
        running.close()  # type: ignore[attr-defined]
        assert time.monotonic() - started < 5
        waiting.set()


def test_an_interrupt_of_the_reader_ends_the_run() -> None:
    with listening(Faulty("slow", 20)) as url:
        running = RemoteEngine([url], "m", key=None).answer([request("q")])
        with interrupted():
            next(running)


def test_a_server_that_is_not_there() -> None:
    with listening(Faulty("", 0)) as url:
        pass
    with pytest.raises(ModelError, match="cannot be reached"):
        probe(url, "m", key=None)


def test_a_proxy_is_not_asked_the_way_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with listening(Faulty("", 0)) as url:
        assert probe(url, "m", key=None).model == "m"


def test_a_run_that_is_left_by_an_error_does_not_keep_the_process() -> None:
    script = (
        "import sys\n"
        "from spm_tui.engine.remote.engine import RemoteEngine\n"
        "from tests.spm_tui.remote_server import request\n"
        "running = RemoteEngine([sys.argv[1]], 'm', key=None).answer([request('q')] * 2)\n"
        "next(running)\n"
        "raise RuntimeError('here')\n"
    )
    release = threading.Event()
    served = iter([False, True])
    fake = FakeServer()

    def handle(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if b"Judge." in body and next(served):
            release.wait(30)
        through(fake, handler, body)

    with listening(handle) as url:
        started = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-c", script, url], capture_output=True, text=True, check=False
        )
        release.set()
    assert "RuntimeError: here" in ended.stderr
    assert time.monotonic() - started < 25
