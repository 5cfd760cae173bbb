"""What a method is: a pure pair of asking and reading.

A method never calls a model. All requests of a run are known before the first is sent, so
they can be batched, deduplicated, resumed, and answered by any engine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from spm_tui.forms import Text
from spm_tui.targets import Target
from spm_tui.wire import Asked, derive_seed, shuffled
from store.identity import Canonical
from store.records import Attribute, Choice, Prediction, Scenario

REASONING = Text(characters=400, tokens=64)
"""Room for a long sentence: of the 5,000 generated for HelpSteer2's train split, 25 are longer
in SmolLM2's tokens and nine in characters. It also ends a small model's loops."""
CHARACTERS_PER_TOKEN = REASONING.characters / REASONING.tokens
"""Of a reasoning, at most: in English a token has four or five."""
ALL = -1
"""In place of one attribute or response: all of them at once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Options that methods share; each uses, and counts as its identity, those it needs."""

    attributes: tuple[Attribute, ...]
    """Of the benchmark, in its order."""
    temperature: float = 0.0
    """0 is greedy decoding."""
    samples: int = 1
    shots: int = 5
    """Worked examples; more are shown where more levels occur (paper §4.1)."""
    seed: int = 0
    reasoning: Text = REASONING
    """Bounds on the reasoning about one response."""


def reasoning_of(tokens: int) -> Text:
    """Return bounds on a reasoning of so many tokens: asked for more, it has room for more.

    For no more tokens than by default the characters stay as they are, and with them the
    identity of every run that asked for less.
    """
    characters = max(REASONING.characters, ceil(tokens * CHARACTERS_PER_TOKEN))
    return Text(characters, tokens)


def decoding(settings: Settings) -> dict[str, Canonical]:
    """Return what identifies the decoding; the seed only where something is drawn."""
    drawn = {"seed": settings.seed, "samples": settings.samples} if settings.temperature else {}
    return drawn | {
        "temperature": settings.temperature,
        "reasoning": [settings.reasoning.characters, settings.reasoning.tokens],
    }


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn for one sample."""

    seed: int
    """Of its generation; 0 under greedy decoding."""
    order: tuple[int, ...]
    """`order[k]` is the index of the response shown at place k."""


def draw(
    scenario: str, about: str, sample: int, *, responses: int, temperature: float, seed: int
) -> Draw:
    """Return what is drawn for one sample; under greedy decoding nothing is.

    Args:
        scenario: its key.
        about: what else tells its requests apart: an attribute's name.
        sample: from 0.
        responses: how many the scenario has.
        temperature: 0 is greedy decoding.
        seed: of the run.

    """
    if not temperature:
        return Draw(0, tuple(range(responses)))
    own = derive_seed(seed, scenario, about, sample)
    return Draw(own, shuffled(responses, own))


@dataclass(frozen=True, slots=True)
class Example:
    """A train scenario that serves as worked example."""

    scenario: Scenario
    rank: int
    """0 for the one most similar to the scenario at hand."""
    similarity: float = float("nan")
    """Cosine of their embeddings, in [-1, 1]; for people, no request depends on it."""


R = TypeVar("R", bound=Asked)


@dataclass(frozen=True, slots=True)
class Ask(Generic[R]):
    """A request and what it is about, so that its reply can be read."""

    scenario: int
    """Its number."""
    attribute: int
    """`ALL` when a response is chosen."""
    part: int
    """The response asked about; `ALL` for all together."""
    sample: int
    order: tuple[int, ...]
    """`order[k]` is the index of the response shown at place k."""
    request: R
    target: str = ""
    """That the request shows, as the store keeps it; empty when it shows none."""


class Method(Protocol):
    """What all methods have."""

    def config(self) -> Mapping[str, Canonical]:
        """Return the settings that affect this method's outputs."""


class AskingMethod(Method, Protocol[R]):
    """A method that asks a model for scores, attribute by attribute."""

    def asks(
        self, scenario: Scenario, attribute: int, examples: Sequence[Example]
    ) -> Iterator[Ask[R]]:
        """Make the requests for one scenario and attribute, all samples."""

    def read(self, ask: Ask[R], text: str) -> list[Prediction]:
        """Read an answer.

        Raises:
            AnswerError: it does not have the form that was asked for.

        """


class ChoosingMethod(Method, Protocol[R]):
    """A method that asks a model to choose a response."""

    def asks(
        self, scenario: Scenario, target: Target | None, examples: Sequence[Example]
    ) -> Iterator[Ask[R]]:
        """Make the requests for one scenario and target, all samples.

        Args:
            scenario: the scenario.
            target: what to choose by; None to choose the best.
            examples: shown as worked examples.

        """

    def read(self, ask: Ask[R], text: str) -> list[Choice]:
        """Read an answer.

        Raises:
            AnswerError: it does not have the form that was asked for.

        """


Said: TypeAlias = Sequence[Prediction] | Sequence[Choice]
"""What a method makes of an answer or a scenario."""
Decide: TypeAlias = Callable[[Scenario], Said]
"""Scores or chooses among the responses of a scenario."""
Vector: TypeAlias = npt.NDArray[np.float32]
"""The embedding of a text, [D]."""


class DirectMethod(Method, Protocol):
    """A method that needs no model."""

    def decide(self, scenario: Scenario) -> Said:
        """Score or choose among the responses of a scenario."""


class TrainedMethod(Method, Protocol):
    """A method that learns from labelled scenarios, with embeddings but no language model."""

    def texts(self, scenario: Scenario) -> Sequence[str]:
        """Return the texts of a scenario whose embeddings it wants, to learn and to decide."""

    def learn(self, train: Sequence[Scenario], vectors: Mapping[str, Vector]) -> Decide:
        """Learn from train scenarios, and return what decides.

        Args:
            train: the scenarios.
            vectors: embeddings by text, those of the scenarios to decide about included.

        Raises:
            InputError: they are too few.

        """


def scored(scenario: Scenario, scores: Sequence[Sequence[float]]) -> list[Prediction]:
    """Return the predictions of a method that says nothing but scores, and those once.

    Args:
        scenario: what is scored.
        scores: in [0, 1], by response and attribute.

    """
    return [
        Prediction(scenario.number, attribute, 0, response, score, reasoning="")
        for response, row in enumerate(scores)
        for attribute, score in enumerate(row)
    ]
