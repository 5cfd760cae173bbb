"""From a job to the requests it still needs answers to.

All requests are made before the first is sent. Those that any run has answered already are
taken over; a failed one is asked again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spm_tui import fewshot
from spm_tui.bench.subject import Job
from spm_tui.errors import InputError
from spm_tui.methods.base import Ask, AskingMethod, Example
from spm_tui.methods.catalogue import ASKING, FEW_SHOT
from spm_tui.wire import request_key
from store import benchmarks
from store.connection import Store
from store.records import Item, Scenario

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Iterator[Vectors]]
"""Yields the embeddings of texts, [some, D] at a time, in order."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's requests."""

    method: AskingMethod
    asks: tuple[Ask, ...]
    keys: tuple[str, ...]
    """Of each ask's request."""
    names: tuple[str, ...]
    """Of the benchmark's attributes."""

    def item(self, position: int) -> Item:
        """Return the row that ties an ask to its request."""
        ask = self.asks[position]
        return Item(
            ask.scenario,
            ask.attribute,
            ask.part,
            ask.sample,
            target="",
            request=self.keys[position],
        )

    def unique(self) -> dict[str, list[int]]:
        """Return the positions of the asks by key: equal requests are sent once."""
        found: dict[str, list[int]] = {}
        for position, key in enumerate(self.keys):
            found.setdefault(key, []).append(position)
        return found


def make_plan(store: Store, job: Job, embed: Embed) -> Plan:
    """Return all requests of a job, scenario by scenario.

    Raises:
        InputError: the method needs examples and the benchmark has none.

    """
    if job.backbone is None:
        raise ValueError(f"{job.method} needs a backbone")
    method = ASKING[job.method](job.settings)
    subject = job.subject
    chosen = examples(store, job, embed) if job.method in FEW_SHOT else {}
    asks = tuple(
        ask
        for row, scenario in enumerate(subject.scenarios)
        for attribute in subject.attributes
        for ask in method.asks(scenario, attribute, chosen[attribute][row] if chosen else ())
    )
    keys = tuple(request_key(ask.request, job.backbone.identity) for ask in asks)
    names = tuple(attribute.name for attribute in subject.benchmark.attributes)
    return Plan(method, asks, keys, names)


def examples(store: Store, job: Job, embed: Embed) -> dict[int, list[tuple[Example, ...]]]:
    """Return the worked examples of every selected scenario, in order, by attribute.

    Raises:
        InputError: the benchmark has none.

    """
    subject = job.subject
    train = subject.benchmark.split("train")
    if not train:
        raise InputError(
            f"{subject.benchmark.name} has no train split to take examples from;"
            " use a zero-shot method",
            field="method",
        )
    vectors = embeddings(store, job.embedder, (*subject.scenarios, *train), embed)
    queries, pool = vectors[: len(subject.scenarios)], vectors[len(subject.scenarios) :]
    similarity = fewshot.similarities(queries, pool)
    own = {scenario.key: position for position, scenario in enumerate(train)}
    for row, scenario in enumerate(subject.scenarios):
        if scenario.key in own:
            similarity[row, own[scenario.key]] = -np.inf
    return {
        attribute: [
            tuple(
                Example(train[position], rank, float(similarity[row, position]))
                for position, rank in zip(picked, _ranks(similarity[row], picked), strict=True)
            )
            for row, picked in enumerate(
                fewshot.select(similarity, _levels(train, attribute), shots=job.settings.shots)
            )
        ]
        for attribute in subject.attributes
    }


def _ranks(similarity: Vectors, picked: Sequence[int]) -> list[int]:
    order = sorted(range(len(picked)), key=lambda place: -similarity[picked[place]])
    return [order.index(place) for place in range(len(picked))]


def _levels(train: Sequence[Scenario], attribute: int) -> npt.NDArray[np.int16]:
    most = max(len(scenario.responses) for scenario in train)
    levels = np.full((len(train), most), -1, dtype=np.int16)
    for row, scenario in enumerate(train):
        for place, response in enumerate(scenario.responses):
            levels[row, place] = response.labels[attribute]
    return levels


def embeddings(store: Store, embedder: str, scenarios: Sequence[Scenario], embed: Embed) -> Vectors:
    """Return the embeddings of scenarios, [N, D]: those the store lacks are made and stored."""
    keys = [scenario.key for scenario in scenarios]
    with store.reading() as db:
        known = benchmarks.embeddings(db, embedder, keys)
    missing = {k: s for k, s in zip(keys, scenarios, strict=True) if k not in known}
    waiting = iter(missing)
    for vectors in embed([embedding_text(scenario) for scenario in missing.values()]):
        new = {next(waiting): vector for vector in vectors}
        with store.writing() as db:
            benchmarks.add_embeddings(db, embedder, new)
        known |= new
    return np.stack([known[key] for key in keys])


def embedding_text(scenario: Scenario) -> str:
    """Return the text that stands for a scenario: its question and all its responses."""
    return "\n".join([scenario.question, *(response.text for response in scenario.responses)])
