"""Jobs: real processes with a scripted model, what they tell, and how they end."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.bench.events import (
    Ended,
    Event,
    ItemAnswered,
    Note,
    Planned,
    Problem,
    Progress,
    Stage,
    to_json,
)
from spm_tui.bench.options import RunOptions
from spm_tui.tui import child
from spm_tui.tui.job import Job, JobChanged, JobItems, Told
from spm_tui.tui.jobs import COMMAND, JobQueue, batched
from spm_tui.tui.screens.jobs import text_of
from store import runs
from store.connection import Store

BACKEND = (sys.executable, "-m", "tests.backend")
LONG = RunOptions(limit=24, targets=("high",))
"""144 requests, one in 10 ms."""
SHORT = RunOptions(limit=2, targets=("high",))
ITEM = ItemAnswered(1, 1, "care", 0, (), None)


class Desk:
    """A queue over a store, and all that it told."""

    def __init__(self, folder: Path, command: tuple[str, ...] = BACKEND) -> None:
        self.told: list[Told] = []
        self.store = Store(folder / "store.duckdb")
        self.logs = folder / "logs"
        self.out = folder / "out"
        self.queue = JobQueue(command, store=self.store.path, logs=self.logs, tell=self.told.append)

    def until(self, ready: Callable[[], object], seconds: float = 60) -> None:
        """Wait, within bounds."""
        deadline = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < deadline, self.queue.jobs
            time.sleep(0.01)

    def now(self, job: Job) -> Job:
        return self.queue.jobs[job.number - 1]

    def end(self, job: Job) -> Job:
        self.until(lambda: self.now(job).over)
        return self.now(job)

    def items(self, job: Job) -> list[ItemAnswered]:
        found = [told for told in self.told if isinstance(told, JobItems)]
        return [item for told in found if told.job.number == job.number for item in told.items]

    def stored(self) -> list[str]:
        with self.store.reading() as db:
            return [run.state for run in runs.listing(db)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(tmp_path)
    found = Desk(tmp_path)
    yield found
    found.queue.close()


def test_a_run_tells_all_of_its_course(desk: Desk) -> None:
    job = desk.queue.submit(SHORT)
    assert job.state == "running"
    assert job.title == "few-shot-comparative on mini-mic/eval"
    end = desk.end(job)
    assert (end.state, end.run, end.failed, end.error) == ("finished", 1, 0, "")
    assert end.progress is not None
    assert (end.progress.done, end.progress.total) == (12, 12)
    keys = [(item.scenario, item.attribute) for item in desk.items(job)]
    assert len(keys) == len(set(keys)) == 12
    changes = [told.job for told in desk.told if isinstance(told, JobChanged)]
    assert [changes[0].state, changes[1].state, changes[-1].state] == [
        "waiting",
        "running",
        "finished",
    ]
    assert "loading nothing" in {change.stage for change in changes}
    assert desk.stored() == ["finished"]
    assert end.log is not None
    assert "tables and figures are in" in end.log.read_text()


def test_a_cancelled_run_can_be_resumed(desk: Desk) -> None:
    job = desk.queue.submit(LONG)
    desk.until(lambda: desk.items(job))
    desk.queue.cancel(job)
    assert desk.now(job).stops == 1
    assert desk.end(job).state == "cancelled"
    assert desk.stored() == ["interrupted"]
    again = desk.end(desk.queue.resume(job))
    assert (again.state, again.run) == ("finished", 1)
    assert again.progress is not None
    assert (again.progress.done, again.progress.total) == (144, 144)
    assert len(desk.items(again)) < 144, "the first part is taken from the store"
    assert len(desk.items(again)) + len(desk.items(job)) >= 144
    assert desk.stored() == ["finished"]


@pytest.mark.parametrize("times", [2, 3])
def test_cancelling_again_ends_at_once(desk: Desk, times: int) -> None:
    job = desk.queue.submit(LONG)
    desk.until(lambda: desk.items(job))
    for _ in range(times):
        desk.queue.cancel(job)
    assert desk.end(job).state == "cancelled"
    desk.queue.cancel(job)


def test_cancelling_before_the_program_has_started(desk: Desk) -> None:
    job = desk.queue.submit(LONG)
    desk.queue.cancel(job)
    assert desk.end(job).state == "cancelled"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (RunOptions(benchmark="none"), "field 'benchmark': no benchmark 'none' in the store"),
        (RunOptions(method=("best",)), "field '--method': expected one of few-shot-comparative"),
    ],
)
def test_a_run_that_fails_says_why(desk: Desk, options: RunOptions, error: str) -> None:
    end = desk.end(desk.queue.submit(options))
    assert end.state == "failed"
    assert end.error.startswith(error)


def test_a_killed_run_has_failed_and_names_its_log(desk: Desk) -> None:
    job = desk.queue.submit(LONG)
    desk.until(lambda: desk.items(job))
    held = desk.queue._child
    assert held is not None
    held.kill()
    end = desk.end(job)
    assert (end.state, end.error) == ("failed", "ended by signal 9 (Killed)")
    assert end.log is not None
    assert end.log.is_file()


def test_jobs_run_one_after_the_other(desk: Desk) -> None:
    first, second, third = (
        desk.queue.submit(options)
        for options in (SHORT, RunOptions(method=("oracle",), targets=("high",)), SHORT)
    )
    assert [job.state for job in desk.queue.jobs] == ["running", "waiting", "waiting"]
    assert desk.queue.running == desk.now(first)
    desk.queue.cancel(third)
    assert desk.end(second).state == "finished"
    assert desk.now(third).state == "cancelled"
    states = [
        (told.job.number, told.job.state) for told in desk.told if isinstance(told, JobChanged)
    ]
    assert states.index((1, "finished")) < states.index((2, "running"))
    assert desk.queue.running is None
    assert desk.queue.waiting == 0


def test_a_run_that_is_left_goes_on_to_its_end(desk: Desk) -> None:
    job = desk.queue.submit(LONG)
    waiting = desk.queue.submit(SHORT)
    desk.until(lambda: desk.items(job))
    desk.queue.leave()
    desk.queue.close()
    told = len(desk.told)
    desk.until(lambda: desk.stored() == ["finished"])
    assert desk.now(waiting).state == "cancelled"
    assert len(desk.told) == told
    with pytest.raises(ValueError, match="closed"):
        desk.queue.submit(SHORT)


def test_closing_ends_the_run(desk: Desk) -> None:
    job = desk.queue.submit(LONG)
    desk.until(lambda: desk.items(job))
    desk.queue.close()
    assert desk.now(job).state == "cancelled"
    assert desk.stored() == ["interrupted"]


def test_a_child_that_does_not_listen_is_killed_on_closing(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(2, signal.SIG_IGN); print('x', flush=True);"
    desk = Desk(tmp_path, (sys.executable, "-c", f"{deaf} time.sleep(600)"))
    job = desk.queue.submit(SHORT)
    desk.until(lambda: [child.tail(path, 1) for path in desk.logs.iterdir()] == [["x"]])
    desk.queue.close(patience=0.1)
    assert desk.now(job).over


def test_what_is_no_event_goes_to_the_log(tmp_path: Path) -> None:
    noise = "import sys; print('hello'); print('bye', file=sys.stderr); sys.exit(3)"
    desk = Desk(tmp_path, (sys.executable, "-c", noise))
    end = desk.end(desk.queue.submit(SHORT))
    assert end.log is not None
    assert sorted(end.log.read_text().split()) == ["bye", "hello"]
    assert end.state == "failed"
    desk.queue.close()


DONE = Ended(1, "finished", 0)
HALF = Ended(1, "interrupted", 0)
LOST = Problem("no server answers")
TWO = RunOptions(method=("oracle", "random"))


@pytest.mark.parametrize(
    ("options", "events", "ends", "expected"),
    [
        (SHORT, [DONE], (0, 0), ("finished", "")),
        (SHORT, [Ended(1, "finished", 3)], (1, 0), ("finished", "")),
        (SHORT, [DONE], (0, 1), ("finished", "")),
        (SHORT, [], (0, 0), ("failed", "ended without a result; last it said: the end")),
        (SHORT, [], (1, 0), ("failed", "the end")),
        (SHORT, [], (137, 0), ("failed", "the end")),
        (SHORT, [], (-9, 0), ("failed", "ended by signal 9 (Killed); last it said: the end")),
        (SHORT, [LOST], (1, 0), ("failed", "no server answers")),
        (SHORT, [DONE, LOST], (1, 0), ("failed", "no server answers")),
        (SHORT, [DONE], (2, 0), ("failed", "the end")),
        (SHORT, [HALF], (0, 0), ("failed", "ended without a result; last it said: the end")),
        (SHORT, [HALF], (130, 1), ("cancelled", "")),
        (SHORT, [HALF], (1, 1), ("cancelled", "")),
        (SHORT, [], (0, 1), ("cancelled", "")),
        (SHORT, [], (-15, 1), ("cancelled", "")),
        (SHORT, [LOST], (1, 1), ("failed", "no server answers")),
        (TWO, [DONE], (0, 0), ("failed", "ended without a result; last it said: the end")),
        (TWO, [DONE, DONE], (1, 0), ("failed", "the end")),
        (TWO, [DONE, Ended(2, "finished", 1)], (1, 0), ("finished", "")),
        (TWO, [DONE, LOST], (1, 0), ("failed", "no server answers")),
    ],
)
def test_only_what_has_told_of_its_end_has_ended_well(
    tmp_path: Path,
    options: RunOptions,
    events: list[Event],
    ends: tuple[int, int],
    expected: tuple[str, str],
) -> None:
    """`ends` is the exit code, and how often it was asked to stop."""
    code, stops = ends
    log = tmp_path / "run.log"
    log.write_text("first\nspm-tui: error: the end\n\n")
    job = Job(1, options, state="running", log=log, stops=stops)
    for event in events:
        job = job.after(event)
    end = job.ended(code)
    assert (end.state, end.error) == expected
    assert end.stops == 0


def test_a_last_line_may_hold_anything(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("x\n" + "\x1b[31mlost " * 1000)
    end = Job(1, SHORT, log=log).ended(1)
    assert end.error.startswith("␛[31mlost ␛[31mlost")
    assert len(end.error) <= 300


RAISES = "raise RuntimeError('CUDA error')"
TELLS = f"print({to_json(Ended(1, 'finished', 2))!r})"


@pytest.mark.parametrize(
    ("program", "state", "error"),
    [
        ("import sys; print('srun: error: no node', file=sys.stderr); sys.exit(1)", "failed",
         "srun: error: no node"),
        ("", "failed", "ended without a result"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "failed",
         "ended by signal 11 (Segmentation fault)"),
        (RAISES, "failed", "RuntimeError: CUDA error"),
        (f"{TELLS}; import sys; sys.exit(1)", "finished", ""),
    ],
)  # fmt: skip
def test_how_a_program_ends_is_not_mistaken(
    tmp_path: Path, program: str, state: str, error: str
) -> None:
    desk = Desk(tmp_path, (sys.executable, "-c", program))
    end = desk.end(desk.queue.submit(SHORT))
    assert (end.state, end.error) == (state, error)
    desk.queue.close()


def test_a_defect_of_the_program_is_told_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not only by its traceback, after which a launcher may say something else."""
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    program = "from tests.backend import FakeBackend as F, headless, main; import sys;"
    program += "F.backbone = None; headless.Backend = F; sys.exit(main(sys.argv[1:]))"
    shell = f'{sys.executable} -c "{program}" "$@"; echo over >&2; exit 1'
    desk = Desk(tmp_path, ("sh", "-c", shell, "sh"))
    end = desk.end(desk.queue.submit(SHORT))
    assert (end.state, end.error) == ("failed", "TypeError: 'NoneType' object is not callable")
    desk.queue.close()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (str(tmp_path / "gone"),))
    job = desk.queue.submit(SHORT)
    assert job.state == "failed"
    assert "No such file" in job.error


