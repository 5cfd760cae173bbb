"""What actors of a cluster tell of a model that cannot be used, without a cluster."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spm_tui.engine import cluster, models
from spm_tui.engine.base import Answer
from spm_tui.engine.cluster import Actors, RayEngine
from spm_tui.engine.device import Placement
from spm_tui.engine.models import Located
from spm_tui.errors import EngineLost, ModelError
from spm_tui.wire import Reply
from tests.spm_tui.remote_server import request

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's, of its own options
ONE = Actors(1, Placement("cpu", "float32"), cores=1)


class Here:
    """Does the work of a cluster: one actor, in this process."""

    def __init__(self, actor: Any, work: list[dict[str, bytes]]) -> None:
        self._actor, self._work = actor, work

    def iter_rows(self) -> Iterator[dict[str, bytes]]:
        for one in self._work:
            told = self._actor({name: [value] for name, value in one.items()})
            yield {name: value for name, (value,) in told.items()}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> RayEngine:
    found = RayEngine("owner/model", revision=None, identity="abc", actors=ONE, rows=None)
    actor = cluster._Actor(*found._arguments)
    monkeypatch.setattr(found, "_dataset", lambda work: Here(actor, work))
    return found


def answers(engine: RayEngine) -> list[Answer]:
    return [one for group in engine.answer([request("a"), request("b")]) for one in group]


def test_what_is_wrong_with_the_model_is_told_as_it_is(
    engine: RayEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locate(name: str, **_: Any) -> Located:
        raise ModelError(f"no model {name!r} here")

    monkeypatch.setattr(models, "locate", locate)
    with pytest.raises(ModelError, match="no model 'owner/model' here") as caught:
        answers(engine)
    assert not isinstance(caught.value, EngineLost)


def test_other_files_on_a_node_are_told(engine: RayEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "locate", lambda name, **_: Located(name, Path(), "xyz"))
    with pytest.raises(ModelError, match=r"^owner/model has other files on a node \(xyz\)$"):
        answers(engine)


def test_a_lost_cluster_is_told(engine: RayEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.exceptions import RayError

    def lost(_: Any) -> Any:
        raise RayError("all nodes\nare gone")

    monkeypatch.setattr(engine, "_dataset", lost)
    with pytest.raises(EngineLost, match="the Ray cluster could not answer: are gone"):
        answers(engine)


def test_answers_have_the_places_of_their_requests() -> None:
    class Echo:
        def answer(self, requests: Any) -> Iterator[list[Answer]]:
            yield [(i, Reply(one.question, 1, 1, 0, 0.0)) for i, one in enumerate(requests)]

    actor = cluster._Actor("m", None, "abc", ONE, None)
    vars(actor)["_engine"] = Echo()
    told = actor({"work": [pickle.dumps([(3, request("c")), (1, request("a"))])]})["told"]
    assert [(i, reply.text) for i, reply in pickle.loads(told[0])] == [(3, "c"), (1, "a")]
