"""The runs that ship with the program, and run bundles on built-in benchmarks.

Separate from `store.bundles` because the store knows nothing of what is built in.
"""

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path

from spm_tui.bench import settled
from spm_tui.datasets import builtin
from store import benchmarks, bundles
from store.connection import Store

BUNDLED: Mapping[str, str] = {name: f"runs/{name}" for name in builtin.NAMES}
"""Name of a built-in benchmark → folder of its run in the package `spm_tui.data`."""


def shipped() -> tuple[str, ...]:
    """Return the names in `BUNDLED` whose run this installation has."""
    data = files("spm_tui.data")
    return tuple(name for name, folder in BUNDLED.items() if (data / folder).is_dir())


def benchmark(name: str) -> str:
    """Return the identity of the benchmark that a run of `shipped` is on."""
    with as_file(files("spm_tui.data") / BUNDLED[name]) as folder:
        return bundles.read_record(folder).spec.benchmark


def add(store: Store, name: str, *, at: datetime) -> int:
    """Put a built-in benchmark and its run into the store, in one transaction.

    Args:
        store: where to.
        name: one of `BUNDLED`.
        at: when.

    Returns:
        The run's number; the same again when both are there already.

    Raises:
        FileUnusable: this installation has no such run.

    """
    with as_file(files("spm_tui.data") / BUNDLED[name]) as folder:
        return load(store, folder, at=at)


def load(store: Store, folder: Path, *, at: datetime) -> int:
    """Put the run bundle in `folder` into the store, its benchmark too if that is built in.

    Raises:
        FileUnusable: the folder is no bundle, or damaged, or of a newer format.
        InputError: it says what no run says.
        NotInStore: the store lacks the run's benchmark, and it is not built in.

    """
    record = bundles.read_record(folder)
    settled.check_record(record, folder)
    built_in = builtin.load(record.benchmark) if record.benchmark in builtin.NAMES else None
    with store.writing() as db:
        if built_in and built_in.benchmark.identity == record.spec.benchmark:
            benchmarks.add(db, built_in.benchmark, at=at)
        with bundles.staging(db, folder, record):
            settled.check_contents(db, record, folder)
            return bundles.enter(db, record, at=at)
