"""Objects as models write them who were not held to JSON: read where only one reading is possible.

More is allowed than JSON allows, as long as it cannot mean two things: other quotes, keys without
any, a comma too many, line breaks within texts. A text still ends at the first quote that could
end it, so that nothing quoted within a text is ever taken for a field. Pure.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

_DEEPEST = 8
"""Objects and lists within each other: more than any form has."""
_IGNORED = re.compile(r"[\s\ufeff\u200b-\u200d\u2060]*")
_CLOSING = {'"': '"', "'": "'", **dict.fromkeys("“”„", "“”"), **dict.fromkeys("‘’", "‘’")}
"""What ends a text, by what begins it."""
_TEXT = {
    opening: re.compile(rf"((?:[^\\{closing}]|\\.)*)[{closing}]", re.DOTALL)
    for opening, closing in _CLOSING.items()
}
_KEY = re.compile(r"[^\W\d][\w-]{0,60}")
_BARE = re.compile(r"""[^,，:：{}\[\]"'“”„‘’\r\n]{1,60}""")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
QUOTES = "".join(_CLOSING)
COLONS = ":："


@dataclass(frozen=True, slots=True)
class Bare:
    """A value without quotes, as it stands there."""

    text: str


Value: TypeAlias = str | Bare | list["Value"] | dict[str, "Value"]


class NotLoose(Exception):
    """What begins like an object is none that can be read in one way only."""


def read_object(text: str, at: int) -> tuple[dict[str, Value], int]:
    """Return the object that begins at a place of `text`, and the place behind it.

    Keys are stripped. Bare values are not interpreted.

    Raises:
        NotLoose: none begins there, it does not end, or it has a key twice.

    """
    reader = _Reader(text, at)
    value = reader.value(0)
    if not isinstance(value, dict):
        raise NotLoose
    return value, reader.at


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self._text, self.at = text, at

    def _take(self, characters: str) -> bool:
        """Pass over white space, and one of some characters if it is next; return whether."""
        self._skip()
        if self.at < len(self._text) and self._text[self.at] in characters:
            self.at += 1
            return True
        return False

    def _skip(self) -> None:
        match = _IGNORED.match(self._text, self.at)
        self.at = match.end() if match else self.at

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self.at)
        if match is None:
            raise NotLoose
        self.at = match.end()
        return match

    def value(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise NotLoose
        if self._take("{"):
            return self._object(depth)
        if self._take("["):
            return self._list(depth)
        if self._take(QUOTES):
            return self._quoted()
        return Bare(self._match(_BARE)[0].strip())

    def _quoted(self) -> str:
        return _unescaped(self._match(_TEXT[self._text[self.at - 1]])[1])

    def _object(self, depth: int) -> dict[str, Value]:
        fields: dict[str, Value] = {}
        names: set[str] = set()
        while not self._take("}"):
            key = self._quoted() if self._take(QUOTES) else self._match(_KEY)[0]
            if plain_name(key) in names or not self._take(COLONS):
                raise NotLoose
            names.add(plain_name(key))
            fields[key.strip()] = self.value(depth + 1)
            if not self._take(",，"):
                self._end("}")
                break
        return fields

    def _list(self, depth: int) -> list[Value]:
        values: list[Value] = []
        while not self._take("]"):
            values.append(self.value(depth + 1))
            if not self._take(",，"):
                self._end("]")
                break
        return values

    def _end(self, character: str) -> None:
        if not self._take(character):
            raise NotLoose


def plain_name(key: str) -> str:
    """Return a key as it is compared: models change its case and put spaces around it."""
    return key.strip().casefold()


def _unescaped(text: str) -> str:
    plain = _ESCAPE.sub(_character, text)
    # two escapes may be the halves of one character
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _character(escape: re.Match[str]) -> str:
    code, character = escape.groups()
    if code:
        return chr(int(code, 16))
    # JSON knows no others: `\_` is Markdown's, and `\d` is meant as it stands
    plain = f"\\{character}" if character.isalnum() else character
    return _CONTROLS.get(character, plain)
