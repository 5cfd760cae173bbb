"""A small app that shows one screen, for tests of that screen alone."""

from textual.app import App
from textual.screen import Screen

from spm_tui.tui.messages import Failed

COLOURS = {
    "spm-right": "green",
    "spm-wrong": "red",
    "spm-tie": "yellow",
    "spm-label": "cyan",
    "spm-model": "magenta",
}


class Host(App[None]):
    """Shows a screen; keeps its answer, what it copied and what failed."""

    def __init__(self, shown: Screen[object]) -> None:
        super().__init__()
        self.shown = shown
        self.answers: list[object] = []
        self.copied: list[str] = []
        self.problems: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colours that the real app adds."""
        return dict(COLOURS)

    def on_mount(self) -> None:
        """Show the screen."""
        self.push_screen(self.shown, self.answers.append)

    def copy_to_clipboard(self, text: str) -> None:
        """Keep what is copied."""
        self.copied.append(text)

    def on_failed(self, message: Failed) -> None:
        """Keep what went wrong."""
        self.problems.append(message.problem)

    def picture(self) -> str:
        """Return the screen as text."""
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)
