"""The folder in which fetched and converted models are kept, and how entries get there whole."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from uuid import uuid4

from spm_tui.errors import ModelError
from store.regular import opened

_ABANDONED = 86_400.0
"""Seconds after which an entry that is being built belongs to nobody."""
_LARGE = 1 << 24
"""Bytes of a file whose digest is worth remembering."""
_SETTLED = 2.0
"""Seconds after which another change shows in a file's time, however coarse its clock."""


def folder() -> Path:
    """Return `$SPM_CACHE`, or the platform's cache folder for this program."""
    import platformdirs

    chosen = os.environ.get("SPM_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("spm-tui"))


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """Give a fresh folder that becomes `target` at the end; on failure nothing remains.

    Two processes may build the same entry: the first one done provides it. What killed ones left
    is removed.

    Raises:
        ModelError: the cache cannot be written.

    """
    try:
        work = target.parent / f".{target.name}-{uuid4().hex}"
        work.mkdir(parents=True)
        _sweep(target)
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


def _sweep(target: Path) -> None:
    for left in target.parent.glob(f".{escape(target.name)}-{'[0-9a-f]' * 32}"):
        with suppress(OSError):  # another one sweeps too
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(paths: list[Path], *, say: Callable[[str], None] = lambda _: None) -> str:
    """Return an identity of files: of their names and all that is in them.

    Args:
        paths: the files.
        say: told what takes long.

    Raises:
        ModelError: one of them cannot be read.

    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        try:
            digest.update(f"{path.name}:{_digest(path, say)}\n".encode())
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}") from error
    return digest.hexdigest()


def _digest(path: Path, say: Callable[[str], None]) -> str:
    """Return a file's SHA-256, a large one's only anew if it has changed: 6 GB take up to 20 s."""
    state = path.stat()
    if state.st_size < _LARGE:
        return sha256(path)
    place = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()
    note = folder() / "digests" / place
    version = [str(state.st_size), str(state.st_mtime_ns)]
    match _read(note).split():
        case [*known, digest] if known == version:
            return digest
    settled = time.time() - state.st_mtime > _SETTLED
    say(f"reading {path.name}")
    digest = sha256(path)
    if settled:
        _write(note, " ".join([*version, digest]))
    return digest


def _read(note: Path) -> str:
    """Return what is noted; nothing is as good as a note that cannot be read."""
    try:
        return note.read_text()
    except (OSError, ValueError):
        return ""


def _write(note: Path, text: str) -> None:
    """Note something, as a whole; in a cache that cannot be written it is found out anew."""
    part = note.with_name(f".{note.name}-{uuid4().hex}")
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(text)
            part.replace(note)
        finally:
            part.unlink(missing_ok=True)
