"""The paper's tables and figures: our cells are the board's, the published ones are all there."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spm_tui.bench.subject import Subject
from spm_tui.bench.target_sets import standard_sets
from spm_tui.datasets.attributes import HELPSTEER2
from spm_tui.errors import InputError
from spm_tui.format import interval, spread
from spm_tui.report import board, paper
from spm_tui.report.board import Board
from spm_tui.report.latex import latex
from spm_tui.report.paper import appendix, figures, index, published
from spm_tui.report.paper.baselines import ordered
from spm_tui.report.paper.comparison import Compared, compare
from spm_tui.report.paper.material import gather
from spm_tui.report.paper.part import Part
from spm_tui.report.paper.wording import wording
from spm_tui.report.tables import Table
from spm_tui.target_files import to_json
from spm_tui.targets import Target
from store import runs
from store.connection import Store
from store.errors import NotInStore
from store.records import Item
from tests import golden
from tests.build import SMALL
from tests.conftest import AT
from tests.paper_runs import ACTUAL, HUB, LLAMA, REPORTED, STEER, add, run

TABLES = {table.name: table for table in ACTUAL.tables}


@pytest.fixture(scope="module", autouse=True)
def steer_is_the_papers() -> Iterator[None]:
    """Let the small benchmark be the paper's HelpSteer2."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(published, "read", lambda: REPORTED)
        yield


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Runs 1 to 11: two benchmarks, two backbones, both decodings, some left out."""
    store = Store(tmp_path_factory.mktemp("paper") / "store.duckdb")
    steer, some = add(store, STEER), add(store, STEER, limit=2)
    run(store, steer, "few-shot-comparative", model=HUB)
    run(store, some, "few-shot-comparative", model=HUB, precision="bfloat16", later=1)
    run(store, steer, "zero-shot-regression", model=LLAMA.lower())
    run(store, some, "few-shot-comparative", model=HUB, samples=5)
    run(store, steer, "prompt-aligned-zero-shot", model=HUB)
    run(store, steer, "oracle")
    run(store, steer, "random")
    run(store, steer, "length")
    small = add(store, SMALL)
    run(store, small, "few-shot-comparative", model="tiny_1&2")
    run(store, small, "unaligned", model="tiny_1&2")
    run(store, add(store, SMALL, attributes=("care",)), "zero-shot-comparative", model="tiny_1&2")
    return store


EVERY = range(1, 12)


@pytest.fixture(scope="module")
def parts(filled: Store) -> list[Part]:
    return gather(filled, EVERY, published.read(), resamples=50)


@pytest.fixture(scope="module")
def written(filled: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("out") / "deep" / "paper"
    paths = paper.write(filled, EVERY, folder, notes=["reward was not run: no model"], resamples=50)
    assert set(folder.iterdir()) == set(paths), "and nothing else"
    return {path.name: path.read_bytes() for path in paths}


def whole(store: Store, numbers: Sequence[int]) -> Board:
    subject = board.subject_of(store, numbers)
    sets = standard_sets(subject.selected, ("sampled", "high", "low"))
    return board.score(store, subject, numbers, sets, everything=True, resamples=50)


def cells(parts: Sequence[Part], name: str) -> list[Compared]:
    return next(found for sheet, found in compare(parts, published.read()) if sheet.name == name)


def test_the_published_numbers_are_complete() -> None:
    assert {name: sum(map(len, one.values.values())) for name, one in TABLES.items()} == {
        "table1_regression": 12,
        "table2_prompt_aligned": 8,
        "table3_backbones": 8,
    }
    reported = published.read()
    for table in TABLES.values():
        assert {dataset for dataset, _ in table.values} == {"mic", "helpsteer2"}
        assert {backbone for _, backbone in table.values} <= set(reported.hubs)
        assert {len(values) for values in table.values.values()} == {len(table.columns)}
        assert all(
            0.4 < v.mean < 0.7 and 0.03 < v.sd < 0.1 for vs in table.values.values() for v in vs
        )
    steer = TABLES["table3_backbones"].values["helpsteer2", "Llama-3.3-70B-Instruct"]
    assert [spread(value.mean, value.sd) for value in steer] == ["57.2 ± 9.7", "68.4 ± 6.9"]


@pytest.mark.parametrize(
    ("model", "backbone"),
    [
        (HUB, LLAMA),
        (HUB.lower(), LLAMA),
        (f"someone/{LLAMA}", f"someone/{LLAMA}"),
        ("someone/other", "other"),
        (f"./{LLAMA}", LLAMA),
        (rf"C:\{LLAMA}", LLAMA),
        (LLAMA.upper(), LLAMA),
        (f"/models/{LLAMA}/", LLAMA),
        (f"{LLAMA}-Q4_K_M", f"{LLAMA}-Q4_K_M"),
        ("SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct"),
        ("", ""),
    ],
)
def test_a_backbone_is_known_by_its_hub_id_or_the_name_of_its_folder(
    model: str, backbone: str
) -> None:
    assert published.read().backbone(model) == backbone


def test_our_cells_are_those_of_the_board(filled: Store, parts: list[Part]) -> None:
    one = whole(filled, [1, 3, 4, 5])
    rows = {row.run.number: row for row in one.rows}
    found = {
        (cell.table.name, cell.column.title): cell.ours
        for name in TABLES
        for cell in cells(parts, name)
        if cell.title == "HelpSteer2" and cell.backbone == LLAMA
    }
    numbers = {key: ours.run.number if ours else None for key, ours in found.items()}
    assert numbers == {
        ("table1_regression", "zero-shot regression"): 3,
        ("table1_regression", "zero-shot comparative"): None,
        ("table1_regression", "few-shot comparative"): 1,
        ("table2_prompt_aligned", "zero-shot prompt-aligned"): 5,
        ("table2_prompt_aligned", "few-shot prompt-aligned"): None,
        ("table3_backbones", "prompt-aligned"): None,
        ("table3_backbones", "few-shot comparative (proposed)"): 4,
    }
    for (name, _), ours in found.items():
        targets = TABLES[name].targets
        if ours:
            assert ours.sets[targets].accuracy == rows[ours.run.number].sets[targets].accuracy


def test_tables_are_frozen(written: dict[str, bytes]) -> None:
    for suffix in ("md", "csv", "tex", "json"):
        content = written[f"table1_regression.{suffix}"].decode()
        golden.check(f"paper_table1.{suffix}", content)


def test_what_people_read_is_what_the_board_says(filled: Store, written: dict[str, bytes]) -> None:
    (row,) = whole(filled, [4]).rows
    found = row.sets["sampled"].accuracy
    brief = f"{spread(found.mean, found.sd)} {interval(found.low, found.high)} (n = 2 of 3)"
    table = written["table3_backbones.md"].decode()
    (line,) = [line for line in table.splitlines() if f"| HelpSteer2 | {LLAMA} " in line]
    assert [cell.strip() for cell in line.split("|")[3:7]] == [
        "not run",
        "52.0 ± 4.8",
        brief,
        "59.0 ± 5.7",
    ]
    assert f"| MIC        | {LLAMA}  | not run" in table, "though no run is on it"


def test_programs_get_every_cell(written: dict[str, bytes]) -> None:
    rows = list(csv.DictReader(written["table1_regression.csv"].decode().splitlines()))
    assert Counter(row["dataset"] for row in rows) == {"MIC": 6, "HelpSteer2": 6, "": 3}
    assert sum(bool(row["published_mean"]) for row in rows) == 12
    document = json.loads(written["paper.json"])
    assert document["tables"]["table1_regression"] == json.loads(written["table1_regression.json"])
    assert document["notes"][0] == "reward was not run: no model"
    assert [one["runs"] for one in document["benchmarks"]] == [list(range(1, 9)), [9, 10, 11]]
    assert document["tables"]["table1_regression"]["rows"][0]["mean"] is None
    assert written["paper.json"].decode().count("NaN") == 0


def test_runs_that_do_not_appear_are_named(written: dict[str, bytes]) -> None:
    table = written["table1_regression.md"].decode()
    assert (
        f"- helpsteer2, few-shot-comparative, {LLAMA}, greedy: run 1 is shown, which has most"
        " scenarios answered or, of equals, is the newest; left out: 2." in table
    )
    assert "run 1 is shown" not in written["table3_backbones.md"].decode()


def test_of_equally_many_answers_the_newest_counts(store: Store) -> None:
    steer = add(store, STEER)
    for precision, later in (("float32", 0), ("bfloat16", 2), ("float16", 1)):
        run(store, steer, "few-shot-comparative", model=HUB, precision=precision, later=later)
    found = gather(store, [3, 2, 1], published.read(), resamples=0)
    (ours,) = [cell.ours for cell in cells(found, "table1_regression") if cell.ours]
    assert ours.run.number == 2
    assert [one.others for one in ordered(found[0])] == [(1, 3)]


def test_answers_count_for_the_targets_that_they_are_about(store: Store) -> None:
    method = "prompt-aligned-zero-shot"
    run(store, add(store, STEER), method, model=HUB, sets=("sampled",))
    run(store, add(store, STEER, limit=1), method, model=HUB, sets=("high",))
    found = gather(store, [1], published.read(), resamples=0)
    (row,) = found[0].board.rows
    assert {name: one.answered for name, one in row.sets.items()} == {"sampled": 3, "high": 1}
    (cell,) = [cell for cell in cells(found, "table2_prompt_aligned") if cell.ours]
    assert cell.complete


def test_a_run_told_a_new_target_has_still_answered_the_others(store: Store) -> None:
    method = "prompt-aligned-zero-shot"
    run(store, add(store, STEER), method, model=HUB, sets=("sampled",))
    item = Item(1, -1, -1, 0, to_json(Target((("helpfulness", 0.123),))), "unanswered")
    with store.writing() as db:
        runs.add_batch(db, 1, runs.Batch(items=[item]), at=AT)
    (part,) = gather(store, [1], published.read(), resamples=0)
    assert not part.left_out
    assert len(appendix.runtime([part]).shown.rows) == 1


def test_an_interrupted_run_is_told_from_one_on_some_attributes(store: Store) -> None:
    small = add(store, SMALL)
    for subject in (replace(small, attributes=(0,)), small):
        run(store, subject, "zero-shot-comparative", model=f"tiny{len(subject.attributes)}")
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 2 AND attribute = 1")
        runs.mark(db, 2, "interrupted", process="here:1", environment="{}", at=AT)
    run(store, small, "oracle")
    (part,) = gather(store, [1, 2, 3], published.read(), resamples=0)
    assert [entry.departures for entry in part.narrow] == [("attributes care only",)]
    assert part.left_out == (
        "run 2 is not finished, no scenario has all of its answers yet; `spm-tui --headless"
        f" --benchmark={SMALL.identity[:12]} --method=zero-shot-comparative"
        " --model=tiny2` continues it",
    )


def test_what_is_scored_already_is_not_scored_again(
    filled: Store, parts: list[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[int] = []
    score = board.score

    def counted(
        store: Store, subject: Subject, numbers: Sequence[int], *more: Any, **how: Any
    ) -> Board:
        scored.extend(numbers)
        return score(store, subject, numbers, *more, **how)

    monkeypatch.setattr(board, "score", counted)
    there = [parts[0].board, replace(parts[1].board, columns=("sampled", "high", "low"))]
    again = gather(filled, EVERY, published.read(), boards=there, resamples=50)
    assert scored == [9, 10, 11], "the second lacks a set, and no board has the last"
    texts = [paper_tables(one) for one in (parts, again)]
    assert texts[0] == texts[1]


def paper_tables(parts: Sequence[Part]) -> list[dict[str, str]]:
    return [sheet.files() for sheet, _ in compare(parts, published.read())]


def test_missing_cells_come_with_the_command_that_fills_them(
    parts: list[Part], written: dict[str, bytes]
) -> None:
    every = [cell for name in TABLES for cell in cells(parts, name)]
    found = {(gap.dataset.title, gap.backbone): gap for gap in index.gaps(every, published.read())}
    assert len(found) == 6
    ours = found["HelpSteer2", LLAMA]
    assert ours.lacks == (
        "Table 1 zero-shot comparative",
        "Table 2 few-shot prompt-aligned",
        "Table 3 prompt-aligned",
        "Table 3 few-shot comparative (proposed) (2 of 3 scenarios)",
    )
    assert ours.command == f"spm-tui --headless --paper --benchmark helpsteer2 --model {HUB}"
    assert ours.command in written["paper.md"].decode()
    assert found["MIC", "Llama-3.3-70B-Instruct"].imported_by == "spm-tui import mic MIC.csv"
    assert "spm-tui import mic MIC.csv" in written["paper.md"].decode()


def test_baselines_list_every_kind_of_run_and_chance(
    parts: list[Part], written: dict[str, bytes]
) -> None:
    steer, small = parts
    assert [str(one.key) for one in ordered(steer)] == [
        f"few-shot-comparative, {LLAMA}, greedy",
        f"few-shot-comparative, {LLAMA}, sampling",
        f"zero-shot-regression, {LLAMA}, greedy",
        f"prompt-aligned-zero-shot, {LLAMA}, greedy",
        "length",
        "random",
        "oracle",
    ]
    assert list(steer.chance) == ["all", "sampled", "high", "low"]
    # high: the first is a tie, of the others one response of three and one of two is right
    assert steer.chance["high"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert small.chance["all"] < 0.5
    lines = [line for line in written["baselines.md"].decode().splitlines() if "| oracle" in line]
    assert [line.count("100.0 ± 0.0 [100.0, 100.0], n = 3") for line in lines] == [4]


def test_labels_and_attributes_are_counted_and_told(
    parts: list[Part], written: dict[str, bytes]
) -> None:
    rows = list(csv.DictReader(written["appendix_a_labels.csv"].decode().splitlines()))
    helpful = [
        int(row["responses"])
        for row in rows
        if (row["benchmark"], row["split"], row["attribute"])
        == ("helpsteer2", "eval", "helpfulness")
    ]
    assert helpful == [1, 2, 1, 1, 2]
    assert HELPSTEER2[0].definition in written["appendix_b_attributes.md"].decode()
    assert list(appendix.alike([parts[0], replace(parts[0], name="again"), parts[1]])) == [
        "helpsteer2, again",
        "small",
    ]


def test_prompts_are_those_that_are_sent(parts: list[Part]) -> None:
    text = wording(parts[1:])
    assert "You judge responses to a question by a single attribute: fairness." in text
    assert "Response B:\neval response 1 to 1" in text
    assert '{"A": {"reasoning": "because 0", "score": 0}, "B": {' in text
    assert '"choice": "' in text
    ticks = replace(parts[1].subject.scenarios[0], question="````sh")
    subject = replace(parts[1].subject, scenarios=(ticks,))
    part = replace(parts[1], board=replace(parts[1].board, subject=subject))
    assert "`````text\nQuestion:\n````sh" in wording([part])


def test_runtime_is_of_runs_that_asked(written: dict[str, bytes]) -> None:
    rows = list(csv.DictReader(written["appendix_e_runtime.csv"].decode().splitlines()))
    assert [int(row["run"]) for row in rows] == [1, 4, 3, 5, 9, 10]
    assert {row["benchmark"] for row in rows} == {"helpsteer2", "small"}


def test_figures_are_there_and_drawn_the_same_each_time(
    parts: list[Part], written: dict[str, bytes]
) -> None:
    drawn = figures.draw(parts).files
    assert {name.partition(".")[0] for name in drawn} == set(figures.CAPTIONS)
    assert all(content == written[name] for name, content in drawn.items())
    for name in figures.CAPTIONS:
        assert written[f"{name}.png"].startswith(b"\x89PNG")
        assert f"({name}.png)" in written["paper.md"].decode()


def test_lines_are_few_enough_to_be_told_apart(parts: list[Part]) -> None:
    titles = {
        panel.title: list(panel.rows) for part in parts for panel in figures.by_backbone(part)
    }
    assert titles == {
        f"helpsteer2, {LLAMA}": [
            "few-shot-comparative, sampling, n = 2 of 3",
            "prompt-aligned-zero-shot, greedy",
            "length",
            "random",
        ],
        "small, tiny_1&2": ["few-shot-comparative, greedy", "unaligned, greedy"],
    }


def test_benchmarks_of_one_name_are_told_apart(store: Store) -> None:
    for benchmark in (SMALL, replace(STEER, name="small")):
        run(store, add(store, benchmark), "oracle")
    found = gather(store, [1, 2], published.read(), resamples=0)
    assert [part.title for part in found] == [
        f"small {benchmark.identity[:6]}" for benchmark in (STEER, SMALL)
    ], "the paper's first"


def test_without_runs_there_is_nothing_to_write(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no runs to make the paper's tables from"):
        paper.write(store, [], tmp_path / "out")
    with pytest.raises(NotInStore, match="no run 7"):
        paper.write(store, [7], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_runs_without_answers_leave_everything_published(store: Store, tmp_path: Path) -> None:
    run(store, add(store, SMALL), "oracle")
    with store.writing() as db:
        db.execute("DELETE FROM predictions")
    names = {path.name for path in paper.write(store, [1], tmp_path, resamples=0)}
    assert "figure6_accuracy.png" not in names
    assert "small: run 1 has answered nothing yet." in (tmp_path / "paper.md").read_text()


def test_latex_is_escaped() -> None:
    table = Table(
        ("a_b", "n", "text"),
        (("50 ± 1 % & [x]", 3, "{$#~^\\}"), ("−1 – — …", 4, "a long\ntext that is broken " * 2)),
    )
    text = latex(table, caption="of 100 %", label="tab:x")
    assert r"\caption{of 100 \%}" in text
    assert r"\label{tab:x}" in text
    assert r"\begin{tabular}{lrp{0.80\textwidth}}" in text
    assert r"a\_b & n & text \\" in text
    escaped = r"\{\$\#\textasciitilde{}\textasciicircum{}\textbackslash{}\}"
    assert rf"50 $\pm$ 1 \% \& {{[}}x{{]}} & 3 & {escaped} \\" in text
    assert r"$-$1 -- --- \ldots{} & 4 & a long text that is broken a long" in text
