"""The folder in which fetched and converted models are kept, and how entries get there whole."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from spm_tui.errors import ModelError

_SAMPLE = 1 << 16
_SAMPLES = 16


def folder() -> Path:
    """Return `$SPM_CACHE`, or the platform's cache folder for this program."""
    import platformdirs

    chosen = os.environ.get("SPM_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("spm-tui"))


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """Give a fresh folder that becomes `target` at the end; on failure nothing remains.

    Two processes may build the same entry: the first one done provides it.

    Raises:
        ModelError: the cache cannot be written.

    """
    try:
        work = target.parent / f".{target.name}-{uuid4().hex}"
        work.mkdir(parents=True)
    except OSError as error:
        raise ModelError(f"{target.parent}: {error.strerror}; set SPM_CACHE") from error
    try:
        yield work
        if not target.exists():
            try:
                work.rename(target)
            except OSError as error:
                if not target.exists():
                    raise ModelError(f"{target}: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(paths: list[Path]) -> str:
    """Return an identity of files of any size: names, sizes and evenly spread samples.

    Hashing the 140 GB of a large model whole would take minutes at every start.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}\n".encode())
        with path.open("rb") as file:
            for sample in range(_SAMPLES):
                file.seek(max(0, (size - _SAMPLE) * sample // (_SAMPLES - 1)))
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
