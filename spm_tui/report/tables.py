"""A board as tables of plain values."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from spm_tui.alignment import Floats
from spm_tui.bench.estimate import Estimate
from spm_tui.bench.options import RunOptions
from spm_tui.bench.served import unsent
from spm_tui.format import answered, count, duration, interval, spread
from spm_tui.report.board import Board, RunScore
from spm_tui.scoring.accuracy import Accuracy, by_attribute_count
from store.records import Run

Cell: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name, rows of values; a number that does not exist is NaN."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


NOT_RUN = "not run"
"""In place of an accuracy on targets that a run was not asked about."""
_RUN = ("run", "method", "model", "decoding")


def _run(row: RunScore) -> tuple[Cell, ...]:
    spec = row.run.spec
    config = json.loads(spec.config)
    seed = config["method"].get("seed")
    told = [decoding(row.run), f"seed {seed}" if seed and "seed" not in unsent(config) else ""]
    return (row.run.number, spec.method, spec.model, ", ".join(filter(None, told)))


def decoding(run: Run) -> str:
    """Return how a run's answers were decoded, for people; empty for methods without a model."""
    config: dict[str, Any] = json.loads(run.spec.config)
    method, without = config["method"], unsent(config)
    if "temperature" not in method:
        return ""
    if not method["temperature"]:
        return "greedy"
    drawn = "T of the server" if "temperature" in without else f"T {method['temperature']:g}"
    no_seed = ", no seed" if "seed" in without else ""
    return f"{method['samples']} samples, {drawn}{no_seed}"


def accuracy(board: Board) -> Table:
    """Return accuracy in percent, for people: a row per run, a column per target set."""
    return Table(
        (*_RUN, *board.columns, "scenarios"),
        tuple(
            (*_run(row), *(_accuracy_cell(row, name) for name in board.columns), _answered(row))
            for row in board.rows
        ),
    )


def _answered(row: RunScore) -> str:
    return answered(row.answered, row.planned)


def _accuracy_cell(row: RunScore, name: str) -> str:
    if name not in row.sets:
        return NOT_RUN
    one = row.sets[name].accuracy
    return f"{spread(one.mean, one.sd)} {interval(one.low, one.high)}{_part(row, name)}"


def _brief_cell(row: RunScore, name: str) -> str:
    if name not in row.sets:
        return NOT_RUN
    one = row.sets[name].accuracy
    return f"{spread(one.mean, one.sd)}{_part(row, name)}"


def _part(row: RunScore, name: str) -> str:
    """Return how much is answered on a set, where the row's own number does not say so."""
    part = row.sets[name].answered
    return "" if part == row.answered else f" ({answered(part, row.planned)})"


def accuracy_brief(board: Board) -> Table:
    """Return accuracy in percent without what is the same for all runs, to fit a terminal."""
    several = {
        "model": len({row.run.spec.model for row in board.rows if row.run.spec.model}) > 1,
        "decoding": len({decoding(row.run) for row in board.rows} - {""}) > 1,
    }
    names = ["run", "method", *(name for name, shown in several.items() if shown)]
    return Table(
        (*names, *board.columns, "answered"),
        tuple(
            (
                *(cell for name, cell in zip(_RUN, _run(row), strict=True) if name in names),
                *(_brief_cell(row, name) for name in board.columns),
                _answered(row),
            )
            for row in board.rows
        ),
    )


def run_list(runs: Sequence[Run], benchmarks: Mapping[str, str]) -> Table:
    """Return stored runs, for people; `benchmarks` are names by identity."""
    return Table(
        ("run", "benchmark", "method", "model", "state", "last commit (UTC)"),
        tuple(
            (
                run.number,
                f"{benchmarks[run.spec.benchmark]}/{run.spec.split}",
                run.spec.method,
                run.spec.model,
                run.state,
                f"{run.updated_at:%Y-%m-%d %H:%M}",
            )
            for run in runs
        ),
    )


def accuracy_values(board: Board) -> Table:
    """Return accuracy in shares of 1: a row per run and target set that it was run on."""
    columns = ("set", "targets", "scored", "mean", "sd", "low", "high", "expected")
    return Table(
        (*_RUN, *columns, *_EXTENT),
        tuple(
            (
                *_run(row),
                name,
                a.targets,
                a.scored,
                a.mean,
                a.sd,
                a.low,
                a.high,
                a.expected,
                *_extent(row, name),
            )
            for row in board.rows
            for name, a in _accuracies(board, row)
        ),
    )


_EXTENT = ("answered", "planned")
"""Scenarios that a number is of, and those that it was to be of."""


def _extent(row: RunScore, name: str) -> tuple[int, int]:
    return row.sets[name].answered, row.planned


