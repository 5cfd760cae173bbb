"""Reasoning examples that a benchmark lacks: a model says why known labels are as they are.

Labels of train responses are explained one by one, whatever was explained before and can be
used is kept, and what comes back is committed every few seconds. Separate from runs: what is
written here belongs to the benchmark, and is known by who wrote it rather than by its request.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from spm_tui import prompts
from spm_tui.bench import execute
from spm_tui.bench.events import NO_RUN, Ended, Event, ItemAnswered, Judgement, Planned, Progress
from spm_tui.bench.meter import Meter
from spm_tui.bench.objections import object_to
from spm_tui.bench.subject import Backbone, Subject
from spm_tui.engine.base import Engine
from spm_tui.errors import AnswerError
from spm_tui.forms import read
from spm_tui.methods.base import REASONING
from spm_tui.wire import Reply, Request, Shot, derive_seed
from store import benchmarks
from store.connection import Store
from store.identity import canonical_json
from store.records import Attribute, Scenario

RETRIES = 3
"""After the first, greedy attempt, each with a seed of its own."""
TEMPERATURE = 0.7
"""Of these."""
FORM = prompts.explanation_form(REASONING)
"""Of an answer."""
_SHOTS = tuple(
    Shot(question, answer, rank)
    for rank, (question, answer) in enumerate(prompts.explanation_examples(REASONING))
)


@dataclass(frozen=True, slots=True)
class Label:
    """A known label."""

    scenario: Scenario
    response: int
    attribute: int
    quality: Attribute
    """That attribute itself."""

    @property
    def place(self) -> tuple[int, int, int]:
        """What the store knows it by, within its benchmark and split."""
        return self.scenario.number, self.response, self.attribute

    @property
    def level(self) -> int:
        """From 0 up."""
        return self.scenario.responses[self.response].labels[self.attribute]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Who explains, as the store keeps it beside each sentence."""

    backbone: Backbone
    seed: int = 0

    @property
    def provenance(self) -> str:
        """Canonical JSON of all that decides what is written."""
        return canonical_json(
            {
                "model": self.backbone.name,
                "revision": self.backbone.identity,
                "wording": prompts.EXPLANATION_WORDING,
                "seed": self.seed,
            }
        )


def unexplained(store: Store, subject: Subject, *, unless_by: str | None = None) -> list[Label]:
    """Return the subject's labels that need an explanation, in order.

    Args:
        store: where the benchmark is.
        subject: scenarios and attributes.
        unless_by: None if any explanation will do, else the provenance of those that will.

    """
    with store.reading() as db:
        written = benchmarks.provenances(db, subject.identity, subject.split)
    return [one for one in labels(subject) if not _will_do(written.get(one.place), unless_by)]


def _will_do(by: str | None, unless_by: str | None) -> bool:
    return by is not None and unless_by in (None, by)


def labels(subject: Subject) -> list[Label]:
    """Return all labels of the subject, those of a response together."""
    return [
        Label(scenario, response, attribute, subject.benchmark.attributes[attribute])
        for scenario in subject.scenarios
        for response in range(len(scenario.responses))
        for attribute in subject.attributes
    ]


def request(label: Label, *, attempt: int = 0, seed: int = 0) -> Request:
    """Return the question why a label is as it is; equal texts make equal questions."""
    response = label.scenario.responses[label.response].text
    question = prompts.explanation_question(
        label.scenario.question, response, label.quality, label.level
    )
    return Request(
        system=prompts.explanation_system(),
        shots=_SHOTS,
        question=question,
        form=FORM,
        temperature=TEMPERATURE if attempt else 0.0,
        seed=derive_seed(seed, question, attempt) if attempt else 0,
    )


def explain(
    store: Store,
    subject: Subject,
    explainer: Explainer,
    engine: Callable[[], Engine],
    *,
    replace: bool = False,
    now: Callable[[], datetime],
    stop: Callable[[], bool],
) -> Iterator[Event]:
    """Write the explanations that are needed; of failures the last event has the number.

    Args:
        store: where the benchmark is.
        subject: whose labels.
        explainer: who writes.
        engine: gives the model; called only when something needs an explanation.
        replace: whether explanations by others are to be replaced.
        now: the time.
        stop: true when the person wants it to end: the batch in hand is finished and stored.

    """
    work = _Work(store, subject, explainer, replace=replace, now=now, stop=stop)
    yield Planned(
        run=NO_RUN,
        benchmark=subject.benchmark.name,
        split=subject.split,
        method="",
        model=explainer.backbone.name,
        total=work.total,
        answered=work.total - len(work.left),
    )
    if work.left:
        yield from work.write(engine())
    failed = 0 if work.stopped else len(work.left)
    yield Ended(NO_RUN, "interrupted" if work.stopped else "finished", failed)


