"""One scenario with everything that is told of it, ready to be shown; no widget.

Texts come with those of the list's neighbours, because opening the store costs more than
reading a few rows more.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from statistics import fmean
from typing import TypeVar

import numpy as np

from spm_tui.alignment import Floats
from spm_tui.scoring.standing import Standings, Status
from spm_tui.tui.session import Opened
from store import pages
from store.connection import Store
from store.pages import Texts
from store.records import Choice, Prediction

REACH = 16
"""Neighbours on each side that are read together with a scenario."""
AHEAD = 4
"""Neighbours on each side that should be there before they are asked for."""
MOST = 600
"""Pages kept in memory."""


@dataclass(frozen=True, slots=True)
class Page:
    """The texts of one scenario and a run's answers on it."""

    texts: Texts
    predictions: tuple[Prediction, ...]
    choices: tuple[Choice, ...] = ()
    """For every target."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A response on one attribute."""

    label: float
    """In [0, 1]."""
    score: float
    """Mean over samples, in [0, 1]; NaN where there is none."""
    samples: tuple[float, ...]
    """Each sample's score, in order of sample."""
    reasonings: tuple[str, ...]
    """Each sample's."""

    @property
    def error(self) -> float:
        """Score less label."""
        return self.score - self.label

    @property
    def sd(self) -> float:
        """Standard deviation over samples; NaN for fewer than two."""
        return float(np.std(self.samples)) if len(self.samples) > 1 else float("nan")


@dataclass(frozen=True, slots=True)
class Response:
    """A response with its labels, scores and distances."""

    text: str
    cells: tuple[Cell, ...]
    """One per attribute."""
    labelled: float
    """Distance of its labels from the target."""
    said: float
    """Distance of its scores; NaN where the method gives none."""
    picked: bool
    nearest: bool
    choices: tuple[Choice, ...] = ()
    """The samples that chose it for the target at hand, in order."""


@dataclass(frozen=True, slots=True)
class View:
    """A scenario against the target."""

    number: int
    question: str
    responses: tuple[Response, ...]
    status: Status
    margin: float
    failed: bool
    flagged: bool
    asked: bool = True
    """False if the run was told targets, and not the one at hand."""

    @property
    def choices(self) -> int:
        """Samples that chose a response for the target at hand."""
        return sum(len(response.choices) for response in self.responses)


def view(
    opened: Opened, standings: Standings, index: int, page: Page, *, target: str | None = ""
) -> View:
    """Return everything told of the scenario at `index`.

    Args:
        opened: a split, a run.
        standings: how they stand against the target at hand.
        index: position in the split.
        page: what has been read of the scenario.
        target: the one at hand as the run's choices have it; None if it was not told it.

    """
    scores = opened.judged.scores is not None
    choices = [choice for choice in page.choices if choice.target == target]
    return View(
        number=index + 1,
        question=page.texts.question,
        responses=tuple(
            Response(
                text=text,
                cells=_cells(opened, index, place, page.predictions),
                labelled=float(standings.labelled[index, place]),
                said=_finite(float(standings.said[index, place])) if scores else math.nan,
                picked=place == standings.picked[index],
                nearest=bool(standings.right[index, place]),
                choices=tuple(choice for choice in choices if choice.response == place),
            )
            for place, text in enumerate(page.texts.responses)
        ),
        status=Status(int(standings.status[index])),
        margin=float(standings.margin[index]),
        failed=bool(opened.failed[index]),
        flagged=bool(opened.marks.flagged[index]),
        asked=target is not None,
    )


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan


def _cells(
    opened: Opened, index: int, place: int, predictions: Sequence[Prediction]
) -> tuple[Cell, ...]:
    labels = opened.judged.values[index, place]
    scores = None if opened.judged.scores is None else opened.judged.scores[index, place]
    return tuple(
        Cell(
            label=float(labels[attribute]),
            score=_score(scores, attribute, mine),
            samples=tuple(p.score for p in mine),
            reasonings=tuple(p.reasoning for p in mine),
        )
        for attribute in range(len(opened.attributes))
        for mine in [[p for p in predictions if (p.response, p.attribute) == (place, attribute)]]
    )


def _score(scores: Floats | None, attribute: int, mine: Sequence[Prediction]) -> float:
    """The mean score; of the samples that have come so far while not all have."""
    if scores is not None and not np.isnan(scores[attribute]):
        return float(scores[attribute])
    return fmean(p.score for p in mine) if mine else float("nan")


class Pages:
    """The pages read so far, by position in the split; the least recently used go first."""

    def __init__(self) -> None:
        self._pages: OrderedDict[int, Page] = OrderedDict()
        self._stale: set[int] = set()

    def get(self, index: int) -> Page | None:
        """Return a page, if need be one that is to be read again; None when it is not here."""
        if index in self._pages:
            self._pages.move_to_end(index)
        return self._pages.get(index)

    def missing(self, order: Sequence[int], place: int) -> list[int]:
        """Return which pages to read when `order[place]` is shown: its own, and those around.

        Empty as long as the next few on both sides are here.
        """
        near = order[max(place - AHEAD, 0) : place + AHEAD + 1]
        if not self._lacking(near):
            return []
        return self._lacking(order[max(place - REACH, 0) : place + REACH + 1])

    def _lacking(self, order: Sequence[int]) -> list[int]:
        return [i for i in map(int, order) if i not in self._pages or i in self._stale]

    def keep(self, pages_: Mapping[int, Page]) -> None:
        """Take in pages that have been read."""
        for index, page in pages_.items():
            self._pages[index] = page
            self._pages.move_to_end(index)
        self._stale -= set(pages_)
        while len(self._pages) > MOST:
            index, _ = self._pages.popitem(last=False)
            self._stale.discard(index)

    def add(self, index: int, predictions: Sequence[Prediction]) -> bool:
        """Put answers that have just come on a page; False when it is not here."""
        page = self._pages.get(index)
        if page is None:
            return False
        new = {(p.response, p.attribute, p.sample): p for p in predictions}
        old = {(p.response, p.attribute, p.sample): p for p in page.predictions}
        merged = tuple(one for _, one in sorted((old | new).items()))
        self._pages[index] = replace(page, predictions=merged)
        return True

    def renew(self) -> None:
        """Have everything read again before long: what it was read from has grown."""
        self._stale = set(self._pages)

    def forget(self) -> None:
        """Drop everything: something else is shown."""
        self._pages.clear()
        self._stale.clear()


def read_pages(store: Store, opened: Opened, indices: Sequence[int]) -> dict[int, Page]:
    """Read pages: texts, and the run's answers if there is a run."""
    numbers, run = [index + 1 for index in indices], opened.run
    predictions: list[Prediction] = []
    choices: list[Choice] = []
    with store.reading() as db:
        texts = pages.texts(db, opened.benchmark.identity, opened.split, numbers)
        if run and opened.judged.scores is None:
            choices = pages.choices(db, run.number, numbers)
        elif run:
            predictions = pages.predictions(db, run.number, numbers)
    said, chosen = _by_scenario(predictions), _by_scenario(choices)
    return {
        number - 1: Page(one, said.get(number, ()), chosen.get(number, ()))
        for number, one in texts.items()
    }


_Said = TypeVar("_Said", Prediction, Choice)


def _by_scenario(said: Iterable[_Said]) -> dict[int, tuple[_Said, ...]]:
    """Group what is in order of scenario."""
    return {number: tuple(group) for number, group in groupby(said, key=attrgetter("scenario"))}
