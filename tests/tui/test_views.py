"""One scenario as it is told, and the pages that are kept of all."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.scoring.outcomes import Judged
from spm_tui.scoring.standing import Status, stand
from spm_tui.tui import views
from spm_tui.tui.session import open_run, open_split
from spm_tui.tui.steering import high
from spm_tui.tui.views import AHEAD, MOST, REACH, Page, Pages, read_pages, view
from store import annotations, pages
from store.connection import Connection, Store
from store.pages import Texts
from store.records import Prediction, Split
from tests.spm_tui.test_report import fill
from tests.tui.test_desk import note, opened


def prediction(
    response: int, attribute: int, sample: int, score: float, scenario: int = 1
) -> Prediction:
    return Prediction(scenario, attribute, sample, response, score, f"why {response}{sample}")


def page(number: int = 1, *predictions: Prediction) -> Page:
    return Page(
        Texts(f"key {number}", f"question {number}, at length", ("one", "two")), predictions
    )


# views


def judged() -> Judged:
    """Two scenarios of two responses, two attributes of five levels; only the first is scored."""
    levels = np.array([[[4, 2], [0, 1]], [[4, 4], [4, 4]]], dtype=np.int16)
    scores = np.array([[[0.25, 0.5], [0.75, 1.0]], [[np.nan] * 2] * 2])
    return Judged(levels, (5, 5), scores=scores)


def test_a_view_tells_what_lies_open_and_how_it_stands() -> None:
    one = opened(judged(), notes=(note(1, "flag"),), failed=(1,))
    standings = stand(one.judged, high(one.attributes).aim())
    seen = view(one, standings, 0, page(1))
    assert (seen.number, seen.question) == (1, "question 1, at length")
    assert (seen.status, seen.flagged, seen.failed) == (Status.WRONG, True, False)
    assert seen.margin == pytest.approx((0.75**2 + 0.5**2) ** 0.5 - 0.25)
    first, second = seen.responses
    assert (first.text, second.text) == ("one", "two")
    assert (first.picked, first.nearest, second.picked, second.nearest) == (
        False,
        True,
        True,
        False,
    )
    assert first.labelled == pytest.approx(0.5)
    assert second.labelled == pytest.approx((1 + 0.75**2) ** 0.5)
    assert second.said == pytest.approx(0.25)
    assert [cell.label for cell in first.cells] == [1.0, 0.5]
    assert [cell.score for cell in second.cells] == [0.75, 1.0]
    assert [cell.error for cell in first.cells] == [-0.75, 0.0]
    assert first.cells[0].samples == ()


def test_a_scenario_that_was_not_run_has_no_scores() -> None:
    one = opened(judged(), failed=(1,))
    seen = view(one, stand(one.judged, high(one.attributes).aim()), 1, page(2))
    assert (seen.number, seen.status, seen.failed, seen.flagged) == (2, Status.NOT_RUN, True, False)
    assert np.isnan(seen.margin)
    assert not any(response.picked for response in seen.responses)
    assert all(np.isnan(cell.score) for response in seen.responses for cell in response.cells)


def test_samples_are_those_of_the_response_and_attribute() -> None:
    one = opened(judged())
    told = (prediction(0, 0, 0, 0.0), prediction(0, 0, 1, 0.5), prediction(1, 0, 0, 0.75))
    seen = view(one, stand(one.judged, high(one.attributes).aim()), 0, page(1, *told))
    cell = seen.responses[0].cells[0]
    assert (cell.samples, cell.reasonings) == ((0.0, 0.5), ("why 00", "why 01"))
    assert cell.sd == 0.25
    assert seen.responses[1].cells[0].samples == (0.75,)
    assert np.isnan(seen.responses[1].cells[0].sd), "one sample does not spread"
    assert seen.responses[0].cells[1].reasonings == ()


def test_answers_that_came_before_all_were_there_are_shown() -> None:
    one = opened(judged())
    told = (prediction(0, 1, 0, 0.2), prediction(0, 1, 1, 0.6))
    seen = view(one, stand(one.judged, high(one.attributes).aim()), 1, page(2, *told))
    assert seen.status is Status.NOT_RUN
    assert seen.responses[0].cells[1].score == pytest.approx(0.4)
    assert np.isnan(seen.responses[0].cells[0].score)


def test_a_stored_run_is_viewed_with_all_of_its_answers(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        annotations.annotate(db, replace(note(2, "flag"), run=1))
    one = open_run(store, 1)
    found = read_pages(store, one, [1, 2])
    seen = view(one, stand(one.judged, high(one.attributes).aim()), 1, found[1])
    assert seen.question == "eval question 2?"
    assert [response.text for response in seen.responses] == [
        f"eval response {i} to 2" for i in range(3)
    ]
    assert seen.flagged
    for response in seen.responses:
        for cell in response.cells:
            assert len(cell.samples) == len(cell.reasonings) == 2
            assert cell.score == pytest.approx(sum(cell.samples) / 2)
    third = view(one, stand(one.judged, high(one.attributes).aim()), 2, found[2])
    assert (third.status, len(third.responses)) == (Status.TIE, 2), "no third response is made up"


# pages


def test_the_least_recently_used_pages_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST", 3)
    kept = Pages()
    kept.keep({i: page(i) for i in (0, 1, 2)})
    assert kept.get(0) == page(0)
    kept.keep({3: page(3)})
    assert [i for i in range(4) if kept.get(i)] == [0, 2, 3]
    kept.get(2)
    kept.keep({4: page(4), 5: page(5)})
    assert [i for i in range(6) if kept.get(i)] == [2, 4, 5]


def test_there_are_never_more_than_a_bound() -> None:
    kept = Pages()
    for start in range(0, 3 * MOST, 100):
        kept.keep({i: page(i) for i in range(start, start + 100)})
    assert sum(kept.get(i) is not None for i in range(3 * MOST)) == MOST
    assert kept.get(3 * MOST - 1) is not None


def test_pages_read_again_are_as_good_as_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has just been read for the screen must not be what goes next."""
    monkeypatch.setattr(views, "MOST", 2)
    kept = Pages()
    kept.keep({0: page(0), 1: page(1)})
    kept.keep({0: page(0), 2: page(2)})
    assert kept.get(0) is not None
    assert kept.get(2) is not None


