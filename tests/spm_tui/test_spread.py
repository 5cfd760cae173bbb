"""Processes that share the requests: what is left of one call is no answer to the next."""

from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from spm_tui.engine.device import Placement
from spm_tui.engine.spread import SpreadEngine
from spm_tui.errors import EngineLost, ModelError
from spm_tui.wire import Reply
from tests.spm_tui.remote_server import request


def serve(end: Connection, folder: Path, placement: Placement, **_: Any) -> None:
    """Answer with what was asked, in place of a model; a question may be one too many."""
    try:
        while True:
            for index, one in enumerate(end.recv()):
                if one.question == "bad":
                    end.send(ModelError("no such model"))
                    return
                end.send([(index, Reply(one.question, 1, 1, 0, 0.0))])
            end.send(None)
    except (EOFError, BrokenPipeError):
        return


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SpreadEngine]:
    monkeypatch.setattr("spm_tui.engine.spread._serve", serve)
    found = SpreadEngine(tmp_path, [Placement("cpu", "float32")] * 2, rows=None, plain=False)
    yield found
    found._end()


def texts(engine: SpreadEngine, questions: Sequence[str]) -> list[str]:
    groups = engine.answer([request(question) for question in questions])
    replies = dict(answer for group in groups for answer in group)
    return [replies[index].text for index in range(len(questions))]


def test_one_call_after_the_other_is_answered(engine: SpreadEngine) -> None:
    for questions in (["a", "b", "c"], ["d"], [], ["e", "f"]):
        assert texts(engine, questions) == questions


def test_after_an_error_nothing_is_answered(engine: SpreadEngine) -> None:
    with pytest.raises(ModelError, match="no such model"):
        texts(engine, ["a", "b", "c", "bad"])
    assert not any(process.is_alive() for process in engine._processes)
    with pytest.raises(EngineLost, match="run it again"):
        texts(engine, ["d", "e"])


@pytest.mark.parametrize("closed", [True, False])
def test_after_a_call_that_was_left_nothing_is_answered(engine: SpreadEngine, closed: bool) -> None:
    left = engine.answer([request(question) for question in "abcdef"])
    next(left)
    if closed:
        left.close()  # type: ignore[attr-defined]
        assert not any(process.is_alive() for process in engine._processes)
    with pytest.raises(EngineLost, match="run it again"):
        texts(engine, ["x", "y"])
