"""Sentence embeddings of scenarios, for the selection of worked examples."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spm_tui.engine.folder import OWN_FILES, check_folder
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.headers import check_extent
from spm_tui.engine.quiet import quiet
from spm_tui.engine.weights import check_weights, reports

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

        check_folder(folder)
        name = f"{folder}: not an embedding model"
        with reading_model(folder, "an embedding model"), reports() as loadings:
            check_extent(AutoModel, folder, name=name)
            self._model = SentenceTransformer(str(folder), device=device, **OWN_FILES)
            for model, report in loadings:
                check_weights(report, model, name=name, unused=_UNUSED)
            self._model.encode(["Ready?"], show_progress_bar=False)

    def embed(self, texts: Sequence[str]) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the embeddings of `CHUNK` texts after another, [up to CHUNK, D]."""
        for start in range(0, len(texts), CHUNK):
            with quiet():
                vectors = self._model.encode(
                    list(texts[start : start + CHUNK]),
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
            yield np.asarray(vectors, dtype=np.float32)
