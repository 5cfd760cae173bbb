"""The reward model's choice: the response it rates highest, whatever the target."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from spm_tui.errors import AnswerError
from spm_tui.format import number
from spm_tui.methods.base import ALL, Ask, Example, Settings
from spm_tui.targets import Target
from spm_tui.wire import Rating
from store.identity import Canonical
from store.records import Choice, Scenario


class Reward:
    """The method, the same for every benchmark; nothing is drawn, so there is one sample."""

    def __init__(self, settings: Settings) -> None:
        pass

    def config(self) -> Mapping[str, Canonical]:
        """Return nothing: the model alone decides."""
        return {}

    def asks(
        self,
        scenario: Scenario,
        target: Target | None,  # noqa: ARG002  # the model knows of none
        examples: Sequence[Example],  # noqa: ARG002  # nor of these
    ) -> Iterator[Ask[Rating]]:
        """Make one request about all responses."""
        texts = tuple(response.text for response in scenario.responses)
        rating = Rating(scenario.question, texts)
        yield Ask(scenario.number, ALL, ALL, 0, tuple(range(len(texts))), rating)

    def read(self, ask: Ask[Rating], text: str) -> list[Choice]:
        """Read the choice: the highest reward, the first among equals."""
        try:
            rewards = [float(reward) for reward in json.loads(text)["rewards"]]
        except (ValueError, KeyError, TypeError) as error:
            raise AnswerError(f"not rewards ({error}): {text!r:.80}") from error
        if len(rewards) != len(ask.order) or not all(map(isfinite, rewards)):
            raise AnswerError(f"not a reward for each response: {text!r:.80}")
        *others, last = map(number, rewards)
        return [
            Choice(
                scenario=ask.scenario,
                target=ask.target,
                sample=ask.sample,
                response=rewards.index(max(rewards)),
                reasoning=f"rewards {', '.join(others)} and {last}",
            )
        ]
