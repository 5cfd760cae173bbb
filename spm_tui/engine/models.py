"""From what a person calls a model to a folder with its files and an identity.

A name is, in this order, an embedded model, a local folder, a GGUF file, a preset or a hub id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spm_tui import hub
from spm_tui.engine import cache, embedded, gguf
from spm_tui.engine.folder import whole
from spm_tui.engine.presets import PRESETS, hub_id
from spm_tui.errors import ModelError, reason
from spm_tui.paths import typed_path

LANGUAGE_MODEL = embedded.SMOLLM2.name
"""The default backbone."""
EMBEDDER = embedded.MINILM.name
KALEIDO_MODEL = "tsor13/kaleido-xl"
REWARD_MODEL = "Ray2333/GRM-Llama3.2-3B-rewardmodel-ft"
_FILES = ("*.json", "*.jinja", "*.model", "*.safetensors", "*.txt", "[0-9]_*/*")
_PICKLES = ("pytorch_model*.bin",)
"""Weights as older models have them; transformers unpickles nothing but tensors."""
_TWICE = ("consolidated*",)
"""Weights that some repositories have in a second form, as large as the first."""


@dataclass(frozen=True, slots=True)
class Located:
    """A model's files."""

    name: str
    """As the person gave it."""
    folder: Path
    revision: str
    """Identity of the files: a known SHA-256, a hub commit, or a fingerprint."""


def locate(
    name: str, *, revision: str | None = None, say: Callable[[str], None] = lambda _: None
) -> Located:
    """Return the model of that name, fetched and converted where need be.

    Args:
        name: an embedded model, a folder, a GGUF file, a preset or a hub id.
        revision: branch, tag or commit, for hub ids.
        say: told what takes long.

    Raises:
        ModelError: there is no such model, or it cannot be fetched.

    """
    if name in embedded.EMBEDDED:
        model = embedded.EMBEDDED[name]
        return Located(name, embedded.fetch(model, say=say), model.identity)
    path = typed_path(name)
    if path.suffix == ".gguf" and path.is_file():
        say(f"reading {path.name}")
        own = gguf.converted(path)
        return Located(own.name, own.folder, own.revision)
    if path.is_dir():
        return _local(path, say)
    name = hub_id(name)
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _from_hub(name, revision, say)
    known = ", ".join((*embedded.EMBEDDED, *PRESETS))
    raise ModelError(
        f"no model {name!r}: no such folder or GGUF file, no hub id (owner/name), and none of"
        f" {known}"
    )


def at_hand(name: str) -> Path | None:
    """Return the folder of a model that is on this machine; None where it would be fetched."""
    if name in embedded.EMBEDDED:
        folder = embedded.folder(embedded.EMBEDDED[name])
        return folder if folder.is_dir() else None
    if (path := typed_path(name)).is_dir():
        return path
    try:
        return _cached(hub_id(name), None)
    except hub.failures():
        return None


def _local(path: Path, say: Callable[[str], None]) -> Located:
    if not (path / "config.json").is_file():
        raise ModelError(f"{path}: no config.json, so not a model's folder")
    patterns = (*_FILES, "*.bin")  # an index may call its shards as it likes
    files = [file for pattern in patterns for file in path.glob(pattern) if file.is_file()]
    return Located(path.resolve().name, path, cache.fingerprint(files, say=say))


def _from_hub(name: str, revision: str | None, say: Callable[[str], None]) -> Located:
    try:
        folder = _cached(name, revision) or _fetched(name, revision, say)
    except hub.failures() as error:
        raise ModelError(_why_not(name, error)) from error
    return Located(name, folder, folder.name)


def _cached(name: str, revision: str | None) -> Path | None:
    """Return the local cache's copy if it is whole: other programs may want part of a model."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = _snapshot(name, revision, _FILES, offline=True)
    except LocalEntryNotFoundError:
        return None
    return folder if whole(folder) else None


def _fetched(name: str, revision: str | None, say: Callable[[str], None]) -> Path:
    say(f"fetching {name} from the model hub")
    folder = _snapshot(name, revision, _FILES)
    if not whole(folder):  # only now: most that have pickles have the same as safetensors
        folder = _snapshot(name, revision, (*_FILES, *_PICKLES))
    if not whole(folder):
        raise ModelError(
            f"{name}: no config.json with all of its weights, as safetensors or"
            f" pytorch_model.bin, in {folder}, and none to be had from the model hub"
        )
    return folder


def _snapshot(
    name: str, revision: str | None, files: tuple[str, ...], *, offline: bool = False
) -> Path:
    from huggingface_hub import snapshot_download

    return Path(
        snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(files),
            ignore_patterns=list(_TWICE),
            local_files_only=offline,
        )
    )


def _why_not(name: str, error: Exception) -> str:
    """Return why the hub gave no model, and what to do about it."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    page = f"https://huggingface.co/{name}"
    log_in = "run `hf auth login` or set HF_TOKEN"
    if isinstance(error, GatedRepoError):
        return f"{name} is gated: accept its licence at {page}, then {log_in}"
    refused = isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403)
    if refused or isinstance(error, RepositoryNotFoundError):
        return f"the model hub shows you no {name!r}: look at {page}; if it is private, {log_in}"
    return f"no model {name!r} in the local cache, and the model hub gave none: {reason(error)}"
