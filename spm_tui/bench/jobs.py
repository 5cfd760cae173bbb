"""From options to a job, and from a job to its run: what a command and a program have in common."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.embedding import Embedding, joined
from spm_tui.bench.events import Event
from spm_tui.bench.execute import run_asking, run_direct, run_trained
from spm_tui.bench.options import SERVERS, RunOptions
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context, with_prompts
from spm_tui.bench.remarks import EMBEDDER_CUT
from spm_tui.bench.subject import Job, Subject
from spm_tui.engine.remote.key import Key
from spm_tui.errors import InputError
from spm_tui.methods.base import Settings, reasoning_of
from spm_tui.methods.catalogue import EMBEDDING, MODEL_OF, PER_TARGET, TRAINED
from spm_tui.targets import Target
from store.identity import canonical_json


def model_choice(options: RunOptions, *, key: Key | None = None) -> ModelChoice:
    """Return which models the options name, and where they run; `key` is for servers.

    Raises:
        InputError: servers without an address, or the reverse; or going without what is needed.

    """
    if options.backend in SERVERS and not options.url:
        raise InputError("expected the address of a server", field="--url")
    if options.url and options.backend not in SERVERS:
        servers = f"{', '.join(SERVERS[:-1])} or {SERVERS[-1]}"
        raise InputError(f"only servers have one: --backend {servers}", field="--url")
    if options.without and options.backend not in SERVERS:
        raise InputError("only servers may take none; here they are heeded", field="--without")
    sampling = options.decoding == "sampling"
    if "temperature" in options.without and not sampling:
        problem = "without a temperature nothing is greedy: add --decoding sampling"
        raise InputError(problem, field="--without")
    return ModelChoice(
        model=options.model,
        revision=options.revision,
        kaleido=options.kaleido_model,
        reward=options.reward_model,
        embedder=options.embedder,
        device=options.device,
        dtype=options.dtype,
        quantize=options.quantize,
        device_map=options.device_map,
        batch_size=options.batch_size,
        workers=options.workers,
        backend=options.backend,
        urls=options.url,
        key=key,
        without=frozenset(options.without if sampling else ()),  # greedy ones need no seed
        ray_address=options.ray_address,
    )


def require_effect(every: Sequence[RunOptions]) -> None:
    """See that each option changes something in one run at least.

    Args:
        every: those of all runs of a command.

    Raises:
        InputError: none of them heeds an option that is given.

    """
    for options in every:
        for field, default in options.without_effect().items():
            given = [one for one in every if getattr(one, field) != default]
            if all(field in one.without_effect() for one in given):
                where = "a server: it is set where that is started"
                if options.backend not in SERVERS:
                    where = "a cluster: a model fits the GPU of each actor"
                name = field.replace("_", "-")
                raise InputError(f"has no effect on {where}", field=f"--{name}")


def make_job(
    backend: Backend,
    options: RunOptions,
    subject: Subject,
    method: str,
    *,
    targets: tuple[Target, ...],
) -> Job:
    """Return the job of one of the options' methods; its models are found, and fetched if need be.

    Args:
        backend: which models.
        options: the options.
        subject: of the options.
        method: its name.
        targets: for a method that is told the target.

    Raises:
        ModelError: there is no such model, or it cannot be fetched.

    """
    role, settings = MODEL_OF.get(method), _settings(options, subject)
    embedding = Embedding("")
    if method in EMBEDDING:
        embedding = backend.embedding(embedded(subject, method, settings))
    return Job(
        subject,
        method,
        settings,
        backend.backbone(role) if role else None,
        embedding.identity,
        targets if method in PER_TARGET else (),
        embedding.cut,
    )


def embedded(subject: Subject, method: str, settings: Settings) -> list[str]:
    """Return the texts that a method embeds: of its examples, and of the whole split it runs on."""
    splits = dict.fromkeys(("train", subject.split))
    scenarios = [one for split in splits for one in subject.benchmark.split(split)]
    if method in TRAINED:
        texts = TRAINED[method](settings).texts
        return [text for scenario in scenarios for text in texts(scenario)]
    return [joined(scenario) for scenario in scenarios]


def run_job(context: Context, backend: Backend, job: Job) -> Iterator[Event]:
    """Run a job; a model is loaded only when something is unanswered.

    Raises:
        SpmError: a model cannot be used, or the benchmark lacks what the method needs.

    """
    context = _with_cut(context, job)
    if role := MODEL_OF.get(job.method):
        plan = make_plan(context.store, job, backend.embed)
        facts = backend.prompts(role, [ask.request for ask in plan.asks])
        yield from run_asking(
            with_prompts(context, facts),
            job,
            plan,
            lambda: backend.engine(role),
            servers=lambda: backend.asked(role),
        )
    elif job.method in TRAINED:
        yield from run_trained(context, job, backend.embed)
    else:
        yield from run_direct(context, job)


def _with_cut(context: Context, job: Job) -> Context:
    """Return the context with what the embedding model leaves out in the record, if anything."""
    if job.cut is None:
        return context
    cut = {EMBEDDER_CUT: {"texts": job.cut.texts, "tokens": job.cut.tokens}}
    environment = canonical_json({**json.loads(context.environment), **cut})
    return replace(context, environment=environment)


def _settings(options: RunOptions, subject: Subject) -> Settings:
    sampling = options.decoding == "sampling"
    return Settings(
        attributes=subject.benchmark.attributes,
        temperature=options.temperature if sampling else 0.0,
        samples=options.samples if sampling else 1,
        shots=options.shots,
        seed=options.seed,
        reasoning=reasoning_of(options.reasoning_tokens),
    )
