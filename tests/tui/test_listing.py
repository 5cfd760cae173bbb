"""Which scenarios are listed, and in which order: worked examples, and search beside filters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.alignment import Bools, Floats
from spm_tui.scoring.standing import Standings, Status
from spm_tui.tui.listing import MARKS, OUTCOMES, Filter, Mark, Marks, Outcome, Sort, listed

NAN, INF = float("nan"), float("inf")
RIGHT, WRONG, TIE, NOT_RUN = Status
STATUS = [WRONG, RIGHT, TIE, WRONG, NOT_RUN, RIGHT, WRONG]
MARGIN = [0.25, -0.125, NAN, 0.125, NAN, -INF, 0.125]
ERRORS = np.array(
    [[0.5, 0.0], [0.25, 0.25], [NAN, 0.5], [0.125, 0.375], [NAN, NAN], [1, 1], [0, 0]]
)
BLAMED = np.array([[1, 0], [0, 0], [0, 0], [1, 1], [0, 0], [0, 0], [0, 1]], dtype=bool)


def standings() -> Standings:
    nothing = np.zeros((7, 2))
    return Standings(
        status=np.array(STATUS, dtype=np.int8),
        picked=np.zeros(7, dtype=np.int64),
        right=nothing.astype(bool),
        margin=np.array(MARGIN),
        labelled=nothing,
        said=nothing,
    )


def at(*places: int) -> Bools:
    found = np.zeros(7, dtype=bool)
    found[list(places)] = True
    return found


MARKED = Marks(flagged=at(0, 6), annotated=at(1, 3, 6), failed=at(4))


def show(
    filter_: Filter = Filter(),  # noqa: B008
    sort: Sort = Sort(),  # noqa: B008
    found: list[int] | None = None,
) -> list[int]:
    order = listed(
        standings(),
        MARKED,
        lambda: ERRORS,
        lambda: BLAMED,
        filter_=filter_,
        sort=sort,
        found=None if found is None else np.array(found, dtype=np.int64),
    )
    return [int(place) for place in order]


BY_OUTCOME: dict[Outcome, list[int]] = {
    "any": [0, 1, 2, 3, 4, 5, 6],
    "misaligned": [0, 3, 6],
    "right": [1, 5],
    "tie": [2],
    "not run": [4],
}
BY_MARK: dict[Mark, list[int]] = {
    "any": [0, 1, 2, 3, 4, 5, 6],
    "flagged": [0, 6],
    "annotated": [1, 3, 6],
    "not annotated": [0, 2, 4, 5],
    "failed": [4],
}


def test_all_filters_are_tried_here() -> None:
    assert (set(BY_OUTCOME), set(BY_MARK)) == (set(OUTCOMES), set(MARKS))


@pytest.mark.parametrize("outcome", BY_OUTCOME)
def test_an_outcome_lists_its_own(outcome: Outcome) -> None:
    assert show(Filter(outcome=outcome)) == BY_OUTCOME[outcome]


@pytest.mark.parametrize("mark", BY_MARK)
def test_a_mark_lists_its_own(mark: Mark) -> None:
    assert show(Filter(mark=mark)) == BY_MARK[mark]


def test_a_cause_lists_what_it_is_blamed_for() -> None:
    assert show(Filter(because=0)) == [0, 3]
    assert show(Filter(because=1)) == [3, 6]


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("found", [None, [], [6, 0, 2], [4]])
def test_filters_and_search_must_all_agree(
    outcome: Outcome, mark: Mark, found: list[int] | None
) -> None:
    wanted = set(BY_OUTCOME[outcome]) & set(BY_MARK[mark])
    if found is not None:
        wanted &= set(found)
    assert show(Filter(outcome, mark), found=found) == sorted(wanted)
    assert show(Filter(outcome, mark, 1), found=found) == sorted(wanted & {3, 6})


SORTS = {
    "number": (Sort(), [0, 1, 2, 3, 4, 5, 6]),
    "the closest decisions first, right or wrong; none and infinite ones last": (
        Sort("margin"),
        [1, 3, 6, 0, 5, 2, 4],
    ),
    "largest mean error, over what is known of it": (Sort("error"), [5, 2, 0, 1, 3, 6, 4]),
    "largest error on the first": (Sort("error", 0), [5, 0, 1, 3, 6, 2, 4]),
    "largest error on the second": (Sort("error", 1), [5, 2, 3, 1, 0, 6, 4]),
}


@pytest.mark.parametrize(("sort", "order"), SORTS.values(), ids=SORTS)
def test_orders(sort: Sort, order: list[int]) -> None:
    assert show(sort=sort) == order


@pytest.mark.parametrize(("sort", "order"), SORTS.values(), ids=SORTS)
def test_a_filter_and_a_search_leave_the_order_as_it_is(sort: Sort, order: list[int]) -> None:
    found = [5, 0, 6, 4, 3]
    assert show(sort=sort, found=found) == [place for place in order if place in found]
    assert show(Filter("misaligned"), sort) == [place for place in order if place in (0, 3, 6)]


@given(st.lists(st.sampled_from([0.0, 0.5, -0.5, 1.0, NAN]), min_size=1, max_size=12))
def test_equals_stand_in_order_of_number_and_unknown_ones_last(margins: list[float]) -> None:
    size = len(margins)
    nothing = np.zeros((size, 2))
    status = np.zeros(size, dtype=np.int8)
    one = Standings(
        status, status.astype(np.int64), nothing > 1, np.array(margins), nothing, nothing
    )

    def errors() -> Floats:
        raise AssertionError("errors are not needed here")

    def blamed() -> Bools:
        raise AssertionError("causes are not needed here")

    order = listed(
        one, Marks.none(size), errors, blamed, filter_=Filter(), sort=Sort("margin")
    ).tolist()
    expected = sorted(range(size), key=lambda i: (margins[i] != margins[i], abs(margins[i]), i))
    known = [i for i in expected if margins[i] == margins[i]]
    assert order[: len(known)] == known
    assert order[len(known) :] == [i for i in range(size) if margins[i] != margins[i]]


@pytest.mark.parametrize(
    ("filter_", "label"),
    [
        (Filter(), "all"),
        (Filter("misaligned"), "misaligned"),
        (Filter("not run", "failed"), "not run, failed"),
        (Filter(because=1), "because of zeal"),
        (Filter("misaligned", "flagged", 0), "misaligned, flagged, because of care"),
    ],
)
def test_filters_are_told_to_people(filter_: Filter, label: str) -> None:
    assert filter_.label(("care", "zeal")) == label
    assert filter_.idle == (label == "all")


@pytest.mark.parametrize(
    ("sort", "label"),
    [
        (Sort(), "number"),
        (Sort("margin"), "smallest margin"),
        (Sort("error"), "largest error"),
        (Sort("error", 1), "largest error on zeal"),
        (Sort("error", 0), "largest error on care"),
    ],
)
def test_orders_are_told_to_people(sort: Sort, label: str) -> None:
    assert sort.label(("care", "zeal")) == label


def test_nothing_is_marked_at_first() -> None:
    marks = Marks.none(3)
    assert not (marks.flagged | marks.annotated | marks.failed).any()
    assert len(marks.failed) == 3