def test_neighbours_are_read_along_and_no_more_than_within_reach() -> None:
    kept = Pages()
    order = list(range(200, 0, -1))
    missing = kept.missing(order, 100)
    assert missing == order[100 - REACH : 100 + REACH + 1]
    assert kept.missing(order, 0) == order[: REACH + 1]
    assert kept.missing(order, 199) == order[-REACH - 1 :]
    assert kept.missing([], 0) == []


def test_nothing_is_read_while_the_next_few_are_here() -> None:
    kept = Pages()
    order = list(range(100))
    kept.keep({i: page(i) for i in kept.missing(order, 50)})
    for place in range(50 - REACH + AHEAD, 50 + REACH - AHEAD + 1):
        assert kept.missing(order, place) == [], place
    beyond = kept.missing(order, 50 + REACH - AHEAD + 1)
    assert beyond[0] == 50 + REACH + 1, "only those that are not here"
    assert kept.missing(np.array(order)[::-1], 49) == [], "another order of the same"  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 60), unique=True, min_size=1), st.data())
def test_what_is_missing_is_listed_and_not_here_and_holds_the_page_asked_for(
    order: list[int], data: st.DataObject
) -> None:
    kept = Pages()
    here = set(data.draw(st.lists(st.integers(0, 60))))
    kept.keep({i: page(i) for i in here})
    place = data.draw(st.integers(0, len(order) - 1))
    missing = kept.missing(order, place)
    assert set(missing) <= set(order) - here
    assert (order[place] in missing) == (order[place] not in here)


def test_live_answers_join_those_of_their_page_in_order() -> None:
    kept = Pages()
    kept.keep({0: page(1, prediction(1, 0, 0, 0.5))})
    assert kept.add(0, [prediction(0, 1, 0, 0.25), prediction(0, 0, 1, 0.75)])
    found = kept.get(0)
    assert found is not None
    assert found.texts == page(1).texts
    assert found.predictions == (
        prediction(0, 0, 1, 0.75),
        prediction(0, 1, 0, 0.25),
        prediction(1, 0, 0, 0.5),
    )
    assert kept.add(0, [prediction(0, 0, 1, 1.0)])
    found = kept.get(0)
    assert found is not None
    assert [p.score for p in found.predictions] == [1.0, 0.25, 0.5], "the newer takes its place"
    assert not kept.add(7, [prediction(0, 0, 0, 0.5)])
    assert kept.get(7) is None


def test_renewed_pages_are_shown_until_they_have_been_read_again() -> None:
    kept = Pages()
    order = list(range(10))
    kept.keep({i: page(i) for i in order})
    kept.renew()
    assert kept.get(3) == page(3)
    assert kept.missing(order, 3) == order
    fresh = page(3, prediction(0, 0, 0, 0.5))
    kept.keep({3: fresh})
    assert kept.get(3) == fresh
    assert kept.missing(order, 3) == [i for i in order if i != 3]
    kept.keep({i: page(i) for i in order if i != 3})
    assert kept.missing(order, 3) == []


def test_forgotten_pages_are_gone() -> None:
    kept = Pages()
    kept.keep({0: page(0)})
    kept.renew()
    kept.forget()
    assert kept.get(0) is None
    kept.keep({0: page(0)})
    assert kept.missing([0], 0) == []


def test_pages_are_read_with_a_runs_answers_by_position(store: Store) -> None:
    fill(store)
    one = open_run(store, 1)
    found = read_pages(store, one, [2, 0])
    assert sorted(found) == [0, 2]
    assert found[2].texts.question == "eval question 3?"
    assert {p.scenario for p in found[2].predictions} == {3}
    assert len(found[0].predictions) == 2 * 2 * 2


def test_pages_of_a_split_and_of_a_choosing_run_have_texts_alone(store: Store) -> None:
    fill(store)
    train = open_split(store, "small", "train")
    assert read_pages(store, train, [3])[3].texts.question == "train question 4?"
    for one in (train, open_run(store, 3)):
        assert read_pages(store, one, [0])[0].predictions == ()


def test_a_store_is_opened_once_for_many_pages(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    asked: list[list[int]] = []
    original = pages.texts

    def texts(db: Connection, name: str, split: Split, numbers: Sequence[int]) -> dict[int, Texts]:
        asked.append(list(numbers))
        return original(db, name, split, numbers)

    monkeypatch.setattr(pages, "texts", texts)
    read_pages(store, open_run(store, 1), [0, 1, 2])
    assert asked == [[1, 2, 3]]
