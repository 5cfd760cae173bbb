"""What a run would ask, before it begins: requests exactly, tokens about.

Needs neither a model nor embeddings. Which train scenarios will serve as examples is not
known without them, so that their mean length stands for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from spm_tui import prompts
from spm_tui.bench.options import RunOptions
from spm_tui.bench.repeating import options_of
from spm_tui.engine.schedule import CHARACTERS_PER_TOKEN
from spm_tui.forms import Text, most_tokens
from spm_tui.methods.base import reasoning_of
from spm_tui.methods.catalogue import ASKING, CHOOSING, FEW_SHOT, MODEL_OF, PER_TARGET
from spm_tui.targets import Target
from spm_tui.wire import Rating, Stance
from store import runs
from store.connection import Connection
from store.records import Attribute, Benchmark, Scenario
from store.runs import Cost

_TURN = 5
"""Tokens of a chat template around a message."""
_ANSWER = 40
"""Characters around a reasoning in the answer of a worked example."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run takes, answers that the store has already included."""

    requests: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    """At most, unless they were measured."""
    seconds: float | None = 0.0
    """As it was with this model before; None where it was not."""

    def __add__(self, other: "Estimate") -> "Estimate":
        known = self.seconds is not None and other.seconds is not None
        return Estimate(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.answer_tokens + other.answer_tokens,
            (self.seconds or 0) + (other.seconds or 0) if known else None,
        )

    def __mul__(self, times: int) -> "Estimate":
        return Estimate(
            self.requests * times,
            self.prompt_tokens * times,
            self.answer_tokens * times,
            None if self.seconds is None else self.seconds * times,
        )


def estimate(
    benchmark: Benchmark,
    options: RunOptions,
    *,
    measured: Mapping[str, Cost] | None = None,
    targets: Sequence[Target] = (),
) -> Estimate:
    """Return what a run with these options would take.

    Args:
        benchmark: that of the options.
        options: of the run; unknown scenarios and attributes count for nothing.
        measured: what earlier runs took, by method: `measured_costs`.
        targets: of all the options' sets, for methods that are told them.

    """
    total = Estimate()
    for method in dict.fromkeys(options.method):
        if method in ASKING:
            asks = _asks(benchmark, options, method)
        elif method in CHOOSING:
            asks = _choices(benchmark, options, method, targets)
        else:
            continue
        sampled = options.decoding == "sampling" and MODEL_OF[method] == "language"
        whole = sum(asks, Estimate()) * (options.samples if sampled else 1)
        total += _as_measured(whole, method, measured or {})
    return total


def measured_costs(db: Connection, benchmark: str, options: RunOptions) -> dict[str, Cost]:
    """Return what the newest runs on a benchmark with the same models took, by method.

    Args:
        db: a connection in `Store.reading`.
        benchmark: its identity.
        options: name the models.

    """
    return {
        run.spec.method: runs.cost(db, run.number)
        for run in runs.listing(db)
        if run.spec.benchmark == benchmark
        and (method := run.spec.method) in MODEL_OF
        and options_of(run).model_of(method) == options.model_of(method)
    }


def _as_measured(guess: Estimate, method: str, measured: Mapping[str, Cost]) -> Estimate:
    """Take tokens and time from the method's own runs, or else the time from all its model's."""
    cost = measured.get(method)
    if cost is None or not cost.answers:
        others = [one for name, one in measured.items() if MODEL_OF[name] == MODEL_OF[method]]
        tokens = sum(one.prompt_tokens + one.answer_tokens for one in others)
        seconds = sum(one.seconds for one in others)
        ours = guess.prompt_tokens + guess.answer_tokens
        return replace(guess, seconds=ours * seconds / tokens if tokens and seconds else None)
    share = guess.requests / cost.answers
    return Estimate(
        guess.requests,
        round(share * cost.prompt_tokens),
        round(share * cost.answer_tokens),
        share * cost.seconds if cost.seconds else None,
    )


