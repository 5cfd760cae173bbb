"""The local engine in actors of a Ray cluster: one on every GPU, or on every node without any.

Ray Data sends batches of requests to the actors and their replies back as they come; when a node
is lost, those it had in hand are answered by others. Only the driver talks to anybody else. Every
node needs this program, and finds the model's files by the model's name as a single machine does.
"""

import logging
import math
import pickle
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from spm_tui.engine.base import Answer, Engine
from spm_tui.engine.device import Placement
from spm_tui.engine.schedule import shares
from spm_tui.errors import EngineLost, ModelError, reason
from spm_tui.wire import Request

MOST = {"cuda": 256, "cpu": 64}
"""Requests in a batch: enough to share their beginnings, few enough to be missed little."""
ROUNDS = 4
"""Batches that each actor gets at least, so that a slow one delays the end by a fraction."""


Told: TypeAlias = list[Answer] | ModelError
"""What an actor sends for a batch: answers, or why there are none."""


@dataclass(frozen=True, slots=True)
class Actors:
    """How many actors there are, and what each has."""

    count: int
    placement: Placement
    cores: int
    """For an actor without a GPU."""


def connect(address: str) -> None:
    """Join a Ray cluster, unless this process has done so.

    Raises:
        ModelError: Ray is not installed, or there is no cluster.

    """
    try:
        import ray
    except ImportError as error:
        raise ModelError("--backend ray needs Ray: pip install 'spm-tui[ray]'") from error
    if ray.is_initialized():
        return
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"no Ray cluster at {address} (`ray start --head`): {reason(error)}"
        ) from error


def actors(*, device: str, dtype: str, quantize: str | None, workers: int | None) -> Actors:
    """Return the actors that suit the cluster this process has joined.

    Args:
        device: `auto` takes GPUs where the cluster has any.
        dtype: `auto` is bfloat16 on a GPU.
        quantize: weights in fewer bits.
        workers: how many; None is one on each GPU, or on each node without.

    Raises:
        ModelError: the cluster has no such device.

    """
    import ray

    gpus = int(ray.cluster_resources().get("GPU", 0)) if device in ("auto", "cuda") else 0
    if not gpus and device not in ("auto", "cpu"):
        raise ModelError(f"no {device} device in the Ray cluster; use --device cpu")
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    where, precision = ("cuda", "bfloat16") if gpus else ("cpu", "float32")
    placement = Placement(where, precision if dtype == "auto" else dtype, quantize)
    count = workers or gpus or len(nodes)
    cores = [int(there.get("CPU", 0)) for there in nodes]
    share = math.ceil(count / len(nodes))
    return Actors(count, placement, max(1, min(filter(None, cores), default=1) // share))


class RayEngine:
    """The local engine, in many places.

    Args:
        model: as `spm_tui.engine.models.locate` knows it, on every node.
        revision: of a hub id.
        identity: of the files; a node that has others fails.
        actors: how many, and what each has.
        rows: most requests answered at a time by each; None suits the device.

    """

    def __init__(
        self, model: str, *, revision: str | None, identity: str, actors: Actors, rows: int | None
    ) -> None:
        self._actors = actors
        self._arguments = (model, revision, identity, actors, rows)

    def answer(
        self, requests: Sequence[Request], *, done: AbstractSet[int] = frozenset()
    ) -> Iterator[list[Answer]]:
        """Yield the replies of each batch as it comes back.

        Raises:
            ModelError: an actor cannot use the model.
            EngineLost: the cluster is lost.

        """
        from ray.exceptions import RayError

        wanted = [index for index in range(len(requests)) if index not in done]
        if not wanted:
            return
        count = max(
            math.ceil(len(wanted) / MOST[self._actors.placement.device]),
            min(len(wanted), ROUNDS * self._actors.count),
        )
        parts = [part for part in shares(requests, wanted, count) if part]
        work = [{"work": pickle.dumps([(i, requests[i]) for i in part])} for part in parts]
        try:
            for row in self._dataset(work).iter_rows():
                told: Told = pickle.loads(row["told"])  # by our own actors
                if isinstance(told, ModelError):
                    raise told
                yield told
        except RayError as error:
            raise EngineLost(f"the Ray cluster could not answer: {_reason(error)}") from error

    def _dataset(self, work: list[dict[str, bytes]]) -> Any:
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        gpu = self._actors.placement.device == "cuda"
        return ray.data.from_items(work, override_num_blocks=len(work)).map_batches(
            _Actor,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=self._actors.count),
            num_gpus=1 if gpu else None,
            num_cpus=None if gpu else self._actors.cores,
            fn_constructor_args=self._arguments,
        )


def _reason(error: Exception) -> str:
    """Return the last line of what Ray tells, which is the error itself."""
    return str(error).strip().splitlines()[-1]


class _Actor:
    """What runs on the nodes: the local engine, and a batch of requests at a time.

    Whatever is wrong with the model is sent like an answer: of an error that is raised in an actor
    Ray tells little but the text.
    """

    def __init__(
        self, model: str, revision: str | None, identity: str, actors: Actors, rows: int | None
    ) -> None:
        self._model, self._revision, self._identity = model, revision, identity
        self._actors, self._rows = actors, rows

    @cached_property
    def _engine(self) -> Engine:
        import torch

        from spm_tui.engine import models
        from spm_tui.engine.local import local

        found = models.locate(self._model, revision=self._revision)
        if found.revision != self._identity:
            raise ModelError(f"{self._model} has other files on a node ({found.revision})")
        if self._actors.placement.device == "cpu":
            torch.set_num_threads(self._actors.cores)
        return local(found.folder, placement=self._actors.placement, rows=self._rows)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        told: Told
        try:
            told = self._answers(pickle.loads(batch["work"][0]))  # by our own driver
        except ModelError as error:
            told = error
        return {"told": [pickle.dumps(told)]}

    def _answers(self, work: list[tuple[int, Request]]) -> list[Answer]:
        indices, requests = zip(*work, strict=True)
        return [
            (indices[index], reply)
            for group in self._engine.answer(requests)
            for index, reply in group
        ]
