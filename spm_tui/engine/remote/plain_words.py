"""Answers of models that were asked for a form in words alone: read where their meaning is plain.

What is plain is put into the form's own words; what could be meant in two ways is an error, so
that it is asked again and never guessed. Servers that hold a model to the form need none of it.
Pure.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from spm_tui.engine.remote.loose_json import (
    COLONS,
    QUOTES,
    Bare,
    NotLoose,
    Value,
    plain_name,
    read_object,
)
from spm_tui.errors import AnswerError
from spm_tui.forms import Fields, Form, Letter, Text, Whole, read, write

_THOUGHT = r"think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad"
_OPENING = rf"<(?:{_THOUGHT})>|\[THINK\]|◁think▷|<\|channel\|>(?:analysis|commentary)"
_CLOSE = rf"</(?:{_THOUGHT})>|\[/THINK\]|◁/think▷|<\|channel\|>final<\|message\|>"
_CLOSING = re.compile(_CLOSE, re.IGNORECASE)
_MARK = re.compile(rf"(?P<object>{{)|(?P<opening>{_OPENING})|{_CLOSE}", re.IGNORECASE)
_BEGUN = re.compile(rf"{{\s*(?:[{QUOTES}]|\w+\s*[{COLONS}])")
"""What is meant as an object, unlike other braces."""
_AROUND = "*_` \t"
"""What models put around a value for emphasis."""
_NUMBER = re.compile(
    r"\+?(0|[1-9][0-9]{0,8})(?:\.0*)?\s*(?:(?P<percent>%)|(?:/|out of)\s*(?P<of>[0-9]{1,9}))?"
)
_LETTER = re.compile(r"(?:(?:response|option|answer|choice)\s+)?\(?([A-Za-z])[).:]?", re.IGNORECASE)
_BREAK = re.compile(r"[ \t]*[\x00-\x1f\x7f]+[ \t]*")
_SPOKEN = r"([+-]?[0-9]+(?:\.[0-9]+)?|[A-Za-z])(?!\w)"
_WRAPPERS = 3
"""Objects around the one that is meant, at most."""


def canonical(form: Fields, said: str) -> str:
    """Return an answer as `forms.write` has it.

    Args:
        form: of the answer.
        said: what the model said, whatever it has around the answer.

    Raises:
        AnswerError: it is not of the form, or it is not plain what is meant.

    """
    objects, rest = _apart(_unquoted(said))
    if not objects:
        raise AnswerError(f"holds no JSON object: {said!r:.80}")
    answers = [write(_fields(form, value, "answer")) for value in objects]
    fields = [read(form, answer) for answer in answers]
    if any(each != fields[0] for each in fields):
        raise AnswerError(f"{len(objects)} answers that differ: {said!r:.80}")
    _uncontradicted(form, fields[0], rest)
    return answers[0]


def _unquoted(said: str) -> str:
    """Return what a model said without the quotes around all of it, where it wrote JSON as text."""
    text = said.strip()
    if text.startswith(('"{', '"[')):
        try:
            inner = json.loads(text)
        except ValueError:
            return text
        return str(inner)
    if '{\\"' in text and not re.search(r'(?<!\\)"', text):
        return text.replace('\\"', '"')
    return text


def _apart(text: str) -> tuple[list[dict[str, Value]], str]:
    """Return the objects that are not within thoughts, and what else is said.

    Raises:
        AnswerError: a thought does not end, or what begins as an object cannot be read.

    """
    objects: list[dict[str, Value]] = []
    rest: list[str] = []
    broken, at = False, 0
    while mark := _MARK.search(text, at):
        rest.append(text[at : mark.start()])
        at = mark.end()
        if mark["object"]:
            try:
                value, at = read_object(text, mark.start())
                objects.append(value)
            except NotLoose:
                broken |= bool(_BEGUN.match(text, mark.start()))
        elif mark["opening"]:
            at = _after_thought(text, at)
        else:  # the prompt has begun a thought, which was all up to here
            objects, rest, broken = [], [], False
    if broken:
        raise AnswerError(f"not JSON, and not plain what is meant: {text!r:.80}")
    return [value for value in objects if value], " ".join([*rest, text[at:]])


def _after_thought(text: str, at: int) -> int:
    closing = _CLOSING.search(text, at)
    if closing is None:
        raise AnswerError(f"a thought that does not end: {text!r:.80}")
    return closing.end()


def _fields(form: Fields, value: Value, place: str, wrappers: int = _WRAPPERS) -> dict[str, Any]:
    """Return the values of an object in the form's order and under its names."""
    names = [name for name, _ in form.fields]
    fields = {} if not isinstance(value, dict) else _named(names, value)
    if fields is not None and isinstance(value, dict):
        return {name: _part(part, fields[name], f"{place}.{name}") for name, part in form.fields}
    inner = _wrapped(value)
    if inner is None or not wrappers:
        keys = sorted(value) if isinstance(value, dict) else f"{value!r:.40}"
        raise AnswerError(f"{place}: has {keys}, not {sorted(names)}")
    return _fields(form, inner, place, wrappers - 1)


