"""The prompt inspector: what exactly was asked, with which examples, and what came back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from spm_tui import wire
from spm_tui.bench.inspection import Inspected, inspect
from spm_tui.errors import SpmError
from spm_tui.format import count, number
from spm_tui.methods.base import ALL, Example
from spm_tui.plain_text import visible
from spm_tui.targets import Target
from spm_tui.tui.plain import one_line
from store.connection import Store
from store.errors import StoreError
from store.records import Attribute, Generation, Run


class PromptScreen(ModalScreen[None]):
    """The requests of a run about one scenario, one at a time."""

    DEFAULT_CSS = """
    PromptScreen {
        & #prompt-head { height: auto; background: $panel; padding: 0 1; }
        & VerticalScroll { height: 1fr; background: $background; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "step(1)", "Next request", key_display="→", id="prompt.next"),
        Binding("left,h", "step(-1)", "Previous", key_display="←", id="prompt.previous"),
        Binding("y", "copy('messages')", "Copy messages", id="prompt.copy_messages"),
        Binding("Y", "copy('answer')", "Copy answer", id="prompt.copy_answer"),
        Binding("x", "copy('examples')", "Copy examples", id="prompt.copy_examples"),
        Binding("j,down", "scroll(1)", "Down", show=False, id="prompt.down"),
        Binding("k,up", "scroll(-1)", "Up", show=False, id="prompt.up"),
        Binding("escape,q,p", "dismiss(None)", "Close", id="prompt.close"),
    ]

    @dataclass
    class Read(Message):
        """The requests have been made again."""

        found: list[Inspected]

    @dataclass
    class Refused(Message):
        """They cannot be made again."""

        problem: str

    def __init__(
        self,
        store: Store,
        run: Run,
        scenario: int,
        attributes: Sequence[Attribute],
        target: Target | None,
    ) -> None:
        super().__init__()
        self._target = target
        """At hand: what was asked about it comes first."""
        self._store, self._run, self._scenario = store, run, scenario
        self._attributes = attributes
        self._found: list[Inspected] = []
        self._at = 0

    def compose(self) -> ComposeResult:
        """Lay out the head above the conversation."""
        yield Static("reading …", id="prompt-head", markup=False)
        with VerticalScroll():
            yield Static(id="prompt-body", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Make the requests again."""
        self._read()

    @work(thread=True, exit_on_error=False)
    def _read(self) -> None:
        try:
            found = inspect(self._store, self._run, self._scenario, first=self._target)
            self.post_message(self.Read(found))
        except (SpmError, StoreError) as error:
            self.post_message(self.Refused(str(error)))

    @on(Refused)
    def _refused(self, message: Refused) -> None:
        self.query_one("#prompt-head", Static).update(visible(message.problem))

    @on(Read)
    def _show(self, message: Read) -> None:
        self._found = message.found
        self._draw()

    def _draw(self) -> None:
        one = self._found[self._at]
        place = f"request {self._at + 1} of {len(self._found)}"
        self.query_one("#prompt-head", Static).update(head(one, place))
        self.query_one("#prompt-body", Static).update(body(one, self._attributes))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_step(self, step: int) -> None:
        """Go to another request."""
        if self._found:
            self._at = (self._at + step) % len(self._found)
            self._draw()

    def action_scroll(self, lines: int) -> None:
        """Scroll the conversation."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_copy(self, what: str) -> None:
        """Copy messages, answer or examples."""
        if not self._found:
            return
        one = self._found[self._at]
        texts = {
            "messages": messages_json(one),
            "answer": _answer(one),
            "examples": examples(one, self._attributes),
        }
        self.app.copy_to_clipboard(texts[what])
        self.notify(f"copied the {what}: {len(texts[what]):,} characters (OSC 52)")


def head(one: Inspected, place: str) -> Content:
    """Return what is told of a request in two lines."""
    proof = (
        ("the run's own request, proven by its hash", "$spm-right")
        if one.proven
        else (
            "as it would be asked now: the run's hash is another, or it was not asked",
            "$warning",
        )
    )
    about = f" · {one.about}" if one.about else ""
    part = f" · response {one.ask.part + 1}" if one.ask.part >= 0 else ""
    return Content.assemble(
        (f"{place}{about}{_decoding(one)}{part}", "bold"),
        f" · {_cost(one.generation)}\n",
        proof,
    )


def _decoding(one: Inspected) -> str:
    if not isinstance(one.ask.request, wire.Request):
        return ""
    return f" · sample {one.ask.sample + 1}" if one.ask.request.temperature else " · greedy"


def _cost(generation: Generation | None) -> str:
    if generation is None:
        return "not answered"
    dropped = (
        f", {generation.dropped_examples} examples left out" if generation.dropped_examples else ""
    )
    return (
        f"{count(generation.prompt_tokens)} tokens read, {count(generation.answer_tokens)} written,"
        f" {generation.seconds:.1f} s{dropped}"
    )


def body(one: Inspected, attributes: Sequence[Attribute]) -> Content:
    """Return examples, conversation and raw answer."""
    parts = []
    if one.examples:
        parts += [_title("worked examples"), Content(visible(examples(one, attributes)))]
    for message in _messages(one):
        parts += [_title(message.role), Content(visible(message.content))]
    return Content("\n").join([*parts, _title("raw answer"), Content(visible(_answer(one)))])


def _messages(one: Inspected) -> list[wire.Message]:
    """Return the conversation as it was sent."""
    request = one.ask.request
    if isinstance(request, wire.Request) and one.generation:
        return request.messages(without=one.generation.dropped_examples)
    messages: list[wire.Message] = request.messages()
    return messages


def _title(text: str) -> Content:
    return Content.styled(f"\n── {text} ──", "bold $accent")


def examples(one: Inspected, attributes: Sequence[Attribute]) -> str:
    """Return a line per worked example: similarity, levels on the attribute, question."""
    return "\n".join(
        f"similarity {number(example.similarity)}{_levels(one, example, attributes)}"
        f"  train {example.scenario.number:>3}  {one_line(example.scenario.question, 200)}"
        for example in one.examples
    )


def _levels(one: Inspected, example: Example, attributes: Sequence[Attribute]) -> str:
    at = one.ask.attribute
    if at == ALL:
        return ""
    levels = " ".join(str(response.labels[at]) for response in example.scenario.responses)
    return f"  levels {levels} of {attributes[at].levels - 1}"


def _answer(one: Inspected) -> str:
    if one.generation is None:
        return "(none)"
    failed = f"\n(not usable: {one.generation.error})" if one.generation.error else ""
    return one.generation.text + failed


def messages_json(one: Inspected) -> str:
    """Return the conversation as chat APIs take it."""
    return json.dumps(
        [{"role": message.role, "content": message.content} for message in _messages(one)],
        ensure_ascii=False,
        indent=1,
    )
