"""The line about a run, the list of runs, the question on leaving."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static

from spm_tui.bench.events import Planned, Progress, Stage
from spm_tui.bench.options import RunOptions
from spm_tui.tui.job import Job, JobChanged, Told
from spm_tui.tui.jobs import JobQueue
from spm_tui.tui.screens.jobs import JobsScreen
from spm_tui.tui.screens.leave import Leave
from spm_tui.tui.widgets.run_bar import RunBar, block_bar, job_line
from tests.tui.wait import settle

WAITING = Job(1, RunOptions())
RUNNING = replace(WAITING, state="running").after(Progress(3, 70, 144, 2, 1234.5, 192.0))
FAILED = replace(RUNNING, state="failed", error="no [b]disk", log=Path("/logs/run-1.log"))


def test_a_running_job_in_full() -> None:
    assert job_line(RUNNING, 120, 1) == (
        "▶ few-shot-comparative on mini-mic/eval  ████████········  72/144"
        "  1,234 tokens/s  3 min 12 s left  2 failed  1 waiting"
    )


def test_what_matters_less_gives_way() -> None:
    assert job_line(RUNNING, 86, 1) == (
        "▶ few-shot-comparative on mini-mic/eval  72/144  3 min 12 s left  2 failed  1 waiting"
    )
    assert job_line(RUNNING, 36, 0).endswith("  72/144")
    assert "72/144" in job_line(RUNNING, 12, 0)


@pytest.mark.parametrize(
    "job",
    [
        WAITING,
        RUNNING,
        FAILED,
        replace(RUNNING, stops=1),
        replace(RUNNING, options=RunOptions(benchmark="世界" * 30)),
    ],
)
@pytest.mark.parametrize("width", [8, 20, 40, 80, 200])
def test_a_line_is_never_too_wide(job: Job, width: int) -> None:
    assert cell_len(job_line(job, width, 3)) <= width


def test_other_states() -> None:
    assert job_line(WAITING, 80, 0) == "· few-shot-comparative on mini-mic/eval  waiting"
    finished = replace(RUNNING, state="finished", run=3)
    assert job_line(finished, 99, 0).endswith("run 3 finished  70/144 answered  2 failed")
    assert job_line(FAILED, 120, 0) == (
        "✗ few-shot-comparative on mini-mic/eval failed: no [b]disk (log: /logs/run-1.log)"
    )
    starting = replace(WAITING, state="running").after(Stage("loading x"))
    assert job_line(starting, 80, 0).endswith("  loading x …")
    assert "stopping" in job_line(replace(RUNNING, stops=1), 120, 0)
    empty = replace(WAITING, state="running").after(Planned(1, "b", "eval", "m", "x", 0, 0))
    assert job_line(empty, 80, 0).startswith("▶ few-shot")


def test_bars() -> None:
    assert block_bar(0, 4) == "····"
    assert block_bar(0.53, 4) == "██▏·"
    assert block_bar(1.2, 4) == "████"


class FakeQueue:
    """Jobs as they stand, and what was asked."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = list(jobs)
        self.asked: list[tuple[str, int]] = []

    def cancel(self, job: Job) -> None:
        self.asked.append(("cancel", job.number))
        self.jobs[job.number - 1] = replace(job, stops=job.stops + 1)

    def resume(self, job: Job) -> Job:
        self.asked.append(("resume", job.number))
        self.jobs.append(Job(len(self.jobs) + 1, job.options))
        return self.jobs[-1]


class Host(App[None]):
    """Shows a screen and keeps its answer; a bar below."""

    def __init__(self, shown: Screen[object]) -> None:
        super().__init__()
        self.shown = shown
        self.answers: list[object] = []

    def compose(self) -> ComposeResult:
        yield RunBar()

    def on_mount(self) -> None:
        self.push_screen(self.shown, self.answers.append)

    def lines(self) -> list[str]:
        return [str(option.prompt) for option in self.shown.query_one(OptionList).options]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_jobs_are_listed_cancelled_and_resumed(size: tuple[int, int], tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("a\n[b]last words\n")
    queue = FakeQueue(replace(FAILED, log=log), replace(RUNNING, number=2))
    host = Host(JobsScreen(queue, list))  # type: ignore[arg-type]
    async with host.run_test(size=size) as pilot:
        await settle(pilot, lambda: len(host.lines()) == 2)
        assert [line[0] for line in host.lines()] == ["▶", "✗"]
        await pilot.press("r", "c", "c")
        assert queue.asked == [("cancel", 2), ("cancel", 2)]
        await pilot.press("j", "c", "r")
        assert queue.asked[2:] == [("resume", 1)]
        await settle(pilot, lambda: len(host.lines()) == 3)
        await pilot.press("l")
        text = host.shown.query_one("#log-text", Static)
        await settle(pilot, lambda: str(text.content).endswith("[b]last words"))
        queue.jobs[0] = replace(queue.jobs[0], log=None)
        await settle(pilot, lambda: str(text.content) == "no log yet")
        await pilot.press("escape")
        await settle(pilot, lambda: host.answers == [None])


async def test_without_jobs_the_screen_says_so() -> None:
    host = Host(JobsScreen(FakeQueue(), list))  # type: ignore[arg-type]
    async with host.run_test() as pilot:
        await settle(pilot, lambda: host.lines() == ["none yet"])
        await pilot.press("c", "r", "l", "j", "k")


@pytest.mark.parametrize(("key", "answer"), [("l", "leave"), ("s", "stop"), ("escape", "stay")])
async def test_leaving_is_asked_about(key: str, answer: str) -> None:
    host = Host(Leave(RUNNING, waiting=2))  # type: ignore[arg-type]
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        await pilot.press(key)
        await settle(pilot, lambda: host.answers == [answer])


async def test_the_bar_is_there_while_there_is_something_to_say() -> None:
    host = Host(Screen())
    async with host.run_test(size=(80, 24)) as pilot:
        bar = host.screen_stack[0].query_one(RunBar)
        await pilot.press("escape")
        assert not bar.display
        host.pop_screen()
        bar.show(FAILED, waiting=1)
        await settle(pilot, lambda: "no [b]disk" in str(bar.content))
        assert bar.display
        assert bar.size.height == 1
        bar.show(None)
        assert not bar.display


@dataclass
class JobTold(Message):
    """What a queue tells, as a message."""

    told: Told


class Running(App[None]):
    """Runs jobs and shows them in a bar, as the app does."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.queue = JobQueue(
            (sys.executable, "-m", "tests.backend"),
            store=folder / "store.duckdb",
            logs=folder / "logs",
            tell=lambda told: self.post_message(JobTold(told)),
        )

    def compose(self) -> ComposeResult:
        yield RunBar()

    @on(JobTold)
    def _told(self, message: JobTold) -> None:
        if isinstance(message.told, JobChanged):
            self.query_one(RunBar).show(message.told.job, waiting=self.queue.waiting)

    def on_unmount(self) -> None:
        self.queue.close()


async def test_an_app_follows_a_real_run(tmp_path: Path) -> None:
    app = Running(tmp_path)
    async with app.run_test(size=(100, 24)) as pilot:
        out = str(tmp_path / "out")
        app.queue.submit(RunOptions(limit=1, targets=("high",), out=out))
        bar = app.query_one(RunBar)
        await settle(pilot, lambda: "run 1 finished  6/6 answered" in str(bar.content), seconds=60)
