"""What can be exported from the app: names for the menu, files to propose, how each is written."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from spm_tui.errors import InputError
from spm_tui.paths import file_name
from spm_tui.tui import writings
from spm_tui.tui.desk import Desk
from store import bundles, exports
from store.connection import Connection, Store
from store.records import Run
from store.replacing import require_apart

_Write = Callable[[Store, Desk, Path], None]


@dataclass(frozen=True, slots=True)
class Export:
    """Something that can become a file."""

    title: str
    """For the menu."""
    file: str
    """Proposed; `{name}` is after the benchmark, `{run}` the run's number."""
    write: _Write
    of_run: bool = True
    """Whether there must be a run."""

    def proposal(self, desk: Desk) -> str:
        """Return the file's name to propose."""
        run = desk.opened.run
        name = file_name(desk.opened.benchmark.name)
        return self.file.format(name=name, run=run.number if run else 0)


def _from_store(
    act: Callable[[Connection, Run, Path], object], suffixes: Collection[str] = ()
) -> _Write:
    def write(store: Store, desk: Desk, path: Path) -> None:
        if suffixes and path.suffix not in suffixes:
            raise InputError(f"expected a file ending in {', '.join(suffixes)}", path=path)
        require_apart(path, store.path)
        if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
            raise InputError("is there already; give another name", path=path)
        if desk.opened.run is not None:
            with store.reading() as db:
                act(db, desk.opened.run, path)

    return write


EXPORTS: Mapping[str, Export] = {
    "list": Export(
        "the list as shown: status, margin, pick (CSV)",
        "{name}-list.csv",
        lambda _, desk, path: writings.write(path, writings.list_csv(desk)),
        of_run=False,
    ),
    "target": Export(
        "the target, as --targets reads it (JSON)",
        "target.json",
        lambda _, desk, path: writings.write(path, writings.target_json(desk)),
        of_run=False,
    ),
    "answers": Export(
        "the run's answers beside the labels (.csv, .jsonl, .parquet)",
        "{name}-run{run}.parquet",
        _from_store(exports.export_answers, exports.EXPORT_FORMATS),
    ),
    "annotations": Export(
        "all annotations of the run (.csv, .jsonl, .parquet)",
        "{name}-run{run}-annotations.csv",
        _from_store(exports.export_annotations, exports.EXPORT_FORMATS),
    ),
    "run": Export(
        "the whole run, to hand to a colleague (a folder)",
        "{name}-run{run}",
        _from_store(lambda db, run, path: bundles.save(db, run.number, path)),
    ),
}