class _Work:
    """Explaining, while it goes on."""

    def __init__(
        self,
        store: Store,
        subject: Subject,
        explainer: Explainer,
        *,
        replace: bool,
        now: Callable[[], datetime],
        stop: Callable[[], bool],
    ) -> None:
        self._store, self._subject, self._explainer = store, subject, explainer
        self._now, self._stop = now, stop
        self._unless_by = explainer.provenance if replace else None
        self._pending: list[tuple[Label, str]] = []
        self._failed = 0
        self.total = len(labels(subject))
        needed = unexplained(store, subject, unless_by=self._unless_by)
        self.left = {label.place: label for label in needed}
        """What has no explanation yet, in order."""
        self.stopped = False

    def write(self, engine: Engine) -> Iterator[Event]:
        """Ask about what is left, and again about what came back unusable."""
        for attempt in range(1 + RETRIES):
            yield from self._ask(engine, attempt)
            if self.stopped or not self.left:
                return

    def _ask(self, engine: Engine, attempt: int) -> Iterator[Event]:
        asked: dict[Request, list[Label]] = {}
        for label in self.left.values():
            one = request(label, attempt=attempt, seed=self._explainer.seed)
            asked.setdefault(one, []).append(label)
        requests = list(asked)
        meter = Meter(sum(request.size for request in requests))
        committed = time.monotonic()
        try:
            for group in engine.answer(requests):
                for index, reply in group:
                    yield from self._enter(asked[requests[index]], reply, attempt)
                meter.add([(requests[index].size, reply) for index, reply in group])
                stop = self._stop()
                if stop or time.monotonic() - committed > execute.COMMIT_SECONDS:
                    self._commit()
                    committed = time.monotonic()
                    yield self._progress(meter)
                if stop:
                    self.stopped = bool(self.left)
                    return
        finally:  # what came before an engine was lost is not
            self._commit()
        yield self._progress(meter)

    def _enter(self, equal: list[Label], reply: Reply, attempt: int) -> Iterator[Event]:
        """Keep an answer if it is usable, for every label that the request was about."""
        try:
            sentence, error = _read(equal[0], reply), None
        except AnswerError as problem:
            sentence, error = reply.text, str(problem)
        for label in equal:
            if error is None:
                self._pending.append((label, sentence))
                del self.left[label.place]
            elif attempt == RETRIES:
                self._failed += 1
            yield _told(label, sentence, error, attempt)

    def _commit(self) -> None:
        """Store what is pending, but for what another process has explained meanwhile."""
        identity, split, by = self._subject.identity, self._subject.split, self._unless_by
        with self._store.writing() as db:
            written = benchmarks.provenances(db, identity, split)
            rows = [
                (split, *label.place, sentence)
                for label, sentence in self._pending
                if not _will_do(written.get(label.place), by)
            ]
            benchmarks.add_reasonings(
                db, identity, rows, provenance=self._explainer.provenance, at=self._now()
            )
        self._pending = []

    def _progress(self, meter: Meter) -> Progress:
        return Progress(
            run=NO_RUN,
            done=self.total - len(self.left),
            total=self.total,
            failed=self._failed,
            tokens_per_second=meter.rate,
            remaining=meter.remaining,
        )


def _read(label: Label, reply: Reply) -> str:
    if reply.error is not None:
        raise AnswerError(reply.error)
    sentence = str(read(FORM, reply.text)["reasoning"])
    object_to(sentence, label.quality, label.level)
    return sentence


def _told(label: Label, sentence: str, error: str | None, attempt: int) -> ItemAnswered:
    value = label.level / (label.quality.levels - 1)
    return ItemAnswered(
        run=NO_RUN,
        scenario=label.scenario.number,
        attribute=label.quality.name,
        sample=attempt,
        judgements=(Judgement(label.response, value, sentence),),
        error=error,
    )
