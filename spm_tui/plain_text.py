"""Text from anywhere as it may be shown: nothing in it is obeyed, nothing in it is hidden.

Questions, names, notes and what servers say come from anywhere. An escape character in them
could move a terminal's cursor, a bidi override could reorder a line, a tag could carry words
that nobody sees. All of them are shown as signs instead. Whatever is printed, drawn or put into
a table comes through here; the app, the command line and the reports share it.
"""

import re

TAB = 4
"""Cells between tab stops."""

_HIDDEN = (
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of writing
    "\u2028\u2029"  # end lines where `\n` does not
    "\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # have no width
)
"""Unseen. The joiners U+200C and U+200D are not among them: whole scripts and emoji need them."""
_UNSAFE = re.compile(rf"[\x00-\x09\x0b-\x1f\x7f-\x9f{_HIDDEN}\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?")


def visible(text: str) -> str:
    """Return `text` with control characters and hidden ones as signs, and tabs as spaces.

    Line ends become newlines; combining, wide and right-to-left characters stay.
    """
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(_sign, _LINE_END.sub("\n", text)).expandtabs(TAB)


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0x09:
        return "\t"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    if 0xD800 <= code <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    return f"⟨U+{code:04X}⟩"


def line(text: str) -> str:
    """Return `text` visible and on one line, white space collapsed."""
    return visible(" ".join(text.split()))


def ascii_signs(text: str) -> str:
    """Return `text` on one line, what is not to be obeyed as <U+001B>: where fonts are few."""
    return _UNSAFE.sub(lambda match: f"<U+{ord(match[0]):04X}>", " ".join(text.split()))


def escaped(document: str) -> str:
    r"""Return a JSON document that says the same with no unsafe character as itself.

    They can only be in its strings, where each is written as `\u202e` is; half a character,
    which no file can hold, becomes a replacement character. What `json` itself escapes, and what
    is laid out with newlines, stays as it is.
    """
    return _UNSAFE.sub(lambda match: _json_escape(ord(match[0])), document)


def _json_escape(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
