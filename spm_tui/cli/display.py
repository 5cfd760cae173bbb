"""What a run shows while it goes on: on stderr for people, as JSON lines for programs."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TypeAlias

from spm_tui.bench.events import (
    NO_RUN,
    Ended,
    Event,
    Note,
    Planned,
    Problem,
    Progress,
    Stage,
    to_json,
)
from spm_tui.cli.faults import described
from spm_tui.errors import InputError
from spm_tui.files import require_reader
from spm_tui.format import count, duration

Show: TypeAlias = Callable[[Event], None]
MODES = ("auto", "rich", "plain", "none")


@contextmanager
def showing(mode: str, events: str | None) -> Iterator[Show]:
    """Show events to people, and write them for programs where that is asked for.

    To programs an error that ends the command is an event, too; people are told by whoever
    catches it.

    Args:
        mode: one of `MODES`.
        events: a file's name, or - for stdout; None for nowhere.

    Raises:
        InputError: the file cannot be written.

    """
    with ExitStack() as stack:
        show = stack.enter_context(display(mode))
        if events is None:
            yield show
            return
        stream = sys.stdout
        if events != "-":
            try:
                require_reader(Path(events))
                stream = stack.enter_context(
                    Path(events).open("w", encoding="utf-8", errors="replace")
                )
            except OSError as error:
                problem = error.strerror or "cannot be written"
                raise InputError(problem, path=events) from error
        emit = emitter(stream)

        def both(event: Event) -> None:
            emit(event)
            show(event)

        try:
            yield both
        except Exception as error:
            emit(Problem(described(error)))
            raise


@contextmanager
def display(mode: str) -> Iterator[Show]:
    """Give the function that shows an event to people; `mode` is one of `MODES`."""
    if mode == "auto":
        mode = "rich" if sys.stderr.isatty() else "plain"
    if mode == "rich":
        with _rich() as show:
            yield show
    else:
        yield _plain if mode == "plain" else lambda _: None


def emitter(stream: IO[str]) -> Show:
    """Return the function that writes events as JSON lines.

    When nobody reads them any more the run goes on without.
    """

    def emit(event: Event) -> None:
        try:
            print(to_json(event), file=stream, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

    return emit


def _plain(event: Event) -> None:
    if text := _line(event):
        print(text, file=sys.stderr, flush=True)


def _line(event: Event) -> str:  # noqa: PLR0911  # one for each kind
    match event:
        case Stage(text):
            return f"{text} …"
        case Planned():
            return _headline(event)
        case Progress():
            return f"  {event.done + event.failed}/{event.total}  {_pace(event)}".rstrip()
        case Ended(run=run, state=state, failed=failed) if run != NO_RUN:
            return f"run {run} {state}" + (f", {failed} requests failed" if failed else "")
        case Note(run, text):
            return f"run {run}: {text}"
        case Problem(message):
            return message
        case _:
            return ""


def _headline(plan: Planned) -> str:
    if plan.run == NO_RUN:
        return (
            f"{plan.model} explains {count(plan.total - plan.answered)} of the"
            f" {count(plan.total)} labels of {plan.benchmark}/{plan.split}"
        )
    model = f" with {plan.model}" if plan.model else ""
    there = f", {count(plan.answered)} of them answered" if plan.answered else ""
    return (
        f"run {plan.run}: {plan.method}{model} on {plan.benchmark}/{plan.split},"
        f" {count(plan.total)} requests{there}"
    )


def _pace(progress: Progress) -> str:
    failed = f"{progress.failed} failed  " if progress.failed else ""
    if progress.remaining is None:  # nor is the speed known yet
        return failed
    return (
        f"{failed}{count(round(progress.tokens_per_second))} tokens/s,"
        f" {duration(progress.remaining)} left"
    )


@contextmanager
def _rich() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bars

    console = Console(stderr=True, highlight=False)
    bars = Bars(
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
    )
    with bars:
        tasks: dict[int, TaskID] = {}

        def show(event: Event) -> None:
            match event:
                case Planned(run=run):
                    console.print(_headline(event), markup=False)
                    tasks[run] = bars.add_task(
                        "", total=event.total or None, completed=event.answered
                    )
                case Progress(run=run):
                    bars.update(
                        tasks[run],
                        completed=event.done + event.failed,
                        description=_pace(event),
                    )
                case _:
                    if isinstance(event, Ended | Problem):
                        for task in bars.task_ids:
                            bars.remove_task(task)
                    if text := _line(event):
                        console.print(text, markup=False)

        yield show
