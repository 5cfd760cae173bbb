"""What the command line may use: what was typed; of a record only what was named here before."""

import os
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from spm_tui.bench.named_here import NamedHere, Resource
from spm_tui.bench.options import KEY
from spm_tui.cli.experiment import Cell
from spm_tui.engine.remote.key import Key, read_key
from spm_tui.errors import InputError


def state_folder() -> Path:
    """Return the folder for what the program remembers."""
    return Path(platformdirs.user_state_dir("spm-tui"))


def server_key(*, unencrypted: bool) -> Key | None:
    """Return the key of servers; `unencrypted` is whether plain HTTP will do."""
    return read_key(os.environ, KEY, unencrypted=unencrypted)


def require_named(cells: Sequence[Cell], named: NamedHere) -> None:
    """See that nothing is used that only a record names, and remember what is.

    Raises:
        InputError: a `run.json` names a server, a cluster or a model that nobody has named here.

    """
    for cell in cells:
        for resource in named.missing(cell.options):
            if recorded := [name for name in resource.fields if name in cell.recorded]:
                raise _stranger(resource, recorded[0], cell.recorded[recorded[0]])
    for cell in cells:
        named.add(cell.options)


def _stranger(resource: Resource, name: str, path: Path) -> InputError:
    """Return the error about what only the record at `path` names, under the option `name`."""
    option = f"--{name.replace('_', '-')}"
    return InputError(
        f"the {resource.kind} {resource.name!r:.120} was never named on this machine, and a record"
        f" may be anybody's; to use it, give {option} yourself",
        path=path,
        field=option,
    )