def _named(names: list[str], value: dict[str, Value]) -> dict[str, Value] | None:
    """Return the fields by the form's names, None where they are others."""
    if set(value) == set(names):
        return value
    by_name = {plain_name(key): part for key, part in value.items()}
    wanted = {plain_name(name): name for name in names}
    if len(wanted) < len(names) or set(by_name) != set(wanted):
        return None
    return {name: by_name[plain] for plain, name in wanted.items()}


def _wrapped(value: Value) -> Value | None:
    """Return what an object of one field, or a list of one, is written around."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(parts, list) or len(parts) != 1:
        return None
    (inner,) = parts
    if isinstance(inner, str) and inner.lstrip().startswith("{"):
        objects, rest = _apart(inner)
        return objects[0] if len(objects) == 1 and not rest.strip() else None
    return inner if isinstance(inner, dict | list) else None


def _part(form: Form, value: Value, place: str) -> Any:
    match form, value:
        case Fields(), _:
            return _fields(form, value, place)
        case Text(), str():
            return _BREAK.sub(" ", value).strip()
        case Whole(), str() | Bare():
            return _whole(form, _inside(value), place)
        case Letter(letters), str() | Bare():
            return _letter(letters, _inside(value), place)
        case _:
            raise AnswerError(f"{place}: {value!r:.40} is not a {type(form).__name__.lower()}")


def _inside(value: str | Bare) -> str:
    text = value.text if isinstance(value, Bare) else value
    return text.strip().strip(_AROUND)


def _whole(form: Whole, text: str, place: str) -> int:
    """Return a number; a fraction or percentage counts only where the form's scale is its own."""
    match = _NUMBER.fullmatch(text)
    percent = match is not None and match["percent"] and (form.low, form.high) != (0, 100)
    other = match is not None and match["of"] and int(match["of"]) != form.high
    if match is None or percent or other:
        raise AnswerError(f"{place}: {text!r:.40} is not a whole number")
    return int(match[1])


def _letter(letters: str, text: str, place: str) -> str:
    match = _LETTER.fullmatch(text)
    if match is None or match[1].upper() not in letters:
        raise AnswerError(f"{place}: {text!r:.40} is none of {', '.join(letters)}")
    return match[1].upper()


def _uncontradicted(form: Fields, fields: dict[str, Any], rest: str) -> None:
    """See that what is said around an answer gives no field another value.

    Raises:
        AnswerError: it does, or has fields of its own, as where a quote has ended a text too soon.

    """
    values: dict[str, set[str]] = {}
    for name, value in _leaves(form, fields):
        values.setdefault(name, set()).update(value)
    for name, allowed in values.items():
        key = re.escape(name)
        quoted = rf"[{QUOTES}]\s*{key}\s*[{QUOTES}]\s*[{COLONS}]"
        spoken = rf"(?<!\w){key}[\s*_`)]*(?:[{COLONS}=]|\bis\b)[\s*_`(]*{_SPOKEN}"
        others = [match[1] for match in re.finditer(spoken, rest, re.IGNORECASE)] if allowed else []
        if re.search(quoted, rest, re.IGNORECASE) or not allowed.issuperset(map(_plain, others)):
            raise AnswerError(f"{name!r} is said again outside of the answer: {rest!r:.80}")


def _plain(value: str) -> str:
    return value.upper() if value.isalpha() else re.sub(r"\.0*\Z", "", value.lstrip("+"))


def _leaves(form: Fields, fields: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield each name, also those within, with its value where that is a number or a letter."""
    for name, part in form.fields:
        yield name, {str(fields[name])} if isinstance(part, Whole | Letter) else set()
        if isinstance(part, Fields):
            yield from _leaves(part, fields[name])
