"""The app: a run's scenarios against a target, right and wrong picks marked.

A first view of what runs leave in the store; reads only.
"""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from spm_tui.format import percent
from spm_tui.tui import session
from spm_tui.tui.detail import scenario_detail
from spm_tui.tui.session import Opened, Standing, Status
from store.connection import Store
from store.errors import StoreError

EMPTY = """\
No runs in this store yet. In a shell:

  spm-tui --headless                 runs few-shot comparative regression on mini-mic
  spm-tui --headless --limit 3       the same on its first three scenarios
  spm-tui import helpsteer2 PATH     brings your copy of HelpSteer2 into the store
"""


class SpmApp(App[None]):
    """The terminal app over one store."""

    CSS = """
    #head { height: 1; background: $panel; }
    #list { width: 36%; max-width: 60; border: none; height: 1fr; }
    #list { text-wrap: nowrap; text-overflow: ellipsis; }
    #detail { padding: 0 1; height: 1fr; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "list('cursor_down')", "Next", show=False),
        Binding("k", "list('cursor_up')", "Previous", show=False),
        Binding("g", "list('first')", "First", show=False),
        Binding("G", "list('last')", "Last", show=False),
        Binding("t", "target(1)", "Target"),
        Binding("T", "target(-1)", "Target back", show=False),
        Binding("r", "run(-1)", "Older run"),
        Binding("R", "run(1)", "Newer run"),
        Binding("q", "quit", "Quit"),
    ]

    @dataclass
    class RunRead(Message):
        """A run has been read."""

        numbers: list[int]
        """Of all runs, the newest last."""
        opened: Opened | None
        """None when there is no run."""

    @dataclass
    class ReasonsRead(Message):
        """The reasoning on one scenario has been read."""

        index: int
        reasons: dict[tuple[int, int], str]

    @dataclass
    class Failed(Message):
        """The store could not be read."""

        problem: str

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._opened: Opened | None = None
        self._standings: list[Standing] = []
        self._numbers: list[int] = []
        self._wanted = 0
        """The run that is shown or being read; 0 for the newest."""
        self._target = 0

    def compose(self) -> ComposeResult:
        """Lay out the head line, the list and the detail."""
        yield Static(id="head", markup=False)
        with Horizontal():
            yield OptionList(id="list")
            with VerticalScroll(can_focus=False):
                yield Static(id="detail", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Read the newest run."""
        self._read_run()

    def action_list(self, move: str) -> None:
        """Move the cursor of the list."""
        getattr(self.query_one(OptionList), f"action_{move}")()

    def action_target(self, step: int) -> None:
        """Align to the next of the paper's targets."""
        if self._opened:
            self._target = (self._target + step) % len(self._opened.presets())
            self._align()

    def action_run(self, step: int) -> None:
        """Open an older or newer run."""
        if self._numbers:
            place = self._numbers.index(self._wanted) + step
            self._wanted = self._numbers[min(max(place, 0), len(self._numbers) - 1)]
            self._read_run()

    @work(thread=True, exclusive=True, group="run", exit_on_error=False)
    def _read_run(self) -> None:
        try:
            numbers = session.run_numbers(self._store)
            opened = session.open_run(self._store, self._wanted or numbers[-1]) if numbers else None
            self.post_message(self.RunRead(numbers, opened))
        except StoreError as error:
            self.post_message(self.Failed(str(error)))

    @on(RunRead)
    def _show_run(self, message: RunRead) -> None:
        if message.opened is None:
            self.query_one("#detail", Static).update(EMPTY)
            return
        if self._wanted not in (0, message.opened.run.number):
            return
        self._numbers, self._wanted = message.numbers, message.opened.run.number
        same = self._opened and self._opened.subject.identity == message.opened.subject.identity
        self._opened = message.opened
        self._target = self._target if same else 0
        self._align()

    @on(Failed)
    def _show_problem(self, message: Failed) -> None:
        self.notify(message.problem, severity="error", markup=False)

    def _align(self) -> None:
        """Judge every scenario against the target and show the outcome."""
        opened = self._opened
        if opened is None:
            return
        name, target = opened.presets()[self._target]
        self._standings = opened.standings(target)
        self.query_one("#head", Static).update(_head(opened, name, str(target), self._standings))
        scenarios = self.query_one(OptionList)
        place = scenarios.highlighted or 0
        scenarios.clear_options()
        scenarios.add_options(
            Option(Text(f"{standing.status.value} {one.number:03} {one.question}", no_wrap=True))
            for one, standing in zip(opened.subject.scenarios, self._standings, strict=True)
        )
        scenarios.highlighted = min(place, len(self._standings) - 1)

    @on(OptionList.OptionHighlighted)
    def _show_scenario(self, message: OptionList.OptionHighlighted) -> None:
        self._read_reasons(message.option_index)

    @work(thread=True, exclusive=True, group="reasons", exit_on_error=False)
    def _read_reasons(self, index: int) -> None:
        opened = self._opened
        if opened is None:
            return
        try:
            scenario = opened.subject.scenarios[index]
            found = session.reasonings(self._store, opened.run.number, scenario)
            self.post_message(self.ReasonsRead(index, found))
        except StoreError as error:
            self.post_message(self.Failed(str(error)))

    @on(ReasonsRead)
    def _show_reasons(self, message: ReasonsRead) -> None:
        if self._opened and self.query_one(OptionList).highlighted == message.index:
            standing = self._standings[message.index]
            shown = scenario_detail(self._opened, message.index, standing, message.reasons)
            self.query_one("#detail", Static).update(shown)


def _head(opened: Opened, name: str, target: str, standings: list[Standing]) -> str:
    run = opened.run
    counts = {status: sum(s.status is status for s in standings) for status in Status}
    scored = counts[Status.RIGHT] + counts[Status.WRONG]
    share = counts[Status.RIGHT] / scored if scored else float("nan")
    return (
        f"{opened.subject.benchmark.name}/{run.spec.split} · run {run.number} {run.spec.method}"
        f" │ accuracy {percent(share)} % ({counts[Status.RIGHT]}/{scored})"
        f" │ target {name}: {target}"
    )
