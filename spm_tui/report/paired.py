"""Two runs held against each other, scenario by scenario, on sets of targets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from spm_tui import targets
from spm_tui.bench.options import ALL
from spm_tui.bench.subject import Subject
from spm_tui.errors import InputError
from spm_tui.format import interval, percent, probability
from spm_tui.report.board import RunScore, read
from spm_tui.report.tables import Table
from spm_tui.scoring import grid
from spm_tui.scoring.compare import WHAT, Comparison, compare
from spm_tui.scoring.outcomes import Judged, Outcomes, listed
from spm_tui.targets import TargetSet
from store.connection import Store

Score = Callable[[Judged], Iterable[Outcomes]]


def paired(
    store: Store,
    subject: Subject,
    numbers: tuple[int, int],
    sets: Sequence[TargetSet],
    *,
    everything: bool,
) -> dict[str, Comparison]:
    """Return how the second of two runs differs from the first, by target set.

    Sets that one of them was not asked about are left out. Where no scenario is scored for both
    there is nothing to compare: the test's p is NaN then, as are the accuracies.

    Args:
        store: where the runs are.
        subject: scenarios and attributes of both.
        numbers: the runs.
        sets: listed targets.
        everything: compare on the set `all`, too, first.

    Raises:
        NotInStore: no run has such a number.
        InputError: the runs have no set in common.

    """
    with store.reading() as db:
        first, second = (read(db, subject, number) for number in numbers)
    scores: dict[str, Score] = {}
    sizes = tuple(attribute.levels for attribute in subject.selected)
    told = first.targets is not None or second.targets is not None
    if everything and not told and grid.size(sizes) <= grid.MOST_TARGETS:
        scores[ALL] = grid.everything
    for one in sets:
        values, weights = targets.arrays(one.targets, subject.selected)
        if all(all(map(run.asked, values, weights)) for run in (first, second)):
            scores[one.name] = partial(listed, values=values, weights=weights)
    if not scores:
        raise InputError("the runs have none of the target sets in common", field="--targets")
    return {name: compare(first, second, score) for name, score in scores.items()}


def table(found: Mapping[str, Comparison], numbers: tuple[int, int]) -> Table:
    """Return comparisons in percent, for people."""
    first, second = (f"run {number}" for number in numbers)
    columns = ("targets", first, second, "difference", "95 %", "scenarios", "better", "worse", "p")
    return Table(
        columns,
        tuple(
            (
                name,
                percent(one.first),
                percent(one.second),
                percent(one.difference),
                interval(one.low, one.high),
                one.scenarios,
                one.better,
                one.worse,
                probability(one.p),
            )
            for name, one in found.items()
        ),
    )


def values(found: Mapping[str, Comparison], runs: tuple[RunScore, RunScore]) -> Table:
    """Return the same in shares of 1, for programs, with how much each run answered."""
    columns = ("set", "first", "second", "difference", "low", "high")
    extents = ("first_answered", "first_planned", "second_answered", "second_planned")
    return Table(
        (*columns, "scenarios", "better", "worse", "p", "test", *extents),
        tuple(
            (
                name,
                one.first,
                one.second,
                one.difference,
                one.low,
                one.high,
                one.scenarios,
                one.better,
                one.worse,
                one.p,
                one.test,
                *(number for run in runs for number in (run.answered, run.planned)),
            )
            for name, one in found.items()
        ),
    )


def explanation(found: Mapping[str, Comparison], numbers: tuple[int, int]) -> str:
    """Return what the table's columns are, for people: the test is named that p is of."""
    tests = " or ".join(text for test, text in WHAT.items() if test in _tests(found))
    return (
        "Accuracy in percent on the scenarios that both runs answered. Interval and p are of the\n"
        "difference: 95 %, scenarios resampled for both runs at once; two-sided, by the\n"
        f"{tests}.\n"
        f"Better and worse are scenarios in which run {numbers[1]} is right for more or fewer"
        " targets.\n"
    )


def _tests(found: Mapping[str, Comparison]) -> set[str]:
    return {one.test for one in found.values()}
