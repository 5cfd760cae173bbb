"""The local engine on a Ray cluster of two nodes: nothing is lost with one of them."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spm_tui.bench.events import Event, Progress
from spm_tui.cli import headless, main
from spm_tui.cli.experiment import cells
from spm_tui.engine import cluster
from spm_tui.engine.device import Placement
from spm_tui.errors import ModelError
from store import browse, runs
from store.connection import Store
from tests.spm_tui.remote_server import request

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Ray's, of its own options
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of what a killed node leaves
]
WORDS = {
    "method": ["zero-shot-comparative"],
    "limit": ["3"],
    "attributes": ["care,fairness"],
    "decoding": ["sampling"],
    "samples": ["2"],
    "reasoning_tokens": ["16"],
    "targets": ["high,low"],
}
REQUESTS = 12


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import ray
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_health_check_period_ms", "500")
    monkeypatch.setenv("RAY_health_check_failure_threshold", "3")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    found.spare = found.add_node(num_cpus=1)
    yield found
    ray.shutdown()
    found.shutdown()


def run(store: Store, out: Path, show: Callable[[Event], None], **more: list[str]) -> Any:
    given = {**WORDS, **more, "out": [str(out)]}
    headless.run(cells(given), store, show=show, stop=lambda: False)
    return json.loads((out / "accuracy.json").read_text())


def test_a_run_outlives_a_node(tmp_path: Path, nodes: Any) -> None:
    left: list[Any] = [nodes.spare]

    def show(event: Event) -> None:
        if isinstance(event, Progress) and left:
            nodes.remove_node(left.pop(), allow_graceful=False)

    store = Store(tmp_path / "ray.duckdb")
    words = {"backend": ["ray"], "ray_address": [nodes.address]}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("spm_tui.bench.execute.COMMIT_SECONDS", 0.0)
        there = run(store, tmp_path / "there", show, **words)
    assert not left, "no node was lost"
    with store.reading() as db:
        (only,) = runs.listing(db)
        assert only.state == "finished"
        assert runs.cost(db, only.number).answers == REQUESTS
        assert len(runs.items(db, only.number)) == REQUESTS
        assert browse.scored_attributes(db, only.number) == [0, 1]
    here = run(Store(tmp_path / "here.duckdb"), tmp_path / "here", lambda _: None)
    assert here == there


def test_nodes_without_gpus_have_an_actor_each(nodes: Any) -> None:
    cluster.connect(nodes.address)
    found = cluster.actors(device="auto", dtype="auto", quantize=None, workers=None)
    assert found == cluster.Actors(2, Placement("cpu", "float32"), cores=1)
    more = cluster.actors(device="auto", dtype="auto", quantize="int8", workers=4)
    assert more == cluster.Actors(4, Placement("cpu", "float32", "int8"), cores=1)


def test_a_device_that_no_node_has_is_said(nodes: Any) -> None:
    cluster.connect(nodes.address)
    with pytest.raises(ModelError, match="no cuda device in the Ray cluster; use --device cpu"):
        cluster.actors(device="cuda", dtype="auto", quantize=None, workers=None)


def test_a_model_that_a_node_cannot_use_is_said(nodes: Any, tmp_path: Path) -> None:
    cluster.connect(nodes.address)
    found = cluster.Actors(2, Placement("cpu", "float32"), cores=1)
    engine = cluster.RayEngine(
        str(tmp_path), revision=None, identity="abc", actors=found, rows=None
    )
    with pytest.raises(ModelError, match=r"^\S+: no config\.json, so not a model's folder$"):
        list(engine.answer([request("a"), request("b")]))


def test_a_cluster_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--headless", "--backend=ray", "--limit=1", "--method=zero-shot-comparative"]
    assert main([f"--store={tmp_path / 'store.duckdb'}", *words]) == 2
    assert "no Ray cluster at auto (`ray start --head`)" in capsys.readouterr().err


def test_ray_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ModelError, match=r"pip install 'spm-tui\[ray\]'"):
        cluster.connect("auto")
