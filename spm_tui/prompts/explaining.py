"""Explaining why a known label is as it is."""

from spm_tui.forms import Fields, Text, tidy, write
from spm_tui.prompts.levels import LEVELS, level_words
from spm_tui.prompts.scenarios import single_question
from store.identity import content_hash
from store.records import Attribute

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

EXPLANATION_WORDING = content_hash([_EXPLANATION, _TO_EXPLAIN, LEVELS, str(_EXPLAINED)])[:16]
"""Identity of the wording, for the provenance of the answers."""


def explanation_system() -> str:
    """Return the system message for explaining a known label.

    It does not name the attribute, and the user's message does so last: so what comes before is
    read once for all attributes of a response.
    """
    return _EXPLANATION


def explanation_question(question: str, response: str, attribute: Attribute, level: int) -> str:
    """Return the user's message with a response and the label to explain."""
    told = level_words(attribute, level / (attribute.levels - 1))
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
