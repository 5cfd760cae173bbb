"""A field of a form: name, control, and what is wrong with its value."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static


class Field(Vertical):
    """One row of a form.

    Args:
        label: its name, for people.
        control: what the value is entered with.
        id: of the row.

    """

    DEFAULT_CSS = """
    Field {
        height: auto;
        & > Horizontal { height: auto; }
        & .label { width: 12; color: $text-muted; }
        & .problem { display: none; height: auto; padding: 0 0 0 12; color: $text-error; }
        &.-wrong .problem { display: block; }
    }
    """

    def __init__(self, label: str, control: Widget, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._label, self.control = label, control

    def compose(self) -> ComposeResult:
        """Lay out name and control, and below them the problem."""
        with Horizontal():
            yield Static(self._label, classes="label", markup=False)
            yield self.control
        yield Static(classes="problem", markup=False)

    def complain(self, problem: str) -> None:
        """Say what is wrong; nothing is when it is empty."""
        self.set_class(bool(problem), "-wrong")
        self.query_one(".problem", Static).update(problem)
