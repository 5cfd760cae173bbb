"""The wording of prompts; the structure is the paper's (§4.1, Appendix C).

Everything a model reads is written here, and golden files in the tests freeze it. The
system message names the attribute and nothing of the scenario, the user's message the
scenario and nothing of the attribute: so the beginnings of prompts can be shared.
"""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from spm_tui.forms import Fields, Text, Whole, tidy, write
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


def judgement(reasoning: Text) -> Fields:
    """Return the form of one response's judgement: reasoning first, then the score."""
    return Fields((("reasoning", reasoning), ("score", SCORE)))


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
