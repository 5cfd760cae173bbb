"""The rows that cross the store's boundary, frozen.

Attributes, responses and samples are named by index from 0, scenarios by their `number`
in their split from 1, as people count them.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from store.identity import Canonical, content_hash

Split: TypeAlias = Literal["train", "eval"]
RunState: TypeAlias = Literal["running", "interrupted", "finished", "failed"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A named quality with ordered levels 0..levels-1; level k has the value k/(levels-1)."""

    name: str
    definition: str
    levels: int
    """At least 2."""
    low: str
    """What the lowest level means, as the continuation of "0 means …"."""
    middle: str
    high: str


@dataclass(frozen=True, slots=True)
class RuleOfThumb:
    """What one annotator holds a response against, for one of the attributes that it concerns."""

    annotation: int
    """Place among the response's annotations, from 0; a label may count only the first few."""
    attribute: int
    stance: int
    """1: the response agrees with the rule; 0: it takes no side; -1: it disagrees."""
    text: str
    """As it was written; blank where the annotator left it out."""


@dataclass(frozen=True, slots=True)
class Response:
    """One candidate response of a scenario."""

    text: str
    labels: tuple[int, ...]
    """A level per attribute of the benchmark."""
    reasonings: tuple[str | None, ...]
    """Per attribute, the sentence that explains its label; None where there is none."""
    rules: tuple[RuleOfThumb, ...] = ()
    """What the labels were made from, by annotation and attribute, where the data has it."""

    @property
    def content(self) -> Canonical:
        """What counts towards the identity of a benchmark; rules only where there are any."""
        base: list[Canonical] = [self.text, self.labels, self.reasonings]
        rules: list[Canonical] = [
            [rule.annotation, rule.attribute, rule.stance, rule.text] for rule in self.rules
        ]
        return [*base, rules] if rules else base


@dataclass(frozen=True, slots=True)
class Scenario:
    """A question and its candidate responses."""

    split: Split
    number: int
    """Position in its split, from 1."""
    question: str
    responses: tuple[Response, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The question and the responses."""
        return (self.question, *(response.text for response in self.responses))

    @property
    def key(self) -> str:
        """Identity of the texts alone: the same in every benchmark, split and order."""
        return _key(self.texts)


@lru_cache(maxsize=64)
def _key(texts: tuple[str, ...]) -> str:
    """Hash the texts of a scenario, once for the many requests about it in a row."""
    question, *responses = texts
    return content_hash([question, responses])[:16]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Attributes and the scenarios that are labelled with them."""

    name: str
    source: str
    """Where the data came from, for people: a file name, a hub id, `built-in`."""
    attributes: tuple[Attribute, ...]
    scenarios: tuple[Scenario, ...]
    """Train then eval, each in order of number."""

    @property
    def identity(self) -> str:
        """Content hash of everything but the name and the source."""
        return content_hash(
            {
                "attributes": [
                    [a.name, a.definition, a.levels, a.low, a.middle, a.high]
                    for a in self.attributes
                ],
                "scenarios": [
                    [s.split, s.question, [response.content for response in s.responses]]
                    for s in self.scenarios
                ],
            }
        )

    def split(self, split: Split) -> tuple[Scenario, ...]:
        """Return the scenarios of one split, in order of number."""
        return tuple(scenario for scenario in self.scenarios if scenario.split == split)


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """A benchmark as it is listed: without its scenarios."""

    identity: str
    name: str
    source: str
    imported_at: datetime
    attributes: int
    train: int
    eval: int


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything that decides what a run's outputs are; two equal specs are one run."""

    benchmark: str
    """Identity of the benchmark."""
    split: Split
    method: str
    model: str
    """Name of the backbone for people; empty for methods without one."""
    config: str
    """Canonical JSON of all that affects an output, the model's revision included."""

    @property
    def identity(self) -> str:
        """Content hash of the spec."""
        return content_hash([self.benchmark, self.split, self.method, self.model, self.config])


@dataclass(frozen=True, slots=True)
class Run:
    """A run as stored."""

    number: int
    spec: RunSpec
    state: RunState
    created_at: datetime
    updated_at: datetime
    """Time of its newest commit."""
    process: str
    """`host:pid` of the process that last worked on it."""
    environment: str
    """Canonical JSON of library versions and hardware of that process."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One sampled output of a model for one request, or its failure."""

    request: str
    """Content hash of the request and the backbone: see `spm_tui.wire`."""
    text: str
    """The raw answer; may be partial when `error` is set."""
    prompt_tokens: int
    answer_tokens: int
    dropped_examples: int
    """Worked examples left out because the context window was too small for them."""
    seconds: float
    """This answer's share of its batch's wall time."""
    error: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """One question put to a model on a run's behalf, and the request that carried it."""

    scenario: int
    attribute: int
    """-1: all of them at once."""
    part: int
    """The response asked about; -1: all of them together."""
    sample: int
    target: str
    """The target that the prompt shows, as canonical JSON; empty when it shows none."""
    request: str
    """Key of its `Generation`; two items may share one."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A scoring method's score for one response and attribute, from one sample."""

    scenario: int
    attribute: int
    sample: int
    response: int
    score: float
    """In [0, 1]."""
    reasoning: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A choosing method's selected response, from one sample."""

    scenario: int
    target: str
    """The target it was made for, as canonical JSON; empty when the method sees none."""
    sample: int
    response: int
    reasoning: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a person said about a run's answer; nothing is overwritten, the latest counts."""

    run: int
    scenario: int
    response: int | None
    """None: the scenario as a whole."""
    attribute: int | None
    """None: all attributes."""
    verdict: str
    note: str
    author: str
    at: datetime
