"""The form in which an import is put together."""

from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Select, Static

from spm_tui.bench.importing import Kind, Source
from spm_tui.tui.screens.dialogs import BOX
from spm_tui.tui.widgets.field import Field

_KINDS = {
    "HelpSteer2: a file or folder, or a hub id": "helpsteer2",
    "the Moral Integrity Corpus: MIC.csv": "mic",
    "your own: JSON, JSON Lines, CSV or Parquet": "plain",
    "a run that was exported as a folder": "run",
}


class ImportForm(ModalScreen[Source | None]):
    """Asks what to import; dismissed with None when nothing is to be."""

    DEFAULT_CSS = f"""
    ImportForm {{ {BOX}
        & VerticalScroll {{ height: auto; }}
        & Input, & Select {{ width: 1fr; }}
    }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Import", id="import.start"),
        Binding("escape", "dismiss(None)", "Cancel", id="import.cancel"),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        with Vertical(classes="box") as box:
            box.border_title = Content("Import")
            with VerticalScroll(can_focus=False):
                kinds = Select(_KINDS.items(), value="helpsteer2", allow_blank=False, compact=True)
                yield Field("what", kinds, id="of-kind")
                yield Field("path", Input(id="path", compact=True), id="of-path")
                yield Field("attributes", Input(id="attributes", compact=True), id="of-attributes")
                yield Field("name", Input(id="name", compact=True), id="of-name")
            yield Static(
                "enter or ctrl+r import   tab next   escape cancel", classes="hint", markup=False
            )

    @on(Select.Changed)
    def _kind_changed(self) -> None:
        kind = self._kind()
        self.query_one("#of-attributes").display = kind == "plain"
        self.query_one("#of-name").display = kind != "run"

    def _kind(self) -> Kind:
        return cast("Kind", self.query_one(Select).value)

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    @on(Input.Submitted)
    def action_start(self) -> None:
        """Import."""
        kind, path = self._kind(), self._text("path")
        if not path and kind != "helpsteer2":
            self.notify("a path is needed", severity="warning")
            self.query_one("#path").focus()
            return
        attributes = self._text("attributes")
        self.dismiss(Source(kind, path, attributes=attributes, name=self._text("name") or None))
