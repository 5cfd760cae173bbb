"""Judging responses by one attribute: all together, or each alone."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from spm_tui.forms import Fields, Text, Whole, tidy, write
from spm_tui.prompts.scenarios import LETTERS
from store.identity import content_hash
from store.records import Attribute

_SCORE = Whole(0, 100)

_SCALE = """\
{name} means: {definition}

Scores are whole numbers from 0 to 100 on {name}:
0 means {low};
50 means {middle};
100 means {high}."""

_COMPARATIVE = """\
You judge responses to a question by a single attribute: {name}.

{scale}

Compare the responses with one another, so that their scores show which of them has more \
{name} and by how much. Let nothing but {name} count. For each response, in the order given, \
write one sentence of reasoning first and then its score. Answer with one JSON object that \
has an entry for each response."""

_SINGLE = """\
You judge a response to a question by a single attribute: {name}.

{scale}

Let nothing but {name} count. Write one sentence of reasoning first and then the score. \
Answer with one JSON object."""

WORDING = content_hash([_SCALE, _COMPARATIVE, _SINGLE])[:16]
"""Identity of the wording, for runs: reworded prompts make another run."""


def comparative_system(attribute: Attribute) -> str:
    """Return the system message for judging all responses together."""
    return _COMPARATIVE.format(name=attribute.name, scale=_scale(attribute))


def single_system(attribute: Attribute) -> str:
    """Return the system message for judging one response alone."""
    return _SINGLE.format(name=attribute.name, scale=_scale(attribute))


def _scale(attribute: Attribute) -> str:
    return _SCALE.format(
        name=attribute.name,
        definition=attribute.definition,
        low=attribute.low,
        middle=attribute.middle,
        high=attribute.high,
    )


@lru_cache
def judgement(reasoning: Text) -> Fields:
    """Return the form of one response's judgement: reasoning first, then the score."""
    return Fields((("reasoning", reasoning), ("score", _SCORE)))


@lru_cache
def comparative_form(responses: int, reasoning: Text) -> Fields:
    """Return the form of an answer that judges this many responses."""
    return Fields(tuple((letter, judgement(reasoning)) for letter in LETTERS[:responses]))


def comparative_answer(judged: Sequence[tuple[str, int]], reasoning: Text) -> str:
    """Return the answer that gives each response this (reasoning, score), as a model would."""
    entries: dict[str, Mapping[str, str | int]] = {
        letter: {"reasoning": tidy(text, reasoning), "score": score}
        for letter, (text, score) in zip(LETTERS, judged, strict=False)
    }
    return write(entries)
