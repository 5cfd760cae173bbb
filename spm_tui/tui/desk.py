"""What lies open in the app: a run, a target, a filter, a place in the list; no widget.

The one mutable piece of the app's state. Every change recomputes what depends on it, from
arrays in memory; nothing here reads the store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from spm_tui.alignment import Bools
from spm_tui.scoring.standing import Standings, stand
from spm_tui.scoring.why import blamed
from spm_tui.target_files import from_json
from spm_tui.targets import Target
from spm_tui.tui.listing import Filter, Order, Sort, listed
from spm_tui.tui.session import Opened
from spm_tui.tui.steering import CUSTOM, Steering, among, high, presets


class Desk:
    """An opened split or run, aligned to a target, listed through a filter."""

    def __init__(self, opened: Opened, saved: Mapping[str, Sequence[Target]]) -> None:
        self.opened = opened
        self.saved = saved
        self.steering = high(opened.attributes)
        """As the person wants it; `effective` is what the run can be aligned to."""
        self.filter = Filter()
        self.sort = Sort()
        self.words = ""
        """What was searched for; empty without a search."""
        self.found: Order | None = None
        self.standings: Standings = stand(opened.judged, self.effective.aim())
        self.order: Order = np.arange(len(opened.questions))
        self.place = 0
        """In `order`."""

    @property
    def index(self) -> int | None:
        """Position in the split of the scenario at hand; None when none is listed."""
        return int(self.order[self.place]) if len(self.order) else None

    @cached_property
    def presets(self) -> list[tuple[str, Target]]:
        """The paper's targets and the saved ones, by name; for a run told targets, those alone."""
        opened = self.opened
        if not opened.asked:
            return presets(opened.attributes, self.saved)
        named = [a for a, known in zip(opened.attributes, opened.scored, strict=True) if known]
        told = [from_json(text, opened.attributes) for text in opened.asked]
        return among(told, presets(named, self.saved))

    def save(self, name: str, targets: Sequence[Target]) -> None:
        """Take in targets saved under a name."""
        self.saved = {**self.saved, name: list(targets)}
        self.__dict__.pop("presets", None)

    def reopen(self, opened: Opened) -> None:
        """Show more of the run, or what people have said of it; all else stays."""
        self.opened = opened
        self.__dict__.pop("presets", None)
        self.steer(self.steering)

    def steer(self, steering: Steering) -> None:
        """Align to another target; the list is filtered again, the scenario at hand stays."""
        self.steering = steering
        self.standings = stand(self.opened.judged, self.effective.aim())
        self.__dict__.pop("_blamed", None)
        self.relist()

    def step_preset(self, step: int) -> None:
        """Align to the next preset, or the one before."""
        names = [name for name, _ in self.presets]
        at = names.index(self.steering.name) if self.steering.name in names else -1
        if at < 0 and step < 0:
            at = 0
        self.take_preset(self.presets[(at + step) % len(names)][0])

    def take_preset(self, name: str) -> None:
        """Align to a preset; a target of one's own that was not saved becomes one until the end."""
        own = self.steering.target()
        if self.steering.name == CUSTOM and own:
            self.save(CUSTOM, [own])
        self.steer(self.steering.take(name, dict(self.presets)[name]))

    def search(self, words: str, found: Order | None) -> None:
        """List only what a search found; None ends the search."""
        self.words, self.found = words, found
        self.relist()

    def narrow(self, filter_: Filter, sort: Sort) -> None:
        """Filter and sort otherwise."""
        self.filter, self.sort = filter_, sort
        self.relist()

    def relist(self) -> None:
        """Filter and sort again."""
        index = self.index
        self.order = listed(
            self.standings,
            self.opened.marks,
            lambda: self.opened.errors,
            lambda: self._blamed,
            filter_=self.filter,
            sort=self.sort,
            found=self.found,
        )
        self.place = self._near(index)

    def go(self, index: int) -> bool:
        """Go to a scenario; False when it is not listed."""
        places = np.flatnonzero(self.order == index)
        if len(places):
            self.place = int(places[0])
        return bool(len(places))

    @cached_property
    def _blamed(self) -> Bools:
        if self.opened.judged.scores is None:
            return np.zeros((len(self.opened.questions), len(self.opened.names)), dtype=bool)
        return blamed(self.opened.judged, self.effective.aim())

    def _near(self, index: int | None) -> int:
        """The place of a scenario, or where it would stand."""
        if index is None or not len(self.order):
            return 0
        places = np.flatnonzero(self.order == index)
        if len(places):
            return int(places[0])
        if self.sort.by == "number":
            return min(int(np.searchsorted(self.order, index)), len(self.order) - 1)
        return min(self.place, len(self.order) - 1)

    @property
    def asked(self) -> str | None:
        """The target at hand as the run's choices have it; None if it was told others alone."""
        return self.opened.asked_about(self.effective.aim())

    @property
    def part(self) -> str:
        """How much of the run its accuracy is of, for people; empty where that is all."""
        return self.opened.part(self.effective.aim())

    @property
    def effective(self) -> Steering:
        """The steering without what the run says nothing of, unless it says nothing at all."""
        scored = self.opened.scored
        if all(scored) or not any(scored):
            return self.steering
        slots = tuple(
            slot if known else replace(slot, on=False)
            for slot, known in zip(self.steering.slots, scored, strict=True)
        )
        return replace(self.steering, slots=slots)
