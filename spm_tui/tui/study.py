"""A run as its charts see it: restricted to what it scored, with what they need; no widget."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from spm_tui.alignment import Floats
from spm_tui.methods.base import draw
from spm_tui.scoring import grid
from spm_tui.scoring.outcomes import Ints, Judged
from spm_tui.tui.session import Opened
from spm_tui.tui.steering import Steering
from store import browse, diagnosis
from store.connection import Store
from store.records import Attribute, Run

Kind: TypeAlias = Literal["attributes", "bias", "levels", "calibration", "length", "position"]
KINDS: tuple[Kind, ...] = get_args(Kind)
COMPARATIVE = frozenset({"few-shot-comparative", "zero-shot-comparative"})
"""Methods that show all responses of a scenario together, in some order."""


@dataclass(frozen=True, slots=True)
class Study:
    """A run restricted to the attributes it says something of."""

    attributes: tuple[Attribute, ...]
    columns: tuple[int, ...]
    """Which of the benchmark's these are."""
    judged: Judged
    run: Run | None
    target: str
    """Name of the target at hand."""
    value: Floats
    weight: Floats
    part: str = ""
    """How much of the run its numbers are of, for people; empty where that is all."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return tuple(attribute.name for attribute in self.attributes)


@dataclass(frozen=True, slots=True)
class Extra:
    """What a chart may need beyond what is open."""

    lengths: Ints | None = None
    """Characters of the responses, [N, R]."""
    samples: Floats | None = None
    """Scores by sample, [N, R, A, S], over the study's attributes."""
    keys: Sequence[str] = ()
    """Of the scenarios."""


def study(opened: Opened, steering: Steering) -> Study:
    """Return what the charts are made from."""
    columns = tuple(i for i, known in enumerate(opened.scored) if known)
    columns = columns or tuple(range(len(opened.attributes)))
    where, aim = list(columns), steering.aim()
    return Study(
        attributes=tuple(opened.attributes[i] for i in columns),
        columns=columns,
        judged=opened.judged.on(columns),
        run=opened.run,
        target=steering.name,
        value=aim.value[where],
        weight=aim.weight[where],
        part=opened.part(aim),
    )


def choices(study: Study, kind: Kind) -> tuple[str, ...]:
    """Return what a chart can be drawn for; the first to begin with."""
    match kind:
        case "attributes":
            return ("sampled", "all") if _all_possible(study) else ("sampled",)
        case "bias":
            return tuple(dict.fromkeys(("high", "low", study.target)))
        case "levels" | "calibration":
            return study.names
    return ("all attributes",)


def missing(study: Study, kind: Kind) -> str:
    """Return why a chart cannot be drawn; empty if it can."""
    judged = study.judged
    if study.run is None:
        return "Nothing has been run here: open a run to see charts of it."
    if kind in ("attributes", "bias"):
        spoken = judged.scores is not None or (np.asarray(judged.chosen) >= 0).any()
    elif judged.scores is None:
        return f"{study.run.spec.method} chooses without scores: there is nothing to draw."
    else:
        spoken = True
    if not spoken or (judged.scores is not None and np.isnan(judged.scores).all()):
        return "This run has no answers yet."
    if kind == "position" and study.run.spec.method not in COMPARATIVE:
        return f"{study.run.spec.method} does not show responses together, so none comes first."
    return ""


def _all_possible(study: Study) -> bool:
    few = grid.size(study.judged.sizes) <= grid.MOST_TARGETS
    return few and study.judged.targets is None


def read_extra(store: Store, opened: Opened, study: Study, kind: Kind) -> Extra:
    """Read what one kind of chart needs beyond what is open."""
    run, shape = opened.run, opened.judged.levels.shape
    if run is None or missing(study, kind) or kind not in ("length", "position"):
        return Extra()
    place = (opened.benchmark.identity, opened.split)
    with store.reading() as db:
        if kind == "length":
            return Extra(lengths=diagnosis.lengths(db, *place, shape[:2]))
        _, samples, _ = decoded(run)
        scores = browse.sample_scores(db, run.number, shape, samples)
        return Extra(samples=scores[:, :, list(study.columns)], keys=diagnosis.keys(db, *place))


def decoded(run: Run) -> tuple[float, int, int]:
    """Return temperature, number of samples and seed of a run."""
    method = json.loads(run.spec.config)["method"]
    return method.get("temperature", 0.0), method.get("samples", 1), method.get("seed", 0)


def orders(study: Study, keys: Sequence[str], samples: int) -> Ints:
    """Return the response shown at each place, [N, A, S, R]; -1 beyond those shown."""
    if study.run is None:
        raise ValueError("without a run nothing was shown")
    temperature, _, seed = decoded(study.run)
    counts = study.judged.present.sum(axis=1)
    shape = (len(counts), len(study.attributes), samples, study.judged.levels.shape[1])
    order = np.full(shape, -1, dtype=np.int64)
    if not temperature:
        places = np.arange(shape[-1])
        order[:] = np.where(places < counts[:, None], places, -1)[:, None, None]
        return order
    for row, (key, size) in enumerate(zip(keys, counts.tolist(), strict=True)):
        for a, name in enumerate(study.names):
            for sample in range(samples):
                drawn = draw(key, name, sample, responses=size, temperature=temperature, seed=seed)
                order[row, a, sample, :size] = drawn.order
    return order
