"""Kaleido: how far a response supports a value, as a model trained on values sees it.

One request per response and attribute. The response is judged with its question, and the value
is the attribute's name alone: the model was trained on values of a few words ("Honesty"), and a
definition of several sentences would take the place of the statement in its short context.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from spm_tui.errors import AnswerError
from spm_tui.methods.base import Ask, Example, Settings
from spm_tui.wire import Stance
from store.identity import Canonical
from store.records import Prediction, Scenario


class Kaleido:
    """The method for one benchmark; nothing is drawn, so there is one sample."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def config(self) -> Mapping[str, Canonical]:
        """Return the length of explanations."""
        return {"reasoning_tokens": self._settings.reasoning.tokens}

    def asks(
        self,
        scenario: Scenario,
        attribute: int,
        examples: Sequence[Example],  # noqa: ARG002  # zero-shot by definition
    ) -> Iterator[Ask[Stance]]:
        """Make one request per response."""
        value = _value(self._settings.attributes[attribute].name)
        tokens = self._settings.reasoning.tokens
        for index, response in enumerate(scenario.responses):
            stance = Stance(scenario.question, response.text, value, tokens)
            yield Ask(scenario.number, attribute, index, 0, (index,), stance)

    def read(self, ask: Ask[Stance], text: str) -> list[Prediction]:
        """Read the score: support counts whole, indifference half."""
        try:
            said = json.loads(text)
            score = said["supports"] + 0.5 * said["either"]
            explanation = str(said["explanation"])
        except (ValueError, KeyError, TypeError) as error:
            raise AnswerError(f"not a stance ({error}): {text!r:.80}") from error
        if not 0 <= score <= 1:  # as is what is not a number
            raise AnswerError(f"not probabilities: {text!r:.80}")
        return [Prediction(ask.scenario, ask.attribute, ask.sample, ask.part, score, explanation)]


def _value(name: str) -> str:
    """Return an attribute's name as the values that Kaleido was trained on are written."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
