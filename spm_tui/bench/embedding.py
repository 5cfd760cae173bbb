"""Embeddings of scenarios and of single texts: made once per model, and kept in the store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spm_tui.engine.reach import Cut
from store import benchmarks
from store.connection import Store
from store.identity import content_hash
from store.records import Scenario

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Iterator[Vectors]]
"""Yields the embeddings of texts, [some, D] at a time, in order."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """How texts are embedded."""

    identity: str
    """Of the model, and of the way of longer texts if there are any: what vectors are kept by."""
    cut: Cut | None = None
    """What is left out of longer texts, if anything."""


def joined(scenario: Scenario) -> str:
    """Return a scenario as it is embedded: question and responses together."""
    return "\n".join(scenario.texts)


def of_scenarios(
    store: Store, embedder: str, scenarios: Sequence[Scenario], embed: Embed
) -> Vectors:
    """Return the embeddings of scenarios, [N, D]."""
    keys = [scenario.key for scenario in scenarios]
    texts = {key: joined(one) for key, one in zip(keys, scenarios, strict=True)}
    found = _embeddings(store, embedder, texts, embed)
    return np.stack([found[key] for key in keys])


def of_texts(
    store: Store, embedder: str, texts: Sequence[str], embed: Embed
) -> Mapping[str, Vectors]:
    """Return the embedding of each text, [D], by the text."""
    keys = {text: content_hash(text)[:16] for text in texts}
    found = _embeddings(store, embedder, {key: text for text, key in keys.items()}, embed)
    return {text: found[key] for text, key in keys.items()}


def _embeddings(
    store: Store, embedder: str, texts: Mapping[str, str], embed: Embed
) -> dict[str, Vectors]:
    """Return embeddings by key: those the store lacks are made and stored."""
    with store.reading() as db:
        known = benchmarks.embeddings(db, embedder, list(texts))
    missing = {key: text for key, text in texts.items() if key not in known}
    waiting = iter(missing)
    for vectors in embed(list(missing.values())):
        new = {next(waiting): vector for vector in vectors}
        with store.writing() as db:
            benchmarks.add_embeddings(db, embedder, new)
        known |= new
    return known
