"""How a request is put to a server, and its answer taken from what the server says: pure.

Servers differ in how they are told the form of an answer. Some do not know the way they are
told and answer freely, without a word; so `trials` tries the ways out.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from spm_tui.engine.manner import SWITCHES, joined
from spm_tui.engine.remote import plain_words
from spm_tui.forms import Fields, Form, Letter, Text, Whole, json_schema, most_tokens, read, regex
from spm_tui.wire import Message, Request

_SEED = 0x7FFFFFFF
"""Servers take seeds of 31 bits at least."""
_TOKEN = 3
"""Characters of a token at the least, in most texts: servers bound a text in characters alone, so
its bound in tokens must not cut it off before."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A way of telling a server the form of an answer."""

    name: str
    constraint: Callable[[Fields], dict[str, Any]]
    """What is added to the request."""
    in_words: bool = False
    """Whether the system message describes the form."""


def _schema(form: Fields) -> dict[str, Any]:
    schema = {"name": "answer", "strict": True, "schema": json_schema(form)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _object(form: Fields) -> dict[str, Any]:
    return {"response_format": {"type": "json_object", "schema": json_schema(form)}}


def gbnf(form: Fields) -> str:
    """Return the form as a grammar of llama.cpp's, as strict as the regex."""
    return f"root ::= {_gbnf(form)}"


def _gbnf(form: Form) -> str:
    match form:
        case Text(characters):
            rest = rf'[^"\\\x00-\x1F\x7F]{{0,{characters - 1}}}'
            return rf'"\"" [^"\\\x00-\x20\x7F] {rest} "\""'
        case Whole(low, high):
            return f"({' | '.join(json.dumps(str(one)) for one in range(low, high + 1))})"
        case Letter(letters):
            return rf'"\"" [{letters}] "\""'
        case Fields(fields):
            parts = [
                f"{json.dumps(f'{json.dumps(name)}: ')} {_gbnf(part)}" for name, part in fields
            ]
            between = ' ", " '
            return f'"{{" {between.join(parts)} "}}"'


STRUCTURED_OUTPUTS = Dialect(
    "structured_outputs", lambda form: {"structured_outputs": {"regex": regex(form)}}
)
"""Of vLLM from 0.12. A regex is stricter than a schema, which leaves a model free to fill an answer
with white space."""
GUIDED_REGEX = Dialect("guided_regex", lambda form: {"guided_regex": regex(form)})
"""Of vLLM before."""
REGEX = Dialect("regex", lambda form: {"regex": regex(form)})
"""Of SGLang."""
GRAMMAR = Dialect("grammar", lambda form: {"grammar": gbnf(form)})
"""Of llama.cpp. Given a schema instead, SmolLM2 put empty lines around every name."""
JSON_SCHEMA = Dialect("json_schema", _schema)
"""OpenAI's own, of most servers."""
JSON_OBJECT = Dialect("json_object", _object)
"""Of what is built on llama.cpp."""
WORDS = Dialect("words", lambda _: {}, in_words=True)
"""Of every server, without a guarantee."""

CANDIDATES = {
    "vllm": (STRUCTURED_OUTPUTS, GUIDED_REGEX, JSON_SCHEMA),
    "sglang": (REGEX, JSON_SCHEMA),
    "llama.cpp": (GRAMMAR, JSON_SCHEMA, JSON_OBJECT),
    "": (JSON_SCHEMA, STRUCTURED_OUTPUTS, JSON_OBJECT),
}
"""What is tried with which kind of server, the best first; "" is any other."""


Temperatures: TypeAlias = Literal["any", "above 0", "1", ""]
"""Which a server takes; "" is none at all."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a server is spoken to."""

    dialect: Dialect
    joined: bool = False
    """Whether the system text joins the first user's turn, for want of a system role."""
    unthinking: bool = False
    """Whether a model that thinks before it answers is asked not to."""
    thoughts: int = 0
    """Tokens allowed for thoughts that a model does not do without."""
    limit: str = "max_tokens"
    """The field that bounds an answer; "" where the server knows none."""
    temperatures: Temperatures = "any"
    seed: bool = True
    """Whether a seed is sent."""
    stream: bool = True
    """Whether the server is told not to stream."""

    @property
    def thinking(self) -> str:
        """What a run's record says of thoughts; "" where nothing was to be done."""
        if self.thoughts:
            return "before every answer"
        return "asked not to" if self.unthinking else ""

    @property
    def record(self) -> dict[str, str]:
        """What a run's record says of what is sent; what is as usual is left out."""
        limited = f"bounded by {self.limit}" if self.limit else "not bounded"
        facts = {
            "dialect": self.dialect.name,
            "thinking": self.thinking,
            "system": "in the first user's turn" if self.joined else "",
            "length": "" if self.limit == "max_tokens" else limited,
            "temperature": "" if self.temperatures == "any" else self.temperatures or "not sent",
            "seed": "" if self.seed else "not sent",
            "stream": "" if self.stream else "not sent",
        }
        return {name: fact for name, fact in facts.items() if fact}

    def takes(self, temperature: float) -> bool:
        """Return whether answers can be had at a temperature."""
        return {
            "any": True,
            "above 0": temperature > 0,
            "1": temperature == 1,
            "": False,
        }[self.temperatures]


def payload(
    request: Request, manner: Manner, *, model: str, seed: int, without: int = 0
) -> dict[str, Any]:
    """Return the body of a request.

    Args:
        request: what is asked.
        manner: how.
        model: as the server names it.
        seed: in place of the request's own, when it is asked again.
        without: examples to leave out, the least similar ones.

    """
    messages = request.messages(without=without)
    if manner.dialect.in_words:
        system = f"{request.system}\n\n{described(request.form)}"
        messages = [Message("system", system), *messages[1:]]
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": message.role, "content": message.content}
            for message in (joined(messages) if manner.joined else messages)
        ],
    }
    if manner.temperatures:
        body["temperature"] = request.temperature
    if manner.seed:
        body["seed"] = seed & _SEED
    if manner.limit:
        body[manner.limit] = longest(request.form) + manner.thoughts
    if manner.stream:
        body["stream"] = False
    if manner.unthinking:
        body["chat_template_kwargs"] = dict(SWITCHES)
    return body | manner.dialect.constraint(request.form)


