"""Sentence embeddings of scenarios, for the selection of worked examples."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spm_tui.engine import reach
from spm_tui.engine.folder import OWN_FILES, check_folder, read_object
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.headers import check_extent
from spm_tui.engine.quiet import quiet
from spm_tui.engine.reach import Cut, Reach, Window
from spm_tui.engine.weights import check_weights, reports
from spm_tui.errors import ModelError

_UNUSED = ("pooler.",)
"""Sentences are pooled from the embeddings of tokens; many models are trained without the head
that BERT has for it, and their files lack it."""
CHUNK = 256
"""Texts embedded and handed over together."""


class Embedder:
    """A sentence-transformers model.

    Args:
        folder: the model's files.
        device: `cpu`, `cuda`, `mps`.

    Raises:
        ModelError: the folder holds no such model.

    """

    def __init__(self, folder: Path, *, device: str) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers import AutoModel

        self._folder = folder
        name = f"{folder}: not an embedding model"
        check_folder(folder, name=name)
        with reading_model(folder, "an embedding model"), reports() as loadings:
            if "model_type" in read_object(folder / "config.json"):  # else none of transformers
                check_extent(AutoModel, folder, name=name)
            self._model = SentenceTransformer(str(folder), device=device, **OWN_FILES)
            for model, report in loadings:
                check_weights(report, model, name=name, unused=_UNUSED)
            self._model.encode(["Ready?"], show_progress_bar=False)

    @cached_property
    def reach(self) -> Reach | None:
        """How much it reads at once; None where that is not known, so that it cuts."""
        with quiet():
            return reach.of_model(self._model) or reach.of_folder(self._folder)

    def cut(self, texts: Iterable[str]) -> Cut | None:
        """Return what it leaves out of texts if it cuts; None if it does not tell."""
        return reach.cut(self._model, texts)

    def embed(self, texts: Sequence[str]) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the embeddings of `CHUNK` texts after another, [up to CHUNK, D].

        Those of texts that are longer than it reads are made of their windows'.
        """
        for start in range(0, len(texts), CHUNK):
            windows = [self._windows(text) for text in texts[start : start + CHUNK]]
            with quiet():
                vectors = self._model.encode(
                    [window.text for each in windows for window in each],
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
            pooled = self._pooled(np.asarray(vectors, dtype=np.float32), windows)
            yield _finite(pooled, texts, start)

    def _windows(self, text: str) -> tuple[Window, ...]:
        return self.reach.windows(text) if self.reach else (Window(text, 0),)

    def _pooled(
        self, vectors: npt.NDArray[np.float32], windows: Sequence[tuple[Window, ...]]
    ) -> npt.NDArray[np.float32]:
        """Return the vectors of texts [T, D] from those of their windows [W, D]."""
        ends = np.cumsum([len(each) for each in windows])
        pooled: npt.NDArray[np.float32] = vectors[ends - 1]
        for row, each in enumerate(windows):
            if len(each) > 1:
                tokens = [window.tokens for window in each]
                parts = vectors[ends[row] - len(each) : ends[row]].astype(np.float64)
                with np.errstate(invalid="ignore"):  # told of afterwards, by text
                    mean = np.average(parts, axis=0, weights=tokens)
                pooled[row] = mean / (np.linalg.norm(mean) or 1) if self._unit else mean
        return pooled

    @property
    def _unit(self) -> bool:
        """Whether its vectors are of unit length."""
        return any(type(module).__name__ == "Normalize" for module in self._model)


def _finite(
    vectors: npt.NDArray[np.float32], texts: Sequence[str], start: int
) -> npt.NDArray[np.float32]:
    """Return vectors, [some, D], if all of their numbers are finite.

    Args:
        vectors: of some texts.
        texts: all.
        start: place of the first of these among them.

    Raises:
        ModelError: a number is not; names the text.

    """
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if not len(broken):
        return vectors
    place = start + int(broken[0])
    raise ModelError(
        f"the embedder's numbers overflow on text {place + 1} of {len(texts)}"
        f" ({texts[place]!r:.60}): choose another --embedder"
    )
