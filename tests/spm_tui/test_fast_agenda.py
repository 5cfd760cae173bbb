"""The order of requests: those that begin alike follow each other, and none is lost."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.engine.fast import agenda as agenda_module
from spm_tui.engine.fast.agenda import Agenda, shared
from spm_tui.engine.prompt import Prompt
from spm_tui.forms import Fields, Whole
from spm_tui.wire import Request, Shot

FORM = Fields((("score", Whole(0, 9)),))
texts = st.text("ab", min_size=1, max_size=4)


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    """Draw requests that often have their beginnings in common, all with as many examples."""
    count = draw(st.integers(0, 2))
    shots = st.lists(
        st.builds(Shot, question=texts, answer=texts, rank=st.just(0)),
        min_size=count,
        max_size=count,
    ).map(tuple)
    one = st.builds(
        Request,
        system=texts,
        shots=shots,
        question=texts,
        form=st.just(FORM),
        temperature=st.just(0.7),
        seed=st.integers(0, 2),
    )
    return draw(st.lists(one, max_size=12))


def fit(request: Request) -> Prompt:
    """Stand in for a tokenizer: a token per character."""
    parts = [request.system]
    for shot in request.shots:
        parts += [shot.question, shot.answer]
    return Prompt([ord(c) for c in "|".join([*parts, request.question, ""])], 0, None)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return length


def tokens_of(found: Sequence[int], all_: Sequence[Request]) -> list[list[int]]:
    return [fit(all_[index]).tokens for index in found]


@pytest.fixture(autouse=True, params=[2, 32])
def _ahead(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """See that it does not matter how far one looks ahead."""
    monkeypatch.setattr(agenda_module, "AHEAD", request.param)


def rest(agenda: Agenda) -> list[int]:
    found = []
    while first := agenda.first():
        assert agenda.first() is first, "looking does not take"
        assert agenda.take() is first
        found.append(first.index)
    return found


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_what_two_arrays_share(one: list[int], other: list[int]) -> None:
    arrays = np.array(one, np.int64), np.array(other, np.int64)
    assert shared(*arrays) == common(one, other)


@given(requests(), st.data())
def test_every_wanted_request_comes_once(all_: list[Request], data: st.DataObject) -> None:
    wanted = [i for i in range(len(all_)) if data.draw(st.booleans())]
    assert sorted(rest(Agenda(all_, wanted, fit))) == wanted


@given(requests())
def test_equal_beginnings_are_neighbours(all_: list[Request]) -> None:
    prompts = tokens_of(rest(Agenda(all_, range(len(all_)), fit)), all_)
    for place, prompt in enumerate(prompts):
        for length in range(1, len(prompt) + 1):
            alike = [other[:length] == prompt[:length] for other in prompts[place:]]
            assert alike == sorted(alike, reverse=True), "who left does not come back"


@given(requests())
def test_cuts_are_where_later_prompts_leave_the_first(all_: list[Request]) -> None:
    agenda = Agenda(all_, range(len(all_)), fit)
    while first := agenda.first():
        known = [item.prompt.tokens for item in list(agenda._ahead)[1:]]
        assert len(known) <= agenda_module.AHEAD
        leaves = {common(first.prompt.tokens, other) for other in known} - {0}
        assert agenda.cuts() == sorted(leaves)
        agenda.take()


@given(requests(), st.data())
def test_what_is_put_back_comes_first_and_nothing_is_lost(
    all_: list[Request], data: st.DataObject
) -> None:
    agenda = Agenda(all_, range(len(all_)), fit)
    planned = rest(Agenda(all_, range(len(all_)), fit))
    taken = [agenda.take().index for _ in range(data.draw(st.integers(0, len(all_))))]
    if data.draw(st.booleans()):
        agenda.first()
    back = [index for index in taken if data.draw(st.booleans())]
    agenda.put_back(back)
    assert rest(agenda) == back + planned[len(taken) :]
