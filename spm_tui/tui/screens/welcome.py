"""What an empty store opens with: something to look at within seconds, and the way to more."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from spm_tui.bench import bundled

INTRO = Content.assemble(
    ("spm-tui", "bold $accent"),
    " — steerable pluralistic models, inspected.\n\n"
    "A benchmark is a list of scenarios: a question and its candidate responses, each labelled"
    " on some attributes. A model predicts a score per response and attribute; the response"
    " nearest to a target is picked. Here you see picks and labels side by side, move the target,"
    " and find out why a pick is wrong.\n\n"
    "This store is empty. What would you like to see?",
)
ABOUT = {"mini-mic": "everyday moral questions", "mini-helpsteer": "quality of answers"}
"""What the built-in benchmarks hold."""
IMPORT = ("import", "import a benchmark of your own, MIC or HelpSteer2, or a run")


class WelcomeScreen(Screen[str]):
    """Dismissed with the key of a choice."""

    CSS = """
    WelcomeScreen { align: center middle;
        & VerticalScroll { width: 76; max-width: 100%; height: auto; max-height: 100%; }
        & Static { padding: 1 2; }
        & OptionList { height: auto; border: none; margin: 0 2; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "list('cursor_down')", "Next", show=False, id="welcome.next"),
        Binding("k", "list('cursor_up')", "Previous", show=False, id="welcome.previous"),
    ]
    AUTO_FOCUS = "OptionList"

    def compose(self) -> ComposeResult:
        """Lay out what this is, and the choices."""
        with VerticalScroll(can_focus=False):
            yield Static(INTRO, markup=False)
            yield OptionList(*(Option(Content(text), id=key) for key, text in choices()))
            yield Static(
                Content.styled("↑↓ choose   enter take it   ? keys   q quit", "$text-muted")
            )
        yield Footer(show_command_palette=False)

    def action_list(self, move: str) -> None:
        """Move the cursor of the list."""
        getattr(self.query_one(OptionList), f"action_{move}")()

    @on(OptionList.OptionSelected)
    def _selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id or "")


def choices() -> list[tuple[str, str]]:
    """Return what is offered: the benchmarks whose run is here, and the import."""
    shipped = [
        (f"bundled:{name}", f"{name} with a run of SmolLM2-135M: {ABOUT[name]}")
        for name in bundled.shipped()
    ]
    return [*shipped, IMPORT]
