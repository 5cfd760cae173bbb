"""Where a text repeats a secret, in whichever way of writing: pure.

Servers repeat what they were sent, in error messages above all, and seldom as it was:
percent-encoded in an address, escaped in JSON or HTML, as the base64 or the hexadecimal digits of a
header that they could not read, in other letters' case, folded over lines, and two of these at
once. A text is therefore read as whoever unpacks it would, again and again, with every character
keeping its place in the text as it came.
"""

import html
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_DEPTH = 4
"""Ways of writing that are undone, one inside the other."""
_ENCODED = 4
"""Bytes of the shortest secret whose digits are looked for: those of less occur by chance."""
_UNIT = re.compile(
    r"%(?P<percent>[0-9a-f]{2})"
    r"|\\{1,8}(?:u00|x)(?P<escape>[0-9a-f]{2})"
    r"|\\{1,8}u\{0{0,8}(?P<braced>[0-9a-f]{1,2})\}"
    r"|&(?P<entity>\#x?[0-9a-f]{1,8}|[a-z]{2,8});"
    r"|[ \t]{0,8}(?P<fold>[\x00-\x08\x0a-\x1f]|\\{1,8}[nrt])[ \t]{0,8}"
    r"|\\{1,8}(?P<bare>[^\\])",
    re.IGNORECASE,
)
"""What stands for one character, or for none. All repetitions are bounded: a server must not keep
us busy with a million backslashes."""
_SEPARATOR = re.compile(r"0x|[\s:,_-]{1,8}", re.IGNORECASE)
"""What stands between hexadecimal digits."""
_SAME = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)} | {ord("+"): ord(" ")}
"""Letters' case, of ASCII alone, as other letters may change their number; a blank in a form."""
_URL_SAFE = str.maketrans("-_", "+/")
_DIGITS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text as it is read, and where each of its characters is in the text as it came."""

    text: str
    starts: list[int]
    ends: list[int]

    def again(self, unit: re.Pattern[str], meaning: Callable[[re.Match[str]], str]) -> "_Reading":
        """Return this with what stands for something else read as that."""
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for match in unit.finditer(self.text):
            first, last = match.span()
            meant = meaning(match)
            pieces += [self.text[at:first], meant]
            starts += self.starts[at:first] + [self.starts[first]] * len(meant)
            ends += self.ends[at:first] + [self.ends[last - 1]] * len(meant)
            at = last
        pieces.append(self.text[at:])
        return _Reading("".join(pieces), starts + self.starts[at:], ends + self.ends[at:])


def without(text: str, secret: str, *, sign: str) -> str:
    """Return a text with a sign wherever it repeats a secret of ASCII characters."""
    kept, at = [], 0
    for start, end in sorted(_echoes(text, secret)):
        if start >= at:
            kept += [text[at:start], sign]
        at = max(at, end)
    return "".join([*kept, text[at:]])


def _echoes(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Yield where a secret begins and ends; the same place may come several times."""
    wanted = {reading.text.translate(_SAME) for reading in _readings(secret)} - {""}
    for reading in _readings(text):
        spans = [
            *(_occurrences(reading.text.translate(_SAME), one) for one in wanted),
            _base64(reading.text.translate(_URL_SAFE), secret.encode()),
        ]
        for span in spans:
            yield from ((reading.starts[first], reading.ends[last - 1]) for first, last in span)
        bare = reading.again(_SEPARATOR, lambda _: "")
        if len(secret) >= _ENCODED:
            digits = _occurrences(bare.text.lower(), secret.encode().hex())
            yield from ((bare.starts[first], bare.ends[last - 1]) for first, last in digits)


def _readings(text: str) -> Iterator[_Reading]:
    """Yield a text as it came, then as it is read, until nothing in it stands for anything else."""
    reading = _Reading(text, list(range(len(text))), list(range(1, len(text) + 1)))
    yield reading
    for _ in range(_DEPTH):
        if not _UNIT.search(reading.text):
            return
        reading = reading.again(_UNIT, _meaning)
        yield reading


def _meaning(unit: re.Match[str]) -> str:
    """Return what is meant; nothing where a text is folded."""
    if unit["fold"]:
        return ""
    if code := unit["percent"] or unit["escape"] or unit["braced"]:
        return chr(int(code, 16))
    return html.unescape(unit[0]) if unit["entity"] else unit["bare"]


def _occurrences(text: str, part: str) -> Iterator[tuple[int, int]]:
    at = text.find(part)
    while at >= 0:
        yield at, at + len(part)
        at = text.find(part, at + len(part))


def _base64(text: str, secret: bytes) -> Iterator[tuple[int, int]]:
    """Yield where a text is the base64 of anything with the secret in it.

    A digit is six bits: which digits the secret has depends on how many bytes are before it, as in
    `Bearer …`. Those at its ends, which it shares with others, are part of what is yielded.
    """
    if len(secret) < _ENCODED:
        return
    for before in range(3):
        digits = b64encode(b"\0" * before + secret).decode()
        core = digits[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        for first, last in _occurrences(text, core):
            start = first - (before > 0 and first > 0 and text[first - 1] in _DIGITS)
            end = last
            while end < len(text) and text[end] in _DIGITS and (end - start) % 4:
                end += 1
            while text.startswith("=", end):
                end += 1
            yield start, end
