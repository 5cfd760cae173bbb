"""Batches: every request once, alike in form and length, the same whatever is done already."""

from hypothesis import given
from hypothesis import strategies as st

from spm_tui.engine.schedule import (
    batches,
    batches_of_one_form,
    by_beginning,
    estimated_tokens,
    shares,
    unfinished,
)
from spm_tui.forms import Text
from spm_tui.prompts import comparative_form
from spm_tui.wire import Request, Shot

TEXT = Text(100, 20)


def request(size: int, responses: int = 2) -> Request:
    return Request("", (), "x" * size, comparative_form(responses, TEXT), 0.0, 0)


requests = st.lists(st.builds(request, st.integers(0, 5000), st.integers(2, 4)), max_size=30)


@given(requests, st.integers(1, 8), st.integers(1, 5000))
def test_every_request_is_in_one_batch_that_keeps_the_limits(
    asked: list[Request], rows: int, tokens: int
) -> None:
    found = batches(asked, rows=rows, tokens=tokens)
    assert sorted(index for batch in found for index in batch) == list(range(len(asked)))
    for batch in found:
        assert len(batch) <= rows
        assert len({asked[index].form for index in batch}) == 1
        longest = max(estimated_tokens(asked[index]) for index in batch)
        assert len(batch) == 1 or len(batch) * longest <= tokens


@given(st.lists(st.integers(0, 900), max_size=30), st.integers(1, 8), st.integers(1, 2000))
def test_requests_of_one_form_are_batched_by_cost(cost: list[int], rows: int, tokens: int) -> None:
    found = batches_of_one_form(cost, rows=rows, tokens=tokens)
    order = [cost[index] for batch in found for index in batch]
    assert order == sorted(cost, reverse=True)
    for batch in found:
        assert len(batch) <= rows
        assert len(batch) == 1 or len(batch) * cost[batch[0]] <= tokens


def test_long_prompts_come_first_and_neighbours_are_alike() -> None:
    sizes = [10, 4000, 20, 3900]
    assert batches([request(size) for size in sizes], rows=2, tokens=10**6) == [[1, 3], [2, 0]]


@given(requests, st.sets(st.integers(0, 29)))
def test_what_is_done_changes_no_batch(asked: list[Request], done: set[int]) -> None:
    planned = batches(asked, rows=4, tokens=4000)
    left = unfinished(planned, done)
    assert all(batch in planned for batch in left)
    still = {index for batch in left for index in batch}
    assert still >= set(range(len(asked))) - done
    assert all(set(batch) - done for batch in left)


@given(requests, st.integers(1, 5))
def test_shares_are_whole_and_about_equal(asked: list[Request], count: int) -> None:
    wanted = list(range(0, len(asked), 2))
    found = shares(asked, wanted, count)
    assert len(found) == count
    assert [index for share in found for index in share] == by_beginning(asked, wanted)
    costs = [sum(estimated_tokens(asked[index]) for index in share) for share in found]
    largest = max((estimated_tokens(asked[index]) for index in wanted), default=0)
    assert max(costs) <= sum(costs) / count + largest


def test_equal_beginnings_are_neighbours() -> None:
    shot = Shot("q", "a", 0)
    form = comparative_form(2, TEXT)
    asked = [
        Request(system, shots, question, form, 0.7, seed)
        for seed in (1, 0)
        for question in "ab"
        for shots in ((shot,), ())
        for system in "xy"
    ]
    order = [asked[i] for i in by_beginning(asked, range(len(asked)))]
    assert [one.system for one in order] == ["x"] * 8 + ["y"] * 8
    assert [one.seed for one in order] == [0, 1] * 8