def test_old_logs_are_removed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (sys.executable, "-c", ""))
    desk.logs.mkdir()
    for day in range(10, 35):
        (desk.logs / f"run-201001{day}.log").touch()
    desk.end(desk.queue.submit(SHORT))
    names = sorted(path.name for path in desk.logs.iterdir())
    assert len(names) == 20
    assert names[0] == "run-20100116.log"
    assert names[-1].startswith(f"run-{datetime.now():%Y}")
    desk.queue.close()


def test_the_apps_command_is_this_program(tmp_path: Path) -> None:
    desk = Desk(tmp_path, COMMAND)
    options = RunOptions(method=("oracle",), targets=("high",), out=str(desk.out))
    assert desk.end(desk.queue.submit(options)).state == "finished"
    assert (desk.out / "accuracy.md").is_file()
    desk.queue.close()


@given(st.lists(st.sampled_from([None, ITEM, Stage("x"), Ended(1, "finished", 0)])))
def test_batching_loses_nothing_and_keeps_the_order(events: list[Event | None]) -> None:
    ticks = iter(range(1000))
    flat: list[Event] = []
    for found in batched(events, clock=lambda: next(ticks) * 0.03):
        flat += found if isinstance(found, tuple) else [found]
    assert flat == [event for event in events if event is not None]


