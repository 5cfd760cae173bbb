"""What a run shows while it goes on: on stderr for people, as JSON lines for programs."""

import io
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
    is_event,
    to_json,
)
from spm_tui.cli.faults import described
from spm_tui.cli.output import bare, cleaned
from spm_tui.errors import InputError
from spm_tui.format import count, duration
from spm_tui.plain_text import line
from store.replacing import overwriting, require_apart

Show: TypeAlias = Callable[[Event], None]
MODES = ("auto", "rich", "plain", "none")
_LONGEST = 1 << 20
"""Bytes of the line that says what a file is."""


@contextmanager
def showing(mode: str, events: str | None, *, apart_from: Path | None = None) -> Iterator[Show]:
    """Show events to people, and write them for programs where that is asked for.

    To programs an error that ends the command is an event, too; people are told by whoever
    catches it.

    Args:
        mode: one of `MODES`.
        events: a file's name, or - for stdout; None for nowhere.
        apart_from: the store, which no events go into.

    Raises:
        InputError: the file cannot be written.
        FileUnusable: it is there, and not one of events.

    """
    with ExitStack() as stack:
        if events and events != "-" and apart_from:
            require_apart(Path(events), apart_from)
        stream = stack.enter_context(_stream(events)) if events else None
        show = stack.enter_context(display(mode))
        if stream is None:
            yield show
            return
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
def _stream(events: str) -> Iterator[IO[str]]:
    """Open where events go; what an earlier command wrote there is replaced, and nothing else."""
    if events == "-":
        yield bare(sys.stdout)
        return
    try:
        stream = overwriting(Path(events), lambda old: is_event(old.readline(_LONGEST)))
    except OSError as error:
        raise InputError(error.strerror or "cannot be written", path=events) from error
    with stream, io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
        yield text


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
            return line(f"{text} …")
        case Planned():
            return _headline(event)
        case Progress():
            return f"  {event.done + event.failed}/{event.total}  {_pace(event)}".rstrip()
        case Ended(run=run, state=state, failed=failed) if run != NO_RUN:
            return f"run {run} {state}" + (f", {failed} requests failed" if failed else "")
        case Note(run, text):
            return line(f"run {run}: {text}")
        case Problem(message):
            return line(message)
        case _:
            return ""


def _headline(plan: Planned) -> str:
    if plan.run == NO_RUN:
        return line(
            f"{plan.model} explains {count(plan.total - plan.answered)} of the"
            f" {count(plan.total)} labels of {plan.benchmark}/{plan.split}"
        )
    model = f" with {plan.model}" if plan.model else ""
    there = f", {count(plan.answered)} of them answered" if plan.answered else ""
    return line(
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

    console = Console(file=bare(sys.stderr), highlight=False)
    bars = Bars(
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
        redirect_stdout=False,  # to stderr: results and events are for stdout
    )
    with bars, cleaned():  # the bars put a stream of their own in the place of stderr
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
