"""Two runs on the same scenarios, as the compare screen shows them; no widget."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from spm_tui import targets
from spm_tui.alignment import Aim
from spm_tui.plain_text import visible
from spm_tui.report.tables import Cell, Table, decoding
from spm_tui.scoring import grid
from spm_tui.scoring.compare import Change, Comparison, changes, compare
from spm_tui.scoring.outcomes import Judged, Outcomes, listed
from spm_tui.scoring.standing import aimed, stand
from spm_tui.tui.listing import Order
from spm_tui.tui.memory import key_of
from spm_tui.tui.session import Opened
from spm_tui.tui.steering import Steering
from store.records import Run

ORDER = (
    Change.FIXED,
    Change.BROKEN,
    Change.BOTH_WRONG,
    Change.BOTH_RIGHT,
    Change.NOT_COMPARED,
)
"""How scenarios are listed."""
SETS = ("high", "low", "sampled", "all")
"""Target sets that are compared besides the target at hand."""


class Stopped(Exception):
    """Nobody waits for the result any more."""


def partners(runs: Sequence[Run], run: Run) -> list[Run]:
    """Return the other runs on the same benchmark and split, the newest number first."""
    place = (run.spec.benchmark, run.spec.split)
    found = [r for r in runs if (r.spec.benchmark, r.spec.split) == place]
    return sorted((r for r in found if r.number != run.number), key=lambda r: -r.number)


def usual(found: Sequence[Run], run: Run) -> Run | None:
    """Return the partner that is offered first: the run before, or else the one after."""
    before = [one for one in found if one.number < run.number]
    return before[0] if before else (found[-1] if found else None)


def run_name(run: Run) -> str:
    """Return number, method, model and decoding of a run."""
    parts = [f"run {run.number} {run.spec.method}", run.spec.model, decoding(run)]
    return visible(" ".join(part for part in parts if part))


class Pairing:
    """Two runs, aligned to one target, listed by what changed."""

    def __init__(self, first: Opened, second: Opened, steering: Steering) -> None:
        self.first, self.second = first, second
        self.only: Change | None = None
        """The one kind of change that is listed; None lists all."""
        self.order: Order = np.arange(len(first.questions))
        self.place = 0
        """In `order`."""
        both = zip(first.scored, second.scored, strict=True)
        columns = tuple(i for i, known in enumerate(both) if all(known))
        self.columns = columns or tuple(range(len(first.attributes)))
        """The attributes that both runs say something of; all if there are none."""
        self.steer(steering)

    @property
    def index(self) -> int | None:
        """Position in the split of the scenario at hand; None when none is listed."""
        return int(self.order[self.place]) if len(self.order) else None

    @property
    def counts(self) -> dict[Change, int]:
        """Number of scenarios by change, in the order of the list."""
        return {change: int((self.changes == change).sum()) for change in ORDER}

    @property
    def runs(self) -> tuple[Opened, Opened]:
        """Both."""
        return self.first, self.second

    @property
    def tags(self) -> tuple[str, str]:
        """Short names of the runs."""
        return _tag(self.first), _tag(self.second)

    @property
    def parts(self) -> tuple[str, str]:
        """How much of each run is answered, in brackets; empty for one that is whole."""
        aim = self.steering.aim()
        first, second = (f" ({part})" if (part := one.part(aim)) else "" for one in self.runs)
        return first, second

    @property
    def titles(self) -> tuple[str, str]:
        """Short names of the runs, with how much of each is answered."""
        first, second = (tag + part for tag, part in zip(self.tags, self.parts, strict=True))
        return first, second

    def steer(self, steering: Steering) -> None:
        """Align both to another target; what one of them did not score is switched off."""
        self.wanted = steering
        """As the person wants it; `steering` is what both runs can be aligned to."""
        slots = tuple(
            slot if i in self.columns else replace(slot, on=False)
            for i, slot in enumerate(steering.slots)
        )
        self.steering = replace(steering, slots=slots)
        aim = self.steering.aim()
        self.standings = stand(self.first.judged, aim), stand(self.second.judged, aim)
        self.changes = changes(*self.standings)
        self._relist()

    def narrow(self, only: Change | None) -> None:
        """List one kind of change alone, or all."""
        self.only = only
        self._relist()

    def swap(self) -> "Pairing":
        """Return the same with the runs in the other order."""
        other = Pairing(self.second, self.first, self.wanted)
        other.only = _OPPOSITE.get(self.only, self.only) if self.only is not None else None
        other._stand_as(self)
        return other

    def grown(self, opened: Opened) -> "Pairing":
        """Return the same with one of the runs as it has been read again."""
        first, second = (opened if key_of(opened) == key_of(one) else one for one in self.runs)
        other = Pairing(first, second, self.wanted)
        other.only = self.only
        other._stand_as(self)
        return other

    def answers_as(self, before: "Pairing") -> bool:
        """Whether it is of the same two runs, and both say what they said before."""
        pairs = zip(self.runs, before.runs, strict=True)
        return self.tags == before.tags and all(one.answers_as(other) for one, other in pairs)

    def _stand_as(self, before: "Pairing") -> None:
        """List, and go where another pairing was, or as near as can be."""
        self._relist()
        self.place = min(before.place, max(len(self.order) - 1, 0))
        if before.index is not None:
            self.go(before.index)

    def go(self, index: int) -> None:
        """Go to a scenario, if it is listed."""
        places = np.flatnonzero(self.order == index)
        if len(places):
            self.place = int(places[0])

    def _relist(self) -> None:
        index = self.index
        kinds = ORDER if self.only is None else (self.only,)
        self.order = np.concatenate([np.flatnonzero(self.changes == kind) for kind in kinds])
        self.place = min(self.place, max(len(self.order) - 1, 0))
        if index is not None:
            self.go(index)

    # accuracy

    def sets(self) -> list[str]:
        """Return the target sets that can be compared."""
        sizes = [self.first.judged.sizes[i] for i in self.columns]
        possible = grid.size(sizes) <= grid.MOST_TARGETS
        possible &= all(one.judged.targets is None for one in self.runs)
        return [name for name in SETS if name != "all" or possible]

    def on_target(self, stopped: Callable[[], bool]) -> Comparison:
        """Compare on the target at hand.

        Raises:
            Stopped: `stopped` said so.

        """
        aim, where = self.steering.aim(), list(self.columns)
        mine = Aim(aim.value[where], aim.weight[where], aim.function)
        return self._compare(lambda judged: [aimed(judged, mine)], stopped)

    def on_set(self, name: str, stopped: Callable[[], bool]) -> Comparison:
        """Compare on one of the sets.

        Raises:
            Stopped: `stopped` said so.

        """
        if name == "all":
            return self._compare(grid.everything, stopped)
        attributes = [self.first.attributes[i] for i in self.columns]
        makers = {"high": targets.high, "low": targets.low, "sampled": targets.sampled}
        arrays = targets.arrays(makers[name](attributes).targets, attributes)
        return self._compare(lambda judged: listed(judged, *arrays), stopped)

    def _compare(
        self, outcomes: Callable[[Judged], Iterable[Outcomes]], stopped: Callable[[], bool]
    ) -> Comparison:
        first, second = (one.judged.on(self.columns) for one in self.runs)
        return compare(first, second, partial(_until, outcomes, stopped))


_OPPOSITE = {Change.FIXED: Change.BROKEN, Change.BROKEN: Change.FIXED}


def _tag(opened: Opened) -> str:
    return f"run {opened.run.number}" if opened.run else "no run"


def _until(
    outcomes: Callable[[Judged], Iterable[Outcomes]], stopped: Callable[[], bool], judged: Judged
) -> Iterator[Outcomes]:
    for block in outcomes(judged):
        if stopped():
            raise Stopped
        yield block


def swapped(found: Comparison) -> Comparison:
    """Return what comparing the runs in the other order finds."""
    return Comparison(
        first=found.second,
        second=found.first,
        difference=-found.difference,
        low=-found.high,
        high=-found.low,
        scenarios=found.scenarios,
        better=found.worse,
        worse=found.better,
        p=found.p,
        test=found.test,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the accuracy table."""

    targets: str
    found: Comparison | None
    """None while it is being computed."""


def values(lines: Sequence[Line], tags: tuple[str, str]) -> Table:
    """Return the accuracy table in shares of 1, for programs."""
    columns = ("targets", *tags, "difference", "low", "high", "better", "worse", "p", "scenarios")
    return Table(
        (*columns, "test"), tuple(_values(line.targets, line.found) for line in lines if line.found)
    )


def _values(name: str, c: Comparison) -> tuple[Cell, ...]:
    return (
        *(name, c.first, c.second, c.difference, c.low, c.high),
        *(c.better, c.worse, c.p, c.scenarios, c.test),
    )
