"""Events: what is written is read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.bench.events import Event, from_json, to_json

finite = st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
st.register_type_strategy(float, finite)
events: st.SearchStrategy[Event] = st.one_of(*map(st.from_type, Event.__args__))


@given(events)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    line = to_json(event)
    assert "\n" not in line
    assert from_json(line) == event


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Downloading: 100%",
        "[1]",
        "5",
        "{}",
        '{"event": "party"}',
        '{"event": ["stage"]}',
        '{"event": "stage"}',
        '{"event": "stage", "text": "x", "more": 1}',
        '{"event": "item", "judgements": [1]}',
        '{"event": "item", "judgements": 1}',
    ],
)
def test_anything_else_is_no_event(line: str) -> None:
    with pytest.raises(ValueError, match=r"not an event|Expecting value"):
        from_json(line)
