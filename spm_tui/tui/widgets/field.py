"""A field of a form: name, control, and what is wrong with its value."""

from collections.abc import Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Select, Static


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


def choice(name: str, prompts: Mapping[str, str], value: str) -> Field:
    """Return a field for one of several values, each with what people see of it.

    Args:
        name: of the value; the control's id.
        prompts: by value.
        value: at first; the first one if it is none of them.

    """
    control: Widget = Select(
        [(Text(prompt), key) for key, prompt in prompts.items()],
        value=value if value in prompts else next(iter(prompts)),
        allow_blank=False,
        compact=True,
        id=name,
    )
    return Field(name, control, id=f"field-{name}")


def line(name: str, value: str, hint: str, *, label: str | None = None) -> Field:
    """Return a field for a text.

    Args:
        name: of the value; the control's id.
        value: at first.
        hint: what is seen where the text is empty.
        label: in place of the name.

    """
    control = Input(value, placeholder=hint, compact=True, id=name)
    return Field(name if label is None else label, control, id=f"field-{name}")
