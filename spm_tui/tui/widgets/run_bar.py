"""One line about the runs that the app has started; not there when there is nothing to say."""

from rich.cells import cell_len
from textual.widgets import Static

from spm_tui.format import count, duration
from spm_tui.plain_text import visible
from spm_tui.tui.job import Job
from spm_tui.tui.plain import one_line

BAR = 16
"""Cells of a full bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SIGNS = {"waiting": "·", "running": "▶", "finished": "✓", "failed": "✗", "cancelled": "◼"}


class RunBar(Static):
    """The running job, or how the last one ended."""

    DEFAULT_CSS = """
    RunBar { height: 1; display: none; background: $panel; color: $foreground; padding: 0 1; }
    RunBar.-there { display: block; }
    RunBar.-failed { color: $text-error; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, markup=False)
        self._job: Job | None = None
        self._waiting = 0

    def show(self, job: Job | None, *, waiting: int = 0) -> None:
        """Show a job and how many wait behind it; nothing for None."""
        self._job, self._waiting = job, waiting
        self.set_class(job is not None, "-there")
        self.set_class(job is not None and job.state == "failed", "-failed")
        self._draw()

    def on_resize(self) -> None:
        """Fit the line into the new width."""
        self._draw()

    def _draw(self) -> None:
        if self._job and self.content_size.width:
            self.update(job_line(self._job, self.content_size.width, self._waiting))


def job_line(job: Job, width: int, waiting: int) -> str:
    """Return the line about a job; its less important parts give way where room is short.

    Args:
        job: the job.
        width: cells there are.
        waiting: how many jobs wait behind it.

    """
    if job.state == "failed":
        return one_line(visible(f"✗ {job.title} failed: {job.error}{_log(job)}"), width)
    parts = _running(job) if job.state == "running" else _resting(job)
    if waiting:
        parts.append((2, f"{waiting} waiting"))
    title = visible(f"{_SIGNS[job.state]} {job.title}")
    for least in (9, 5, 4, 3, 2, 1):
        line = "  ".join(part for weight, part in parts if weight <= least)
        room = width - cell_len(line) - 2
        if room >= min(cell_len(title), 24):
            return f"{one_line(title, room)}  {line}"
    return one_line(line, width)


def _running(job: Job) -> list[tuple[int, str]]:
    """Return the parts after the title, each with how dispensable it is, from 1."""
    parts: list[tuple[int, str]] = []
    progress = job.progress
    if progress and progress.total:
        dealt = progress.done + progress.failed
        parts += [
            (4, block_bar(dealt / progress.total)),
            (1, f"{count(dealt)}/{count(progress.total)}"),
        ]
        if progress.remaining is not None:
            parts += [
                (5, f"{count(round(progress.tokens_per_second))} tokens/s"),
                (3, f"{duration(progress.remaining)} left"),
            ]
    if job.failed:
        parts.append((2, f"{count(job.failed)} failed"))
    if job.stops:
        parts.append((2, "stopping"))
    elif job.stage:
        parts.append((3, f"{visible(job.stage)} …"))
    return parts


def _resting(job: Job) -> list[tuple[int, str]]:
    run = f"run {job.run} " if job.run else ""
    parts = [(1, f"{run}{job.state}")]
    if job.progress:
        done = job.progress.done
        parts.append((3, f"{count(done)}/{count(job.progress.total)} answered"))
    if job.failed:
        parts.append((2, f"{count(job.failed)} failed"))
    return parts


def _log(job: Job) -> str:
    return f" (log: {job.log})" if job.log else ""


def block_bar(share: float, cells: int = BAR) -> str:
    """Return a share of 1 as a bar of block characters on a dotted ground."""
    eighths = round(min(max(share, 0.0), 1.0) * cells * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(cells, "·")
