"""Cells of the paper's tables take runs with the paper's settings; the others stand apart."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spm_tui.bench.subject import Subject
from spm_tui.engine.embedded import MINILM, SMOLLM2
from spm_tui.report import paper
from spm_tui.report.paper import figures, index, published
from spm_tui.report.paper.baselines import baselines, ordered
from spm_tui.report.paper.comparison import Compared, compare
from spm_tui.report.paper.differences import gathered
from spm_tui.report.paper.material import gather
from spm_tui.report.paper.others import others
from spm_tui.report.paper.part import Part
from spm_tui.report.paper.settings import settings_of, stated
from spm_tui.report.paper.sheet import Sheet
from spm_tui.report.text import records
from store import benchmarks, runs
from store.connection import Store
from store.records import Run, RunSpec
from tests.build import SMALL
from tests.conftest import AT
from tests.paper_runs import HUB, LLAMA, REPORTED, STEER, add, run

OURS = "few-shot-comparative"
PROPOSED = ("table3_backbones", "few-shot comparative (proposed)")


@pytest.fixture(autouse=True)
def steer_is_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small benchmark be the paper's HelpSteer2."""
    monkeypatch.setattr(published, "read", lambda: REPORTED)


@pytest.fixture
def steer(store: Store) -> Subject:
    return add(store, STEER)


def parts(store: Store) -> list[Part]:
    with store.reading() as db:
        numbers = [run.number for run in runs.listing(db)]
    return gather(store, numbers, REPORTED, resamples=20)


def cells(evaluated: Sequence[Part]) -> list[Compared]:
    return [cell for _, each in compare(evaluated, REPORTED) for cell in each]


def table(evaluated: Sequence[Part], name: str) -> Sheet:
    return next(sheet for sheet, _ in compare(evaluated, REPORTED) if sheet.name == name)


def filled(evaluated: Sequence[Part]) -> dict[tuple[str, str], Compared]:
    """Return the cells with numbers of ours, by table and column."""
    return {(cell.table.name, cell.column.title): cell for cell in cells(evaluated) if cell.ours}


def numbers(evaluated: Sequence[Part]) -> dict[tuple[str, str], int]:
    return {key: cell.ours.run.number for key, cell in filled(evaluated).items() if cell.ours}


def why(evaluated: Sequence[Part]) -> dict[int, str]:
    """Return the runs in the table of other runs, and why they are there."""
    return {row["run"]: row["why"] for row in records(others(evaluated, REPORTED).values)}  # type: ignore[misc]


OTHERS: dict[str, dict[str, Any]] = {
    "temperature 3": {"temperature": 3.0},
    "temperature 0.71": {"temperature": 0.71},
    "1 sample": {"samples": 1},
    "10 samples": {"samples": 10},
    "1 shot": {"shots": 1},
    "6 shots": {"shots": 6},
    "weights in int8": {"precision": "bfloat16/int8"},
    "weights in int4": {"precision": "float16/int4"},
    "reasonings of at most 32 tokens": {"tokens": 32},
    "precision not known": {"precision": "fp8"},
    "precision not known: answered by a vllm server": {"identity": f"{HUB}/served/vllm"},
    "weights from a GGUF file, which may hold them in fewer bits": {
        "identity": "another/float32",
        "options": {"model": f"/models/{LLAMA}.gguf"},
    },
    "temperature 3; 1 sample; 2 shots": {"temperature": 3.0, "samples": 1, "shots": 2},
    "run 1 is shown": {"seed": 1, "later": -1},
}
"""Settings beside five samples at 0.7, by why a run with them stands apart."""


def test_newer_runs_with_other_settings_leave_the_cell_to_the_older(
    store: Store, steer: Subject
) -> None:
    run(store, steer, OURS, model=HUB, samples=5)
    for other in OTHERS.values():
        run(store, steer, OURS, model=HUB, **({"samples": 5, "later": 1} | other))
    evaluated = parts(store)
    assert numbers(evaluated) == {PROPOSED: 1}
    assert why(evaluated) == dict(enumerate(OTHERS, start=2))
    (part,) = evaluated
    assert [one.row.run.number for one in ordered(part)] == [1]
    assert all(panel.rows.keys() == {f"{OURS}, sampling"} for panel in figures.by_backbone(part))


