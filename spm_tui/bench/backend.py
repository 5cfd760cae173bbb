"""The models of a run, located at once and loaded only when something must be answered."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from spm_tui.bench.embedding import Vectors
from spm_tui.bench.subject import Backbone
from spm_tui.engine import models
from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement, place, spread
from spm_tui.engine.models import Located
from spm_tui.engine.spread import SpreadEngine

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which models to use, and where they run."""

    model: str = models.LANGUAGE_MODEL
    revision: str | None = None
    embedder: str = models.EMBEDDER
    device: str = "auto"
    dtype: str = "auto"
    quantize: str | None = None
    device_map: str | None = None
    batch_size: int | None = None
    workers: int | None = None
    """Processes, each with the model; None is one per GPU."""
    plain: bool = False
    """Whether to use the plain engine even where the fast one is able to run the model."""


class Backend:
    """One language model and one embedder, shared by the runs of a command.

    Args:
        choice: which.
        say: told what takes long.

    """

    def __init__(self, choice: ModelChoice, *, say: Say) -> None:
        self._choice = choice
        self._say = say

    @cached_property
    def placement(self) -> Placement:
        """Device and precision."""
        return place(self._choice.device, self._choice.dtype, self._choice.quantize)

    @cached_property
    def _model(self) -> Located:
        choice = self._choice
        return models.locate(choice.model, revision=choice.revision, say=self._say)

    @cached_property
    def _embedder(self) -> Located:
        return models.locate(self._choice.embedder, say=self._say)

    @property
    def backbone(self) -> Backbone:
        """The language model's identity; its files are fetched if need be."""
        return Backbone(self._model.name, f"{self._model.revision}/{self.placement.precision}")

    @property
    def embedder(self) -> str:
        """The embedding model's identity; its files are fetched if need be."""
        return self._embedder.revision

    @cached_property
    def _engine(self) -> Engine:
        from spm_tui.engine.local import local

        choice, folder = self._choice, self._model.folder
        places = [self.placement]
        if choice.device_map is None:
            places = spread(self.placement, choice.workers)
        where = ", ".join(dict.fromkeys(place.device for place in places))
        self._say(f"loading {self._model.name} on {where}")
        if len(places) > 1:
            return SpreadEngine(folder, places, rows=choice.batch_size, plain=choice.plain)
        return local(
            folder,
            placement=self.placement,
            device_map=choice.device_map,
            rows=choice.batch_size,
            plain=choice.plain,
            say=self._say,
        )

    def engine(self) -> Engine:
        """Return the engine, loaded at the first call."""
        return self._engine

    def embed(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """Yield embeddings of `texts`; the embedder is loaded only if there are any."""
        if not texts:
            return
        from spm_tui.engine.embed import Embedder

        self._say(f"embedding {len(texts)} texts")
        yield from Embedder(self._embedder.folder, device=self.placement.device).embed(texts)
