"""What speaks against a sentence that is to explain a known label: what a machine can see.

It does not begin with the response, as it was asked to; it is not one whole sentence; or its
opening words put the response at the other end of the scale. Only openings are judged, by few
words: what follows is too varied for a list of words.
Of the 5,000 sentences that came with HelpSteer2's train split, three are objected to, two of
which are two sentences; with the labels turned upside down, 84 % of those not in the middle.
"""

import re
from collections.abc import Collection

from spm_tui.errors import AnswerError
from store.records import Attribute

PRAISE = frozenset(
    {"excellent", "outstanding", "perfect", "flawless", "exceptional", "superb", "great"}
)
"""Puts a response at the top, whatever the attribute."""
DEGREES = frozenset(
    {"very", "highly", "extremely", "exceptionally", "perfectly", "completely", "fully"}
    | {"quite", "too", "so", "also", "both"}
)
"""Adds to the word after it and says nothing itself: a response may be very brief."""
NO_DENIAL = frozenset(
    {"only", "just", "merely", "wrong", "bad", "short", "brief", "concise", "simple", "basic"}
)
"""What a response may be said not to be at the top."""
OPPOSITES = {
    "verbos": ("brev", "brie", "conci", "short", "succinct", "terse"),
    "complex": ("simpl", "basic", "plain"),
}
"""Beginnings of words for the lower end of a scale, by the stem of its attribute: to lack what they
name does not put a response there."""

_SUBJECTS = ("The response ", "The response's ", "This response ")
_OPENING = re.compile(
    r"(?:the|this) response"
    r" (?:(?:lacks|fails) ((?:[\w'’-]+ ?){0,5})|(?:is|was)( not|n['’]t)? ((?:[\w'’-]+ ?){1,3}))"
)
_PASSED_OVER = DEGREES | {"to", "be", "at", "being", "in", "stay", "remain", "keep", "it", "any"}
"""Before what a response lacks, or fails to be."""
_ENDINGS = re.compile(r"(ness|ity|ty|nce|e)$")
_NEGATION = re.compile(r"(un|in|im|ir|dis|mis|non-?)")
_END = r"[.!?][\"'’”)\]]*"
_WHOLE = re.compile(rf"{_END}$")
_QUOTED = re.compile(r"(?<!\w)(?:\"[^\"]*\"|“[^”]*”|['‘](?:[^'’]|\b['’]\b)*(?<!\s)['’](?!\w))")
"""Text in quotation marks; of its full stops only one before the last mark may end a sentence."""
_NEXT = re.compile(
    rf"(?<!\be\.g)(?<!\bi\.e)(?<!\b[A-Z])(?<!\b[DM]r)(?<!\bvs){_END}\s+[\"'‘“(]?[A-Z]"
)


def object_to(sentence: str, attribute: Attribute, level: int) -> None:
    """Do nothing if a sentence can explain a label.

    Raises:
        AnswerError: it cannot.

    """
    if not sentence.startswith(_SUBJECTS):
        raise AnswerError("not about the response")
    without = _QUOTED.sub(lambda quoted: quoted[0][-2:], sentence)
    if not _WHOLE.search(sentence) or _NEXT.search(without):
        raise AnswerError("not one whole sentence")
    if opening(sentence, attribute) * (2 * level - (attribute.levels - 1)) < 0:
        raise AnswerError("begins as for the other end of the scale")


def opening(sentence: str, attribute: Attribute) -> int:
    """Return which end of the scale the opening words speak of: 1, −1, or 0 for neither."""
    found = _OPENING.match(sentence.lower())
    if found is None:
        return 0
    lacking, denied, said = found.groups()
    if lacking is not None:
        word = _first(lacking, but=_PASSED_OVER)
        return 0 if _negated(word, attribute) or _opposite(word, attribute) else -1
    word = _first(said, but=DEGREES)
    negated = _negated(word, attribute)
    if denied:
        return 0 if negated or word in NO_DENIAL else -1
    if negated:
        return -1
    return 1 if word in PRAISE or word.startswith(_stem(attribute)) else 0


def _first(words: str, *, but: Collection[str]) -> str:
    return next((one for one in words.split() if one not in but), "")


def _opposite(word: str, attribute: Attribute) -> bool:
    """Return whether it names the lower end of the scale: brevity for verbosity."""
    return word.startswith(OPPOSITES.get(_stem(attribute), ()))


def _negated(word: str, attribute: Attribute) -> bool:
    """Return whether it is the attribute's opposite by its form: unhelpful, careless."""
    stem = _stem(attribute)
    if word.startswith(stem):
        return word.endswith("less")
    prefix = _NEGATION.match(word)
    return prefix is not None and word[prefix.end() :].startswith(stem)


def _stem(attribute: Attribute) -> str:
    """Return what an attribute's name shares with its adjective: helpful, correct, fair."""
    return _ENDINGS.sub("", attribute.name.lower())
