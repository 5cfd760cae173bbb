"""The form of an answer: one description, read as schema, as grammar, as regex and as parser.

A form is a tree of bounded texts, whole numbers, letters and named fields, always written as one
line of JSON with ``", "`` and ``": "`` between its parts. Bounds on text are in characters
and in tokens, so that an answer has a largest size and can always be finished.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from spm_tui.errors import AnswerError
from spm_tui.paths import encodable
from store.identity import Canonical


@dataclass(frozen=True, slots=True)
class Text:
    """A text without line breaks, double quotes and backslashes, not blank."""

    characters: int
    """At most."""
    tokens: int
    """At most, as the local engine counts them; JSON schema cannot say this."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, both included, not negative."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Letter:
    """One of some capital letters, as a text."""

    letters: str


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with exactly these fields in this order."""

    fields: "tuple[tuple[str, Form], ...]"


Form: TypeAlias = Text | Whole | Letter | Fields

_TEXT = r'[^"\\\x00-\x1f\x7f]'
_FIRST = r'[^"\\\x00-\x20\x7f]'


def json_schema(form: Form) -> dict[str, Canonical]:
    """Return the form as JSON schema, for servers that constrain with one."""
    match form:
        case Text(characters):
            pattern = f"^{_FIRST}{_TEXT}*$"
            return {"type": "string", "maxLength": characters, "pattern": pattern}
        case Whole(low, high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case Letter(letters):
            return {"type": "string", "enum": list(letters)}
        case Fields(fields):
            return {
                "type": "object",
                "properties": {name: json_schema(part) for name, part in fields},
                "required": [name for name, _ in fields],
                "additionalProperties": False,
            }


def grammar(form: Form) -> str:
    """Return the form as a Lark grammar in llguidance's dialect.

    Unlike its JSON schemas, this dialect bounds a text in tokens.
    """
    rules: dict[str, str] = {}
    start = " ".join(_symbols(form, rules))
    return "\n".join([f"start: {start}", *rules.values(), ""])


def _symbols(form: Form, rules: dict[str, str]) -> list[str]:
    match form:
        case Text(characters, tokens):
            name = f"text_{characters}_{tokens}"
            pattern = f"{_FIRST}{_TEXT}{{0,{characters - 1}}}"
            rules[name] = f"{name}[max_tokens={tokens}]: /{pattern}/"
            return ['"\\""', name, '"\\""']
        case Whole(low, high):
            name = f"whole_{low}_{high}"
            rules[name] = f"{name}: /{'|'.join(map(str, range(low, high + 1)))}/"
            return [name]
        case Letter(letters):
            name = f"letter_{letters.lower()}"
            rules[name] = f"{name}: /[{letters}]/"
            return ['"\\""', name, '"\\""']
        case Fields(fields):
            symbols = []
            for position, (name, part) in enumerate(fields):
                opening = "{" if position == 0 else ", "
                symbols.append(json.dumps(f"{opening}{json.dumps(name)}: "))
                symbols.extend(_symbols(part, rules))
            return [*symbols, '"}"']


def regex(form: Form) -> str:
    """Return the form as a regular expression that the whole answer matches.

    Stricter than the JSON schema: it leaves no choice of white space. Of the syntax it uses only
    what all servers' engines know. A text of exotic spaces alone matches and `read` refuses it.
    """
    match form:
        case Text(characters):
            return f'"{_FIRST}{_TEXT}{{0,{characters - 1}}}"'
        case Whole(low, high):
            return f"({'|'.join(map(str, range(low, high + 1)))})"
        case Letter(letters):
            return f'"[{letters}]"'
        case Fields(fields):
            parts = [f"{_literal(json.dumps(name))}: {regex(part)}" for name, part in fields]
            return rf"\{{{', '.join(parts)}\}}"


def _literal(text: str) -> str:
    return re.sub(r"[][\\^$.*+?(){}|]", r"\\\g<0>", text)


def most_tokens(form: Form) -> int:
    """Return a bound on the tokens of any answer of this form, the end token included.

    Outside texts a token covers at least one byte; a text may end one token late.
    """
    return _most_tokens(form) + 1


def _most_tokens(form: Form) -> int:
    match form:
        case Text(_, tokens):
            return tokens + 3
        case Whole(_, high):
            return len(str(high))
        case Letter():
            return 3
        case Fields(fields):
            skeleton = json.dumps(dict.fromkeys((name for name, _ in fields), 0))
            return len(skeleton) + sum(_most_tokens(part) for _, part in fields)


def tidy(text: str, form: Text) -> str:
    """Return `text` as an answer of this form would have it: one line, quotes made single.

    Cut at a word's end when it is longer than the form allows.
    """
    line = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()
    line = line.replace('"', "'").replace("\\", "/")
    if len(line) <= form.characters:
        return line
    return line[: form.characters - 1].rsplit(" ", 1)[0] + "…"


def write(value: Mapping[str, object]) -> str:
    """Return `value` as the one line of JSON that the grammar accepts."""
    return json.dumps(value, ensure_ascii=False)


def read(form: Fields, text: str) -> dict[str, Any]:
    """Return the fields of an answer, shaped as `form` says.

    Raises:
        AnswerError: `text` is not of this form; says where it departs from it.

    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"not JSON ({error}): {text!r:.80}") from error
    return dict(_read(form, value, "answer"))


def _read(form: Form, value: object, place: str) -> Any:
    match form, value:
        case Text(characters), str():
            if not value.strip():
                raise AnswerError(f"{place}: blank")
            if len(value) > characters:
                raise AnswerError(f"{place}: {len(value)} characters, {characters} allowed")
            if not encodable(value):  # JSON's escapes can write what UTF-8 cannot
                raise AnswerError(f"{place}: holds half a surrogate pair, not a character")
            return value.strip()
        case Whole(low, high), int() if not isinstance(value, bool):
            if not low <= value <= high:
                raise AnswerError(f"{place}: {value} is not from {low} to {high}")
            return value
        case Letter(letters), str():
            if len(value) != 1 or value not in letters:
                raise AnswerError(f"{place}: {value!r:.40} is none of {', '.join(letters)}")
            return value
        case Fields(fields), dict():
            names = [name for name, _ in fields]
            if set(value) != set(names):
                raise AnswerError(f"{place}: has {sorted(value)}, not {sorted(names)}")
            return {name: _read(part, value[name], f"{place}.{name}") for name, part in fields}
        case _:
            raise AnswerError(f"{place}: {value!r:.40} is not a {type(form).__name__.lower()}")
