"""The wording of prompts; the structure is the paper's (§4.1, Appendix C).

Everything a model reads is written here, and golden files in the tests freeze it. The
system message names the attribute and nothing of the scenario, the user's message the
scenario and nothing of the attribute: so the beginnings of prompts can be shared.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import ascii_uppercase

from spm_tui.forms import Fields, Letter, Text, Whole, tidy, write
from spm_tui.targets import Target
from store.identity import content_hash
from store.records import Attribute

LETTERS = ascii_uppercase
"""Names of responses inside a prompt; nowhere else."""
SCORE = Whole(0, 100)

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
_LEVELS = {
    "lowest": "Wanted is the lowest level: {low}.",
    "low": "Wanted is a low level, between the lowest ({low}) and the middle one ({middle}).",
    "below": "Wanted is a level a little below the middle one ({middle}) towards the lowest"
    " ({low}).",
    "middle": "Wanted is the middle level: {middle}.",
    "above": "Wanted is a level a little above the middle one ({middle}) towards the highest"
    " ({high}).",
    "high": "Wanted is a high level, between the middle one ({middle}) and the highest ({high}).",
    "highest": "Wanted is the highest level: {high}.",
}

_EXPLANATION = """\
You are given a question, a response to it, and the level that the response has on one quality. \
Write one sentence about what in the response puts it at that level; its first words are: The \
response. Do not doubt the level, do not repeat how it was told, and let no other quality count. \
Answer with one JSON object."""

_TO_EXPLAIN = """\
{response}

Quality:
{name}, that is, {definition}

Level:
{level}"""

_EXPLAINED = (
    (
        "How do I boil an egg?",
        "Eight minutes in boiling water, then under cold water.",
        Attribute(
            "clarity",
            "how easily the response can be followed.",
            levels=5,
            low="nobody can tell what is meant",
            middle="one can guess what is meant",
            high="nobody can mistake what is meant",
        ),
        4,
        "The response has two short steps, and an exact time for the one that needs it.",
    ),
    (
        "Could I borrow your bike for an hour?",
        "No. Why don't you buy one?",
        Attribute(
            "politeness",
            "how considerate the response is of the person who asks.",
            levels=5,
            low="the response insults the person",
            middle="it is neither rude nor kind",
            high="it is kind and considerate throughout",
        ),
        1,
        "The response refuses without a reason and asks back in a way that sounds annoyed.",
    ),
)
"""Question, response, attribute, level and explanation."""

WORDING = content_hash([_SCALE, _COMPARATIVE, _SINGLE])[:16]
"""Identity of the wording of scoring prompts, for runs: reworded prompts make another run."""
CHOICE_WORDING = content_hash([_ALIGNED, _UNALIGNED, _CHOICE, _WANTED, _WEIGHTS, _LEVELS])[:16]
"""Likewise of choosing ones."""
EXPLANATION_WORDING = content_hash([_EXPLANATION, _TO_EXPLAIN, _LEVELS, str(_EXPLAINED)])[:16]
"""Likewise of those that ask why a known label is as it is, for the provenance of the answers."""


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
    level = _LEVELS[_level(value)]
    return _WANTED.format(
        name=attribute.name,
        weight="" if weight is None else f" (weight {weight:g})",
        definition=attribute.definition,
        level=level.format(low=attribute.low, middle=attribute.middle, high=attribute.high),
    )


def _level(value: float) -> str:
    """Name the part of the scale that a value in [0, 1] is in: seven levels have one each."""
    if value in _POINTS:
        return _POINTS[value]
    if value <= 0.25 or value >= 0.75:
        return "low" if value < 0.5 else "high"
    return "below" if value < 0.5 else "above"


_POINTS = {0.0: "lowest", 0.5: "middle", 1.0: "highest"}


def comparative_question(question: str, responses: Sequence[str]) -> str:
    """Return the user's message with a scenario, its responses lettered as ordered here."""
    parts = [f"Question:\n{question}"]
    parts += [
        f"Response {letter}:\n{response}"
        for letter, response in zip(LETTERS, responses, strict=False)
    ]
    return "\n\n".join(parts)


def single_question(question: str, response: str) -> str:
    """Return the user's message with a question and one response."""
    return f"Question:\n{question}\n\nResponse:\n{response}"


@lru_cache
def judgement(reasoning: Text) -> Fields:
    """Return the form of one response's judgement: reasoning first, then the score."""
    return Fields((("reasoning", reasoning), ("score", SCORE)))


@lru_cache
def comparative_form(responses: int, reasoning: Text) -> Fields:
    """Return the form of an answer that judges this many responses."""
    return Fields(tuple((letter, judgement(reasoning)) for letter in LETTERS[:responses]))


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


def comparative_answer(judged: Sequence[tuple[str, int]], reasoning: Text) -> str:
    """Return the answer that gives each response this (reasoning, score), as a model would."""
    entries: dict[str, Mapping[str, str | int]] = {
        letter: {"reasoning": tidy(text, reasoning), "score": score}
        for letter, (text, score) in zip(LETTERS, judged, strict=False)
    }
    return write(entries)


def level_score(level: int, levels: int) -> int:
    """Return a level on the prompts' scale from 0 to 100."""
    return round(100 * level / (levels - 1))


def stand_in_reasoning(attribute: Attribute, level: int) -> str:
    """Return a sentence that says no more than the label, for examples without a reasoning."""
    value = level / (attribute.levels - 1)
    between = "in the lower part" if value < 0.5 else "in the upper part"
    place = _PLACES.get(value, between)
    return f"On {attribute.name}, this response is {place} of the scale."


_PLACES = {0.0: "at the bottom", 0.5: "in the middle", 1.0: "at the top"}


def explanation_system() -> str:
    """Return the system message for explaining a known label.

    It does not name the attribute, and the user's message does so last: so what comes before is
    read once for all attributes of a response.
    """
    return _EXPLANATION


def explanation_question(question: str, response: str, attribute: Attribute, level: int) -> str:
    """Return the user's message with a response and the label to explain."""
    told = _LEVELS[_level(level / (attribute.levels - 1))].format(
        low=attribute.low, middle=attribute.middle, high=attribute.high
    )
    return _TO_EXPLAIN.format(
        response=single_question(question, response),
        name=attribute.name,
        definition=attribute.definition,
        level=told.removeprefix("Wanted is "),
    )


def explanation_examples(reasoning: Text) -> list[tuple[str, str]]:
    """Return worked examples of explaining: a user's message and the answer, as a model would."""
    return [
        (
            explanation_question(question, response, attribute, level),
            write({"reasoning": tidy(text, reasoning)}),
        )
        for question, response, attribute, level, text in _EXPLAINED
    ]


def explanation_form(reasoning: Text) -> Fields:
    """Return the form of an answer that explains a label."""
    return Fields((("reasoning", reasoning),))
