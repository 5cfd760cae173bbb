"""What a method is: a pure pair of asking and reading.

A method never calls a model. All requests of a run are known before the first is sent, so
they can be batched, deduplicated, resumed, and answered by any engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from spm_tui.forms import Text
from spm_tui.wire import Request
from store.identity import Canonical
from store.records import Attribute, Choice, Prediction, Scenario

REASONING = Text(characters=400, tokens=64)
"""Room for a long sentence: of the 5,000 generated for HelpSteer2's train split, 25 are longer
in SmolLM2's tokens and nine in characters. It also ends a small model's loops."""
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


def decoding(settings: Settings) -> dict[str, Canonical]:
    """Return what identifies the decoding; the seed only where something is drawn."""
    drawn = {"seed": settings.seed, "samples": settings.samples} if settings.temperature else {}
    return drawn | {
        "temperature": settings.temperature,
        "reasoning": [settings.reasoning.characters, settings.reasoning.tokens],
    }


@dataclass(frozen=True, slots=True)
class Example:
    """A train scenario that serves as worked example."""

    scenario: Scenario
    rank: int
    """0 for the one most similar to the scenario at hand."""
    similarity: float = float("nan")
    """Cosine of their embeddings, in [-1, 1]; for people, no request depends on it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request and what it is about, so that its reply can be read."""

    scenario: int
    """Its number."""
    attribute: int
    part: int
    """The response asked about; `ALL` for all together."""
    sample: int
    order: tuple[int, ...]
    """`order[k]` is the index of the response shown at place k."""
    request: Request


class AskingMethod(Protocol):
    """A method that needs a language model."""

    def config(self) -> Mapping[str, Canonical]:
        """Return the settings that affect this method's outputs."""

    def asks(
        self, scenario: Scenario, attribute: int, examples: Sequence[Example]
    ) -> Iterator[Ask]:
        """Make the requests for one scenario and attribute, all samples."""

    def read(self, ask: Ask, text: str) -> list[Prediction]:
        """Read an answer.

        Raises:
            AnswerError: it does not have the form that was asked for.

        """


class DirectMethod(Protocol):
    """A method that needs no model."""

    def config(self) -> Mapping[str, Canonical]:
        """Return the settings that affect this method's outputs."""

    def decide(self, scenario: Scenario) -> Sequence[Prediction] | Sequence[Choice]:
        """Score or choose among the responses of a scenario."""
