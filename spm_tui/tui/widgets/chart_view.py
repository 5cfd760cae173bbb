"""A chart drawn into the room there is; scrolls where it does not fit."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from spm_tui.report.charts import Drawing
from spm_tui.tui.drawing import drawn

BAR = 1
"""Cells kept for a scroll bar, so that the drawing does not change when it comes."""


class ChartView(VerticalScroll):
    """One drawing, or none."""

    DEFAULT_CSS = "ChartView { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }"

    def __init__(self) -> None:
        super().__init__(can_focus=False)
        self._drawing: Drawing | None = None

    def compose(self) -> ComposeResult:
        """Lay out the drawing."""
        yield Static(markup=False)

    def show(self, drawing: Drawing | None) -> None:
        """Draw a chart; what was scrolled to stays in sight."""
        self._drawing = drawing
        self._draw()

    def page(self, step: int) -> None:
        """Scroll by half the height."""
        self.scroll_relative(y=step * max(self.size.height // 2, 1), animate=False)

    def on_resize(self) -> None:
        """Fit the drawing into the new size."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.size.width - BAR, self.size.height
        shown = drawn(self._drawing, width, height) if self._drawing and width > 0 else ""
        self.query_one(Static).update(shown)
