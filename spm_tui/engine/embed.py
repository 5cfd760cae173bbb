"""Sentence embeddings of scenarios, for the selection of worked examples."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spm_tui.engine.quiet import quiet
from spm_tui.errors import ModelError, reason

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
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        try:
            with quiet():
                self._model = SentenceTransformer(str(folder), device=device)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"{folder}: not an embedding model: {reason(error)}") from error

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
