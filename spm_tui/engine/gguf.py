"""Conversion of GGUF files to folders that load in a fraction of a second.

transformers needs 23 s to read SmolLM2 from its GGUF and 0.3 s from the converted folder
(measured on 2 cores).
"""

import struct
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from spm_tui.engine import cache
from spm_tui.engine.quiet import quiet
from spm_tui.errors import ModelError, reason


def converted(path: Path, *, identity: str) -> Path:
    """Return the folder with the converted form of a GGUF file; made at the first time.

    Args:
        path: the file.
        identity: its fingerprint.

    Raises:
        ModelError: the file is no GGUF, or of an architecture transformers does not convert.

    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ModelError(f"{path}: not a GGUF file")
    target = cache.folder() / "converted" / f"{path.stem}-{identity[:12]}"
    if not target.is_dir():
        with cache.building(target) as work:
            convert(path, work)
    return target


def convert(path: Path, target: Path) -> None:
    """Write model and tokenizer of a GGUF file, dequantised, to `target`.

    Raises:
        ModelError: transformers cannot read the file.

    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    options = {"gguf_file": path.name}
    try:
        with quiet(), redirect_stderr(StringIO()):  # a progress bar that has no switch
            model = AutoModelForCausalLM.from_pretrained(
                path.parent,
                dtype=torch.float32,
                quantization_config=GgufConfig(dequantize=True),
                **options,
            )
            tokenizer = AutoTokenizer.from_pretrained(path.parent, **options)
            model.save_pretrained(target)
            tokenizer.save_pretrained(target)
    except (OSError, ValueError, LookupError, RuntimeError, struct.error) as error:
        raise ModelError(f"{path}: cannot be converted: {reason(error)}") from error
