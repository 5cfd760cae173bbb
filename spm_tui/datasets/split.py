"""The stratified division into eval and train (paper §5.2), and the checks common to imports.

Train here means the pool of worked examples, not training.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from spm_tui.errors import InputError
from spm_tui.paths import encodable
from spm_tui.prompts import LETTERS
from store.records import Attribute, Benchmark, Response, Scenario, Split

Rule: TypeAlias = Literal["stratified", "source"]
"""`stratified`: as the paper's; `source`: as the file itself says, scenario by scenario."""

MOST_PER_LEVEL = 20
MOST_RESPONSES = len(LETTERS)


@dataclass(frozen=True, slots=True)
class Imported:
    """A benchmark read from files."""

    benchmark: Benchmark
    notes: tuple[str, ...]
    """What was left out and why, a sentence each."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A scenario before it has a number."""

    question: str
    responses: tuple[Response, ...]
    split: Split | None
    """None where the source does not say."""


def stratified(levels: Sequence[Sequence[Sequence[int]]]) -> tuple[list[int], list[int]]:
    """Return the indices of the eval and of the train scenarios, each in order of selection.

    (attribute, level) pairs are visited from the one that fewest responses have to the most
    common. At each, of the scenarios with such a response that are in neither split yet, the
    first k go to eval and the next k to train, k being the smaller of 20 and the rarest
    pair's number of responses.

    Two details decide the published figures and are kept: scenarios are visited in the order
    of a CPython set of their indices, and pairs of equal count in the order of an unstable
    sort. numpy's default sort orders equals differently on CPUs with and without AVX-512;
    heap sort gives the frozen figures on both.

    Args:
        levels: per scenario, per response, the level on each attribute.

    """
    attributes = len(levels[0][0]) if levels else 0
    top = 1 + max((max(r) for s in levels for r in s), default=-1)
    pairs = [(a, k) for a in range(attributes) for k in range(top)]
    counts = {p: sum(r[p[0]] == p[1] for s in levels for r in s) for p in pairs}
    pairs = [pair for pair in pairs if counts[pair]]
    take = min([MOST_PER_LEVEL, *(counts[pair] for pair in pairs)])
    eval_: list[int] = []
    train: list[int] = []
    seen: set[int] = set()
    for position in np.argsort([counts[pair] for pair in pairs], kind="heapsort"):
        attribute, level = pairs[position]
        having = {i for i, s in enumerate(levels) if any(r[attribute] == level for r in s)}
        unseen = [i for i in having if i not in seen]
        eval_ += unseen[:take]
        train += unseen[take : 2 * take]
        seen.update(unseen[: 2 * take])
    return eval_, train


def assemble(
    drafts: Iterable[Draft],
    *,
    name: str,
    source: str,
    attributes: tuple[Attribute, ...],
    rule: Rule,
    path: Path,
) -> Benchmark:
    """Return the benchmark of these scenarios, divided by `rule`, train first.

    Raises:
        InputError: no scenario ends up in eval, or the source was to divide but does not; or
            the name cannot be stored.

    """
    if not encodable(name):
        raise InputError("a benchmark's name must be UTF-8", path=path, field="--name")
    found = list(drafts)
    if rule == "stratified":
        levels = [[response.labels for response in draft.responses] for draft in found]
        eval_, train = stratified(levels)
        parts: dict[Split, list[Draft]] = {
            "train": [found[i] for i in train],
            "eval": [found[i] for i in eval_],
        }
    else:
        parts = {split: [d for d in found if d.split == split] for split in ("train", "eval")}
    if not parts["eval"]:
        raise InputError(f"no scenario for the eval split among {len(found)}", path=path)
    return Benchmark(
        name=name,
        source=source,
        attributes=attributes,
        scenarios=tuple(
            Scenario(split, number, draft.question, draft.responses)
            for split, drafts_ in parts.items()
            for number, draft in enumerate(drafts_, start=1)
        ),
    )
