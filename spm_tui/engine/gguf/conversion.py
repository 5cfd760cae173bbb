"""Conversion of GGUF files to folders that load in a fraction of a second.

transformers needs 23 s to read SmolLM2 from its GGUF and 0.3 s from the converted folder
(measured on 2 cores).
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from spm_tui.engine import cache
from spm_tui.engine.foreign import reading_model
from spm_tui.engine.gguf.configuration import carry_over
from spm_tui.engine.gguf.coverage import check_layers, check_tensors
from spm_tui.engine.gguf.fields import check_fields, unwritten
from spm_tui.engine.gguf.shards import ModelFile, join, open_model
from spm_tui.engine.gguf.vocabulary import check_vocabulary, correct, corrections
from spm_tui.engine.weights import check_weights
from spm_tui.errors import ModelError

_EDITION = 2
"""Of the conversion. Raised whenever it gives another model, so that no older one is used: the
first made weights up and dropped metadata."""
_CARRIED = "carried_over.json"


@dataclass(frozen=True, slots=True)
class Converted:
    """A model's converted form."""

    name: str
    folder: Path
    revision: str
    """Identity of what the model computes: its files' fingerprint, and what is carried over of
    their metadata that the first edition dropped. Where that is nothing, it is as it was then."""


def converted(path: Path) -> Converted:
    """Return the converted form of the model that a file is, or is a part of; made once.

    Raises:
        ModelError: the file is damaged, in parts of which some are missing, or of an architecture
            or with metadata that transformers cannot convert.

    """
    model = open_model(path)
    identity = cache.fingerprint(model.paths)
    target = cache.folder() / "converted" / f"{model.name}-{identity[:12]}-{_EDITION}"
    if not target.is_dir():
        with cache.building(target) as work:
            _convert(model, work)
    return Converted(model.name, target, _revision(identity, target))


def convert(path: Path, target: Path) -> None:
    """Write model and tokenizer of a GGUF file, dequantised, to a folder.

    Raises:
        ModelError: as for `converted`.

    """
    _convert(open_model(path), target)


def _revision(identity: str, folder: Path) -> str:
    try:
        carried = json.loads((folder / _CARRIED).read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: damaged; delete it, to be made anew") from error
    if not carried:
        return identity
    text = f"{identity}\n{json.dumps(carried, sort_keys=True)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _convert(model: ModelFile, target: Path) -> None:
    """Write a model's folder, with a record of what is carried over."""
    check_fields(model)
    check_layers(model)
    check_vocabulary(model)
    bar = redirect_stderr(StringIO())  # a progress bar that has no switch
    with _one_file(model, target) as source, reading_model(model.path, "a language model"), bar:
        carried = _written(model, source, target)
    (target / _CARRIED).write_text(json.dumps(carried, indent=1, sort_keys=True))


@contextmanager
def _one_file(model: ModelFile, folder: Path) -> Iterator[Path]:
    """Give a file with all of a model's tensors, and all fields that transformers needs.

    It is alone in a folder: transformers takes templates and settings that lie beside a file.
    """
    added = unwritten(model)
    place = folder / "source"
    source = place / "model.gguf"
    try:
        place.mkdir()
        if added or len(model.parts) > 1 or not _linked(source, model.path):
            join(model, source, added=added)
        yield source
    except OSError as error:
        raise ModelError(f"{source}: {error.strerror}; set SPM_CACHE") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _linked(link: Path, path: Path) -> bool:
    """Whether a link to a file could be made: some systems have none."""
    try:
        link.symlink_to(path.resolve())
    except (OSError, NotImplementedError):
        return False
    return True


def _written(model: ModelFile, source: Path, target: Path) -> dict[str, Any]:
    """Write model and tokenizer; return what is carried over."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GgufConfig

    options = {"gguf_file": source.name, "trust_remote_code": False}
    config = AutoConfig.from_pretrained(source.parent, **options)
    carried = carry_over(model, config)
    check_tensors(model, config)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, **options)
    if changed := correct(tokenizer, corrections(model)):
        carried["tokenizer"] = changed
    loaded, report = AutoModelForCausalLM.from_pretrained(
        source.parent,
        config=config,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # to be named below
        **options,
    )
    check_weights(report, loaded, name=str(model.path))
    loaded.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return carried
