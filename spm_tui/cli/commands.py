"""What the commands do; each imports what it needs when it is called."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from spm_tui.cli import options, reporting
from spm_tui.cli.display import showing
from spm_tui.cli.output import bare
from spm_tui.cli.reporting import print_boards
from spm_tui.cli.stopping import stoppable
from spm_tui.cli.storing import existing_store, open_store, store_path
from spm_tui.cli.trust import require_named, server_key, state_folder
from spm_tui.errors import InputError
from spm_tui.plain_text import line

if TYPE_CHECKING:
    from spm_tui.cli.experiment import Cell
    from spm_tui.datasets.rows import Watch
    from store.connection import Store


def app(parsed: argparse.Namespace) -> int:
    """Open the app."""
    import getpass

    from spm_tui.bench.options import BY_NAME
    from spm_tui.tui import config
    from spm_tui.tui.app import SpmApp

    given = [name for name in BY_NAME if name.replace("-", "_") in vars(parsed)]
    given += [name for name in ("dry-run", "paper") if vars(parsed)[name.replace("-", "_")]]
    if given:
        raise InputError("says what to run, which only --headless does", field=f"--{given[0]}")
    in_browser = "TEXTUAL_DRIVER" in os.environ  # `textual serve` talks through pipes
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("the app needs a terminal; without one, use --headless")
    settings = config.read(config.location(os.environ), user=getpass.getuser())
    settings = replace(settings, insecure_key=settings.insecure_key or parsed.insecure_key)
    SpmApp(open_store(parsed), config=settings, folder=state_folder()).run()
    return 0


def headless(parsed: argparse.Namespace) -> int:
    """Run, then write tables."""
    if parsed.json and parsed.events == "-":
        raise InputError("has no meaning with --events -: both are for stdout", field="--json")
    store = open_store(parsed)
    with store.blamed():
        return _headless(parsed, store)


def _headless(parsed: argparse.Namespace, store: "Store") -> int:
    from spm_tui.bench.named_here import FILE, NamedHere
    from spm_tui.cli import forecasting
    from spm_tui.cli import headless as running

    cells = _cells(parsed, store)
    if parsed.dry_run:
        forecasting.print_forecast(forecasting.forecast(cells, store), as_json=parsed.json)
        return 0
    require_named(cells, NamedHere(state_folder() / FILE))
    key = server_key(unencrypted=parsed.insecure_key)
    with showing(parsed.display, parsed.events, apart_from=store.path) as show, stoppable() as stop:
        outcome = running.run(
            cells, store, show=show, stop=stop, paper=parsed.paper, server_key=key
        )
    if not outcome.interrupted and parsed.events != "-":
        boards = list(outcome.boards.values())
        print_boards(boards, as_json=parsed.json, several=outcome.several)
    for note in outcome.missing:
        print(f"note: {line(note)}", file=sys.stderr)
    if outcome.interrupted:
        return _interrupted()
    print(f"tables and figures are in {outcome.folder}", file=sys.stderr)
    return 1 if outcome.failed or outcome.missing else 0


def _cells(parsed: argparse.Namespace, store: "Store") -> tuple["Cell", ...]:
    """Return what is to be run: as given, as a file says, or all of the paper's evaluation."""
    from spm_tui.bench.subject import at_hand
    from spm_tui.cli import experiment

    given = vars(parsed)
    if not parsed.paper:
        return experiment.cells(given, Path(parsed.config) if parsed.config else None)
    for name in ("config", "split", "attributes", "method", "decoding", "targets", "target"):
        if given.get(name):
            raise InputError("--paper decides it", field=f"--{name}")
    if "benchmark" not in given:
        given = {**given, "benchmark": at_hand(store)}
    return experiment.cells(given, experiment.PAPER)


def _interrupted() -> int:
    again = shlex.join(["spm-tui", *sys.argv[1:]])
    print(f"interrupted; what is answered is stored. To go on: {again}", file=sys.stderr)
    return 130


def import_(parsed: argparse.Namespace) -> int:
    """Bring a benchmark, a run or reasonings into the store."""
    if parsed.kind == "reasonings":
        return _reasonings(parsed)
    from spm_tui.bench.importing import Source, import_source
    from store.clock import now

    source = Source(
        kind=parsed.kind,
        path=parsed.path or "",
        attributes=getattr(parsed, "attributes", ""),
        name=getattr(parsed, "name", None),
        rule=getattr(parsed, "split", "stratified"),
    )
    with _watching() as watch:
        arrived = import_source(open_store(parsed), source, at=now(), watch=watch)
    for note in arrived.notes:
        print(f"note: {line(note)}", file=sys.stderr)
    start = "imported" if arrived.added else "in the store already:"
    print(line(f"{start} {arrived.what}"))
    return 0


