"""The command line: results on stdout, narration on stderr, one line for what is wrong."""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from spm_tui.cli import headless, main, results
from spm_tui.cli.storing import store_path
from spm_tui.datasets import builtin, helpsteer2
from spm_tui.engine import models
from spm_tui.errors import InputError
from spm_tui.target_files import Entry
from store import annotations, runs
from store.connection import NEWEST, Store
from store.records import Annotation
from tests import golden
from tests.backend import FakeBackend
from tests.conftest import AT
from tests.spm_tui.test_report import fill
from tests.store.test_connection import held

Captured = pytest.CaptureFixture[str]


class Shell:
    """A folder with a store, in which commands are run."""

    def __init__(self, folder: Path, captured: Captured) -> None:
        self.folder, self._captured = folder, captured
        self.store = Store(folder / "store.duckdb")

    def __call__(self, *words: str, code: int = 0) -> tuple[str, str]:
        """Run a command; return what it wrote to stdout and stderr."""
        try:
            found = main(["--store", str(self.store.path), *words])
        except SystemExit as stopped:
            found = int(stopped.code or 0)
        out, errors = self._captured.readouterr()
        assert found == code, errors
        assert "Traceback" not in errors
        return out, errors


@pytest.fixture
def shell(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(headless, "Backend", FakeBackend)
    return Shell(tmp_path, capsys)


def test_a_run_ends_with_a_table_and_says_where_the_files_are(shell: Shell) -> None:
    out, errors = shell("--headless", "--limit=2", "--method=few-shot-comparative,oracle")
    assert "| 1   | few-shot-comparative |" in out
    assert "| 2   | oracle               | 100.0 ± 0.0 |" in out
    assert "run 1: few-shot-comparative with SmolLM2-135M-Instruct on mini-mic/eval" in errors
    assert "tables and figures are in spm-results/mini-mic-eval" in errors
    assert (shell.folder / "spm-results/mini-mic-eval/accuracy.md").is_file()


def test_the_baselines_need_no_language_model(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(FakeBackend, "engine")
    out, _ = shell("--headless", "--method=surface,length", "--targets=sampled,high")
    assert "| 1   | surface |" in out
    assert "| 2   | length  |" in out


def test_methods_that_are_told_the_target_run_on_listed_sets(shell: Shell) -> None:
    methods = "--method=prompt-aligned-few-shot,unaligned"
    words = ("--headless", "--limit=2", methods, "--target=care=1", "--targets=all,high")
    out, errors = shell(*words)
    assert "run 1: prompt-aligned-few-shot with SmolLM2-135M-Instruct" in errors
    assert "4 requests" in errors
    cells = [cell.strip() for cell in out.splitlines()[5].split("|")]
    assert cells[1:4] == ["1", "prompt-aligned-few-shot", "not run"]
    assert "±" in cells[4]
    again, errors = shell(*words)
    assert again == out
    assert "4 requests, 4 of them answered" in errors
    reported, _ = shell("report", "1", "2", "--target=care=1", "--targets=all,low")
    assert [line.count("not run") for line in reported.splitlines()[5:7]] == [2, 0]


def test_methods_that_are_told_the_target_do_not_run_on_all(shell: Shell) -> None:
    _, errors = shell("--headless", "--method=prompt-aligned-few-shot", "--targets=all", code=2)
    assert "field '--targets': prompt-aligned-few-shot is asked about each target" in errors


def test_a_dry_run_says_what_a_run_would_take_and_looks_for_no_model(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--headless", "--limit=2", "--method=prompt-aligned-zero-shot,unaligned,length")
    with monkeypatch.context() as patched:
        patched.setattr(headless, "Backend", None)
        out, errors = shell(*words, "--dry-run")
    assert errors == ""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.splitlines()[2:5]]
    assert [row[:2] for row in rows] == [
        ["prompt-aligned-zero-shot", "124"],
        ["unaligned", "2"],
        ["length", "0"],
    ]
    assert [row[-1] for row in rows] == ["–", "–", "0 s"], "nothing has been measured"
    assert "Nothing was sent." in out
    with shell.store.reading() as db:
        assert runs.listing(db) == []
    assert not Path("spm-results").exists()

    shell(*words)
    with shell.store.writing() as db:
        db.execute("UPDATE generations SET seconds = 3.0")
    out, _ = shell(*words, "--dry-run", "--json")
    found = json.loads(out)
    assert [one["seconds"] for one in found] == [372.0, 6.0, 0.0]
    assert [one["requests"] for one in found] == [124, 2, 0]


def test_json_on_stdout_is_all_there_is(shell: Shell) -> None:
    out, _ = shell("--headless", "--limit=2", "--method=oracle", "--json", "--display=none")
    document = json.loads(out)
    assert document["benchmark"] == "mini-mic"
    assert {row["set"] for row in document["accuracy"]} == {"all", "sampled", "high", "low"}


def test_events_on_stdout_tell_the_whole_run(shell: Shell) -> None:
    out, _ = shell("--headless", "--limit=1", "--targets=low", "--events=-", "--display=none")
    events = [json.loads(line) for line in out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["stage", "plan", *["item"] * 6, "batch", "done", "stage"]
    assert events[2]["judgements"][0].keys() == {"response", "score", "reasoning"}


def test_events_of_a_failure_end_with_it(shell: Shell) -> None:
    path = shell.folder / "events.jsonl"
    _, errors = shell("--headless", "--benchmark=none", f"--events={path}", code=2)
    (event,) = map(json.loads, path.read_text().splitlines())
    assert event["event"] == "error"
    assert event["message"] in errors


def test_a_second_run_answers_from_the_store(shell: Shell) -> None:
    first, _ = shell("--headless", "--limit=2", "--targets=high")
    second, errors = shell("--headless", "--limit=2", "--targets=high")
    assert second == first
    assert "12 requests, 12 of them answered" in errors


def test_failed_requests_end_with_1(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.machine.judge", lambda _: "not JSON")
    out, errors = shell("--headless", "--limit=1", "--targets=high", code=1)
    assert "6 requests failed" in errors
    assert "–" in out, "nothing to score"


def test_targets_of_ones_own_are_columns(shell: Shell) -> None:
    path = shell.folder / "mine.toml"
    path.write_text("[kind]\ncare = 1\n")
    options = (f"--targets=high,{path}", "--target=care=1,authority=0.33", "--target=liberty=1")
    out, _ = shell("--headless", "--limit=2", "--method=oracle", *options)
    assert "| run | method | high        | kind        | care=1, authority=0.33 |" in out


def test_targets_that_were_saved_in_the_app_are_columns(shell: Shell) -> None:
    shell("--headless", "--limit=2", "--method=oracle", "--targets=high")
    identity = builtin.load("mini-mic").benchmark.identity
    weighted: Entry = {"care": 1.0, "liberty": 0.0, "weights": {"care": 2.0, "liberty": 1.0}}
    with shell.store.writing() as db:
        annotations.save_targets(db, "kind", identity, [{"care": 1.0}, weighted], at=AT)
        annotations.save_targets(db, "free", identity, [{"liberty": 1.0}], at=AT)
        annotations.save_targets(db, "zealous", "another", [{"zeal": 1.0}], at=AT)
    Path("free").write_text("{}")
    out, _ = shell("--headless", "--limit=2", "--method=oracle", "--targets=kind,low,free")
    assert "| run | method | kind " in out
    assert " low " in out
    assert " free " in out
    table = Path("spm-results/mini-mic-eval/by_target.csv").read_text()
    rows = csv.DictReader(table.splitlines())
    assert [row["set"] for row in rows] == ["kind", "kind", "low", "free"]
    again, _ = shell("report", "1", "--targets=kind")
    assert "| run | method | kind " in again
    _, errors = shell("report", "1", "--targets=zealous", code=2)
    (line,) = errors.splitlines()
    assert line.endswith(
        "'zealous' is neither a file nor one of all, sampled, high, low, free, kind"
    )
    _, errors = shell("--headless", "--attributes=care", "--targets=free", code=2)
    assert "field 'liberty': not an attribute of this benchmark (care)" in errors


def test_a_run_can_be_repeated_from_its_record(shell: Shell) -> None:
    shell("--headless", "--targets=high", "--method=random", "--seed=7", "--out=a")
    shell("--headless", "--config=a/run.json", "--out=b")
    for name in ("accuracy.csv", "by_target.csv"):
        assert (shell.folder / "a" / name).read_text() == (shell.folder / "b" / name).read_text()
    assert json.loads(Path("a/run.json").read_text())["options"] == {
        "targets": ["high"],
        "method": ["random"],
        "seed": 7,
        "out": "a",
    }


def test_reports_are_rebuilt_without_a_model(shell: Shell) -> None:
    methods = "--method=few-shot-comparative,random"
    made, _ = shell("--headless", methods, "--targets=sampled,high")
    again, _ = shell("report", "1", "2", "--out=again", "--targets=sampled,high")
    assert again == made
    assert (shell.folder / "again/bias.png").is_file()
    listed, _ = shell("report")
    assert listed.count("mini-mic/eval") == 2
    told, _ = shell("report", "--json")
    assert [(run["run"], run["method"]) for run in json.loads(told)] == [
        (1, "few-shot-comparative"),
        (2, "random"),
    ]


def test_runs_that_share_nothing_are_not_compared(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = "--method=random,few-shot-comparative"
    with monkeypatch.context() as patched:
        patched.setattr("tests.machine.judge", lambda _: "not JSON")
        shell("--headless", "--limit=1", methods, "--targets=high", code=1)
    for words in ([], ["--json"]):
        _, errors = shell("report", "--compare", "1", "2", *words, code=2)
        assert "field '--compare': nothing to compare: runs 1 and 2 share no scenario" in errors
    shell("--headless", "--limit=1", methods, "--targets=high")
    out, _ = shell("report", "--compare", "1", "2", "--json", "--out=found")
    assert all(one["scenarios"] for one in json.loads(out))
    assert out == Path("found/comparison.json").read_text()
    shown, _ = shell("report", "--compare", "1", "2")
    assert shown == Path("found/comparison.md").read_text()
    assert Path("found/comparison.csv").read_text().startswith("set,first,second")


def test_the_papers_tables_are_told_as_json(shell: Shell) -> None:
    shell("--headless", "--limit=2", "--method=oracle", "--targets=high")
    out, _ = shell("report", "--paper", "--json", "--out=paper")
    assert out == (shell.folder / "paper" / "paper.json").read_text()
    assert json.loads(out)["benchmarks"][0]["name"] == "mini-mic"


@pytest.mark.parametrize("word", ["--compare", "--targets=high", "--target=care=1"])
def test_the_papers_tables_are_not_of_ones_own_choice(shell: Shell, word: str) -> None:
    shell("--headless", "--limit=2", "--method=oracle,random", "--targets=high")
    _, errors = shell("report", "--paper", "1", "2", word, code=2)
    name = word.partition("=")[0]
    assert errors == f"spm-tui: error: field '{name}': has no meaning with --paper\n"
    assert not Path("spm-results/paper").exists()


def test_runs_that_have_no_attribute_in_common_are_not_scored_together(shell: Shell) -> None:
    for name, method in (("care", "zero-shot-comparative"), ("liberty", "few-shot-comparative")):
        shell(
            "--headless",
            "--limit=1",
            f"--attributes={name}",
            f"--method={method}",
            "--targets=high",
        )
    for words in ([], ["--compare"], ["--targets=all"]):
        out, errors = shell("report", "1", "2", *words, code=2)
        problem = "field 'RUN': the runs have no attribute in common"
        assert errors == f"spm-tui: error: {problem}\n"
        assert out == ""


def test_what_is_typed_at_home_is_found_there(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = shell.folder / "me"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / "run.toml").write_text("limit = 1\nmethod = 'oracle'\ntargets = 'high'\n")
    words = ("--store=~/s.duckdb", "--events=~/events.jsonl", "--config=~/run.toml", "--out=~/here")
    shell("--headless", *words)
    shell("report", "1", "--store=~/s.duckdb", "--out=~/there", "--targets=high")
    shell("export", "1", "~/p.csv", "--store=~/s.duckdb")
    found = {path.name for path in home.iterdir()}
    assert found >= {"s.duckdb", "events.jsonl", "here", "there", "p.csv"}
    assert not Path("~").exists()
    monkeypatch.setenv("SPM_STORE", "~/s.duckdb")
    assert store_path(argparse.Namespace(store=None)) == home / "s.duckdb"


def test_a_folder_one_may_not_enter_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if "secret" in path.parts:  # nobody keeps root out
            raise PermissionError(13, "Permission denied")
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refuse)
    for words in (["import", "helpsteer2", "secret/x"], ["report", "--store=secret/x"]):
        _, errors = shell(*words, code=2)
        assert errors == "spm-tui: error: secret/x: Permission denied\n"


def test_a_terminal_that_has_only_ascii_shows_what_it_can(shell: Shell) -> None:
    shell("--headless", "--limit=1", "--method=oracle", "--targets=high")
    program = "import sys; from spm_tui.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "report", "1", f"--store={shell.store.path}"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert "(mean ? sd over targets)" in done.stdout


def test_predictions_are_exported(shell: Shell) -> None:
    shell("--headless", "--limit=1", "--targets=high")
    out, _ = shell("export", "1", "p.parquet")
    assert out == "wrote 18 predictions to p.parquet\n"
    with duckdb.connect() as db:
        rows = db.execute("SELECT attribute, label, score FROM 'p.parquet'").fetchall()
    assert len(rows) == 18
    shell("export", "1", "p.csv")
    shell("export", "1", "p.jsonl")
    assert len(Path("p.jsonl").read_text().splitlines()) == 18


@pytest.mark.parametrize("words", [("report",), ("report", "1"), ("export", "1", "x.csv")])
def test_what_only_reads_makes_no_store(shell: Shell, words: tuple[str, ...]) -> None:
    _, errors = shell(*words, code=2)
    assert errors == f"spm-tui: error: {shell.store.path}: no such store\n"
    assert not shell.store.path.exists()


@pytest.mark.parametrize(
    ("word", "hint"),
    [("--limti", "; did you mean --limit?"), ("--lim", "; did you mean --limit?"), ("--zzz", "")],
)
def test_a_misspelt_option_is_what_is_wrong_and_not_its_value(
    shell: Shell, word: str, hint: str
) -> None:
    for words in ([word, "2"], [f"{word}=2"]):
        _, errors = shell("--headless", *words, code=2)
        assert errors == f"spm-tui: error: no option {word}{hint}\n"


def test_runs_that_differ_in_seed_are_told_apart(shell: Shell) -> None:
    words = ("--limit=1", "--targets=high", "--seed=0", "--seed=3")
    out, _ = shell("--headless", *words, "--method=random", "--json")
    assert [row["decoding"] for row in json.loads(out)["accuracy"]] == ["", "seed 3"]
    out, _ = shell("--headless", *words, "--decoding=sampling", "--samples=2", "--json")
    found = [row["decoding"] for row in json.loads(out)["accuracy"]]
    assert found == ["2 samples, T 0.7", "2 samples, T 0.7, seed 3"]


def test_events_and_results_do_not_share_stdout(shell: Shell) -> None:
    _, errors = shell("--headless", "--events=-", "--json", code=2)
    assert "field '--json': has no meaning with --events -" in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_what_cannot_be_printed_is_one_line() -> None:
    words = [sys.executable, "-c", "import sys; from spm_tui.cli import main; sys.exit(main())"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*words, "models"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    told = "spm-tui: error: what was printed: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, told)


def test_annotations_are_exported(shell: Shell) -> None:
    shell("--headless", "--limit=1", "--targets=high", "--method=oracle")
    with shell.store.writing() as db:
        annotations.annotate(db, Annotation(1, 1, None, None, "agree", "", "ada", AT))
    out, _ = shell("export", "1", "a.jsonl", "--annotations")
    assert out == "wrote 1 annotations to a.jsonl\n"
    assert json.loads(Path("a.jsonl").read_text())["verdict"] == "agree"


def test_a_run_goes_to_another_store_and_is_reported_there_alike(shell: Shell) -> None:
    shell("--headless", "--limit=2", "--targets=high")
    here, _ = shell("report", "1", "--targets=high")
    out, _ = shell("export", "1", "bundle")
    assert out == "wrote run 1 to bundle; spm-tui import run bundle reads it\n"
    shell.store = Store(shell.folder / "other.duckdb")
    what = "run 1: few-shot-comparative with SmolLM2-135M-Instruct on mini-mic/eval\n"
    for start in ("imported", "in the store already:"):
        out, _ = shell("import", "run", "bundle")
        assert out == f"{start} {what}"
    there, _ = shell("report", "1", "--targets=high")
    assert there == here


def test_a_run_on_an_unknown_benchmark_is_refused(shell: Shell) -> None:
    fill(shell.store)
    shell("export", "2", "bundle")
    shell.store = Store(shell.folder / "other.duckdb")
    out, errors = shell("import", "run", "bundle", code=2)
    (line,) = errors.splitlines()
    assert "the run is on the benchmark 'small' (" in line
    assert out == ""


def test_imports_say_what_they_did_and_do_it_once(shell: Shell, shared: Path) -> None:
    path = str(shared / "mic" / "MIC_synthetic.csv")
    out, errors = shell("import", "mic", path)
    assert out.startswith("imported mic (")
    assert "44 train and 140 eval scenarios, 6 attributes" in out
    assert "note: passed over 175 rows of 55 questions with a single answer" in errors
    again, _ = shell("import", "mic", path)
    assert again.startswith("in the store already: mic (")
    out, _ = shell("import", "helpsteer2", str(shared / "helpsteer2"), "--name=hs")
    assert out.startswith("imported hs (")


def test_a_benchmark_of_ones_own_is_imported_and_run(shell: Shell) -> None:
    """The example in the README."""
    Path("attributes.toml").write_text(
        '[[attributes]]\nname = "politeness"\ndefinition = "how considerate the response is."\n'
        "levels = 3\n"
    )
    Path("mine.csv").write_text(
        "question,response,politeness,split\n"
        'May I smoke here?,"No.",1,eval\nMay I smoke here?,"I would rather you did not.",2,eval\n'
    )
    shell("import", "plain", "mine.csv", "--attributes=attributes.toml")
    out, _ = shell(
        "--headless", "--benchmark=mine", "--method=zero-shot-comparative", "--targets=low"
    )
    assert "zero-shot-comparative" in out


def test_short_names_are_listed_with_the_memory_they_need(shell: Shell) -> None:
    out, _ = shell("models")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.splitlines()]
    assert ["llama-3.2-3b", "meta-llama/Llama-3.2-3B-Instruct"] in [row[:2] for row in lines]
    (row,) = (row for row in lines if row[:1] == ["mistral-7b"])
    assert row[2:] == ["7.2 billion", "Apache-2.0", "no", "14.5 GB", "7.2 GB", "3.6 GB"]
    assert "the memory is that of the weights alone" in out


def test_the_doctor_names_store_and_models(shell: Shell) -> None:
    out, _ = shell("doctor")
    assert "not there yet" in out
    shell("--headless", "--method=oracle", "--targets=low")
    out, _ = shell("doctor")
    assert "benchmarks mini-mic; 1 runs" in out
    assert "SmolLM2-135M-Instruct: " in out


LONG = "x" * 300
BAD = {
    "unknown benchmark": (["--benchmark=x"], r"field 'benchmark': no benchmark 'x'"),
    "unknown method": (["--method=x"], "field '--method': expected one of few-shot-comparative"),
    "no number": (["--limit=x"], "field '--limit': expected a whole number of at least 1"),
    "too small": (["--limit=0"], "field '--limit': expected a whole number of at least 1, found 0"),
    "cold": (["--temperature=0"], "field '--temperature': expected a number of at least 0.01"),
    "no decoding": (["--decoding=beam"], "expected one of greedy or sampling, found 'beam'"),
    "unknown set": (["--targets=best"], "field '--targets': 'best' is neither a file nor one of"),
    "bad target": (["--target=care=2"], "field 'care': a target's value is a number from 0 to 1"),
    "unknown attribute": (["--attributes=x"], "field 'attributes': 'x' is none of care"),
    "unknown scenario": (["--scenario=25"], "field 'scenario': 25 is not from 1 to 24"),
    "no folder": (["--out=file/out"], "file/out: cannot be written"),
    "no config": (["--config=x.toml"], "x.toml: No such file"),
    "unknown option": (["--verbose"], "no option --verbose; did you mean --version?"),
    "abbreviated option": (["--head"], "no option --head; did you mean --headless?"),
    "events nowhere": (["--events=no/where"], "no/where: No such file"),
    "end of options": (["--targets=--"], "argument --targets: needs a value"),
    "no method": (["--method="], "field '--method': needs a value"),
    "too hot": (["--temperature=inf"], "field '--temperature': expected at most 100, found inf"),
    "no heat": (["--temperature=nan", "--dry-run"], "expected a number of at least 0.01"),
    "too many": (["--samples=40000"], "field '--samples': expected at most 32,767, found 40000"),
    "nobody": (["--config=~nobody-at-all/x"], "~nobody-at-all/x: nobody has that home folder"),
    "long config": ([f"--config={LONG}"], f"{LONG}: File name too long"),
    "long out": ([f"--out={LONG}"], f"{LONG}: File name too long"),
    "long store": ([f"--store={LONG}"], f"{LONG}: File name too long"),
    "store in no UTF-8": (["--store=caf\udce9"], "a file's name must be UTF-8"),
    "out in no UTF-8": (["--out=caf\udce9"], "field '--out': must be UTF-8"),
}


@pytest.mark.parametrize(("words", "complaint"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_exit_code_2(
    shell: Shell, words: list[str], complaint: str
) -> None:
    Path("file").touch()
    out, errors = shell("--headless", "--method=oracle", *words, code=2)
    (line,) = errors.splitlines()
    assert line.startswith("spm-tui: error: ")
    assert complaint in line
    assert out == ""
    if shell.store.path.exists():
        with shell.store.reading() as db:
            assert runs.listing(db) == [], "nothing is stored"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["import", "mic", "gone.csv"], "gone.csv: No such file"),
        (["import", "mic", "half.csv"], "half.csv, row 1000: has 2 cells, the header 5"),
        (["import", "mic", "few.csv"], "few.csv, row 2, field 'moral-vector, A_agrees': missing"),
        (["import", "mic", "binary.csv"], "binary.csv: not UTF-8 text"),
        (["import", "helpsteer2", "text.parquet"], "text.parquet: not a Parquet file"),
        (["import", "helpsteer2", "gone"], "gone: expected a file ending in"),
        (["import", "plain", "few.csv", "--attributes=gone.toml"], "gone.toml: No such file"),
        (["report", "7"], "no run 7 in the store (there: none)"),
        (["export", "7", "x.csv"], "no run 7"),
        (["export", "7", "x.txt"], "x.txt: expected .csv, .jsonl, .parquet"),
        (["export", "7", "no/x.csv"], "no/x.csv: its folder does not exist"),
        (["export", "7", "folder"], "no run 7"),
        (["export", "7", "x", "--annotations"], "x: expected .csv, .jsonl, .parquet"),
        (["import", "run", "gone"], "gone/record.json: No such file"),
        (["import", "run", "foreign"], "foreign/record.json: not the record of a run bundle"),
        (["import", "mic"], "the following arguments are required: FILE"),
        (["import"], "the following arguments are required: KIND"),
        (["import", "helpsteer2", LONG], f"{LONG}: File name too long"),
        (["import", "helpsteer2", "split.json"], "split.json, row 1, field 'split': expected a"),
        (["import", "mic", "caf\udce9.csv"], "a file's name must be UTF-8"),
        (["import", "mic", "good.csv", "--name=caf\udce9"], "good.csv, field '--name': a bench"),
        (["export", "7", f"{LONG}/x.csv"], f"{LONG}/x.csv: File name too long"),
        (["models", "burn"], "invalid choice: 'burn'"),
        (["--dry-run"], "field '--dry-run': says what to run, which only --headless does"),
        (["--limit=3"], "field '--limit': says what to run, which only --headless does"),
        ([], "the app needs a terminal; without one, use --headless"),
    ],
)
def test_bad_commands_likewise(shell: Shell, words: list[str], complaint: str) -> None:
    with shell.store.writing():
        pass
    good = "q,yes,rule,[0,0,0,0,0,0],2".replace("[0,0,0,0,0,0]", '"[0,0,0,0,0,0]"')
    header = "Q,A,rot,moral-vector,A_agrees"
    Path("half.csv").write_text("\n".join([header, *[good] * 998, "q,yes", good]))
    Path("few.csv").write_text("Q,A,rot\nq,a,r\n")
    Path("good.csv").write_text("\n".join([header, good, good.replace("yes", "no")]))
    shutil.copy("good.csv", "caf\udce9.csv")
    record = {"prompt": "p", "response": "r", **dict.fromkeys(helpsteer2.NAMES, 0)}
    Path("split.json").write_text(json.dumps([record | {"split": ["eval"]}] * 4))
    Path("binary.csv").write_bytes(bytes(range(256)) * 10)
    Path("text.parquet").write_text("hello")
    Path("foreign").mkdir()
    Path("foreign/record.json").write_text('{"format": 1}')
    out, errors = shell(*words, code=2)
    (line,) = errors.splitlines()
    assert complaint in line
    assert out == ""
    with shell.store.reading() as db:
        assert db.execute("SELECT count(*) FROM benchmarks").fetchall() == [(0,)]


def test_served_to_a_browser_the_app_needs_no_terminal(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    monkeypatch.setenv("SPM_CONFIG", str(shell.folder / "none.toml"))
    monkeypatch.setattr("spm_tui.tui.app.SpmApp.run", lambda app: opened.append(app.store.path))
    _, errors = shell(code=2)
    assert "the app needs a terminal" in errors
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual_serve.driver:WebDriver")
    shell()
    assert opened == [shell.store.path]


def test_an_unusable_store_is_refused(shell: Shell) -> None:
    shell("--headless", "--method=oracle", "--targets=low")
    with shell.store.writing() as db:
        db.execute("INSERT INTO migrations VALUES (?, 'later', ?)", [NEWEST + 1, AT])
    _, errors = shell("--headless", "--method=oracle", code=2)
    assert "written by a newer spm-tui" in errors
    shell.store.path.write_text("hello")
    _, errors = shell("report", code=2)
    assert "not a valid DuckDB database" in errors


def test_a_store_that_another_process_does_not_let_go_of_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("--headless", "--method=oracle", "--targets=low")
    monkeypatch.setitem(Store.__init__.__kwdefaults__, "patience", 0.3)  # type: ignore[arg-type]
    with held(shell.store.path) as holder:
        _, errors = shell("report", code=2)
    assert f"held by process {holder.pid} for more than" in errors
    shell("report")


def test_a_model_whose_name_no_file_can_have_is_refused() -> None:
    with pytest.raises(InputError, match=f"{LONG}: File name too long"):
        models.locate(LONG)


def test_a_model_that_cannot_be_had_offline_is_refused(tmp_path: Path) -> None:
    program = "import sys; from spm_tui.cli import main; sys.exit(main())"
    words = ["--headless", "--model=nobody/nothing", f"--store={tmp_path / 'store.duckdb'}"]
    found = subprocess.run(
        [sys.executable, "-c", program, *words, f"--out={tmp_path / 'out'}", "--display=none"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
    )
    assert found.returncode == 2
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("spm-tui: error")]
    assert "no model 'nobody/nothing' in the local cache, and the model hub gave none" in line
    assert "Traceback" not in found.stderr


def test_the_help_is_frozen(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    out, _ = shell("--help")
    golden.check("help.txt", out)


def test_the_version_is_told(shell: Shell) -> None:
    out, _ = shell("--version")
    assert out == "spm-tui 0.2.0\n"


@pytest.mark.parametrize(
    "program",
    [
        "from spm_tui.cli.main import parser; parser().format_help()",
        "import store.browse, store.runs, store.annotations",
        "import spm_tui.tui.app",
    ],
)
def test_nothing_heavy_is_imported(program: str) -> None:
    heavy = [
        "torch",
        "transformers",
        "outlines",
        "sentence_transformers",
        "llguidance",
        "matplotlib",
        "sklearn",
    ]
    check = f"{program}\nimport sys\nprint([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_an_unread_pipe_is_no_error() -> None:
    program = shutil.which("spm-tui", path=str(Path(sys.executable).parent))
    assert program is not None, "the console script is installed"
    done = subprocess.run(
        f"'{program}' --help | head -1", shell=True, check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("usage: spm-tui")
    assert "Error" not in done.stderr


EVENT = '{"event": "stage", "text": "of another command"}\n'


def test_events_replace_events_and_nothing_else(shell: Shell) -> None:
    words = ("--headless", "--method=oracle", "--targets=high", "--limit=1", "--benchmark=none")
    shell("--headless", "--method=oracle", "--targets=high", "--limit=1", "--dry-run")
    before = shell.store.path.read_bytes()
    Path("notes.md").write_text("mine")
    Path("link").symlink_to("old.jsonl")
    Path("old.jsonl").write_text(EVENT)
    for name in ("store.duckdb", "store.duckdb.wal", "notes.md", "link", ".", "/dev/null"):
        out, errors = shell(*words, f"--events={name}", code=2)
        (line,) = errors.splitlines()
        assert out == ""
        assert name.removesuffix(".wal") in line
    assert shell.store.path.read_bytes() == before
    assert Path("notes.md").read_text() == "mine"
    assert Path("old.jsonl").read_text() == EVENT
    shell(*words, "--events=old.jsonl", code=2)
    assert json.loads(Path("old.jsonl").read_text())["event"] == "error"


@pytest.mark.parametrize("suffix", ["", ".wal", ".wal/deep", ".tmp"])
def test_nothing_is_written_where_the_store_has_its_files(suffix: str, shell: Shell) -> None:
    words = ("--headless", "--method=oracle", "--targets=high", "--limit=1")
    shell(*words)
    place = f"store.duckdb{suffix}"
    beside = sorted(path.name for path in shell.folder.iterdir())
    tries = [
        (*words, f"--out={place}"),
        (*words, f"--events={place}"),
        ("report", "1", f"--out={place}"),
        ("export", "1", place),
    ]
    for command in tries:
        _, errors = shell(*command, code=2)
        assert len(errors.splitlines()) == 1
    assert sorted(path.name for path in shell.folder.iterdir()) == beside
    shell("report", "1")


def test_results_of_somebody_else_are_refused_before_any_work(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(headless, "run_job")
    Path("own").mkdir()
    Path("own/accuracy.md").write_text("mine")
    _, errors = shell("--headless", "--method=oracle", "--out=own", code=2)
    assert "own/accuracy.md: is there already, in a folder without a run.json of ours" in errors
    assert "name another folder with --out" in errors
    assert [path.name for path in Path("own").iterdir()] == ["accuracy.md"]


def test_a_name_moves_no_results() -> None:
    places = {}
    for name in ("../../up", "/abs", "a/b", "a-b", "A-b", "x" * 300, "CON"):
        subject = SimpleNamespace(benchmark=SimpleNamespace(name=name), split="eval")
        places[name] = SimpleNamespace(scored_with=name, subject=subject)
    parts = list(places.values())
    made = results.folders(parts, Path("base"), apart=True)  # type: ignore[arg-type]
    assert all(path.parent == Path("base") for path in made.values())
    assert len({path.name.casefold() for path in made.values()}) == len(parts)
