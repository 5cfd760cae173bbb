"""Two runs side by side: how accuracies differ, and which scenarios changed how."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static

from spm_tui.errors import SpmError
from spm_tui.report.one_file import save_new
from spm_tui.report.text import comma_separated, markdown
from spm_tui.tui import comparison_text as text
from spm_tui.tui.comparison import ORDER, Pairing, partners, run_name, usual, values
from spm_tui.tui.desk import Desk
from spm_tui.tui.memory import key_of
from spm_tui.tui.messages import Failed
from spm_tui.tui.screens.dialogs import AskPath, Entry, Menu, Reading
from spm_tui.tui.screens.following import FollowingScreen
from spm_tui.tui.session import Opened, open_run
from spm_tui.tui.widgets.change_detail import ChangeDetail
from spm_tui.tui.widgets.compare_table import CompareTable
from spm_tui.tui.widgets.head_line import subject
from spm_tui.tui.widgets.line_list import LineList
from store.connection import Store
from store.errors import StoreError
from store.records import Run

MARGIN = 2
"""Cells left of and right of a line, together."""
FRAME = 6
"""Cells that the frame around a full-size text takes."""


class CompareScreen(FollowingScreen[int | None]):
    """The run at hand against another; dismissed with the scenario at hand."""

    CSS = """
    CompareScreen {
        & #compare-head { height: 1; background: $panel; padding: 0 1; }
        & CompareTable { padding: 0 1; }
        & #compare-status { height: 1; padding: 0 1; }
        & LineList { width: 34%; min-width: 28; max-width: 64;
            border-right: solid $panel-lighten-2; }
        &.-tiny ChangeDetail { display: none; }
        &.-tiny LineList { width: 1fr; max-width: 100%; border-right: none; }
        &.-short CompareTable { max-height: 2; overflow-y: hidden; }
    }
    """
    AUTO_FOCUS = "LineList"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (104, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "choose", "Other run", id="compare.choose"),
        Binding("s", "swap", "Swap", id="compare.swap"),
        Binding("f", "cycle", "Filter", id="compare.cycle"),
        *(
            Binding(str(i), f"only({i - 1})", text.NAMES[kind], show=False, id=f"compare.only_{i}")
            for i, kind in enumerate(ORDER, start=1)
        ),
        Binding("t", "target", "Target", id="compare.target"),
        Binding("left_square_bracket", "preset(-1)", "Preset", show=False, id="compare.before"),
        Binding("right_square_bracket", "preset(1)", "Preset", show=False, id="compare.after"),
        Binding("space", "page(1)", "Scroll text", show=False, id="compare.scroll_down"),
        Binding("b", "page(-1)", "Scroll back", show=False, id="compare.scroll_up"),
        Binding("y", "copy", "Copy", id="compare.copy"),
        Binding("e", "export", "Export", show=False, id="compare.export"),
        Binding("escape,q", "leave", "Back", id="compare.close"),
    ]

    @dataclass
    class Read(Message):
        """The second run has been read."""

        second: Opened

    def __init__(self, store: Store, desk: Desk, runs: tuple[Run, ...]) -> None:
        super().__init__()
        self._store, self._first = store, desk.opened
        self._steering, self._presets = desk.steering, desk.presets
        self._at = desk.index
        """The scenario at hand until there are two runs."""
        run = desk.opened.run
        self._partners = partners(runs, run) if run else []
        self.pairing: Pairing | None = None

    def compose(self) -> ComposeResult:
        """Lay out header and table above list and detail."""
        yield Static(id="compare-head", markup=False)
        yield CompareTable()
        yield Static(id="compare-status", markup=False)
        with Horizontal():
            yield LineList()
            yield ChangeDetail(self._store)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Ask for the second run."""
        self.query_one("#compare-head", Static).update(subject(self._first))
        if self._partners:
            self.call_after_refresh(self.action_choose)
            return
        say = "There is no other run on this split to compare with. Escape goes back."
        if self._first.run is None:
            say = "Open a run to compare it with another. Escape goes back."
        self.query_one(CompareTable).update(say)

    def on_resize(self) -> None:
        """Fit header and status into the new width."""
        self.call_after_refresh(self._show)

    # the second run

    def action_choose(self) -> None:
        """Ask which run to compare with."""
        first = self.pairing.first.run if self.pairing else self._first.run
        known = (self._first.run, *self._partners)
        offered = [one for one in known if one and one != first]
        if first is None or not offered:
            return
        second = self.pairing.second.run if self.pairing else usual(offered, first)
        entries = [Entry(str(one.number), Content(run_name(one))) for one in offered]
        at = str(second.number) if second else None
        title = f"compare run {first.number} with"
        self.app.push_screen(Menu(title, entries, at=at), self._chosen)

    def _chosen(self, key: str | None) -> None:
        if key:
            self._read(int(key))
        elif self.pairing is None:
            self.dismiss(self._at)

    @work(thread=True, exclusive=True, group="second", exit_on_error=False)
    def _read(self, number: int) -> None:
        try:
            self.post_message(self.Read(open_run(self._store, number)))
        except (StoreError, SpmError) as error:
            self.post_message(Failed(str(error)))

    @on(Read)
    def _take(self, message: Read) -> None:
        before = self.pairing
        first, steering = self._first, self._steering
        if before:
            first, steering = before.first, before.wanted
        index = before.index if before else self._at
        self.pairing = Pairing(first, message.second, steering)
        if index is not None:
            self.pairing.go(index)
        self.query_one(CompareTable).show(self.pairing)
        self._show()

    @property
    def followed(self) -> tuple[Opened, ...]:
        """The runs that are compared."""
        return self.pairing.runs if self.pairing else (self._first,)

    def grew(self, opened: Opened) -> None:
        """Show more of one of the runs; scenario, filter and target stay."""
        if key_of(opened) == key_of(self._first):
            self._first = opened
        if self.pairing and key_of(opened) in map(key_of, self.pairing.runs):
            self.pairing = self.pairing.grown(opened)
            self.query_one(CompareTable).grow(self.pairing)
            self._show()

    def _show(self) -> None:
        """Show the pairing, after anything but its table has changed."""
        pairing = self.pairing
        if pairing is None:
            return
        width = max(self.size.width - MARGIN, 1)
        self.query_one("#compare-head", Static).update(text.head(pairing, width))
        self.query_one("#compare-status", Static).update(text.status(pairing, width))
        self.query_one(LineList).show(
            partial(text.line, pairing), count=len(pairing.order), place=pairing.place
        )
        self.query_one(ChangeDetail).show(pairing)

    # actions

    @on(LineList.Moved)
    def _moved(self, message: LineList.Moved) -> None:
        if self.pairing:
            self.pairing.place = message.place
            detail = self.query_one(ChangeDetail)
            detail.scroll_home(animate=False)
            detail.show(self.pairing)

    @on(LineList.Chosen)
    def _read_whole(self) -> None:
        whole = self.query_one(ChangeDetail).whole(max(self.size.width - FRAME, 1))
        if whole and self.pairing:
            title = " and ".join(self.pairing.tags)
            self.app.push_screen(Reading(title, whole))

    def action_page(self, step: int) -> None:
        """Scroll the text."""
        self.query_one(ChangeDetail).page(step)

    def action_swap(self) -> None:
        """Let first and second change places."""
        if self.pairing:
            self.pairing = self.pairing.swap()
            self.query_one(CompareTable).swap(self.pairing)
            self._show()

    def action_only(self, kind: int) -> None:
        """List one kind of change alone; again, all."""
        if self.pairing:
            change = ORDER[kind]
            self.pairing.narrow(None if self.pairing.only is change else change)
            self._show()

    def action_cycle(self) -> None:
        """List the next kind of change alone; after the last, all."""
        if self.pairing:
            kinds = [None, *ORDER]
            self.pairing.narrow(kinds[(kinds.index(self.pairing.only) + 1) % len(kinds)])
            self._show()

    def action_target(self) -> None:
        """Ask for a target."""
        if self.pairing:
            entries = [
                Entry(str(i), Content(f"{name}: {target}"))
                for i, (name, target) in enumerate(self._presets)
            ]
            at = str(max(self._preset, 0))
            self.app.push_screen(Menu("target", entries, at=at), self._aim)

    def _aim(self, key: str | None) -> None:
        if key and self.pairing:
            self.pairing.steer(self.pairing.wanted.take(*self._presets[int(key)]))
            self.query_one(CompareTable).steer(self.pairing)
            self._show()

    @property
    def _preset(self) -> int:
        """Which preset the target is; -1 for none."""
        names = [name for name, _ in self._presets]
        now = self.pairing.steering.name if self.pairing else ""
        return names.index(now) if now in names else -1

    def action_preset(self, step: int) -> None:
        """Align to the next preset."""
        at = max(self._preset, 0) if step < 0 else self._preset
        self._aim(str((at + step) % len(self._presets)))

    def action_copy(self) -> None:
        """Copy the table."""
        if self.pairing:
            table = text.table(self.query_one(CompareTable).lines, self.pairing.titles)
            self.app.copy_to_clipboard(markdown(table))
            self.notify("copied the table as Markdown (OSC 52)")

    def action_export(self) -> None:
        """Ask where to write the table."""
        pairing = self.pairing
        if pairing is None:
            return
        name = "_".join(pairing.tags).replace(" ", "")
        value = str(Path.cwd() / f"compare_{name}.csv")
        self.app.push_screen(AskPath("write the table to (.csv or .md)", value=value), self._export)

    def _export(self, path: Path | None) -> None:
        if path is None or self.pairing is None:
            return
        titles = self.pairing.titles
        lines = self.query_one(CompareTable).lines
        match path.suffix.lower():
            case ".csv":
                self._write(path, comma_separated(values(lines, titles)))
            case ".md":
                self._write(path, markdown(text.table(lines, titles)))
            case _:
                self.post_message(Failed(f"{path}: a table is written as .csv or .md"))

    @work(thread=True, group="export", exit_on_error=False)
    def _write(self, path: Path, content: str) -> None:
        try:
            save_new(path, content.encode())
        except SpmError as error:
            self.post_message(Failed(str(error)))
        else:
            self.app.call_from_thread(self.notify, f"written: {path}", markup=False)

    def action_leave(self) -> None:
        """Go back, to the scenario at hand."""
        self.dismiss(self.pairing.index if self.pairing else self._at)
