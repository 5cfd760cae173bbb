"""From a job to the requests it still needs answers to.

All requests are made before the first is sent. Those that any run has answered already are
taken over; a failed one is asked again.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from spm_tui import fewshot
from spm_tui.bench.embedding import Embed, Vectors, of_scenarios
from spm_tui.bench.subject import Job
from spm_tui.errors import InputError
from spm_tui.methods.base import ALL, Ask, AskingMethod, ChoosingMethod, Example, Said
from spm_tui.methods.catalogue import ASKING, CHOOSING, FEW_SHOT, PER_TARGET
from spm_tui.targets import Target
from spm_tui.wire import request_key
from store.connection import Store
from store.records import Item, Scenario

Examples: TypeAlias = Mapping[int, Sequence[tuple[Example, ...]]]
"""Of every selected scenario, in order; by attribute, or for a choosing method under `ALL`."""


class Reader(Protocol):
    """The half of a method that reads."""

    def read(self, ask: Ask[Any], text: str) -> Said:
        """Read an answer; raises `AnswerError` where it does not have the form asked for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's requests."""

    method: Reader
    asks: tuple[Ask[Any], ...]
    keys: tuple[str, ...]
    """Of each ask's request."""
    names: tuple[str, ...]
    """Of the benchmark's attributes."""

    def item(self, position: int) -> Item:
        """Return the row that ties an ask to its request."""
        ask = self.asks[position]
        key = self.keys[position]
        return Item(ask.scenario, ask.attribute, ask.part, ask.sample, ask.target, key)

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
    chosen = examples(store, job, embed) if job.method in FEW_SHOT else {}
    method: Reader
    with _collecting_nothing():
        if job.method in CHOOSING:
            choosing = CHOOSING[job.method](job.settings)
            method, asks = choosing, tuple(_choices(choosing, job, chosen))
        else:
            asking = ASKING[job.method](job.settings)
            method, asks = asking, tuple(_scores(asking, job, chosen))
        keys = tuple(
            request_key(ask.request, job.backbone.identity_for(ask.request)) for ask in asks
        )
    names = tuple(attribute.name for attribute in job.subject.benchmark.attributes)
    return Plan(method, asks, keys, names)


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Keep the collector from looking through requests that all stay: a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _scores(method: AskingMethod[Any], job: Job, chosen: Examples) -> Iterator[Ask[Any]]:
    for row, scenario in enumerate(job.subject.scenarios):
        for attribute in job.subject.attributes:
            yield from method.asks(scenario, attribute, chosen[attribute][row] if chosen else ())


def _choices(method: ChoosingMethod[Any], job: Job, chosen: Examples) -> Iterator[Ask[Any]]:
    targets: Sequence[Target | None] = job.targets if job.method in PER_TARGET else (None,)
    for row, scenario in enumerate(job.subject.scenarios):
        for target in targets:
            yield from method.asks(scenario, target, chosen[ALL][row] if chosen else ())


def examples(store: Store, job: Job, embed: Embed) -> Examples:
    """Return the worked examples of a job.

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
    vectors = of_scenarios(store, job.embedder, (*subject.scenarios, *train), embed)
    queries, pool = vectors[: len(subject.scenarios)], vectors[len(subject.scenarios) :]
    similarity = fewshot.similarities(queries, pool)
    own = {scenario.texts: position for position, scenario in enumerate(train)}
    for row, scenario in enumerate(subject.scenarios):
        if scenario.texts in own:
            similarity[row, own[scenario.texts]] = -np.inf
    shots = job.settings.shots
    if job.method in CHOOSING:
        picked = {ALL: fewshot.most_similar(similarity, shots=shots)}
    else:
        levels = _levels(train)[..., list(subject.attributes)]
        each = fewshot.select(similarity, levels, shots=shots)
        picked = dict(zip(subject.attributes, each, strict=True))
    with _collecting_nothing():
        return {
            about: [
                _ranked(train, places, near) for places, near in zip(rows, similarity, strict=True)
            ]
            for about, rows in picked.items()
        }


def _ranked(
    train: Sequence[Scenario], picked: Sequence[int], similarity: Vectors
) -> tuple[Example, ...]:
    """Return picked scenarios as examples; `similarity` is that of all train scenarios, [T]."""
    near = similarity[list(picked)].tolist()
    order = sorted(range(len(picked)), key=near.__getitem__, reverse=True)
    return tuple(
        Example(train[position], order.index(place), near[place])
        for place, position in enumerate(picked)
    )


def _levels(train: Sequence[Scenario]) -> npt.NDArray[np.int16]:
    most = max(len(scenario.responses) for scenario in train)
    levels = np.full((len(train), most, len(train[0].responses[0].labels)), -1, dtype=np.int16)
    for row, scenario in enumerate(train):
        levels[row, : len(scenario.responses)] = [one.labels for one in scenario.responses]
    return levels