def _asks(benchmark: Benchmark, options: RunOptions, method: str) -> Iterator[Estimate]:
    """Yield what each scenario and attribute takes, for one sample."""
    reasoning = reasoning_of(options.reasoning_tokens)
    alone = {"zero-shot-regression": _single, "kaleido": _stances}
    ask = alone.get(method, _comparative)
    scenarios = _scenarios(benchmark, options)
    shots = options.shots if method in FEW_SHOT else 0
    train = benchmark.split("train") if shots else ()
    size = fmean(map(_size, train)) if train else 0.0
    for index, attribute in enumerate(benchmark.attributes):
        if not options.attributes or attribute.name in options.attributes:
            examples = Estimate(0, _example_tokens(train, size, index, shots), 0)
            yield from (ask(one, attribute, reasoning) + examples for one in scenarios)


def _choices(
    benchmark: Benchmark, options: RunOptions, method: str, targets: Sequence[Target]
) -> Iterator[Estimate]:
    """Yield what each scenario takes, for one sample; targets that read alike are asked once."""
    if method == "reward":
        yield from map(_rating, _scenarios(benchmark, options))
        return
    told: Sequence[Target | None] = targets if method in PER_TARGET else (None,)
    systems = {prompts.choice_system(target, benchmark.attributes) for target in told}
    reasoning, times = reasoning_of(options.reasoning_tokens), len(systems)
    train = benchmark.split("train") if method in FEW_SHOT else ()
    count = min(options.shots, len(train))
    room = _ANSWER + CHARACTERS_PER_TOKEN * options.reasoning_tokens
    examples = count * (fmean(map(_size, train)) + room) if train else 0.0
    for one in _scenarios(benchmark, options):
        characters = sum(map(len, systems)) + times * (_size(one) + examples)
        form = prompts.choice_form(len(one.responses), reasoning)
        turns = 2 * times * (1 + count)
        yield Estimate(times, _tokens(characters, turns=turns), times * most_tokens(form))


def _scenarios(benchmark: Benchmark, options: RunOptions) -> tuple[Scenario, ...]:
    there = benchmark.split(options.split)
    if options.scenario:
        there = tuple(one for one in there if one.number in options.scenario)
    return there[: options.limit]


def _comparative(scenario: Scenario, attribute: Attribute, reasoning: Text) -> Estimate:
    form = prompts.comparative_form(len(scenario.responses), reasoning)
    prompt = len(prompts.comparative_system(attribute)) + _size(scenario)
    return Estimate(1, _tokens(prompt, turns=2), most_tokens(form))


def _single(scenario: Scenario, attribute: Attribute, reasoning: Text) -> Estimate:
    system = len(prompts.single_system(attribute))
    questions = [prompts.single_question(scenario.question, r.text) for r in scenario.responses]
    return Estimate(
        len(questions),
        sum(_tokens(system + len(question), turns=2) for question in questions),
        len(questions) * most_tokens(prompts.judgement(reasoning)),
    )


def _stances(scenario: Scenario, attribute: Attribute, reasoning: Text) -> Estimate:
    sizes = [Stance(scenario.question, r.text, attribute.name, 0).size for r in scenario.responses]
    prompts_ = sum(_tokens(size, turns=2) for size in sizes)
    return Estimate(len(sizes), prompts_, len(sizes) * reasoning.tokens)


def _rating(scenario: Scenario) -> Estimate:
    texts = tuple(response.text for response in scenario.responses)
    size = Rating(scenario.question, texts).size
    return Estimate(1, _tokens(size, turns=2 * len(texts)), 0)


def _size(scenario: Scenario) -> int:
    """Return the characters of a scenario in a prompt."""
    responses = [response.text for response in scenario.responses]
    return len(prompts.comparative_question(scenario.question, responses))


def _tokens(characters: float, *, turns: int) -> int:
    return round(characters / CHARACTERS_PER_TOKEN) + turns * _TURN


def _example_tokens(train: Sequence[Scenario], size: float, attribute: int, shots: int) -> int:
    """Return the tokens of one prompt's examples; `size` is the train scenarios' mean."""
    if not train:
        return 0
    occurring = {r.labels[attribute] for one in train for r in one.responses}
    count = min(max(shots, len(occurring)), len(train))
    answers = fmean(
        sum(len(r.reasonings[attribute] or "") + _ANSWER for r in one.responses) for one in train
    )
    return _tokens(count * (size + answers), turns=2 * count)
