"""Runs a job: sends what is unanswered, reads and stores what comes back.

What is computed is committed every few seconds, in one short transaction. Killed at any
moment, the next run of the same job goes on from the last commit.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from spm_tui.bench.events import Ended, Event, ItemAnswered, Judgement, Planned, Progress
from spm_tui.bench.plan import Plan
from spm_tui.bench.subject import Job
from spm_tui.engine.base import Engine
from spm_tui.errors import AnswerError
from spm_tui.methods.catalogue import DIRECT
from spm_tui.wire import Reply
from store import runs
from store.connection import Store
from store.records import Choice, Generation, Prediction, RunState

COMMIT_SECONDS = 2.0
"""Least time between two commits; each takes some tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a run needs from outside."""

    store: Store
    process: str
    """`host:pid`."""
    environment: str
    """Canonical JSON of versions and hardware."""
    now: Callable[[], datetime]
    stop: Callable[[], bool]
    """True when the person wants it to end: the batch in hand is finished and stored."""


def run_direct(context: Context, job: Job) -> Iterator[Event]:
    """Run a method that needs no model: decided and stored at once."""
    method = DIRECT[job.method](job.settings)
    decisions = [one for scenario in job.subject.scenarios for one in method.decide(scenario)]
    batch = runs.Batch(
        predictions=[
            p
            for p in decisions
            if isinstance(p, Prediction) and p.attribute in job.subject.attributes
        ],
        choices=[choice for choice in decisions if isinstance(choice, Choice)],
    )
    run = _open(context, job)
    with context.store.writing() as db:
        runs.add_batch(db, run, batch, at=context.now())
    yield _close(context, run, "finished", failed=0)


def run_asking(
    context: Context, job: Job, plan: Plan, engine: Callable[[], Engine]
) -> Iterator[Event]:
    """Run a method that asks a model.

    Args:
        context: store, clock, stop signal.
        job: what is run.
        plan: its requests.
        engine: gives the engine; called only when something is unanswered.

    """
    work = _Work(context, _open(context, job), plan)
    work.take_over()
    yield Planned(
        run=work.run,
        benchmark=job.subject.benchmark.name,
        split=job.subject.split,
        method=job.method,
        model=job.backbone.name if job.backbone else "",
        total=len(work.keys),
        answered=len(work.done),
    )
    ended: RunState = "failed"
    try:
        if len(work.done) < len(work.keys):
            yield from work.answer(engine())
        ended = "finished" if len(work.done) + work.failed == len(work.keys) else "interrupted"
    except (KeyboardInterrupt, GeneratorExit):
        ended = "interrupted"
        raise
    finally:
        closing = _close(context, work.run, ended, failed=work.failed)
    yield closing


def _open(context: Context, job: Job) -> int:
    with context.store.writing() as db:
        return runs.open_run(
            db,
            job.spec,
            process=context.process,
            environment=context.environment,
            at=context.now(),
        )


def _close(context: Context, run: int, state: RunState, *, failed: int) -> Ended:
    with context.store.writing() as db:
        runs.mark(
            db,
            run,
            state,
            process=context.process,
            environment=context.environment,
            at=context.now(),
        )
    return Ended(run, state, failed)


class _Work:
    """A run that asks a model, while it goes on."""

    def __init__(self, context: Context, run: int, plan: Plan) -> None:
        self.context, self.run, self.plan = context, run, plan
        unique = plan.unique()
        self.keys = tuple(unique)
        self.positions = tuple(unique.values())
        self.done: set[int] = set()
        """Requests with a usable answer, by index into `keys`."""
        self.failed = 0
        self._pending = runs.Batch()

    def take_over(self) -> None:
        """Enter into this run the usable answers that the store has already."""
        with self.context.store.reading() as db:
            there = runs.answered(db, self.keys)
            have = runs.items(db, self.run)
        for index, key in enumerate(self.keys):
            generation = there.get(key)
            if generation is None or generation.error is not None:
                continue
            self.done.add(index)
            for position in self.positions[index]:
                if (item := self.plan.item(position)) not in have:
                    ask = self.plan.asks[position]
                    self._pending.items.append(item)
                    self._pending.predictions.extend(self.plan.method.read(ask, generation.text))
        self._commit()

    def answer(self, engine: Engine) -> Iterator[Event]:
        """Send what is unanswered; store what comes back, every few seconds."""
        requests = [self.plan.asks[positions[0]].request for positions in self.positions]
        sizes = [request.size for request in requests]
        meter = _Meter(sum(size for i, size in enumerate(sizes) if i not in self.done))
        committed = time.monotonic()
        for group in engine.answer(requests, done=frozenset(self.done)):
            for index, reply in group:
                yield from self._enter(index, reply)
            meter.add([(sizes[index], reply) for index, reply in group])
            stop = self.context.stop()
            if stop or time.monotonic() - committed > COMMIT_SECONDS:
                self._commit()
                committed = time.monotonic()
                yield self._progress(meter)
            if stop:
                return
        self._commit()
        yield self._progress(meter)

    def _enter(self, index: int, reply: Reply) -> Iterator[Event]:
        """Read a reply for every ask it answers; keep it, and why it failed if it did."""
        asks = [self.plan.asks[position] for position in self.positions[index]]
        error = reply.error
        read: list[list[Prediction]] = [[] for _ in asks]
        if error is None:
            try:
                read = [self.plan.method.read(ask, reply.text) for ask in asks]
            except AnswerError as problem:
                error = str(problem)
        if error is None:
            self.done.add(index)
        else:
            self.failed += 1
        self._pending.generations.append(
            Generation(
                request=self.keys[index],
                text=reply.text,
                prompt_tokens=reply.prompt_tokens,
                answer_tokens=reply.answer_tokens,
                dropped_examples=reply.dropped_shots,
                seconds=reply.seconds,
                error=error,
            )
        )
        for position, ask, predictions in zip(self.positions[index], asks, read, strict=True):
            self._pending.items.append(self.plan.item(position))
            self._pending.predictions.extend(predictions)
            yield ItemAnswered(
                run=self.run,
                scenario=ask.scenario,
                attribute=self.plan.names[ask.attribute],
                sample=ask.sample,
                judgements=tuple(Judgement(p.response, p.score, p.reasoning) for p in predictions),
                error=error,
            )

    def _commit(self) -> None:
        with self.context.store.writing() as db:
            runs.add_batch(db, self.run, self._pending, at=self.context.now())
        self._pending = runs.Batch()

    def _progress(self, meter: "_Meter") -> Progress:
        return Progress(
            run=self.run,
            done=len(self.done),
            total=len(self.keys),
            failed=self.failed,
            tokens_per_second=meter.rate,
            remaining=meter.remaining,
        )


class _Meter:
    """Speed and time left, judged by characters read: known for every request beforehand.

    Counts from the first answers on: until they are there, prompts were read for others too.
    """

    def __init__(self, characters: int) -> None:
        self._left = characters
        self._read = self._tokens = 0
        self._started: float | None = None

    def add(self, answered: Sequence[tuple[int, Reply]]) -> None:
        """Count replies that came together, each with the characters of its request."""
        characters = sum(size for size, _ in answered)
        self._left -= characters
        if self._started is None:
            self._started = time.monotonic()
            return
        self._read += characters
        self._tokens += sum(reply.prompt_tokens + reply.answer_tokens for _, reply in answered)

    @property
    def rate(self) -> float:
        """Tokens of prompts and answers per second."""
        return self._tokens / self._seconds

    @property
    def remaining(self) -> float | None:
        """Seconds left at the speed so far; None while that is not known."""
        if not self._read:
            return None
        return self._seconds * self._left / self._read

    @property
    def _seconds(self) -> float:
        return max(time.monotonic() - (self._started or 0.0), 1e-9)
