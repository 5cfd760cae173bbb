"""`spm-tui --headless --dry-run`: what each run would take, and what the store has of it."""

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spm_tui.bench.backend import Backend
from spm_tui.bench.embedding import Embedding
from spm_tui.bench.estimate import Estimate, estimate, measured_costs
from spm_tui.bench.jobs import embedded, make_job, model_choice
from spm_tui.bench.options import SERVERS, RunOptions
from spm_tui.bench.repeating import options_of
from spm_tui.bench.subject import Backbone, Job
from spm_tui.bench.target_sets import members
from spm_tui.cli.experiment import Cell
from spm_tui.cli.parts import Part, make_ready
from spm_tui.engine import models
from spm_tui.engine.presets import hub_id
from spm_tui.engine.reach import POOLING, of_folder
from spm_tui.errors import InputError
from spm_tui.format import count
from spm_tui.methods.base import ALL
from spm_tui.methods.catalogue import EMBEDDING, Role
from spm_tui.report import tables, text
from spm_tui.target_files import to_json
from store import runs
from store.connection import Connection, Store
from store.identity import canonical_json
from store.records import Run, RunSpec


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would take."""

    options: RunOptions
    """With its method alone."""
    estimate: Estimate
    answered: int
    """Of the requests, those that the store has answers to."""


class _Named(Backend):
    """Models by what they are called: none is looked for."""

    def backbone(self, role: Role) -> Backbone:
        """Return a model's name and, in place of its identity, all that was said of it."""
        choice = self._choice
        names = {"language": choice.model, "kaleido": choice.kaleido, "reward": choice.reward}
        name = hub_id(names[role])
        said = [name, choice.device, choice.dtype, choice.quantize]
        if role == "language":
            said += [choice.revision, choice.backend if choice.backend in SERVERS else None]
        return Backbone(name, canonical_json(said))

    def embedding(self, texts: Iterable[str]) -> Embedding:  # noqa: ARG002 - none is looked at
        """Return the embedding model's name."""
        return Embedding(self._choice.embedder)


def forecast(cells: Sequence[Cell], store: Store) -> list[Forecast]:
    """Return what the methods of cells would take, runs that are equal once.

    Raises:
        SpmError, StoreError: bad input, or a store that cannot be used.

    """
    found: dict[Hashable, Forecast] = {}
    for part in make_ready(cells, store):
        with store.reading() as db:
            costs = measured_costs(db, part.subject.identity, part.options)
            for method in part.methods:
                job = _job(part.options, part, method)
                spec = job.spec
                key = spec.identity, part.scored_with, job.targets
                if key not in found:
                    one = replace(part.options, method=(method,))
                    took = estimate(
                        part.subject.benchmark, one, measured=costs, targets=members(part.sets)
                    )
                    found[key] = Forecast(one, took, _answered(db, job, spec, part))
    return list(found.values())


def _job(options: RunOptions, part: Part, method: str) -> Job:
    named = _Named(model_choice(options), say=lambda _: None)
    return make_job(named, options, part.subject, method, targets=members(part.sets))


def _answered(db: Connection, job: Job, spec: RunSpec, part: Part) -> int:
    """Return how many of a job's requests have answers, of stored runs that seem to be the job's.

    No identity of a model is known here: settings are compared, and what models are called.
    """
    alike = [run for run in runs.listing(db) if _seems(run, spec, part)]
    if alike and job.method in EMBEDDING:
        alike = _embedded_alike(alike, job)
    scenarios = {scenario.number for scenario in job.subject.scenarios}
    attributes = {ALL, *job.subject.attributes}
    told = {to_json(target) for target in job.targets} or {""}
    requests = {
        item.request
        for run in alike
        for item in runs.items(db, run.number)
        if item.scenario in scenarios and item.attribute in attributes and item.target in told
    }
    return sum(one.error is None for one in runs.answered(db, list(requests)).values())


def _seems(run: Run, spec: RunSpec, part: Part) -> bool:
    stored = run.spec
    if (stored.benchmark, stored.split, stored.method) != (spec.benchmark, spec.split, spec.method):
        return False
    try:
        named = _config(_job(options_of(run), part, spec.method).spec)
    except InputError:  # a record may contradict itself, as of another version: it is like none
        return False
    called = {key: named[key] for key in ("model", "embedder") if key in named}
    return _config(stored) | called == _config(spec)


def _embedded_alike(stored: Sequence[Run], job: Job) -> list[Run]:
    """Return the runs that longer texts were embedded for as they would be now.

    All where that is not known, as the embedding model is not on this machine.
    """
    folder = models.at_hand(job.embedder)
    if folder is None or (reach := of_folder(folder)) is None:
        return list(stored)
    windowed = reach.exceeded(embedded(job.subject, job.method, job.settings))
    return [
        run for run in stored if _config(run.spec)["embedder"].endswith(f"/{POOLING}") == windowed
    ]


def _config(spec: RunSpec) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(spec.config)
    return found


def print_forecast(found: Sequence[Forecast], *, as_json: bool) -> None:
    """Print what runs would take, for people or as JSON."""
    pairs = [(one.options, one.estimate) for one in found]
    if as_json:
        rows = zip(text.records(tables.forecast_values(pairs)), found, strict=True)
        print(text.json_text([row | {"answered": one.answered} for row, one in rows]), end="")
        return
    requests = count(sum(one.estimate.requests for one in found))
    answered = count(sum(one.answered for one in found))
    print(text.markdown(tables.forecast(pairs)))
    print(
        f"Nothing was sent. Of {requests} requests, all of which are counted above, {answered} are"
        " answered already\nby runs with these settings and models of these names. Tokens are"
        " estimated, and those of\nanswers at most, unless this model has answered such requests on"
        " this benchmark; times are\nwhat it took for those or for others there."
    )
