"""Runs that other processes carry on: listed, and stopped where that is safe."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import psutil
import pytest
from rich.cells import cell_len

from spm_tui.tui.elsewhere import OtherRun, interrupt, line, obstacle, others
from spm_tui.tui.session import contents
from store import runs
from store.clock import now
from store.connection import Store
from store.records import Run, RunSpec
from tests.tui.apps import FAKE, make_app, opened, screen, shows
from tests.tui.wait import settle

HERE = socket.gethostname()
SPEC = RunSpec("b", "eval", "few-shot-comparative", "smol", "{}")
SLEEPS = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print('there', flush=True)
time.sleep(60)
"""


def run_of(process: str, *, marked: datetime | None = None) -> OtherRun:
    at = marked or now()
    return OtherRun(Run(3, SPEC, "running", at, at, process, "{}"), "small")


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A process that sleeps, with these words in its command line."""
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPS, *words], stdout=subprocess.PIPE, text=True
    ) as found:
        assert found.stdout is not None
        assert found.stdout.readline() == "there\n"
        try:
            yield found
        finally:
            found.kill()


def test_a_process_that_was_there_when_the_run_was_marked_is_interrupted() -> None:
    with process("--headless") as running:
        assert interrupt(run_of(f"{HERE}:{running.pid}")) == ""
        assert running.wait(20) == -signal.SIGTERM


def test_a_number_that_was_given_again_is_left_alone() -> None:
    gone = "has ended; the run can be resumed"
    with process("--headless") as younger, process("--other") as stranger:
        before = now() - timedelta(minutes=5)
        assert gone in interrupt(run_of(f"{HERE}:{younger.pid}", marked=before))
        assert gone in interrupt(run_of(f"{HERE}:{stranger.pid}"))
        assert (younger.poll(), stranger.poll()) == (None, None)
    assert gone in obstacle(run_of(f"{HERE}:{younger.pid}"))


def test_another_users_process_is_left_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "cmdline", refuse)
    with process("--headless") as running:
        why = interrupt(run_of(f"{HERE}:{running.pid}"))
        assert why == f"process {running.pid} is another user's, who alone can stop run 3"
        assert running.poll() is None


def test_on_another_host_it_is_to_be_stopped_there() -> None:
    assert obstacle(run_of("gpu7:1234")) == "run 3 was started on gpu7: stop it there"
    assert "another host" in obstacle(run_of("imported"))


def test_what_may_not_be_signalled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(number: int, what: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    with process("--headless") as running:
        with monkeypatch.context() as patched:
            patched.setattr(os, "kill", refuse)
            why = interrupt(run_of(f"{HERE}:{running.pid}"))
        assert why.endswith("cannot be asked to stop: Operation not permitted")


def test_lines_name_run_and_process_and_fit() -> None:
    assert line(run_of("gpu7:1234"), 80) == (
        "▶ few-shot-comparative on small/eval  run 3  process 1234 on gpu7"
    )
    assert line(run_of(f"{HERE}:12"), 30).endswith("  run 3  process 12")
    for width in range(8, 90):
        assert cell_len(line(run_of("世界:1234"), width)) <= width


def test_runs_that_go_on_are_those_of_others(filled: Store) -> None:
    with filled.writing() as db:
        for number in (1, 3):
            runs.mark(db, number, "running", process="h:1", environment="{}", at=now())
    found = contents(filled)
    assert [(one.run.number, one.benchmark) for one in others(found, {None})] == [
        (3, "small"),
        (1, "small"),
    ]
    assert [one.run.number for one in others(found, {3})] == [1]


async def test_a_run_started_elsewhere_is_stopped_from_the_app(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        words = ["--benchmark=mini-mic", "--decoding=sampling", "--samples=50", "--targets=high"]
        where = [f"--store={filled.path}", f"--out={filled.path.parent / 'out'}", "--display=none"]
        child = await asyncio.create_subprocess_exec(
            *FAKE, "--headless", *words, *where, stdout=DEVNULL, stderr=DEVNULL
        )
        try:
            await settle(pilot, lambda: len(app.contents.runs) == 4)
            await pilot.press("J")
            await shows(pilot, app, "on mini-mic/eval", f"run 4  process {child.pid}")
            await pilot.press("r", "c")
            await shows(pilot, app, "run 4 was not started here", "What it has committed stays")
            await pilot.press("enter")
            await settle(pilot, lambda: "What it has" not in screen(app))
            assert child.returncode is None, "it is let go on"
            await pilot.press("l")
            await shows(pilot, app, "where it was")
            await pilot.press("c", "k", "enter")
            await shows(pilot, app, f"process {child.pid} stops after the batch")
            assert await asyncio.wait_for(child.wait(), 60) == 130
            await shows(pilot, app, "none yet")
        finally:
            if child.returncode is None:
                child.kill()
    with filled.reading() as db:
        assert runs.get(db, 4).state == "interrupted"


async def test_why_a_run_cannot_be_stopped_is_said(filled: Store) -> None:
    with filled.writing() as db:
        spec = replace(runs.get(db, 1).spec, config='{"method":{"temperature":0}}')
        runs.open_run(db, spec, process="gpu7:5", environment="{}", at=now())
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(pilot, lambda: app.contents.runs)
        await pilot.press("J", "c")
        await shows(pilot, app, "run 4 was started on gpu7: stop it there")
