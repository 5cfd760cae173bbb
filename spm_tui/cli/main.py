"""`spm-tui`: which command, and what its end tells the shell.

Exit codes: 0 done, 1 finished with failed requests, 2 bad input, 130 interrupted.
"""

import argparse
import io
import os
import re
import sys
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import NoReturn

from spm_tui.bench.options import KEY
from spm_tui.cli import options
from spm_tui.cli.display import MODES
from spm_tui.cli.output import cleaned
from spm_tui.errors import EngineLost, SpmError, Unforeseen
from spm_tui.paths import typed_path
from spm_tui.plain_text import line
from store.errors import StoreError

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

_RUNNING = tuple(options.OPTIONS)
_REPORTING = ("what to report",)
_EXPLAINING = ("what to run", "how to ask", "which model")
_EXPLAINED_BY = {"benchmark", "limit", "scenario", "attributes", "seed"} | {
    option.name for option in options.OPTIONS["which model"]
} - {"embedder", "kaleido-model", "reward-model"}
"""Of the options in these groups, those that explaining labels takes."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    commands: Collection[str] = ()
    given: Sequence[str] = ()
    """The words that are parsed, up to a command."""

    def error(self, message: str) -> NoReturn:
        """End with the error; an option that is unknown is it, whatever its value was taken for."""
        known = re.findall(r"--[\w-]+", self.format_usage())
        options = [word.partition("=")[0] for word in self.given if word.startswith("--")]
        if unknown := next((one for one in options if one not in known), None):
            close = get_close_matches(unknown, known, n=1)
            message = f"no option {unknown}" + (f"; did you mean {close[0]}?" if close else "")
        self.exit(BAD_INPUT, f"{line(f'spm-tui: error: {message}')}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # ± in a terminal that has only ASCII
        sys.stdout.reconfigure(errors="replace")
    with cleaned():
        return _main(sys.argv[1:] if arguments is None else list(arguments))


def _main(given: Sequence[str]) -> int:
    root = parser()
    root.given = list(takewhile(lambda word: word not in root.commands, given))
    # argparse takes the value of --x=-- for the end of the options, and leaves an empty list
    if ended := next((word for word in given if re.fullmatch(r"--[\w-]+=--", word)), None):
        root.error(f"argument {ended.removesuffix('=--')}: needs a value")
    parsed = root.parse_args(given)
    try:
        code = _command(parsed)
        sys.stdout.flush()
    except (SpmError, StoreError) as error:
        print(line(f"spm-tui: error: {error}"), file=sys.stderr)
        return FAILED if isinstance(error, EngineLost | Unforeseen) else BAD_INPUT
    except KeyboardInterrupt:
        print("spm-tui: stopped", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read our results has had enough of them
            return DONE
        place = error.filename or "what was printed"
        print(line(f"spm-tui: error: {place}: {error.strerror or error}"), file=sys.stderr)
        return FAILED
    return code


def _path(text: str) -> str:
    try:
        return str(typed_path(text))
    except SpmError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _command(parsed: argparse.Namespace) -> int:
    from spm_tui.cli import commands

    if parsed.command:
        return commands.COMMANDS[parsed.command](parsed)
    return commands.headless(parsed) if parsed.headless else commands.app(parsed)


def parser() -> _Parser:
    """Return the parser of the whole command line."""
    root = _Parser(
        prog="spm-tui",
        description="Steerable pluralistic models: without options the app, with --headless"
        " a run that ends with accuracy tables.",
        epilog="Of the options that are repeated for a grid every combination is run. The key of"
        f" the servers that --url names is read from the environment's variable {KEY}.",
        allow_abbrev=False,
    )
    _add_version(root)
    _add_store(root, default=None)
    root.add_argument("--headless", action="store_true", help="run without the app; resumes")
    root.add_argument("--paper", action="store_true", help="with it: the paper's whole evaluation")
    root.add_argument("--dry-run", action="store_true", help="with it: only say what it would take")
    options.add_to(root, *_RUNNING, repeatable=options.AXES)
    _add_insecure(root, default=False)
    output = root.add_argument_group("how to show it")
    output.add_argument(
        "--config", metavar="FILE", type=_path, help="options or a grid, TOML or a run.json"
    )
    output.add_argument("--json", action="store_true", help="results on stdout as JSON")
    output.add_argument("--display", choices=MODES, default="auto", help="progress on stderr")
    output.add_argument(
        "--events", metavar="FILE", type=_path, help="events as JSON lines; - is stdout"
    )
    commands = root.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_import(commands)
    _add_report(commands)
    _add_export(commands)
    _add_models(commands)
    doctor = commands.add_parser("doctor", help="what this installation has and can do")
    _add_store(doctor)
    root.commands = commands.choices
    return root


def _add_version(root: argparse.ArgumentParser) -> None:
    from importlib.metadata import version

    root.add_argument("--version", action="version", version=f"spm-tui {version('spm-tui')}")


def _add_store(to: argparse.ArgumentParser, default: str | None = argparse.SUPPRESS) -> None:
    to.add_argument(
        "--store",
        metavar="FILE",
        default=default,
        help="the DuckDB file; else $SPM_STORE, else the platform's data folder",
    )


def _add_insecure(to: argparse.ArgumentParser, default: bool | str = argparse.SUPPRESS) -> None:
    to.add_argument(
        "--insecure-key",
        action="store_true",
        default=default,
        help=f"send {KEY} over plain HTTP to other machines, too: whoever is between can read it",
    )


def _add_import(commands: "argparse._SubParsersAction[_Parser]") -> None:
    importing = commands.add_parser(
        "import", help="bring a benchmark, a run or reasonings into the store"
    )
    kinds = importing.add_subparsers(dest="kind", metavar="KIND", required=True)
    mic = kinds.add_parser("mic", help="the Moral Integrity Corpus: MIC.csv")
    mic.add_argument("path", metavar="FILE")
    helpsteer2 = kinds.add_parser("helpsteer2", help="HelpSteer2: raw or reformatted")
    helpsteer2.add_argument(
        "path", metavar="PATH", nargs="?", help="file or folder; else from the model hub"
    )
    plain = kinds.add_parser("plain", help="your own: JSON, JSON Lines, CSV or Parquet")
    plain.add_argument("path", metavar="FILE")
    plain.add_argument("--attributes", metavar="TOML", required=True)
    for kind in (mic, helpsteer2):
        kind.add_argument(
            "--split",
            choices=("stratified", "source"),
            default="stratified",
            help="as in the paper, or as the data says itself",
        )
    for kind in (mic, helpsteer2, plain):
        kind.add_argument("--name", help="of the benchmark in the store")
        _add_store(kind)
    run = kinds.add_parser("run", help="a run that `spm-tui export RUN FOLDER` wrote")
    run.add_argument("path", metavar="FOLDER")
    _add_store(run)
    reasonings = kinds.add_parser(
        "reasonings", help="of train labels that have none, written by a model; resumes"
    )
    options.add_to(reasonings, *_EXPLAINING, only=_EXPLAINED_BY)
    reasonings.add_argument(
        "--replace", action="store_true", help="also where there are some, by anyone else"
    )
    _add_insecure(reasonings)
    absent = argparse.SUPPRESS  # then what is given before the command counts
    reasonings.add_argument(
        "--dry-run", action="store_true", default=absent, help="only say what it would take"
    )
    reasonings.add_argument("--display", choices=MODES, default=absent, help="progress on stderr")
    _add_store(reasonings)


def _add_report(commands: "argparse._SubParsersAction[_Parser]") -> None:
    report = commands.add_parser("report", help="tables of stored runs, without a model")
    report.add_argument("runs", metavar="RUN", nargs="*", type=int, help="none: list the runs")
    report.add_argument("--json", action="store_true", help="results on stdout as JSON")
    report.add_argument(
        "--compare", action="store_true", help="two runs: whether the second is better"
    )
    report.add_argument(
        "--paper", action="store_true", help="the paper's tables and figures, of all runs if none"
    )
    options.add_to(report, *_REPORTING)
    _add_store(report)


def _add_export(commands: "argparse._SubParsersAction[_Parser]") -> None:
    export = commands.add_parser("export", help="a run as files: predictions, annotations, all")
    export.add_argument("run", metavar="RUN", type=int)
    export.add_argument(
        "path",
        metavar="PATH",
        type=_path,
        help="a file ending in .csv, .jsonl or .parquet for the predictions beside the labels;"
        " a folder for all that another store with the benchmark needs to have the run",
    )
    export.add_argument(
        "--annotations", action="store_true", help="every annotation instead, into a file"
    )
    _add_store(export)


def _add_models(commands: "argparse._SubParsersAction[_Parser]") -> None:
    models = commands.add_parser("models", help="embedded ones: list, fetch, verify; short names")
    models.add_argument("action", choices=("list", "fetch", "verify"), nargs="?", default="list")
