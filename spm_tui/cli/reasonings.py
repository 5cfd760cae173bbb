"""`spm-tui import reasonings`: a model explains the labels of a benchmark's train split."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from spm_tui.bench.backend import Backend
from spm_tui.bench.events import Ended, ItemAnswered, Stage
from spm_tui.bench.jobs import model_choice, require_effect
from spm_tui.bench.options import RunOptions
from spm_tui.bench.reasonings import (
    FORM,
    RETRIES,
    Explainer,
    explain,
    labels,
    request,
    unexplained,
)
from spm_tui.bench.subject import Selection, Subject, load_subject
from spm_tui.cli.display import Show
from spm_tui.engine.remote.key import Key
from spm_tui.engine.schedule import CHARACTERS_PER_TOKEN
from spm_tui.format import count
from spm_tui.forms import most_tokens
from spm_tui.methods.catalogue import FEW_SHOT
from store import runs
from store.clock import now
from store.connection import Store


@dataclass(frozen=True, slots=True)
class Outcome:
    """How explaining ended."""

    what: str
    """For people, a line."""
    notes: tuple[str, ...]
    failed: int
    interrupted: bool


def write(
    options: RunOptions,
    store: Store,
    *,
    replace: bool,
    show: Show,
    stop: Callable[[], bool],
    key: Key | None = None,
) -> Outcome:
    """Explain what is to be explained.

    Raises:
        SpmError, StoreError: bad input, or a model or store that cannot be used.

    """
    require_effect([options])
    subject = _subject(options, store)
    if not replace and not unexplained(store, subject):
        return Outcome(f"nothing to explain: {_all(subject)} have reasonings", (), 0, False)
    backend = Backend(model_choice(options, key=key), say=lambda text: show(Stage(text)))
    explainer = Explainer(backend.backbone("language"), options.seed)
    done, objections = 0, Counter[str]()
    ended = Ended(0, "finished", 0)
    engine = partial(backend.engine, "language")
    for event in explain(store, subject, explainer, engine, replace=replace, now=now, stop=stop):
        show(event)
        match event:
            case ItemAnswered(error=None):
                done += 1
            case ItemAnswered(error=str(error), sample=attempt) if attempt == RETRIES:
                objections[error.partition(":")[0]] += 1
            case Ended():
                ended = event
    what = f"{count(done)} explained by {explainer.backbone.name}, of {_all(subject)}"
    if ended.failed:
        why = ", ".join(f"{count(times)} {reason}" for reason, times in objections.most_common())
        what += f"; {count(ended.failed)} left without ({why})"
    notes = _notes(store, subject) if done else ()
    return Outcome(what, notes, ended.failed, ended.state == "interrupted")


def forecast(options: RunOptions, store: Store, *, replace: bool) -> str:
    """Return what explaining would take, for people; no model is looked for.

    Raises:
        InputError, StoreError: bad input, or a store that cannot be used.

    """
    subject = _subject(options, store)
    asked = labels(subject) if replace else unexplained(store, subject)
    characters = sum(request(label).size for label in asked)
    return (
        f"{count(len(asked))} of {_all(subject)} to explain: about"
        f" {count(round(characters / CHARACTERS_PER_TOKEN))} tokens to read, at most"
        f" {count(len(asked) * most_tokens(FORM))} to write, and up to {RETRIES} times as much"
        " again for answers that cannot be used"
    )


def _subject(options: RunOptions, store: Store) -> Subject:
    selection = Selection("train", options.limit, options.scenario, options.attributes)
    return load_subject(store, options.benchmark, selection, at=now())


def _all(subject: Subject) -> str:
    return f"{count(len(labels(subject)))} labels of {subject.benchmark.name}/train"


def _notes(store: Store, subject: Subject) -> tuple[str, ...]:
    """Say what becomes of the runs that have shown the benchmark's examples as they were."""
    with store.reading() as db:
        earlier = [
            run
            for run in runs.listing(db)
            if run.spec.benchmark == subject.identity and run.spec.method in FEW_SHOT
        ]
    if not earlier:
        return ()
    numbers = ", ".join(str(run.number) for run in earlier)
    notes = [f"few-shot runs from now on are other runs than {numbers}, which stay as they are"]
    if unfinished := [str(run.number) for run in earlier if run.state != "finished"]:
        notes.append(f"of these, {', '.join(unfinished)} can no longer be resumed")
    return tuple(notes)
