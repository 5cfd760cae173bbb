"""Signals: heeded, unless whoever started the program wants them ignored."""

import os
import signal
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path

import pytest

from spm_tui.cli.stopping import stoppable
from spm_tui.engine import local, spread
from spm_tui.engine.device import Placement
from spm_tui.errors import ModelError

STOPPABLE = """
import os, signal, sys
from spm_tui.cli.stopping import stoppable
with stoppable() as stop:
    for number in map(int, sys.argv[1:]):
        os.kill(os.getpid(), number)
    print(stop())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_to_stop(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(number)
    with stoppable() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
    assert "stopping after the batch in hand" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("start", "numbers", "stops"),
    [
        ("exec nohup", [signal.SIGHUP, signal.SIGHUP], False),
        ("trap '' INT; exec", [signal.SIGINT, signal.SIGINT], False),
        ("trap '' TERM; exec", [signal.SIGTERM, signal.SIGTERM], False),
        ("exec nohup", [signal.SIGINT], True),
        ("exec", [signal.SIGHUP], True),
    ],
)
def test_an_ignored_signal_stays_ignored(start: str, numbers: list[int], stops: bool) -> None:
    words = ["sh", "-c", f'{start} "$0" "$@"', sys.executable, "-c", STOPPABLE]
    words += [str(int(number)) for number in numbers]
    ended = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.split() == [str(stops)]


def test_the_parent_decides_for_the_processes_of_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = {}

    def no_model(*_: object, **__: object) -> None:
        handlers.update({n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGHUP)})
        raise ModelError("none")

    monkeypatch.setattr(local, "local", no_model)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    ours, theirs = Pipe()
    try:
        spread._serve(
            theirs, tmp_path, Placement("cpu", "float32"), threads=1, rows=None, plain=False
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert isinstance(ours.recv(), ModelError)
    assert set(handlers.values()) == {signal.SIG_IGN}
