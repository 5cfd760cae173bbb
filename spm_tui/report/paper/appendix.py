"""The appendix's tables: A label distributions, B attributes, E runtime."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from spm_tui.format import count, number
from spm_tui.report import tables
from spm_tui.report.paper.baselines import ordered
from spm_tui.report.paper.part import Part
from spm_tui.report.paper.settings import COLUMNS
from spm_tui.report.paper.sheet import ELSEWHERE, Sheet
from spm_tui.report.tables import Cell, Table
from store.records import Attribute, Benchmark, Split

SPLITS: tuple[Split, ...] = ("train", "eval")


def label_counts(benchmark: Benchmark, split: Split) -> list[list[int]]:
    """Return the number of responses by attribute and level."""
    labels = [r.labels for scenario in benchmark.split(split) for r in scenario.responses]
    rows = np.array(labels, dtype=int).reshape(-1, len(benchmark.attributes))
    return [
        np.bincount(rows[:, i], minlength=attribute.levels).tolist()
        for i, attribute in enumerate(benchmark.attributes)
    ]


def benchmarks(parts: Sequence[Part]) -> dict[str, Benchmark]:
    """Return the benchmarks by name, each once whatever its splits."""
    return {part.name: part.subject.benchmark for part in parts}


def alike(parts: Sequence[Part]) -> dict[str, Benchmark]:
    """Return one benchmark of those with the same attributes, by the names of all these."""
    found: dict[tuple[Attribute, ...], list[str]] = {}
    named = benchmarks(parts)
    for name, benchmark in named.items():
        found.setdefault(benchmark.attributes, []).append(name)
    return {", ".join(names): named[names[0]] for names in found.values()}


def labels(parts: Sequence[Part]) -> Sheet:
    """Return how often each level occurs (paper, Appendix A)."""
    rows = [
        (name, split, attribute.name, counts)
        for name, benchmark in benchmarks(parts).items()
        for split in SPLITS
        for attribute, counts in zip(
            benchmark.attributes, label_counts(benchmark, split), strict=True
        )
    ]
    most = max(len(counts) for *_, counts in rows)
    return Sheet(
        name="appendix_a_labels",
        title="Appendix A. Label distributions",
        caption="Responses by level of their label; level k of L is the value k/(L−1).",
        shown=Table(
            ("benchmark", "split", "attribute", *map(str, range(most))),
            tuple(
                (*names, *map(count, counts), *[""] * (most - len(counts)))
                for *names, counts in rows
            ),
        ),
        values=Table(
            ("benchmark", "split", "attribute", "level", "value", "responses"),
            tuple(
                (*names, level, level / (len(counts) - 1), responses)
                for *names, counts in rows
                for level, responses in enumerate(counts)
            ),
        ),
    )


def attributes(parts: Sequence[Part]) -> Sheet:
    """Return what attributes and their levels mean (paper, Appendix B)."""
    table = Table(
        ("benchmark", "attribute", "levels", "definition", "lowest", "middle", "highest"),
        tuple(
            (name, one.name, one.levels, one.definition, one.low, one.middle, one.high)
            for name, benchmark in alike(parts).items()
            for one in benchmark.attributes
        ),
    )
    return Sheet(
        name="appendix_b_attributes",
        title="Appendix B. Attributes",
        caption="What the prompts say of each attribute and of its levels.",
        shown=table,
        values=table,
    )


def runtime(parts: Sequence[Part]) -> Sheet:
    """Return what answers took (paper, Appendix E)."""
    return Sheet(
        name="appendix_e_runtime",
        title="Appendix E. Runtime",
        caption=(
            "Seconds are each answer's share of its batch's wall time, summed, whichever run the"
            " answer was first made for; what was computed once for several answers is in them."
            " Methods that asked no model have no such times and are not listed."
            f" {ELSEWHERE}"
        ),
        shown=Table(
            (
                *("benchmark", "run", "method", "backbone", *COLUMNS, "scenarios", "answers"),
                *("s per scenario", "s per answer", "prompt tokens", "answer tokens"),
            ),
            tuple(row for part in parts for row in _runtime(part)),
        ),
        values=_runtime_values(parts),
    )


def _runtime(part: Part) -> Iterator[tuple[Cell, ...]]:
    for one in ordered(part):
        cost, run = one.row.cost, one.row.run
        if cost.answers:
            yield (
                part.title,
                run.number,
                one.key.method,
                one.key.backbone,
                *one.settings.texts(),
                one.row.answered,
                count(cost.answers),
                number(cost.seconds / one.row.answered if one.row.answered else float("nan")),
                number(cost.seconds / cost.answers),
                count(cost.prompt_tokens),
                count(cost.answer_tokens),
            )


def _runtime_values(parts: Sequence[Part]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part in parts:
        chosen = [one for one in ordered(part) if one.row.cost.answers]
        table = tables.runtime(replace(part.board, rows=tuple(one.row for one in chosen)))
        rows += [
            (part.title, *row, *one.settings.cells())
            for one, row in zip(chosen, table.rows, strict=True)
        ]
    return Table(("benchmark", *table.columns, *COLUMNS), tuple(rows))
