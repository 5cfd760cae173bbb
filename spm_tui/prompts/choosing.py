"""Choosing a response, by a target or the best."""

from collections.abc import Sequence
from functools import lru_cache

from spm_tui.forms import Fields, Letter, Text, tidy, write
from spm_tui.prompts.levels import LEVELS, level_words
from spm_tui.prompts.scenarios import LETTERS
from spm_tui.targets import Target
from store.identity import content_hash
from store.records import Attribute

_ALIGNED = """\
You choose the response to a question that comes nearest to what is wanted of it:

{wanted}

{weights}Compare the responses with one another on all of this together, and let nothing else \
count. {answer}"""

_UNALIGNED = """\
You choose the best response to a question.

Compare the responses with one another. {answer}"""

_CHOICE = """\
Write one sentence of reasoning first and then the letter of the response you choose. Answer \
with one JSON object."""

_WANTED = "- {name}{weight}, that is, {definition} {level}"
_WEIGHTS = "A quality counts by its weight: one of weight 2 twice as much as one of weight 1.\n\n"

CHOICE_WORDING = content_hash([_ALIGNED, _UNALIGNED, _CHOICE, _WANTED, _WEIGHTS, LEVELS])[:16]
"""Identity of the wording, for runs: reworded prompts make another run."""


def choice_system(target: Target | None, attributes: Sequence[Attribute]) -> str:
    """Return the system message for choosing by a target, or the best without one.

    A target is told as sentences, a level each (paper, Appendix C); values that are no level of
    their attribute are told as the nearest that has words, so that they may read alike.
    """
    if target is None:
        return _UNALIGNED.format(answer=_CHOICE)
    known = {attribute.name: attribute for attribute in attributes}
    weights = target.weights or (None,) * len(target.values)
    wanted = [
        _wanted(known[name], value, weight)
        for (name, value), weight in zip(target.values, weights, strict=True)
    ]
    return _ALIGNED.format(
        wanted="\n".join(wanted), weights=_WEIGHTS if target.weights else "", answer=_CHOICE
    )


def _wanted(attribute: Attribute, value: float, weight: float | None) -> str:
    return _WANTED.format(
        name=attribute.name,
        weight="" if weight is None else f" (weight {weight:g})",
        definition=attribute.definition,
        level=level_words(attribute, value),
    )


@lru_cache
def choice_form(responses: int, reasoning: Text) -> Fields:
    """Return the form of an answer that chooses one of so many responses."""
    return Fields((("reasoning", reasoning), ("choice", Letter(LETTERS[:responses]))))


def choice_answer(sentences: Sequence[str], chosen: int, reasoning: Text) -> str:
    """Return the answer that chooses this response, as a model would.

    Args:
        sentences: why; as many as there is room for, the first ones, one at least.
        chosen: the response's place.
        reasoning: the room.

    """
    room = min(reasoning.characters, _TOKEN * reasoning.tokens)
    text = tidy(sentences[0], reasoning)
    for sentence in sentences[1:]:
        longer = f"{text} {tidy(sentence, reasoning)}"
        if len(longer) > room:
            break
        text = longer
    return write({"reasoning": text, "choice": LETTERS[chosen]})


_TOKEN = 4
"""Characters of a token, about: an example must not be longer than the answer may be."""
