"""The models of a run, located at once and loaded only when something must be answered."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from spm_tui.bench.embedding import Embedding, Vectors
from spm_tui.bench.options import SERVERS
from spm_tui.bench.served import served_identity
from spm_tui.bench.subject import Backbone
from spm_tui.control_strings import holds_any
from spm_tui.engine import models, reach, template_files
from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement, place, share_cores, spread
from spm_tui.engine.manner import Manner
from spm_tui.engine.models import Located
from spm_tui.engine.presets import hub_id
from spm_tui.engine.reach import POOLING, Cut, Reach
from spm_tui.engine.remote.key import Key
from spm_tui.engine.spread import SpreadEngine
from spm_tui.errors import ModelError
from spm_tui.format import count
from spm_tui.methods.catalogue import Role
from spm_tui.wire import Asked
from store.identity import Canonical

if TYPE_CHECKING:
    from spm_tui.engine.cluster import Actors
    from spm_tui.engine.embed import Embedder

Say = Callable[[str], None]
_BY_TEMPLATE: tuple[Role, ...] = ("language", "reward")
"""Whose prompts a chat template writes."""
PATIENCE = 120.0
"""Seconds without any answer from any server after which a run ends; servers may ask for more."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which models to use, and where they run."""

    model: str = models.LANGUAGE_MODEL
    revision: str | None = None
    """Of the language model."""
    kaleido: str = models.KALEIDO_MODEL
    reward: str = models.REWARD_MODEL
    embedder: str = models.EMBEDDER
    device: str = "auto"
    dtype: str = "auto"
    quantize: str | None = None
    device_map: str | None = None
    batch_size: int | None = None
    workers: int | None = None
    """Processes, each with the model; None is one per GPU."""
    backend: str = "local"
    """What runs the language model: one of `spm_tui.bench.options.BACKENDS`."""
    urls: tuple[str, ...] = ()
    """Of servers."""
    key: Key | None = None
    """For them."""
    without: frozenset[str] = frozenset()
    """Which of `spm_tui.bench.options.UNSENT` servers are not sent."""
    ray_address: str = "auto"