def _accuracies(board: Board, row: RunScore) -> Iterator[tuple[str, Accuracy]]:
    return ((name, row.sets[name].accuracy) for name in board.columns if name in row.sets)


def by_target(board: Board) -> Table:
    """Return what each run reaches for each listed target."""

    def rows() -> Iterator[tuple[Cell, ...]]:
        for row in board.rows:
            for one in (one for one in board.sets if one.name in row.sets):
                each = row.sets[one.name].each
                for position, target in enumerate(one.targets):
                    yield (
                        *_run(row),
                        one.name,
                        position + 1,
                        str(target),
                        int(each.correct[position]),
                        int(each.scored[position]),
                        float(each.accuracy[position]),
                        *_extent(row, one.name),
                    )

    columns = ("set", "position", "target", "correct", "scored", "accuracy")
    return Table((*_RUN, *columns, *_EXTENT), tuple(rows()))


def by_attributes(board: Board) -> Table:
    """Return accuracy by the number of attributes a target names (paper, Fig. 8)."""
    columns = ("set", "attributes", "targets", "mean", "sd")
    return Table(
        (*_RUN, *columns, *_EXTENT),
        tuple(
            (*_run(row), name, attributes, targets, mean, sd, *_extent(row, name))
            for row in board.rows
            for name in board.columns
            if name in row.sets
            for attributes, (mean, sd, targets) in by_attribute_count(row.sets[name].each).items()
        ),
    )


def bias(board: Board) -> Table:
    """Return mean labels of selected responses beside the ideal ones (paper, Fig. 7)."""
    names = [attribute.name for attribute in board.subject.selected]

    def rows() -> Iterator[tuple[Cell, ...]]:
        for row in board.rows:
            for name, found in row.bias.items():
                pairs = zip(names, _floats(found.picked), _floats(found.ideal), strict=True)
                yield from ((*_run(row), name, *pair, *_extent(row, name)) for pair in pairs)

    return Table((*_RUN, "set", "attribute", "picked", "ideal", *_EXTENT), tuple(rows()))


def _floats(values: Floats) -> list[float]:
    return [float(value) for value in values]


def agreement(board: Board) -> Table:
    """Return how well predicted scores agree with the labels, by attribute."""
    return Table(
        (*_RUN, "attribute", "responses", "mae", "spearman", "kappa", *_EXTENT),
        tuple(
            (
                *(*_run(row), name, found.responses, found.error, found.spearman, found.kappa),
                *(row.answered, row.planned),
            )
            for row in board.rows
            for name, found in row.agreement.items()
        ),
    )


def runtime(board: Board) -> Table:
    """Return what the answers of each run took, whichever run they were first made for."""
    columns = (
        "scenarios",
        "answers",
        "failed",
        "prompt_tokens",
        "answer_tokens",
        "seconds",
        "seconds_per_scenario",
        "dropped_examples",
        "planned",
        "answers_without_examples",
        "cut_answers",
        "cut_characters",
    )
    return Table(
        (*_RUN, *columns),
        tuple(
            (
                *_run(row),
                row.answered,
                row.cost.answers,
                row.cost.failed,
                row.cost.prompt_tokens,
                row.cost.answer_tokens,
                row.cost.seconds,
                row.cost.seconds / row.answered if row.answered else float("nan"),
                row.cost.dropped_examples,
                row.planned,
                row.losses.without_examples,
                row.losses.cut,
                row.losses.cut_characters,
            )
            for row in board.rows
        ),
    )


_SETTING = ("model", "benchmark", "decoding")
"""What tells the cells of a grid apart, but for seeds, which take the same."""


def forecast(found: Sequence[tuple[RunOptions, Estimate]]) -> Table:
    """Return what runs would take, for people: a row per method, and settings that differ."""
    kept = [name for name in _SETTING if len({getattr(one, name) for one, _ in found}) > 1]
    return Table(
        (*kept, "method", "requests", "prompt tokens", "answer tokens", "time"),
        tuple(
            (
                *(getattr(options, name) for name in kept),
                *options.method,
                count(one.requests),
                count(one.prompt_tokens),
                count(one.answer_tokens),
                duration(one.seconds),
            )
            for options, one in found
        ),
    )


def forecast_values(found: Sequence[tuple[RunOptions, Estimate]]) -> Table:
    """Return the same for programs; seconds that are not known do not exist."""
    return Table(
        (*_SETTING, "method", "requests", "prompt_tokens", "answer_tokens", "seconds"),
        tuple(
            (
                *(getattr(options, name) for name in _SETTING),
                *options.method,
                one.requests,
                one.prompt_tokens,
                one.answer_tokens,
                float("nan") if one.seconds is None else one.seconds,
            )
            for options, one in found
        ),
    )
