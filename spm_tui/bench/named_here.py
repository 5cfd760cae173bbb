"""What runs use outside the program, and whether a person has named it on this machine.

The record of a run says which server, cluster and models it used. A run may have come from anybody,
in a bundle, in a store or as a `run.json`: to send the benchmark's texts and an API key to a server
that it names, or to load a model, takes a person's word. Whatever they have named is remembered in
a file of their own, never in the store, which is copied and handed on.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spm_tui.bench.options import (
    BY_NAME,
    EMBEDDER,
    LANGUAGE_MODEL,
    MODEL_OPTION,
    SERVERS,
    RunOptions,
)
from spm_tui.engine.presets import hub_id
from spm_tui.engine.remote.addresses import origin
from spm_tui.errors import InputError, ModelError
from spm_tui.methods.catalogue import EMBEDDING, MODEL_OF
from spm_tui.paths import typed_path

FILE = "named-here.jsonl"
"""In the program's state folder: each line `["server", "https://host:443"]` and the like. No
session of the app is remembered under such a name, whatever its store says."""
_SHIPPED = (LANGUAGE_MODEL, EMBEDDER)
"""Models that are what they are by their SHA-256."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something outside the program that a run uses."""

    kind: Literal["server", "cluster", "model"]
    name: str
    """A server's scheme, host and port; a cluster's address; a model's path or hub id."""
    fields: tuple[str, ...]
    """Of `RunOptions`: those that name it."""


class NamedHere:
    """What was named on this machine.

    Args:
        path: the file that remembers it; need not be there.
        models: those that are named by configuration.

    """

    def __init__(self, path: Path, *, models: Collection[str] = ()) -> None:
        self._path = path
        self._configured = {("model", _model(name, None)) for name in models}

    def missing(self, options: RunOptions) -> tuple[Resource, ...]:
        """Return what a run would use and nobody has named here; defaults are the program's own."""
        named = self._configured | set(self._remembered())
        return tuple(one for one in _used(options) if (one.kind, one.name) not in named)

    def add(self, options: RunOptions) -> None:
        """Remember what a run uses; where that cannot be written, a person is asked again."""
        lines = [json.dumps([one.kind, one.name]) + "\n" for one in self.missing(options)]
        if not lines:
            return
        # Appended in one write: two processes may do so at once, and neither's is lost.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)  # it tells which servers somebody uses
            with self._path.open("a", encoding="utf-8") as remembered:
                remembered.write("".join(lines))

    def _remembered(self) -> Iterator[tuple[str, str]]:
        """Yield kinds and names; lines that are none of this program's count for nothing."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            with suppress(ValueError, RecursionError):
                match json.loads(line):
                    case [str(kind), str(name)]:
                        yield kind, name


def _used(options: RunOptions) -> Iterator[Resource]:
    """Yield what a run uses outside the program, as far as its options say other than usual."""
    usual = RunOptions()
    for resource in _all_used(options):
        if any(getattr(options, name) != getattr(usual, name) for name in resource.fields):
            yield resource


def _all_used(options: RunOptions) -> Iterator[Resource]:
    roles = {role for method in options.method if (role := MODEL_OF.get(method))}
    served = options.backend in SERVERS
    for role in sorted(roles):
        if role == "language" and served:
            yield from (Resource("server", _server(url), ("url",)) for url in options.url)
            continue
        field = BY_NAME[MODEL_OPTION[role]].field
        revision = options.revision if role == "language" else None
        fields = (field, "revision") if revision else (field,)
        if (name := str(getattr(options, field))) not in _SHIPPED:
            yield Resource("model", _model(name, revision), fields)
        if role == "language" and options.backend == "ray":
            yield Resource("cluster", options.ray_address, ("ray_address",))
    if EMBEDDING.intersection(options.method) and options.embedder not in _SHIPPED:
        yield Resource("model", _model(options.embedder, None), ("embedder",))


def _server(url: str) -> str:
    """Return what tells the servers at two addresses apart; of what is no address, the text."""
    try:
        return origin(url)
    except ModelError:
        return url


def _model(name: str, revision: str | None) -> str:
    """Return a model's place: its path here, or its hub id, anybody may add revisions to which."""
    with suppress(InputError):
        path = typed_path(name)
        if path.exists():
            return str(path.resolve())
    return f"{hub_id(name)}@{revision}" if revision else hub_id(name)
