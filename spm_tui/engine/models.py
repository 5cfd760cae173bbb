"""From what a person calls a model to a folder with its files and an identity.

A name is, in this order, an embedded model, a local folder, a GGUF file, a preset or a hub id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spm_tui.engine import cache, embedded, gguf
from spm_tui.engine.presets import PRESETS, hub_id
from spm_tui.errors import ModelError
from spm_tui.paths import typed_path

LANGUAGE_MODEL = embedded.SMOLLM2.name
"""The default backbone."""
EMBEDDER = embedded.MINILM.name
KALEIDO_MODEL = "tsor13/kaleido-xl"
REWARD_MODEL = "Ray2333/GRM-Llama3.2-3B-rewardmodel-ft"
_FILES = ("*.json", "*.jinja", "*.model", "*.safetensors", "*.txt", "1_Pooling/*")
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
        return Located(name, embedded.fetch(model, say=say), model.sha256)
    path = typed_path(name)
    if path.suffix == ".gguf" and path.is_file():
        say(f"reading {path.name}")
        return Located(path.stem, gguf.converted(path), cache.fingerprint([path]))
    if path.is_dir():
        return _local(path)
    name = hub_id(name)
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _from_hub(name, revision, say)
    known = ", ".join((*embedded.EMBEDDED, *PRESETS))
    raise ModelError(
        f"no model {name!r}: no such folder or GGUF file, no hub id (owner/name), and none of"
        f" {known}"
    )


def _local(path: Path) -> Located:
    files = [file for pattern in _FILES for file in path.glob(pattern)]
    if not (path / "config.json").is_file():
        raise ModelError(f"{path}: no config.json, so not a model's folder")
    return Located(path.resolve().name, path, cache.fingerprint(files))


def _from_hub(name: str, revision: str | None, say: Callable[[str], None]) -> Located:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    def snapshot(*, offline: bool) -> Path:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                allow_patterns=list(_FILES),
                ignore_patterns=list(_TWICE),
                local_files_only=offline,
            )
        )

    try:
        folder = snapshot(offline=True)
    except LocalEntryNotFoundError:
        say(f"fetching {name} from the model hub")
        try:
            folder = snapshot(offline=False)
        except (OSError, ValueError) as error:
            raise ModelError(_why_not(name, error)) from error
    if not (folder / "config.json").is_file():
        raise ModelError(f"{name}: its copy in the local cache is incomplete; delete {folder}")
    return Located(name, folder, folder.name)


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
    reason = str(error).strip().partition("\n")[0]
    return f"no model {name!r} in the local cache, and the model hub gave none: {reason}"