def test_thousands_of_items_are_told_ten_times_a_second() -> None:
    now = 0.0

    def source() -> Iterator[Event | None]:
        nonlocal now
        for _ in range(5000):
            now += 0.0002
            yield ITEM
        now += 1
        yield None
        yield ITEM

    sizes = [
        len(found) for found in batched(source(), clock=lambda: now) if isinstance(found, tuple)
    ]
    assert sum(sizes) == 5001
    assert len(sizes) <= 13


@given(st.binary(), st.lists(st.integers(0, 50)))
def test_lines_do_not_depend_on_the_chunks(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[a:b] for a, b in pairwise(edges)]
    expected = [line.decode("utf-8", "replace") for line in data.split(b"\n")]
    assert list(child.lines(chunks)) == (expected if expected[-1] else expected[:-1])
    assert list(child.lines([None, *chunks])) == [None, *child.lines(chunks)]


def test_failures_are_summed_over_the_runs_of_a_job() -> None:
    job = Job(1, RunOptions(method=("a", "b", "c")))
    for event in (
        Planned(4, "b", "eval", "m", "x", 10, 2),
        Progress(4, 3, 10, 1, 5.0, 2.0),
        Progress(4, 7, 10, 3, 5.0, 2.0),
        Ended(4, "finished", 3),
        Ended(5, "finished", 0),
        Planned(6, "b", "eval", "m", "x", 10, 0),
        Progress(6, 9, 10, 1, 5.0, 0.0),
    ):
        job = job.after(event)
    assert (job.run, job.failed) == (6, 4)
    assert job.after(Problem("no disk")).ended(2).error == "no disk"
    assert job.ended(1).state == "failed", "the third run has told of no end"
    assert job.after(Ended(6, "finished", 1)).ended(1).state == "finished"
    assert job.ended(7).error == "ended with exit code 7"
    assert job.ended(143).state == "failed", "nobody asked it to end"
    assert replace(job, stops=1).ended(143).state == "cancelled"


def test_what_went_missing_of_a_jobs_runs_stands_under_it() -> None:
    job = Job(1, RunOptions())
    for event in (
        Planned(4, "b", "eval", "m", "x", 10, 2),
        Note(4, "2 of 10 requests failed: [no] JSON\x1b[31m"),
        Ended(4, "finished", 2),
        Note(5, "in 1 of 10 requests the text was cut"),
        Ended(5, "finished", 0),
    ):
        job = job.after(event)
    lines = text_of(job.ended(1), 60).plain.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("  run 4: 2 of 10 requests failed: [no] JSON")
    assert "\x1b" not in lines[1]
    assert lines[2] == "  run 5: in 1 of 10 requests the text was cut"
