"""The app: what a person can do, key by key. What is shown is in `screens` and `widgets`.

Screens that are opened on demand are imported then: the first paint does not wait for them.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen, Screen

from spm_tui.bench.options import TARGET_SETS
from spm_tui.errors import SpmError
from spm_tui.target_files import to_mapping
from spm_tui.tui import config, menus
from spm_tui.tui.arriving_app import BUNDLED
from spm_tui.tui.config import unknown_keys
from spm_tui.tui.desk import Desk
from spm_tui.tui.exporting import EXPORTS
from spm_tui.tui.keys import bound_ids, help_text, keys
from spm_tui.tui.messages import Failed
from spm_tui.tui.running_app import RunningApp
from spm_tui.tui.screens.browse import BrowseScreen
from spm_tui.tui.screens.dialogs import Ask, AskPath, Choices, Entry, Menu, Reading
from spm_tui.tui.session import FLAG, UNFLAG
from spm_tui.tui.widgets.line_list import LineList
from store import annotations
from store.clock import now
from store.connection import Connection
from store.errors import StoreError
from store.records import Annotation

OF_THE_LIST = frozenset(
    {
        *("open", "prompt", "flag", "copy", "export", "save_target", "presets", "filter"),
        *("run_this", "run_form", "annotate", "compare", "analyse", "import"),
    }
)
"""Actions on the scenario, run or store that lies open in the list."""


class SpmApp(RunningApp):
    """The terminal app over one store."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open", "Open run, benchmark", show=False, id="app.open"),
        Binding("p", "prompt", "Exact prompts", show=False, id="app.prompt"),
        Binding("m", "flag", "Flag this scenario", show=False, id="app.flag"),
        Binding("y", "copy", "Copy", show=False, id="app.copy"),
        Binding("e", "export", "Export to a file", show=False, id="app.export"),
        Binding("S", "save_target", "Save the target", show=False, id="app.save_target"),
        Binding("question_mark", "keys", "Keys", key_display="?", id="app.keys"),
        Binding("q", "quit", "Quit", id="app.quit"),
    ]

    def on_mount(self) -> None:
        """Say which of the person's keys have no effect."""
        if self.config.keys and (unknown := unknown_keys(self.config, bound_ids())):
            named = ", ".join(unknown)
            self.notify(f"no action is called {named}; ? lists them", severity="warning")

    def check_action(
        self,
        action: str,
        parameters: tuple[object, ...],  # noqa: ARG002  # Textual passes them
    ) -> bool:
        """Leave what is done to the list's scenario, and to the store, to the list's screen."""
        over_the_list = isinstance(self.screen, BrowseScreen | ModalScreen)
        return over_the_list or action not in OF_THE_LIST

    def action_keys(self) -> None:
        """List what the keys do here."""
        hint = Content.styled(f"keys are changed in {config.location(os.environ)}", "$text-muted")
        found = keys(self, self.screen)
        self.push_screen(Reading("keys", Content("\n").join([help_text(found), Content(""), hint])))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return everything a key does here, and Textual's choice of themes."""
        for key in keys(self, screen):
            yield SystemCommand(
                key.what, f"{key.keys}  {key.id}", partial(self.run_action, key.action, key.node)
            )
        yield SystemCommand("Theme", "change the colours", self.action_change_theme)

    def action_open(self) -> None:
        """Choose a run or a split to open."""
        opened = self.desk.opened if self.desk else None
        at = f"run:{opened.run.number}" if opened and opened.run else None
        self.push_screen(
            Menu("open", menus.openings(self.contents), at=at),
            self._open_chosen,
        )

    def _open_chosen(self, key: str | None) -> None:
        if key and key.startswith(BUNDLED):
            self.add_bundled(key.removeprefix(BUNDLED))
        elif key:
            self.open(key)

    def action_filter(self) -> None:
        """Choose which scenarios are listed, and in which order."""
        if (desk := self.desk) is None:
            return

        def choose(key: str) -> None:
            menus.choose_filter(desk, key)
            self.show()

        self.push_screen(Choices("filter and sort", lambda: menus.filters(desk), choose))

    def action_prompt(self) -> None:
        """Inspect the requests about the scenario at hand."""
        from spm_tui.tui.screens.prompt import PromptScreen

        desk = self.desk
        if desk is None or desk.index is None or desk.opened.run is None:
            self.notify("no run is open, so nothing has been asked")
            return
        opened = desk.opened
        if opened.run:
            target = desk.effective.target()
            self.push_screen(
                PromptScreen(self.store, opened.run, desk.index + 1, opened.attributes, target)
            )

    def action_annotate(self) -> None:
        """Judge the list, one scenario after another."""
        from spm_tui.tui.screens.annotate import AnnotateScreen

        desk = self.desk
        if desk is None or desk.opened.run is None:
            self.notify("only runs are annotated, and none is open", severity="warning")
            return
        screen = AnnotateScreen(self.store, desk, self.config.author)

        def back(index: int | None) -> None:
            desk.reopen(desk.opened.with_notes(screen.notes))
            if index is not None:
                desk.go(index)
            self.show()

        self.push_screen(screen, back)

    def action_compare(self) -> None:
        """Hold the run at hand against another."""
        from spm_tui.tui.screens.compare import CompareScreen

        if self.desk:
            screen = CompareScreen(self.store, self.desk, self.contents.runs)
            self.push_screen(screen, self._compared)

    def _compared(self, index: int | None) -> None:
        if self.desk and index is not None:
            self.desk.go(index)
            self.show()

    def action_analyse(self) -> None:
        """Show the charts of the run at hand."""
        from spm_tui.tui.screens.analyse import AnalyseScreen

        if self.desk:
            self.push_screen(AnalyseScreen(self.store, self.desk.opened, self.desk.effective))

    @on(LineList.Chosen)
    def _read_whole(self) -> None:
        screen = self.screen
        if self.desk and isinstance(screen, BrowseScreen) and (text := screen.whole()):
            self.push_screen(Reading("the whole scenario", text))

    # what is written

    def action_flag(self) -> None:
        """Set or take off the flag of the scenario at hand."""
        desk = self.desk
        if desk is None or desk.index is None or desk.opened.run is None:
            self.notify("flags belong to runs; none is open")
            return
        flagged = bool(desk.opened.marks.flagged[desk.index])
        note = Annotation(
            run=desk.opened.run.number,
            scenario=desk.index + 1,
            response=None,
            attribute=None,
            verdict=UNFLAG if flagged else FLAG,
            note="",
            author=self.config.author,
            at=now(),
        )
        desk.reopen(desk.opened.with_notes((*desk.opened.notes, note)))
        self.show()
        self._write(lambda db: annotations.annotate(db, note))

    def action_save_target(self) -> None:
        """Save the target under a name."""
        if self.desk and self.desk.steering.target():
            self.push_screen(Ask("save the target as"), self._save_target)
        elif self.desk:
            self.notify("every attribute is off, so there is no target", severity="warning")

    def action_presets(self) -> None:
        """Choose among high, low, saved and sampled targets."""
        if (desk := self.desk) is None:
            return
        entries = [Entry(name, Content(f"{name:12} {target}")) for name, target in desk.presets]
        self.push_screen(Menu("align to", entries, at=desk.steering.name), self._preset)

    def _preset(self, name: str | None) -> None:
        if name and self.desk:
            self.desk.take_preset(name)
            self.show()

    def _save_target(self, name: str | None) -> None:
        desk = self.desk
        if not name or desk is None or (target := desk.steering.target()) is None:
            return
        if name in TARGET_SETS or (name in dict(desk.presets) and name not in desk.saved):
            self.notify(f"{name} is the name of another preset", severity="warning")
            return
        if "," in name:  # `--targets` could not name it
            self.notify("a comma cannot be in the name of a target", severity="warning")
            return
        desk.save(name, [target])
        desk.steer(replace(desk.steering, name=name))
        self.show()
        identity, at = desk.opened.benchmark.identity, now()
        self._write(
            lambda db: annotations.save_targets(db, name, identity, [to_mapping(target)], at=at)
        )

    @work(thread=True, group="write", exit_on_error=False)
    def _write(self, act: Callable[[Connection], object]) -> None:
        try:
            with self.store.writing() as db:
                act(db)
        except StoreError as error:
            self.post_message(Failed(f"not stored: {error}"))

    def action_copy(self) -> None:
        """Copy the target while it is being set, else the scenario at hand."""
        screen = self.screen
        if not isinstance(screen, BrowseScreen) or self.desk is None:
            return
        steering = screen.has_class("-steering")
        text = self.desk.steering.to_json() if steering else str(screen.whole() or "")
        self.copy_to_clipboard(text)
        what = "target" if steering else "scenario"
        self.notify(f"copied the {what} (OSC 52, {len(text):,} characters); e writes to a file")

    def action_export(self) -> None:
        """Choose what to export, and where to."""
        desk = self.desk
        if desk is None:
            return
        entries = [
            Entry(key, Content(one.title))
            for key, one in EXPORTS.items()
            if desk.opened.run or not one.of_run
        ]
        self.push_screen(Menu("export", entries), self._ask_path)

    def _ask_path(self, key: str | None) -> None:
        if key and self.desk:
            proposal = EXPORTS[key].proposal(self.desk)
            hint = f"in {Path.cwd()} unless the path says otherwise; enter: write   escape: cancel"
            ask = AskPath(f"export {key} to", value=proposal, hint=hint)
            self.push_screen(ask, partial(self._export_to, key))

    def _export_to(self, key: str, path: Path | None) -> None:
        if path and self.desk:
            self._export(key, self.desk, path)

    @work(thread=True, group="export", exit_on_error=False)
    def _export(self, key: str, desk: Desk, path: Path) -> None:
        try:
            EXPORTS[key].write(self.store, desk, path)
        except (StoreError, SpmError) as error:
            self.post_message(Failed(str(error)))
        else:
            self.call_from_thread(self.notify, f"written to {path}", markup=False)
