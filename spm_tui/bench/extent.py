"""How much of its split a run is to answer: what the commands that worked on it asked for.

Not part of a run's identity, for a run can grow. Kept in its record, beside versions and
hardware: a run that was stopped has answers for some of it only, and from those alone nobody
could tell a part from the whole.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from spm_tui.bench.subject import Subject
from store import browse, runs
from store.connection import Connection
from store.identity import Canonical
from store.records import Attribute, Run

KEY = "planned"
"""Where a run's record has it."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Attributes and scenarios of a split."""

    attributes: frozenset[int] = frozenset()
    """By index."""
    scenarios: frozenset[int] = frozenset()
    """By number."""

    def __or__(self, other: "Extent") -> "Extent":
        return Extent(self.attributes | other.attributes, self.scenarios | other.scenarios)

    def record(self) -> dict[str, Canonical]:
        """Return it as a run's record has it: scenarios as spans, first and last of each."""
        return {
            "attributes": sorted(self.attributes),
            "scenarios": [[first, last] for first, last in _spans(sorted(self.scenarios))],
        }


def _spans(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of neighbours among ascending numbers."""
    for _, group in groupby(enumerate(numbers), lambda place: place[1] - place[0]):
        span = [number for _, number in group]
        yield span[0], span[-1]


def of_subject(subject: Subject) -> Extent:
    """Return what a selection has."""
    numbers = frozenset(scenario.number for scenario in subject.scenarios)
    return Extent(frozenset(subject.attributes), numbers)


def planned(db: Connection, run: Run, attributes: Sequence[Attribute], scenarios: int) -> Extent:
    """Return what a run is to answer: all that was ever asked for, and whatever it has.

    Where no record says so (a run that was made or handed on without), a finished run was to
    answer what it has asked, any other the whole split.

    Args:
        db: a connection in `Store.reading`.
        run: the run.
        attributes: of its benchmark.
        scenarios: number of scenarios in its split.

    """
    whole = Extent(frozenset(range(len(attributes))), frozenset(range(1, scenarios + 1)))
    names = [attribute.name for attribute in attributes]
    asked = list(_recorded(runs.environments(db, run.number), names, whole))
    if not asked and run.state != "finished":
        return whole
    wanted = Extent(*map(frozenset, browse.touched(db, run.number)))
    for extent in asked:
        wanted |= extent
    return Extent(wanted.attributes & whole.attributes, wanted.scenarios & whole.scenarios)


def recorded(db: Connection, run: Run, subject: Subject) -> Extent:
    """Return what the records of a run on a subject ask for."""
    names = [attribute.name for attribute in subject.benchmark.attributes]
    numbers = (scenario.number for scenario in subject.benchmark.split(subject.split))
    whole = Extent(frozenset(range(len(names))), frozenset(numbers))
    wanted = Extent()
    for extent in _recorded(runs.environments(db, run.number), names, whole):
        wanted |= extent
    return wanted


def _recorded(environments: Iterable[str], names: Sequence[str], whole: Extent) -> Iterator[Extent]:
    """Yield what each of a run's records asks for; those of older versions have options alone."""
    for environment in environments:
        record = json.loads(environment)
        try:
            if KEY in record:
                yield _read(record[KEY])
            elif "options" in record:
                yield _of_options(record["options"], names, whole)
        except (AttributeError, KeyError, TypeError, ValueError):  # of a version to come
            continue


def _read(record: Mapping[str, Any]) -> Extent:
    spans = (range(first, last + 1) for first, last in record["scenarios"])
    return Extent(
        frozenset(map(int, record["attributes"])), frozenset(n for span in spans for n in span)
    )


def _of_options(options: Mapping[str, Any], names: Sequence[str], whole: Extent) -> Extent:
    """Return what options select, as they are written in a config file."""
    wanted = options.get("attributes") or names
    listed = set(options.get("scenario") or whole.scenarios)
    numbers = [number for number in sorted(whole.scenarios) if number in listed]
    return Extent(
        frozenset(names.index(name) for name in wanted), frozenset(numbers[: options.get("limit")])
    )
