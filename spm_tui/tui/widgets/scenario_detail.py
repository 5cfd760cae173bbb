"""A scenario's question and its responses, side by side where there is room."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from spm_tui.plain_text import visible
from spm_tui.prompts import LETTERS
from spm_tui.scoring.standing import Status
from spm_tui.tui.judgement import judgement, layout
from spm_tui.tui.views import Response, View

NARROW = 76
"""Cells below which responses are stacked."""


class Pane(Container):
    """One response: its text, and what label and model say of it.

    Scrollbars are there whether needed or not: one that comes and goes costs two more
    layouts of the screen with every key.
    """

    DEFAULT_CSS = """
    Pane {
        border: round $panel-lighten-2; border-title-color: $text-muted; padding: 0 1;
        min-width: 32; height: 1fr;
        & .text { height: auto; max-height: 50%; margin-bottom: 1; }
        & .judged { height: 1fr; }
        &.-nearest { border: round $spm-right; border-title-color: $spm-right; }
        &.-picked.-nearest { border: heavy $spm-right; border-title-color: $spm-right; }
        &.-picked { border: heavy $spm-wrong; border-title-color: $spm-wrong; }
        &:focus-within, &.-picked:focus-within { border: double $accent; }
        &.-picked.-even { border: heavy $spm-tie; border-title-color: $spm-tie; }
        & VerticalScroll:focus { background: $surface; }
        & VerticalScroll {
            overflow-y: scroll; scrollbar-size-vertical: 1; scrollbar-background: $background;
        }
    }
    """

    def __init__(self, place: int) -> None:
        super().__init__()
        self._place = place
        self._text = Static(markup=False)
        self._judged = Static(markup=False)
        self._shown: tuple[Response, Sequence[str], Sequence[bool]] | None = None
        self._layout = layout(0)

    def compose(self) -> ComposeResult:
        """Lay out text above judgement."""
        with VerticalScroll(classes="text"):
            yield self._text
        with VerticalScroll(classes="judged"):
            yield self._judged

    def show(
        self, response: Response, status: Status, names: Sequence[str], aimed: Sequence[bool]
    ) -> None:
        """Show a response."""
        if self._shown is None or self._shown[0].text != response.text:
            self._text.update(visible(response.text))
        self._shown = (response, names, aimed)
        self._judge()
        tied = status is Status.TIE
        self.set_class(response.picked, "-picked")
        self.set_class(response.nearest and not tied, "-nearest")
        self.set_class(tied, "-even")
        self.border_title = Content(title(self._place, response, status))

    def page(self, step: int) -> None:
        """Scroll the text by half its height."""
        part = self.query_one(".text", VerticalScroll)
        part.scroll_relative(y=step * max(part.size.height // 2, 1), animate=False)

    def on_resize(self) -> None:
        """Lay the judgement out for the new width, if that makes a difference."""
        if layout(self._room) is not self._layout:
            self._judge()

    @property
    def _room(self) -> int:
        """Cells beside the scrollbar."""
        return max(self.content_size.width - 1, 0)

    def _judge(self) -> None:
        self._layout = layout(self._room)
        if self._shown:
            response, names, aimed = self._shown
            self._judged.update(judgement(response, names, aimed, layout=self._layout))


def title(place: int, response: Response, status: Status) -> str:
    """Return what a response's frame says: letter, whether picked, whether nearest."""
    parts = [LETTERS[place]]
    if response.picked:
        sign = {Status.RIGHT: " ✓", Status.WRONG: " ✗"}.get(status, "")
        parts.append(f"model's pick{sign}")
    if response.nearest and not response.picked and status is not Status.TIE:
        parts.append("nearest to the target")
    return " · ".join(parts)


class ScenarioDetail(Container):
    """Everything about the scenario at hand."""

    DEFAULT_CSS = """
    ScenarioDetail {
        & #question { height: auto; max-height: 25%; padding: 0 1; }
        & #question {
            overflow-y: scroll; scrollbar-size-vertical: 1; scrollbar-background: $background;
        }
        & #why { height: auto; max-height: 5; padding: 0 1; }
        & #responses { layout: horizontal; height: 1fr; overflow-x: auto; overflow-y: hidden; }
        &.-stacked #responses { layout: vertical; overflow-x: hidden; overflow-y: auto; }
        &.-stacked Pane { width: 100%; height: auto; }
        &.-stacked Pane .text { max-height: 10; }
        &.-stacked Pane .judged { height: auto; }
        & #responses { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    def compose(self) -> ComposeResult:
        """Lay out the question above the responses."""
        with VerticalScroll(id="question"):
            yield Static(markup=False)
        yield Static(id="why", markup=False)
        yield VerticalScroll(id="responses", can_focus=False)

    def on_resize(self) -> None:
        """Stack the responses where they do not fit side by side."""
        self.set_class(self.size.width < NARROW, "-stacked")
        self._share_width()

    def _share_width(self) -> None:
        """Share the width; by percent, for fractions would each be the whole of what scrolls."""
        panes = [pane for pane in self.query(Pane) if pane.display]
        share = 1 if self.has_class("-stacked") else max(len(panes), 1)
        for pane in panes:
            pane.styles.width = f"{100 / share:g}%"

    def show(
        self,
        view: View,
        names: Sequence[str],
        aimed: Sequence[bool],
        *,
        reason: Content | None = None,
    ) -> None:
        """Show a scenario, and why its pick is wrong; panes are kept from one to the next."""
        self._explain(reason)
        self._ask(f"{view.number}. {visible(view.question)}")
        frame = self.query_one("#responses")
        panes = list(frame.query(Pane))
        while len(panes) < len(view.responses):
            panes.append(Pane(len(panes)))
            frame.mount(panes[-1])
        for place, pane in enumerate(panes):
            pane.display = place < len(view.responses)
        self._share_width()
        for pane, response in zip(panes, view.responses, strict=False):
            pane.show(response, view.status, names, aimed)
        if view.number != self._number:
            self._number = view.number
            self._home()

    def _home(self) -> None:
        for part in self.query(VerticalScroll):
            part.scroll_home(animate=False)

    def _explain(self, reason: Content | None) -> None:
        line = self.query_one("#why", Static)
        line.display = reason is not None
        line.update(reason or "")

    def say(self, text: str) -> None:
        """Show a sentence instead of a scenario."""
        self._explain(None)
        self._ask(text)
        for pane in self.query(Pane):
            pane.display = False

    def page(self, step: int) -> None:
        """Scroll the texts, side by side ones together."""
        if self.has_class("-stacked"):
            frame = self.query_one("#responses")
            frame.scroll_relative(y=step * max(frame.size.height // 2, 1), animate=False)
            return
        for pane in self.query(Pane):
            pane.page(step)

    def _ask(self, text: str) -> None:
        self.query_one("#question", VerticalScroll).query_one(Static).update(text)