class Backend:
    """A model for each role and one embedder, shared by the runs of a command.

    Args:
        choice: which.
        say: told what takes long.

    """

    def __init__(self, choice: ModelChoice, *, say: Say) -> None:
        self._choice = choice
        self._say = say
        self._located: dict[Role, Located] = {}
        self._loaded: tuple[Role, Engine] | None = None
        self._asked: list[Canonical] = []
        share_cores()

    @cached_property
    def placement(self) -> Placement:
        """Device and precision."""
        return place(self._choice.device, self._choice.dtype, self._choice.quantize)

    def _model(self, role: Role) -> Located:
        if role not in self._located:
            choice = self._choice
            names = {"language": choice.model, "kaleido": choice.kaleido, "reward": choice.reward}
            revision = choice.revision if role == "language" else None
            self._located[role] = models.locate(names[role], revision=revision, say=self._say)
        return self._located[role]

    @cached_property
    def _embedder(self) -> Located:
        return models.locate(self._choice.embedder, say=self._say)

    def backbone(self, role: Role) -> Backbone:
        """Return a model's identity; its files are fetched if need be.

        On a server it is the model's name and the software that is said to run there, so that
        what is answered can be read without it, and what the server is not sent.
        """
        if self._served(role):
            name = hub_id(self._choice.model)
            return Backbone(
                name, served_identity(name, self._choice.backend, self._choice.without), served=True
            )
        model = self._model(role)
        placement = self._actors.placement if self._clustered(role) else self.placement
        parts = (model.revision, placement.precision, self._manner(role).changes)
        return Backbone(model.name, "/".join(filter(None, parts)))

    def _manner(self, role: Role) -> Manner:
        """Return how the chat template of a local model is spoken to."""
        if role not in _BY_TEMPLATE:
            return Manner()
        return template_files.manner(self._model(role).folder, rating=role == "reward")

    def prompts(self, role: Role, requests: Sequence[Asked]) -> dict[str, Canonical]:
        """Return what is worth knowing of a run's prompts; tells what a server may make of them.

        For a run's record: how the chat template is spoken to where that is not as usual, and how
        many requests hold control strings, which are text here and what it likes on a server.
        """
        number = sum(map(holds_any, requests))
        facts: dict[str, Canonical] = {}
        if self._served(role):
            if number:
                self._say(
                    f"{number} of {len(requests)} requests hold control strings such as <|im_end|>,"
                    " which a server may take for control tokens: they can end a text early"
                )
        else:
            facts |= self._manner(role).record
        return {**facts, "requests_with_control_strings": number} if number else facts

    def _served(self, role: Role) -> bool:
        return role == "language" and self._choice.backend in SERVERS

    def _clustered(self, role: Role) -> bool:
        return role == "language" and self._choice.backend == "ray"

    @cached_property
    def _actors(self) -> "Actors":
        from spm_tui.engine import cluster

        choice = self._choice
        cluster.connect(choice.ray_address)
        return cluster.actors(
            device=choice.device,
            dtype=choice.dtype,
            quantize=choice.quantize,
            workers=choice.workers,
        )

    def embedding(self, texts: Iterable[str]) -> Embedding:
        """Return how texts are embedded; the embedding model's files are fetched if need be.

        Where all are read at once that is the model alone, as it was before windows.

        Args:
            texts: all that a run may ever embed, also those of scenarios not selected: a run can
                grow.

        """
        revision = self._embedder.revision
        if self._reach is None:
            return Embedding(revision, self._cut(list(texts)))
        return Embedding(f"{revision}/{POOLING}" if self._reach.exceeded(texts) else revision)

    @cached_property
    def _reach(self) -> Reach | None:
        """How much the embedding model reads; None where it cuts."""
        return reach.of_folder(self._embedder.folder) or self._loaded_embedder().reach

    def _cut(self, texts: Sequence[str]) -> Cut | None:
        """Return what the embedding model leaves out, and tell it."""
        cut = self._loaded_embedder().cut(texts)
        name = self._embedder.name
        if cut is None:
            self._say(f"{name} may not read longer texts to their end, and does not tell")
        elif cut.texts:
            self._say(
                f"{name} cuts {count(cut.texts)} of {count(len(set(texts)))} texts: it does not"
                f" read {count(cut.tokens)} of their tokens"
            )
            return cut
        return None

    def _loaded_embedder(self) -> "Embedder":
        """Return the embedding model; never kept, as a language model may need its memory."""
        from spm_tui.engine.embed import Embedder

        return Embedder(self._embedder.folder, device=self.placement.device)

    def engine(self, role: Role) -> Engine:
        """Return the engine of a role, loaded if it was not the last; two may not fit a GPU."""
        if self._loaded is None or self._loaded[0] != role:
            self._loaded = None
            self._loaded = (role, self._load(role))
        return self._loaded[1]

    def asked(self, role: Role) -> Sequence[Canonical]:
        """Return what the servers that were asked for a role said of themselves.

        For a run's record: none of it is known before, and a newer version is no other model.
        """
        return self._asked if self._served(role) else ()

    def _load(self, role: Role) -> Engine:
        if self._served(role):
            return self._servers()
        if self._clustered(role):
            return self._cluster(role)
        return self._language(role) if role == "language" else self._trained(role)

    def _servers(self) -> Engine:
        from spm_tui.engine.remote.engine import RemoteEngine

        choice = self._choice
        self._say(f"asking {', '.join(choice.urls)} for {choice.model}")
        engine = RemoteEngine(
            choice.urls,
            choice.model,
            key=choice.key,
            patience=PATIENCE,
            without=choice.without,
            say=self._say,
        )
        for server in engine.servers:
            if server.kind and server.kind != choice.backend:
                raise ModelError(
                    f"{server.url} runs {server.kind}, whose answers are kept apart from those"
                    f" of --backend {choice.backend}: use --backend {server.kind}"
                )
        self._asked = [dict(server.record) for server in engine.servers]
        return engine

    def _cluster(self, role: Role) -> Engine:
        from spm_tui.engine.cluster import RayEngine

        choice, model, actors = self._choice, self._model(role), self._actors
        self._say(f"loading {model.name} in {actors.count} actors on {actors.placement.device}")
        return RayEngine(
            choice.model,
            revision=choice.revision,
            identity=model.revision,
            actors=actors,
            rows=choice.batch_size,
        )

    def _language(self, role: Role) -> Engine:
        from spm_tui.engine.local import local

        choice, model = self._choice, self._model(role)
        plain = choice.backend == "plain"
        places = [self.placement]
        if choice.device_map is None:
            places = spread(self.placement, choice.workers)
        where = ", ".join(dict.fromkeys(place.device for place in places))
        self._say(f"loading {model.name} on {where}")
        if len(places) > 1:
            return SpreadEngine(model.folder, places, rows=choice.batch_size, plain=plain)
        return local(
            model.folder,
            placement=self.placement,
            device_map=choice.device_map,
            rows=choice.batch_size,
            plain=plain,
            say=self._say,
        )

    def _trained(self, role: Role) -> Engine:
        """Load a model that was trained for one question."""
        from spm_tui.engine.kaleido import kaleido
        from spm_tui.engine.reward import reward_model

        model = self._model(role)
        self._say(f"loading {model.name} on {self.placement.device}")
        load = kaleido if role == "kaleido" else reward_model
        return load(
            model.folder,
            placement=self.placement,
            device_map=self._choice.device_map,
            rows=self._choice.batch_size,
        )

    def embed(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """Yield embeddings of `texts`; the embedder is loaded only if there are any."""
        if not texts:
            return
        self._say(f"embedding {len(texts)} texts")
        yield from self._loaded_embedder().embed(texts)
