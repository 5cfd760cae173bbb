"""How a template is spoken to, found out by trying it: pure, so that `trial` can do it apart.

Templates differ in whether they know a system role, whether a text or a list of parts is what
they take for content, and what they let a model do before it answers. Each is tried with a
conversation whose texts are known, all of which must be in what the template makes of it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spm_tui.engine.template import DATE, Template, Turn
from spm_tui.wire import Message

_SYSTEM = Message("system", "probe-of-the-system-role")
_USER = Message("user", "probe-of-the-user-role")
_ASSISTANT = Message("assistant", "probe-of-the-assistant-role")
_ASKED, _SHOT, _RATED = [_SYSTEM, _USER], [_ASSISTANT, _USER], [_USER, _ASSISTANT]
_LONG, _SHOTS = 4000, 5
"""Characters of a message and worked examples in the longest conversation that is tried: as many
as in real ones, so that a template whose time grows with them too fast shows it here."""
_MOST = 1 << 20
"""Characters that a template may write around a conversation; known ones stay below 20,000."""
SWITCHES: dict[str, Any] = {
    "enable_thinking": False,  # Qwen, GLM, SmolLM, EXAONE, Hunyuan
    "thinking": False,  # Granite, DeepSeek, Kimi
    "reasoning": False,  # Command
    "thinking_budget": 0,  # Seed
}
"""How templates are told that a model is to answer without thinking."""
_EFFORT, _NONE = "reasoning_effort", "none"
"""Mistral's has this value; gpt-oss's has no such."""
_OPENED = re.compile(
    r"[<\[]([^<>\[\]/\s]*(?:think|thought|reason)[^<>\[\]/\s]*)[>\]]", re.IGNORECASE
)
"""The beginning of a thought, such as <think>, [THINK] or <seed:think>."""
_PART = re.compile(r"""(['"])type\1: ?(['"])text\2""")
"""A part that a template writes as it stands, for want of knowing any."""
_CHANNEL = "channel"
"""In templates that let a model choose one before it speaks: thoughts have one of their own."""


class Unsuitable(Exception):
    """A template does not do what every one must."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a template is spoken to."""

    system: bool = True
    """Whether it has a system role; otherwise that text joins the first user's turn."""
    parts: bool = False
    """Whether it wants content as a list of parts."""
    switches: tuple[tuple[str, Any], ...] = ()
    """What it is told so that the model does not think."""
    closing: str = ""
    """What ends the thought that it opens for the model, before the answer."""
    clock: bool = False
    """Whether it asks what time it is."""
    unthinking: bool = False
    """Whether `switches` and `closing` make a difference."""

    @property
    def changes(self) -> str:
        """What sets its prompts apart from those of earlier versions of this program; "" if none.

        Those told nothing of thinking, gave today's date and knew no parts. It enters a model's
        identity, so that answers to other prompts are not taken for answers to these.
        """
        names = {"unthinking": self.unthinking, "clock": self.clock, "parts": self.parts}
        return "+".join(name for name, change in names.items() if change)

    @property
    def record(self) -> dict[str, str]:
        """What a run's record says of it; what is as usual is left out."""
        facts = {
            "system": "" if self.system else "in the first user's turn",
            "content": "parts" if self.parts else "",
            "switches": ", ".join(f"{name}={value}" for name, value in self.switches),
            "thought": f"closed with {self.closing!r}" if self.closing else "",
            "clock": DATE if self.clock else "",
        }
        return {name: fact for name, fact in facts.items() if fact}

    def turns(self, messages: Sequence[Message]) -> list[Turn]:
        """Return a conversation as the template reads it."""
        return [{"role": one.role, "content": self._content(one.content)} for one in messages]

    def _content(self, text: str) -> Any:
        return [{"type": "text", "text": text}] if self.parts else text

    def prompt(self, template: Template, messages: Sequence[Message]) -> str:
        """Return a conversation as text, ready for the answer."""
        turns = self.turns(messages if self.system else joined(messages))
        return template.render(turns, ended=False, **dict(self.switches)) + self.closing

    def exchange(self, template: Template, messages: Sequence[Message]) -> str:
        """Return a conversation as text, nothing left to be said."""
        return template.render(self.turns(messages), ended=True)


def joined(messages: Sequence[Message]) -> list[Message]:
    """Return a conversation with its system text in the first user's turn."""
    system, first, *rest = messages
    return [Message("user", f"{system.content}\n\n{first.content}"), *rest]


def for_answers(template: Template) -> Manner:
    """Return how a template is spoken to when its model is to answer.

    Raises:
        Unsuitable: it leaves out what it is given, or writes far too much around it.
        Exception: whatever it raises itself, at the manner tried first.

    """
    manners = [Manner(system, parts) for parts in (False, True) for system in (True, False)]
    plain = _first(manners, lambda manner: _complete(manner.prompt(template, _ASKED), _ASKED))
    manner = replace(plain, switches=_switches(template))
    manner = replace(manner, closing=_closing(template, manner))
    _complete(manner.prompt(template, [*_ASKED, *_SHOT]), [*_ASKED, *_SHOT])
    _bounded(manner.prompt(template, _long([*_ASKED, *_SHOT * _SHOTS])))
    changed = manner.prompt(template, _ASKED) != plain.prompt(template, _ASKED)
    return replace(manner, unthinking=changed, clock=template.clock)


def for_exchanges(template: Template) -> Manner:
    """Return how a template is spoken to when an answer is rated.

    Raises:
        Unsuitable: it leaves out what it is given, or writes far too much around it.
        Exception: whatever it raises itself, at the manner tried first.

    """
    manners = [Manner(parts=parts) for parts in (False, True)]
    manner = _first(manners, lambda manner: _complete(manner.exchange(template, _RATED), _RATED))
    _bounded(manner.exchange(template, _long(_RATED)))
    return replace(manner, clock=template.clock)


def _first(manners: Sequence[Manner], check: Callable[[Manner], None]) -> Manner:
    """Return the first manner that stands a check."""
    errors = []
    for manner in manners:
        try:
            check(manner)
        except Exception as error:
            errors.append(error)
        else:
            return manner
    raise errors[len(errors) // 2 - 1]  # of those with plain texts, the one that demands least


def _complete(text: str, messages: Sequence[Message]) -> None:
    """See that all of a conversation is in a text."""
    for message in reversed(messages):
        if message.content not in text.casefold() or _PART.search(text):
            raise Unsuitable(f"it leaves out what is said in the {message.role}'s role")


def _bounded(text: str) -> None:
    if len(text) > _MOST:
        raise Unsuitable(f"it writes {len(text)} characters around a conversation")


def _long(messages: Sequence[Message]) -> Sequence[Message]:
    """Return a conversation of the same roles with long texts."""
    return [replace(one, content=f"{one.content} " * (_LONG // 24)) for one in messages]


def _switches(template: Template) -> tuple[tuple[str, Any], ...]:
    """Return how a template is told that there is to be no thinking; those it does not read not."""
    switches = [(name, value) for name, value in SWITCHES.items() if name in template.reads]
    if _EFFORT in template.reads and _NONE in template.literals:
        switches.append((_EFFORT, _NONE))
    return tuple(switches)


def _closing(template: Template, manner: Manner) -> str:
    """Return what has to follow the prompt so that it does not end within a thought.

    Where the template, as it writes what an assistant has said, goes on from the prompt with an
    empty thought, or with the choice of a channel, these are its own words for it.
    """
    prompt = manner.prompt(template, _ASKED)
    begun = _after(prompt, _USER)
    written = _before_answer(template, manner)
    further = written.removeprefix(prompt) if written.startswith(prompt) else ""
    opening = list(_OPENED.finditer(begun))
    if not opening:
        return further if _CHANNEL in further.casefold() else ""
    tag = opening[-1]
    close = f"{tag[0][0]}/{tag[1]}{tag[0][-1]}"
    if begun.rfind(close) > tag.start():
        return ""
    return further if close in further else _own_words(template, begun, close)


def _before_answer(template: Template, manner: Manner) -> str:
    """Return all that a template writes before what an assistant has said."""
    messages = [*(_ASKED if manner.system else joined(_ASKED)), _ASSISTANT]
    try:
        text = template.render(manner.turns(messages), ended=True, **dict(manner.switches))
    except Exception:  # a template may want every conversation to end with the user
        return ""
    before, _, _ = text.partition(_ASSISTANT.content)
    return before


def _after(text: str, message: Message) -> str:
    place = text.casefold().rindex(message.content)
    return text[place + len(message.content) :]


def _own_words(template: Template, begun: str, close: str) -> str:
    """Return the end of a thought with the line breaks that a template writes around it."""
    spaced = re.compile(rf"\n*{re.escape(close)}\n+")
    own = [match for text in template.literals for match in spaced.findall(text)]
    before = "\n" if begun.endswith("\n") else "\n\n"
    return max(own, key=len, default=f"{before}{close}\n\n")