def longest(form: Fields) -> int:
    """Return how many tokens an answer may have."""
    return most_tokens(_roomy(form))


def _roomy(form: Fields) -> Fields:
    return Fields(tuple((name, _roomy_part(part)) for name, part in form.fields))


def _roomy_part(form: Form) -> Form:
    match form:
        case Text(characters, tokens):
            return replace(form, tokens=max(tokens, characters // _TOKEN))
        case Fields():
            return _roomy(form)
        case _:
            return form


def described(form: Fields) -> str:
    """Return what a model is told about the form of its answer."""
    return (
        "Write nothing but this JSON object, on one line, each description in angle brackets"
        f" replaced by what it describes: {_shape(form)}"
    )


def _shape(form: Form) -> str:
    match form:
        case Text(characters):
            limits = f"at most {characters} characters, no line breaks or double quotes"
            return f'"<text of {limits}>"'
        case Whole(low, high):
            return f"<whole number from {low} to {high}>"
        case Letter(letters):
            return f'"<one of the letters {", ".join(letters)}>"'
        case Fields(fields):
            parts = [f"{json.dumps(name)}: {_shape(part)}" for name, part in fields]
            return f"{{{', '.join(parts)}}}"


def answer(said: str, manner: Manner) -> str:
    """Return the answer in what a server says: without thoughts, fences and words around it."""
    text = said.strip()
    if not text.startswith("{"):  # a thought may have been begun by the prompt
        text = re.sub(r"\A.*?</think>", "", text, flags=re.DOTALL).strip()
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if manner.dialect.in_words and -1 < start < end else text


def understood(form: Fields, said: str, manner: Manner) -> str:
    """Return the answer in what a server says, as JSON of the form.

    Where the form is only asked for in words, what is plain is put into it.

    Raises:
        AnswerError: it is not of the form.

    """
    if manner.dialect.in_words:
        return plain_words.canonical(form, said)
    text = answer(said, manner)
    read(form, text)
    return text
