"""What stands in the app's menus, and what a choice does to the desk; no widget."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from textual.content import Content

from spm_tui.bench import bundled
from spm_tui.plain_text import visible
from spm_tui.report.tables import decoding
from spm_tui.tui.desk import Desk
from spm_tui.tui.listing import MARKS, OUTCOMES, Mark, Outcome, Sort
from spm_tui.tui.screens.dialogs import Entry
from spm_tui.tui.session import Contents, called
from store.records import BenchmarkRow, Run


def filters(desk: Desk) -> list[Entry]:
    """Return the filter menu: outcome, marks, causes, order."""
    f, s, names = desk.filter, desk.sort, desk.opened.names
    causes = [("because:", "for any reason", f.because is None)]
    causes += [(f"because:{i}", f"because of {n}", f.because == i) for i, n in enumerate(names)]
    blaming = [_heading("misaligned"), *_entries(causes)]
    by_error = [
        (f"error:{i}", f"largest error on {name}", s == Sort("error", i))
        for i, name in enumerate(names)
    ]
    return [
        _heading("list"),
        *_entries([(f"outcome:{o}", o if o != "any" else "all", f.outcome == o) for o in OUTCOMES]),
        _heading("only"),
        *_entries([(f"mark:{m}", m if m != "any" else "all", f.mark == m) for m in MARKS]),
        *(blaming if desk.opened.judged.scores is not None else []),
        _heading("in order of"),
        *_entries(
            [
                ("sort:number", "number", s.by == "number"),
                ("sort:margin", "smallest margin", s.by == "margin"),
                ("sort:error", "largest error", s == Sort("error")),
                *by_error,
            ]
        ),
    ]


def _heading(text: str) -> Entry:
    return Entry("", Content.styled(text, "bold $text-muted"))


def _entries(entries: Sequence[tuple[str, str, bool]]) -> list[Entry]:
    return [
        Entry(key, Content(f"{'●' if chosen else '○'} {text}")) for key, text, chosen in entries
    ]


def choose_filter(desk: Desk, key: str) -> None:
    """Do what a choice in the filter menu says."""
    kind, _, value = key.partition(":")
    filter_, sort = desk.filter, desk.sort
    match kind:
        case "outcome":
            filter_ = replace(filter_, outcome=cast("Outcome", value))
        case "mark":
            filter_ = replace(filter_, mark=cast("Mark", value))
        case "because":
            filter_ = replace(filter_, because=int(value) if value else None)
        case "error":
            sort = Sort("error", int(value))
        case _:
            sort = Sort(value)  # type: ignore[arg-type]  # keys are made above
    desk.narrow(filter_, sort)


def openings(contents: Contents) -> list[Entry]:
    """Return the menu of what can be opened: runs, the newest first, then whole splits."""
    names = called(contents.benchmarks)
    runs = [
        Entry(f"run:{run.number}", Content(_run_line(run, names[run.spec.benchmark])))
        for run in reversed(contents.runs)
    ]
    splits = [
        Entry(f"split:{row.identity}:{split}", Content(visible(text)))
        for row in contents.benchmarks
        for split, text in _splits(row, names[row.identity])
    ]
    headed = [_heading("runs"), *runs] if runs else []
    missing = [
        Entry(f"bundled:{name}", Content(f"     {name} with the run that comes with it"))
        for name in bundled.shipped()
        if bundled.benchmark(name) not in names  # one of an older version has its name
    ]
    more = [_heading("built in"), *missing] if missing else []
    return [*headed, _heading("benchmarks"), *splits, *more]


def _run_line(run: Run, benchmark: str) -> str:
    spec = run.spec
    parts = [spec.method, spec.model, decoding(run)]
    if run.state != "finished":
        parts.append(run.state)
    told = " · ".join(part for part in parts if part)
    return visible(f"{run.number:>3}  {benchmark}/{spec.split}  {told}")


def _splits(row: BenchmarkRow, name: str) -> list[tuple[str, str]]:
    sizes = {"eval": row.eval, "train": row.train}
    return [
        (split, f"     {name}/{split}  {size:,} scenarios") for split, size in sizes.items() if size
    ]
