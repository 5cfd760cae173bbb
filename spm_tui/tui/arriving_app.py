"""The app as far as things arrive in its store: the welcome, imports."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType

from spm_tui.errors import SpmError
from spm_tui.tui import session
from spm_tui.tui.messages import Failed, RunOpened, StoreEmpty, StoreRead
from spm_tui.tui.screens.browse import BrowseScreen
from spm_tui.tui.store_app import StoreApp
from store.clock import now
from store.errors import StoreError

if TYPE_CHECKING:
    from spm_tui.bench.importing import Source

_IMPORT = "import"
BUNDLED = "bundled:"
"""Begins the key of a built-in benchmark in menus."""


class ArrivingApp(StoreApp):
    """An app over one store that brings things into it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("I", "import", "Import data or a run", show=False, id="app.import"),
    ]

    @on(StoreEmpty)
    def _welcome(self) -> None:
        from spm_tui.tui.screens.welcome import WelcomeScreen

        if self.desk is None and isinstance(self.screen, BrowseScreen):
            self.push_screen(WelcomeScreen(), self._welcomed)

    @on(RunOpened)
    def _arrived(self) -> None:
        """Close the welcome: there is something to see."""
        from spm_tui.tui.screens.welcome import WelcomeScreen

        if isinstance(self.screen, WelcomeScreen):
            self.pop_screen()

    def _welcomed(self, key: str | None) -> None:
        if key == _IMPORT:
            self.action_import()
        elif key:
            self.add_bundled(key.removeprefix(BUNDLED))

    def add_bundled(self, name: str) -> None:
        """Bring a built-in benchmark and its run into the store, and open the run."""
        from spm_tui.bench import bundled

        self._arrive(lambda: f"run:{bundled.add(self.store, name, at=now())}")

    def _wanted(self, source: "Source | None") -> None:
        if source:
            self._import(source)
        elif self.desk is None:
            self._welcome()

    def action_import(self) -> None:
        """Import a benchmark or a run."""
        from spm_tui.tui.screens.import_form import ImportForm

        self.push_screen(ImportForm(), self._wanted)

    def _import(self, source: "Source") -> None:
        from spm_tui.bench.importing import import_source

        def act() -> str:
            arrived = import_source(self.store, source, at=now())
            for note in (arrived.what, *arrived.notes):
                self.call_from_thread(self.notify, note, markup=False)
            run = arrived.run
            return f"split:{arrived.identity}:eval" if run is None else f"run:{run}"

        self.notify("importing …")
        self._arrive(act)

    @work(thread=True, group="arrive", exit_on_error=False)
    def _arrive(self, act: Callable[[], str]) -> None:
        """Bring something into the store, and open it by the key that `act` returns."""
        try:
            key = act()
            self.post_message(StoreRead(session.contents(self.store)))
            self.post_message(self.opened(key))
        except (StoreError, SpmError) as error:
            self.post_message(Failed(str(error)))
            if self.desk is None:
                self.post_message(StoreEmpty())
