"""The target editor: a slider, a switch and a weight per attribute; every move counts at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from spm_tui.format import number
from spm_tui.plain_text import visible
from spm_tui.tui.steering import Slot, Steering

TRACK = 11
"""Cells of a slider; odd, so that the middle has a cell."""
HEAVIER = 2.0


class Slider(Widget, can_focus=True):
    """One attribute of the target."""

    DEFAULT_CSS = """
    Slider { height: 2; padding: 0 1; }
    Slider:focus { background: $surface-lighten-1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Less", show=False, id="target.less"),
        Binding("right,l", "move(1)", "More", show=False, id="target.more"),
        Binding("shift+left,H", "nudge(-1)", "−0.01", show=False, id="target.nudge_less"),
        Binding("shift+right,L", "nudge(1)", "+0.01", show=False, id="target.nudge_more"),
        Binding("space,x", "switch", "On/off", show=False, id="target.toggle"),
        Binding("plus,equals_sign", "weigh(1)", "Heavier", show=False, id="target.heavier"),
        Binding("minus", "weigh(-1)", "Lighter", show=False, id="target.lighter"),
        Binding("down,j", "app.focus_next", "Next", show=False, id="target.next"),
        Binding("up,k", "app.focus_previous", "Previous", show=False, id="target.previous"),
    ]
    steering: reactive[Steering | None] = reactive(None)

    @dataclass
    class Steered(Message):
        """One attribute of the target has been moved."""

        index: int
        change: Callable[[Steering], Steering]

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index

    def render(self) -> Content:
        """Draw name, value and weight above the track."""
        if self.steering is None:
            return Content("")
        slot = self.steering.slots[self._index]
        name = self.steering.attributes[self._index].name
        return slider(name, slot, weighs=self.steering.function != "euclidean")

    def action_move(self, steps: int) -> None:
        """Move by levels."""
        self._tell(lambda s: s.move(self._index, steps))

    def action_nudge(self, steps: int) -> None:
        """Move by hundredths."""
        self._tell(lambda s: s.move(self._index, steps, fine=True))

    def action_switch(self) -> None:
        """Switch the attribute on or off."""
        self._tell(lambda s: s.toggle(self._index))

    def action_weigh(self, steps: int) -> None:
        """Double or halve the weight."""
        self._tell(lambda s: s.weigh(self._index, HEAVIER**steps))

    def key_number(self, digit: int) -> None:
        """Set tenths; 0 is 0, 9 is 1."""
        self._tell(lambda s: s.set_value(self._index, digit / 9))

    def on_key(self, event: events.Key) -> None:
        """Set a value with a digit."""
        if event.character and event.character.isdigit() and event.character.isascii():
            event.stop()
            self.key_number(int(event.character))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Set the value under the mouse."""
        self.focus()
        self.capture_mouse()
        self._drag(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse."""
        if self.app.mouse_captured is self:
            self._drag(event)

    def on_mouse_up(self) -> None:
        """Let go."""
        self.release_mouse()

    def _drag(self, event: events.MouseEvent) -> None:
        offset = event.get_content_offset_capture(self)
        if offset.y == 1:
            value = (offset.x - 1) / (TRACK - 1)
            self._tell(lambda s: s.set_value(self._index, value))

    def _tell(self, change: Callable[[Steering], Steering]) -> None:
        if self.steering is not None:
            self.steering = change(self.steering)  # at once: more keys may come before the answer
            self.post_message(self.Steered(self._index, change))


def slider(name: str, slot: Slot, *, weighs: bool = True) -> Content:
    """Return an attribute's name and value above its track, and whether its weight counts."""
    at = round(slot.value * (TRACK - 1))
    track = "─" * at + "●" + "─" * (TRACK - 1 - at)
    weight = f" ×{slot.weight:g}" if slot.weight != 1 else ""
    weight += " unused" if weight and not weighs else ""
    switch = "[x]" if slot.on else "[ ]"
    style = "" if slot.on else "$text-muted"
    return Content.assemble(
        (f"{switch} {name}", style or "bold"),
        "\n",
        (f" {track} ", style or "$accent"),
        (f"{number(slot.value)}{weight}" if slot.on else "off", style),
    )


class TargetPanel(VerticalScroll):
    """The target as a panel at the side."""

    DEFAULT_CSS = """
    TargetPanel {
        width: 30; height: 1fr; border-left: solid $panel-lighten-2; scrollbar-size-vertical: 1;
        & #target-name { height: auto; padding: 0 1; }
        & #target-keys { height: auto; padding: 1 1 0 1; color: $text-muted; }
    }
    """
    KEYS = """\
←→ level   ⇧←→ 0.01   0–9 set
space on/off   + − weight
[ ] presets   d distance
S save   y copy   t close"""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id, can_focus=False)

    def compose(self) -> ComposeResult:
        """Lay out the name of the target above the sliders."""
        yield Static(id="target-name", markup=False)
        yield Static(self.KEYS, id="target-keys", markup=False)

    def show(self, steering: Steering) -> None:
        """Show a target; sliders are made for the attributes there are."""
        sliders = list(self.query(Slider))
        count = len(steering.attributes)
        for extra in sliders[count:]:
            extra.remove()
        new = [Slider(index) for index in range(len(sliders), count)]
        if new:
            self.mount(*new, before="#target-keys")
        for one in [*sliders[:count], *new]:
            one.steering = steering
        self.query_one("#target-name", Static).update(
            Content.assemble(
                ("target ", "$text-muted"),
                (visible(steering.name), "bold"),
                ("\ndistance ", "$text-muted"),
                steering.function,
            )
        )
