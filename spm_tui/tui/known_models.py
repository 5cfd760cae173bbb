"""The language models that can be offered by name: what lies in the local caches, and presets.

Only folders are listed and configurations read; nothing is loaded and no server asked.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spm_tui.bench.options import LANGUAGE_MODEL
from spm_tui.engine import cache
from spm_tui.engine.presets import PRESETS
from spm_tui.files import read_json

_PREFIX = "models--"
_WRITING = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
"""Ends the names of architectures that write; the last one's encoder-decoders are told apart."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model with a name to run it by."""

    name: str
    cached: bool
    """Whether its files are there; else the first run fetches them."""
    size: float | None = None
    """Of what would be fetched, about, in bytes; None where that is not known."""


def known_models() -> list[KnownModel]:
    """Return the embedded model, those in the model hub's cache by name, then other presets."""
    there = in_hub(hub_folder(os.environ, Path.home()))
    return [
        KnownModel(LANGUAGE_MODEL, _embedded(cache.folder())),
        *(KnownModel(name, cached=True) for name in there),
        *(
            KnownModel(preset.hub, cached=False, size=preset.weights("bf16"))
            for preset in PRESETS.values()
            if preset.hub not in there
        ),
    ]


def _embedded(folder: Path) -> bool:
    return any((folder / "models").glob(f"{LANGUAGE_MODEL}-*"))


def hub_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Return the model hub's cache, as its own library finds it."""
    if named := environment.get("HF_HUB_CACHE"):
        return Path(named).expanduser()
    caches = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    return Path(environment.get("HF_HOME") or caches / "huggingface").expanduser() / "hub"


def in_hub(folder: Path) -> list[str]:
    """Return the ids of the language models in a hub cache."""
    return sorted(
        entry.name.removeprefix(_PREFIX).replace("--", "/", 1)
        for entry in folder.glob(f"{_PREFIX}*--*")
        if any(map(_is_language_model, entry.glob("snapshots/*")))
    )


def _is_language_model(snapshot: Path) -> bool:
    """Return whether it has the configuration of a decoder that writes, and is no embedder."""
    try:
        config = read_json(snapshot / "config.json")
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(config, dict) or (snapshot / "modules.json").exists():
        return False
    architectures = config.get("architectures")
    writes = isinstance(architectures, list) and any(
        str(one).endswith(_WRITING) for one in architectures
    )
    return writes and not config.get("is_encoder_decoder")