def _reasonings(parsed: argparse.Namespace) -> int:
    from spm_tui.cli import reasonings

    for name in ("benchmark", "model"):
        if name not in parsed:
            raise InputError("expected a name", field=f"--{name}")
    wanted, store = options.resolve(vars(parsed)), open_store(parsed)
    if parsed.dry_run:
        print(reasonings.forecast(wanted, store, replace=parsed.replace))
        return 0
    key = server_key(unencrypted=parsed.insecure_key)
    with showing(parsed.display, parsed.events, apart_from=store.path) as show, stoppable() as stop:
        outcome = reasonings.write(
            wanted, store, replace=parsed.replace, show=show, stop=stop, key=key
        )
    for note in outcome.notes:
        print(f"note: {line(note)}", file=sys.stderr)
    if parsed.events != "-":
        print(outcome.what)
    if outcome.interrupted:
        return _interrupted()
    return 1 if outcome.failed else 0


@contextmanager
def _watching() -> Iterator["Watch"]:
    """Give a function that moves a progress bar, on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=bare(sys.stderr))
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda share: bar.update(task, completed=share)


def export(parsed: argparse.Namespace) -> int:
    """Write a run as files: its answers or annotations as a table, or all of it."""
    from store import bundles, exports, runs
    from store.replacing import require_apart

    path = Path(parsed.path)
    as_bundle = not path.suffix and not parsed.annotations
    if not as_bundle and path.suffix not in exports.EXPORT_FORMATS:
        folder = "" if parsed.annotations else ", or a folder's name without a dot"
        raise InputError(f"expected {', '.join(exports.EXPORT_FORMATS)}{folder}", path=path)
    if not path.absolute().parent.is_dir():
        raise InputError("its folder does not exist", path=path)
    store = existing_store(parsed)
    require_apart(path, store.path)
    with store.reading() as db:
        found = runs.get(db, parsed.run)
        if as_bundle:
            bundles.save(db, parsed.run, path)
            print(f"wrote run {parsed.run} to {path}; spm-tui import run {path} reads it")
        elif parsed.annotations:
            print(f"wrote {exports.export_annotations(db, found, path):,} annotations to {path}")
        else:
            print(f"wrote {exports.export_answers(db, found, path)} to {path}")
    return 0


def models(parsed: argparse.Namespace) -> int:
    """List, fetch or verify the embedded models; list those that have a short name."""
    from spm_tui.engine import embedded

    changed = False
    for model in embedded.EMBEDDED.values():
        if parsed.action == "fetch":
            embedded.fetch(model, say=lambda text: print(f"{text} …", file=sys.stderr))
        folder = embedded.folder(model)
        state = "ready" if folder.is_dir() else f"not fetched ({model.size})"
        if parsed.action == "verify" and folder.is_dir():
            wrong = embedded.verify(model)
            changed = changed or bool(wrong)
            state = f"CHANGED: {', '.join(wrong)}; delete the folder" if wrong else "verified"
        print(f"{model.name:24} {model.licence:12} {state:24} {folder}")
    if parsed.action == "list":
        _print_presets()
    return 2 if changed else 0


def _print_presets() -> None:
    from spm_tui.engine.presets import PRECISIONS, PRESETS
    from spm_tui.format import gigabytes
    from spm_tui.report import tables, text

    rows = tuple(
        (
            preset.name,
            preset.hub,
            f"{preset.parameters / 1e9:.1f} billion",
            preset.licence,
            "yes" if preset.gated else "no",
            *(gigabytes(preset.weights(precision)) for precision in PRECISIONS),
        )
        for preset in PRESETS.values()
    )
    columns = ("--model", "on the model hub", "parameters", "licence", "gated", *PRECISIONS)
    print("\nFetched when first used; the memory is that of the weights alone:\n")
    print(text.markdown(tables.Table(columns, rows)), end="")


def doctor(parsed: argparse.Namespace) -> int:
    """Say what this installation has and can do."""
    from spm_tui.cli.headless import environment
    from spm_tui.engine import cache, embedded
    from store import benchmarks, runs

    for name, value in environment().items():
        print(f"{name:14} {value}")
    print(f"{'model cache':14} {cache.folder()}")
    for model in embedded.EMBEDDED.values():
        state = "ready" if embedded.folder(model).is_dir() else "not fetched: spm-tui models fetch"
        print(f"{'model':14} {model.name}: {state}")
    path = store_path(parsed)
    if not path.exists():
        print(f"{'store':14} {path}: not there yet")
        return 0
    with open_store(parsed).reading() as db:
        names = ", ".join(line(row.name) for row in benchmarks.listing(db)) or "none"
        print(f"{'store':14} {path}: benchmarks {names}; {len(runs.listing(db))} runs")
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "import": import_,
    "report": reporting.report,
    "export": export,
    "models": models,
    "doctor": doctor,
}