def test_alone_such_a_run_fills_nothing_and_its_cell_is_missing(
    store: Store, steer: Subject, tmp_path: Path
) -> None:
    run(store, steer, OURS, model=HUB, samples=5, temperature=3.0)
    evaluated = parts(store)
    assert not filled(evaluated)
    paper.write(store, [1], tmp_path, resamples=20)
    text = (tmp_path / "paper.md").read_text(encoding="utf-8")
    gap = next(line for line in text.splitlines() if line.startswith(f"HelpSteer2, {LLAMA}: "))
    assert "Table 3 few-shot comparative (proposed)" in gap
    assert "a run with other settings than the paper's fills none" in text
    assert "None of our runs is in it." in text
    section = text.partition("## Other runs")[2].partition("\n## ")[0]
    (line,) = [line for line in section.splitlines() if OURS in line]
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells[:10] == [
        *("helpsteer2", "1", OURS, LLAMA, "3", "5", "5", "0", "float32", "temperature 3"),
    ]
    assert all(cell.endswith(", n = 3") for cell in cells[10:])
    document = json.loads((tmp_path / "paper.json").read_text(encoding="utf-8"))
    assert {row["why"] for row in document["tables"]["other_runs"]["rows"]} == {"temperature 3"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_the_precision_of_whole_weights_is_stated(
    store: Store, steer: Subject, precision: str
) -> None:
    run(store, steer, OURS, model=HUB, samples=5, precision=precision)
    evaluated = parts(store)
    cell = filled(evaluated)[PROPOSED]
    assert cell.entry
    assert cell.entry.settings.weights == precision
    differs = f"the model runs in {precision}, not float16"
    assert (differs in cell.differences) == (precision != "float16")
    sheet = table(evaluated, "table3_backbones")
    assert f"seed 0; precision {precision}." in sheet.caption
    (row,) = [row for row in records(sheet.values) if row["run"] == 1]
    assert row["precision"] == precision


def test_settings_that_differ_within_a_column_stand_in_each_row(
    store: Store, steer: Subject
) -> None:
    run(store, steer, OURS, model=HUB, samples=5, seed=3)
    run(store, steer, OURS, model="mine", samples=5, precision="bfloat16", seed=3)
    run(store, steer, "prompt-aligned-zero-shot", model="mine", samples=5, seed=3)
    evaluated = parts(store)
    sheet = table(evaluated, "table3_backbones")
    assert "T 0.7; 5 samples; " in sheet.caption
    assert "seed 3" in sheet.caption
    assert "precision" not in sheet.caption
    assert sheet.shown.columns[-1] == "settings"
    stated_by_row = {row[1]: row[-1] for row in sheet.shown.rows if row[-1]}
    assert stated_by_row == {
        LLAMA: "precision float32",
        "mine": "precision float32 (prompt-aligned); precision bfloat16 (few-shot comparative"
        " (proposed))",
    }


def test_the_fullest_run_stands_with_its_n_then_the_newest(store: Store, steer: Subject) -> None:
    run(store, add(store, STEER, limit=1), OURS, model=HUB, samples=5, seed=1, later=9)
    run(store, add(store, STEER, limit=2), OURS, model=HUB, samples=5, seed=2, later=2)
    run(store, add(store, STEER, limit=2), OURS, model=HUB, samples=5, seed=3, later=1)
    evaluated = parts(store)
    assert numbers(evaluated) == {PROPOSED: 2}
    assert why(evaluated) == {1: "run 2 is shown", 3: "run 2 is shown"}
    sheet = table(evaluated, "table3_backbones")
    (note,) = sheet.notes
    assert note.endswith("left out: 1, 3")
    contents = sheet.files()
    for suffix in ("md", "tex"):
        assert "(n = 2 of 3)" in contents[f"{sheet.name}.{suffix}"]
    (row,) = [row for row in records(sheet.values) if row["run"] == 2]
    assert (row["answered"], row["scenarios"], row["seed"]) == (2, 3, 2)
    assert row["published_mean"] == 0.59
    (part,) = evaluated
    (panel,) = figures.by_backbone(part)
    assert list(panel.rows) == [f"{OURS}, sampling, n = 2 of 3"]


def test_runs_on_part_of_the_benchmark_stand_apart(store: Store, steer: Subject) -> None:
    run(store, add(store, STEER, attributes=("helpfulness", "verbosity")), OURS, model=HUB)
    run(store, add(store, STEER, split="train"), OURS, model=HUB)
    few = add(store, STEER, attributes=("coherence",))
    options = {"attributes": ["coherence"]}
    run(store, few, "prompt-aligned-zero-shot", model=HUB, options=options)
    evaluated = parts(store)
    assert not filled(evaluated)
    assert why(evaluated) == {
        1: "attributes helpfulness, verbosity only",
        2: "train split",
        3: "attributes coherence only",
    }
    rows = records(others(evaluated, REPORTED).values)
    assert {row["run"]: row["attributes"] for row in rows}[3] == "coherence"
    assert {row["set"] for row in rows if row["run"] == 1} == {"all", "sampled", "high", "low"}
    assert {row["split"] for row in rows if row["run"] == 2} == {"train"}
    assert [row[1] for row in baselines(evaluated).shown.rows] == ["random choice, expected"]


def test_prompts_in_other_words_or_settings_to_come_fill_no_cell(
    store: Store, steer: Subject
) -> None:
    run(store, steer, OURS, model=HUB)
    run(store, steer, "unaligned", model=HUB)
    with store.writing() as db:
        for number, change in ((1, '{"wording":"old"}'), (2, '{"method":{"beams":4}}')):
            db.execute(
                "UPDATE runs SET config = json_merge_patch(config, ?::JSON) WHERE run = ?",
                [change, number],
            )
    evaluated = parts(store)
    assert why(evaluated) == {1: "prompts in the words of another version", 2: "beams 4"}


def test_methods_without_a_model_have_what_applies(store: Store, steer: Subject) -> None:
    for method in ("oracle", "random", "length"):
        run(store, steer, method)
    evaluated = parts(store)
    shown = baselines(evaluated).shown
    columns = [shown.columns.index(name) for name in ("temperature", "samples", "shots", "seed")]
    settings = {str(row[1]): [row[i] for i in columns] for row in shown.rows}
    assert settings["random"] == ["", "", "", "0"]
    assert settings["oracle"] == settings["length"] == ["", "", "", ""]


def test_a_model_of_ours_may_be_what_its_file_or_server_has(store: Store, steer: Subject) -> None:
    identity = f"{SMOLLM2.identity}/float32"
    run(store, steer, OURS, model=SMOLLM2.name, identity=identity)
    run(store, steer, "unaligned", model="mine", identity="mine/served/llama.cpp")
    evaluated = parts(store)
    (part,) = evaluated
    weights = {one.row.run.number: one.settings.weights for one in ordered(part)}
    assert weights == {1: "float32, from a GGUF file", 2: "not known (llama.cpp server)"}


def test_only_differences_that_hold_for_a_run_are_told(store: Store, steer: Subject) -> None:
    kept = {"model": HUB, "precision": "float16", "embedder": MINILM.sha256}
    run(store, steer, OURS, samples=5, **kept)  # type: ignore[arg-type]
    run(store, steer, "zero-shot-regression", **kept)  # type: ignore[arg-type]
    run(store, steer, "prompt-aligned-few-shot", **kept)  # type: ignore[arg-type]
    evaluated = parts(store)
    lines = {cell.column.method: "\n".join(cell.differences) for cell in filled(evaluated).values()}
    holds = {
        "(all-MiniLM-L6-v2)": {OURS, "prompt-aligned-few-shot"},
        "shown as JSON": {OURS, "prompt-aligned-few-shot"},
        "fewer than 5 worked examples": {OURS},
        "{attribute}}": {OURS, "zero-shot-regression"},
        "while the authors shuffle them": {"prompt-aligned-few-shot"},
        "generation prompt": set(lines),
        "400 characters and 64 tokens, not 512 characters": set(lines),
        "reasonings in worked examples are not the authors'": {OURS, "prompt-aligned-few-shot"},
        "general sentence": set(),
        "the model runs in": set(),
        "taken from its name": set(),
        "two decimals": set(),
        "server": set(),
    }
    for line, methods in holds.items():
        assert {method for method, text in lines.items() if line in text} == methods, line


def test_missing_reasonings_and_dropped_examples_are_told(store: Store) -> None:
    bare = replace(
        STEER,
        scenarios=tuple(
            replace(
                one,
                responses=tuple(replace(r, reasonings=(None,) * 5) for r in one.responses),
            )
            for one in STEER.scenarios
        ),
    )
    run(store, add(store, bare), OURS, model=f"/models/{LLAMA}")
    with store.writing() as db:
        db.execute("UPDATE generations SET dropped_examples = 2")
        later = [("train", 1, 0, 0, "written since")]
        benchmarks.add_reasonings(db, bare.identity, later, provenance="x", at=AT.replace(day=25))  # type: ignore[arg-type]
    evaluated = parts(store)
    (cell,) = filled(evaluated).values()
    assert cell.entry
    assert cell.entry.reasonings
    assert cell.entry.reasonings.missing == 20, "of when the run was made"
    text = "\n".join(cell.differences)
    assert "20 of 20 labels of the train split have no reasoning" in text
    assert "are not the authors'" not in text
    assert "30 worked examples, over all answers, did not fit the context window" in text
    assert f"that /models/{LLAMA} is {HUB} is taken from its name" in text


def test_differences_name_runs_where_they_do_not_hold_for_all() -> None:
    assert gathered([(1, ["a", "b"]), (2, ["a"]), (3, ["a", "b", "c"]), (1, ["a", "b"])]) == [
        "a",
        "b (runs 1 and 3)",
        "c (run 3)",
    ]


def test_gaps_are_not_filled_by_a_namesake(store: Store) -> None:
    fake = replace(STEER, scenarios=STEER.scenarios[1:])
    run(store, add(store, fake), OURS, model=HUB)
    evaluated = parts(store)
    gaps = index.gaps(cells(evaluated), REPORTED, evaluated)
    (gap,) = [gap for gap in gaps if gap.dataset.name == "helpsteer2" and gap.backbone == LLAMA]
    assert len(gap.lacks) == 7
    assert gap.imported_by == "spm-tui import helpsteer2 --name helpsteer2-paper"
    assert "--benchmark helpsteer2-paper" in gap.command


def test_a_cell_that_one_import_fills_is_not_missed_for_another(store: Store) -> None:
    again = replace(STEER, name="again", source="elsewhere", scenarios=STEER.scenarios[::-1])
    run(store, add(store, STEER), OURS, model=HUB)
    run(store, add(store, again), "zero-shot-comparative", model=HUB)
    evaluated = parts(store)
    lacks = [
        lack
        for gap in index.gaps(cells(evaluated), REPORTED, evaluated)
        if gap.dataset.name == "helpsteer2" and gap.backbone == LLAMA
        for lack in gap.lacks
    ]
    assert "Table 1 few-shot comparative" not in lacks
    assert "Table 1 zero-shot comparative" not in lacks
    assert "Table 1 zero-shot regression" in lacks


def made(method: str, config: dict[str, Any]) -> Run:
    spec = RunSpec("b", "eval", method, "m", json.dumps(config))
    return Run(1, spec, "finished", AT, AT, "here:1", "{}")


@pytest.mark.parametrize(
    ("identity", "weights"),
    [
        ("abc/float32", "float32"),
        ("abc/bfloat16/int4", "bfloat16, int4"),
        ("owner/name/served/sglang", "not known (sglang server)"),
        ("abc/float16/more", "float16"),
        ("abc", ""),
    ],
)
def test_precision_is_read_from_a_backbones_identity(identity: str, weights: str) -> None:
    config = {"method": {"temperature": 0.0}, "model": identity}
    assert settings_of(made("unaligned", config)).weights == weights


def test_settings_are_told_with_all_their_digits() -> None:
    config = {"method": {"temperature": 0.7000001, "samples": 5, "seed": 2**63 - 1}}
    assert settings_of(made("unaligned", config)).texts()[:4] == (
        *("0.7000001", "5", "0", "9223372036854775807"),
    )


def test_captions_say_what_all_runs_of_a_column_share() -> None:
    def one(**method: float) -> Any:
        config = {"method": {"temperature": 0.7, "samples": 5} | method, "model": "x/float16"}
        return settings_of(made(OURS, config))

    text, differing = stated({"a": [one(shots=5, seed=0)], "b": [one(shots=0, seed=0)]})
    assert text == "T 0.7; 5 samples; 5 shots (a); 0 shots (b); seed 0; precision float16"
    assert differing == ()
    text, differing = stated({"a": [one(shots=5, seed=0), one(shots=5, seed=1)]})
    assert (text, differing) == ("T 0.7; 5 samples; 5 shots; precision float16", (3,))
    assert stated({}) == ("", ())


def test_benchmarks_of_ones_own_follow_the_same_rule(store: Store) -> None:
    small = add(store, SMALL)
    run(store, small, OURS, model="mine", samples=5)
    run(store, small, OURS, model="mine", samples=2, later=1)
    evaluated = parts(store)
    assert numbers(evaluated) == {PROPOSED: 1}
    assert why(evaluated) == {2: "2 samples"}
    assert not filled(evaluated)[PROPOSED].differences, "there are no published numbers beside it"


def test_a_run_on_some_attributes_that_is_stopped_is_still_on_all_of_these(store: Store) -> None:
    names = ("helpfulness", "verbosity")
    some = add(store, STEER, attributes=names)
    run(store, some, "zero-shot-comparative", model=HUB, options={"attributes": list(names)})
    with store.writing() as db:
        last, environment = "here:1", '{"options":{"attributes":["helpfulness","verbosity"]}}'
        db.execute("DELETE FROM predictions WHERE attribute = 4 AND scenario > 1")
        runs.mark(db, 1, "interrupted", process=last, environment=environment, at=AT)
    (part,) = parts(store)
    (entry,) = part.narrow
    assert entry.attributes == names
    assert entry.row.answered == 1
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE attribute = 4")
    (part,) = parts(store)
    assert not part.narrow
    (note,) = part.left_out
    assert note.startswith(
        "run 1 is not finished, no scenario has all of its answers yet; `spm-tui"
    )
