"""Runs a job: sends what is unanswered, reads and stores what comes back.

What is computed is committed every few seconds, in one short transaction. Killed at any
moment, the next run of the same job goes on from the last commit.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from spm_tui.bench import record
from spm_tui.bench.embedding import Embed, of_texts
from spm_tui.bench.events import Event, ItemAnswered, Judgement, Note, Planned, Progress
from spm_tui.bench.meter import Meter
from spm_tui.bench.plan import Plan
from spm_tui.bench.record import Context
from spm_tui.bench.remarks import remarks
from spm_tui.bench.subject import Job
from spm_tui.engine.base import Engine
from spm_tui.errors import AnswerError, InputError
from spm_tui.methods.base import ALL, Ask, Decide, Said
from spm_tui.methods.catalogue import DIRECT, TRAINED
from spm_tui.wire import Reply
from store import runs
from store.identity import Canonical
from store.records import Choice, Generation, Prediction, RunState

COMMIT_SECONDS = 2.0
"""Least time between two commits; each takes some tens of milliseconds."""


def run_direct(context: Context, job: Job) -> Iterator[Event]:
    """Run a method that needs no model: decided and stored at once."""
    return _run_deciding(context, job, DIRECT[job.method](job.settings).decide)


def run_trained(context: Context, job: Job, embed: Embed) -> Iterator[Event]:
    """Run a method that learns from the train split, then decides at once.

    It never learns from the split it decides about.

    Raises:
        InputError: there is nothing, or too little, to learn from.

    """
    method, subject = TRAINED[job.method](job.settings), job.subject
    train = subject.benchmark.split("train") if subject.split != "train" else ()
    if not train:
        raise InputError(
            f"{job.method} learns from the train split, which is empty or what it is to run on",
            field="method",
        )
    texts = [text for one in (*train, *subject.scenarios) for text in method.texts(one)]
    vectors = of_texts(context.store, job.embedder, texts, embed)
    return _run_deciding(context, job, method.learn(train, vectors))


def _run_deciding(context: Context, job: Job, decide: Decide) -> Iterator[Event]:
    decisions = [one for scenario in job.subject.scenarios for one in decide(scenario)]
    batch = runs.Batch()
    batch.say(
        one
        for one in decisions
        if not isinstance(one, Prediction) or one.attribute in job.subject.attributes
    )
    _require_numbers(job, decisions)
    context = record.with_plan(context, job, record.run_before(context, job))
    run = record.open_run(context, job)
    with context.store.writing() as db:
        runs.add_batch(db, run, batch, at=context.now())
    yield record.close(context, run, "finished", failed=0)


def _require_numbers(job: Job, decisions: Sequence[Prediction | Choice]) -> None:
    for one in decisions:
        if isinstance(one, Prediction) and not isfinite(one.score):
            raise InputError(
                f"{job.method} comes to a score that is no finite number, at scenario"
                f" {one.scenario}",
                field="method",
            )


def run_asking(
    context: Context,
    job: Job,
    plan: Plan,
    engine: Callable[[], Engine],
    *,
    servers: Callable[[], Sequence[Canonical]] = tuple,
) -> Iterator[Event]:
    """Run a method that asks a model.

    A model that cannot be used leaves no trace: the run begins once the engine is there, and one
    that comes to nothing before the first answer is as it was before, or not at all.

    Args:
        context: store, clock, stop signal.
        job: what is run.
        plan: its requests.
        engine: gives the engine; called only when something is unanswered.
        servers: says then which servers the engine asks, for the run's record.

    """
    before, stored = record.run_before(context, job), _stored(context, plan)
    asked = None
    if len(stored) < len(set(plan.keys)) and not context.stop():
        asked = engine()
    context = record.with_plan(context, job, before)
    context = record.with_servers(context, record.servers_before(before))
    context = record.with_servers(context, servers() if asked else ())
    work = _Work(context, record.open_run(context, job), plan)
    ended: RunState | None = "failed"
    try:
        work.take_over(stored)
        yield _planned(work, job)
        if asked is not None:
            ended = None
            for event in work.answer(asked):
                ended = "failed"  # from the first answer on, unless all goes well
                yield event
        ended = "finished" if len(work.done) + work.failed == len(work.keys) else "interrupted"
    except (KeyboardInterrupt, GeneratorExit):
        ended = "interrupted"
        raise
    finally:
        if ended is None:
            record.withdraw(context, work.run, before)
        else:
            closing = record.close(context, work.run, ended, failed=work.failed)
    with context.store.reading() as db:
        told = remarks(runs.get(db, work.run), runs.cost(db, work.run), runs.losses(db, work.run))
    yield from (Note(work.run, text) for text in told)
    yield closing


def _planned(work: "_Work", job: Job) -> Planned:
    return Planned(
        run=work.run,
        benchmark=job.subject.benchmark.name,
        split=job.subject.split,
        method=job.method,
        model=job.backbone.name if job.backbone else "",
        total=len(work.keys),
        answered=len(work.done),
    )


def _stored(context: Context, plan: Plan) -> dict[str, Generation]:
    """Return the usable answers that the store has already, by request."""
    with context.store.reading() as db:
        answered = runs.answered(db, list(dict.fromkeys(plan.keys)))
    return {key: answer for key, answer in answered.items() if answer.error is None}


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

    def take_over(self, stored: Mapping[str, Generation]) -> None:
        """Enter into this run the usable answers that the store has already, by request."""
        with self.context.store.reading() as db:
            heard = runs.heard(db, self.run)
        for index, key in enumerate(self.keys):
            if (generation := stored.get(key)) is None:
                continue
            self.done.add(index)
            for position in self.positions[index]:
                if (item := self.plan.item(position)) not in heard:
                    ask = self.plan.asks[position]
                    self._pending.items.append(item)
                    self._pending.say(self._read(ask, generation.text))
        self._commit()

    def answer(self, engine: Engine) -> Iterator[Event]:
        """Send what is unanswered; store what comes back, every few seconds."""
        requests = [self.plan.asks[positions[0]].request for positions in self.positions]
        sizes = [request.size for request in requests]
        meter = Meter(sum(size for i, size in enumerate(sizes) if i not in self.done))
        committed = time.monotonic()
        try:
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
        finally:  # what came before an engine was lost is not
            self._commit()
        yield self._progress(meter)

    def _enter(self, index: int, reply: Reply) -> Iterator[Event]:
        """Read a reply for every ask it answers; keep it, and why it failed if it did."""
        asks = [self.plan.asks[position] for position in self.positions[index]]
        error = reply.error
        read: list[Said] = [() for _ in asks]
        if error is None:
            try:
                read = [self._read(ask, reply.text) for ask in asks]
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
        for position, ask, said in zip(self.positions[index], asks, read, strict=True):
            self._pending.items.append(self.plan.item(position))
            self._pending.say(said)
            yield self._told(ask, said, error)

    def _read(self, ask: Ask[Any], text: str) -> Said:
        """Return what a method makes of an answer.

        Raises:
            AnswerError: it does not have the form asked for, or a score of it is no finite number.

        """
        said = self.plan.method.read(ask, text)
        if any(not isfinite(one.score) for one in said if isinstance(one, Prediction)):
            raise AnswerError(f"a score that is no finite number: {text!r:.80}")
        return said

    def _told(self, ask: Ask[Any], said: Said, error: str | None) -> ItemAnswered:
        choice = next((one for one in said if isinstance(one, Choice)), None)
        return ItemAnswered(
            run=self.run,
            scenario=ask.scenario,
            attribute="" if ask.attribute == ALL else self.plan.names[ask.attribute],
            sample=ask.sample,
            judgements=tuple(
                Judgement(one.response, one.score, one.reasoning)
                for one in said
                if isinstance(one, Prediction)
            ),
            error=error,
            target=ask.target,
            chosen=choice.response if choice else None,
            reasoning=choice.reasoning if choice else "",
        )

    def _commit(self) -> None:
        with self.context.store.writing() as db:
            runs.add_batch(db, self.run, self._pending, at=self.context.now())
        self._pending = runs.Batch()

    def _progress(self, meter: Meter) -> Progress:
        return Progress(
            run=self.run,
            done=len(self.done),
            total=len(self.keys),
            failed=self.failed,
            tokens_per_second=meter.rate,
            remaining=meter.remaining,
        )
