"""Grids of runs: what a file and a command line describe, and what comes of it."""

import gc
import json
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from spm_tui.bench.backend import Backend
from spm_tui.bench.embedding import Embedding, Vectors
from spm_tui.bench.events import Event, Planned, Problem
from spm_tui.bench.options import RunOptions
from spm_tui.bench.subject import Backbone
from spm_tui.cli import headless
from spm_tui.cli.experiment import PAPER, cells
from spm_tui.cli.faults import Faults
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.errors import EngineLost, InputError, ModelError, SpmError
from spm_tui.methods.catalogue import NAMES, PER_TARGET, Role
from spm_tui.report import board as scoring
from spm_tui.report import files
from spm_tui.wire import Asked
from store import runs
from store.identity import Canonical
from tests import machine
from tests.backend import FakeBackend
from tests.conftest import AT
from tests.spm_tui.test_cli import Shell, shell

__all__ = ["shell"]

GRID = """\
limit = 2
attributes = ["care"]
targets = ["high", "low"]

[[runs]]
benchmark = "mini-mic"
method = "few-shot-comparative"
decoding = ["greedy", "sampling"]
seed = [0, 1]

[[runs]]
method = ["oracle",
          "random"]
"""


def written(folder: Path, text: str, name: str = "run.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def options(given: dict[str, Any], path: Path | None = None) -> list[RunOptions]:
    return [cell.options for cell in cells(given, path)]


def test_every_combination_is_run(tmp_path: Path) -> None:
    found = options({}, written(tmp_path, GRID))
    assert [(one.decoding, one.seed, one.method) for one in found] == [
        ("greedy", 0, ("few-shot-comparative",)),
        ("greedy", 1, ("few-shot-comparative",)),
        ("sampling", 0, ("few-shot-comparative",)),
        ("sampling", 1, ("few-shot-comparative",)),
        ("greedy", 0, ("oracle", "random")),
    ]
    assert {one.limit for one in found} == {2}
    assert {one.attributes for one in found} == {("care",)}


def test_a_table_says_more_than_what_stands_above_it(tmp_path: Path) -> None:
    text = "limit = 2\nmodel = ['a', 'b']\n[[runs]]\nlimit = 3\nmodel = 'c'\n[[runs]]\n"
    found = options({}, written(tmp_path, text))
    assert [(one.limit, one.model) for one in found] == [(3, "c"), (2, "a"), (2, "b")]


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "limit = 3\ntemperature = 1\nmethod = 'oracle'\nseed = [1, 2]\n")
    given = {"limit": ["5"], "scenario": ["1,2", "7"], "seed": ["4"]}
    assert options(given, path) == [
        RunOptions(limit=5, temperature=1.0, method=("oracle",), scenario=(1, 2, 7), seed=4)
    ]


def test_models_given_again_are_a_grid() -> None:
    found = options({"model": ["a", "b,c"], "seed": ["1", "2", "1"]})
    assert [(one.model, one.seed) for one in found] == [
        ("a", 1),
        ("a", 2),
        ("b,c", 1),
        ("b,c", 2),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("smaples = 3", "line 1: field 'smaples': not an option of a run; did you mean samples?"),
        ("\nlimit = 'x'", "run.toml, line 2: field '--limit': expected a whole number"),
        ("seed = true", "field '--seed': expected a whole number of at least 0, found True"),
        ("seed = [1, -2]", "field '--seed': expected a whole number of at least 0, found -2"),
        ("limit = [1, 2]", "field '--limit': expected a whole number of at least 1, found [1, 2]"),
        ("method = ['oracle', 5]", "line 1: field '--method': expected one of"),
        ("[[run]]", "field 'run': not an option of a run; did you mean runs?"),
        ("[runs]\nlimit = 1", "run.toml, field 'runs': expected tables [[runs]]"),
        ("[[runs]]\n[[runs]]\nlimit=0", "line 3: field '--limit'"),
        ("limit = x", "run.toml: cannot be read: Invalid value (at line 1"),
        ("method = []", "run.toml, line 1: field '--method': needs a value"),
        ("limit = 1\nmodel = []", "run.toml, line 2: field '--model': needs a value"),
        ("runs = []", "run.toml, field 'runs': expected tables [[runs]]"),
        pytest.param(f"x = {'[' * 100_000}", "run.toml: cannot be read: ", id="deep"),
        ("[[runs]]\nout = 'a'\n[[runs]]", "run.toml, line 2, field 'out': one folder for all: set"),
        ("out = 'a'\n[[runs]]\n[[runs]]\nout = 'b'", "run.toml, line 4, field 'out': one folder"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        cells({}, written(tmp_path, text))
    assert complaint in str(caught.value)


def test_a_record_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run\.json: cannot be read: "):
        cells({}, written(tmp_path, "[" * 100_000, "run.json"))


def test_a_file_may_name_a_folder_at_home(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(shell.folder / "me"))
    written(shell.folder, "limit = 1\nmethod = 'oracle'\ntargets = 'high'\nout = '~/results'\n")
    shell("--headless", "--config=run.toml")
    assert (shell.folder / "me" / "results" / "accuracy.md").is_file()


def test_the_folder_for_all_may_be_named_in_many_ways(tmp_path: Path) -> None:
    each = written(tmp_path, "[[runs]]\nout = 'a'\n[[runs]]\nout = 'a'\nlimit = 1\n")
    assert [one.out for one in options({}, each)] == ["a", "a"]
    differing = written(tmp_path, "out = 'a'\n[[runs]]\nout = 'b'\n[[runs]]\nlimit = 1\n")
    assert [one.out for one in options({"out": ["c"]}, differing)] == ["c", "c"]


def test_what_the_store_lacks_is_said_with_its_line(shell: Shell) -> None:
    written(shell.folder, "limit = 1\n[[runs]]\n[[runs]]\nbenchmark = ['mini-mic', 'mimic']\n")
    _, errors = shell("--headless", "--config=run.toml", code=2)
    assert "run.toml, line 4: field 'benchmark': no benchmark 'mimic'" in errors
    with shell.store.reading() as db:
        assert not runs.listing(db)


def test_a_record_is_not_repeated_on_other_data(shell: Shell) -> None:
    words = ("--limit=1", "--method=oracle", "--targets=high")
    shell("--headless", *words, "--out=first")
    record = shell.folder / "first" / "run.json"
    shell("--headless", f"--config={record}", "--out=again")
    identity = json.loads(record.read_text())["benchmark"]["identity"]
    record.write_text(record.read_text().replace(identity, "deadbeef" * 8))
    _, errors = shell("--headless", f"--config={record}", code=2)
    here = identity[:12]
    assert f"'mini-mic' in this store is {here}; the record is of deadbeefdead" in errors
    shell("--headless", f"--config={record}", "--benchmark=mini-mic", "--out=mine")


def test_sets_of_one_name_that_would_meet_in_a_table_are_refused(shell: Shell) -> None:
    written(shell.folder, '{"high": [{"care": 1}]}', "mine.json")
    text = "method='oracle'\nlimit=1\n[[runs]]\ntargets='mine.json'\n[[runs]]\ntargets='high'\n"
    written(shell.folder, text)
    _, errors = shell("--headless", "--config=run.toml", code=2)
    assert "run.toml, line 6: field '--targets': two different sets are called 'high'" in errors


def test_a_grid_is_run_and_scored_together(shell: Shell) -> None:
    written(shell.folder, GRID.replace('benchmark = "mini-mic"\n', ""))
    words = ["--headless", "--config=run.toml", "--benchmark=mini-mic"]
    shell(*words, "--benchmark=mini-helpsteer", "--attributes=care", code=2)
    shell(*words, "--out=results")
    board = json.loads((shell.folder / "results" / "accuracy.json").read_text())
    assert {(row["method"], row["decoding"]) for row in board["accuracy"]} == {
        ("few-shot-comparative", "greedy"),
        ("few-shot-comparative", "5 samples, T 0.7"),
        ("few-shot-comparative", "5 samples, T 0.7, seed 1"),
        ("oracle", ""),
        ("random", ""),
    }
    with shell.store.reading() as db:
        # greedy decoding draws nothing, so that its two seeds are one run
        assert len(runs.listing(db)) == 5


def test_a_finished_grid_does_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    written(shell.folder, GRID)
    words = ["--headless", "--config=run.toml", "--json"]
    first, _ = shell(*words)
    monkeypatch.setattr(FakeBackend, "engine", None)  # whoever wants it fails
    again, _ = shell(*words)
    assert again == first


def test_the_record_of_a_grid_repeats_it(shell: Shell) -> None:
    path = written(shell.folder, GRID)
    shell("--headless", f"--config={path}", "--out=results")
    assert options({}, shell.folder / "results" / "run.json") == [
        replace(cell.options, out="results") for cell in cells({}, path)
    ]


def test_benchmarks_have_folders_of_their_own(shell: Shell) -> None:
    words = ["--headless", "--method=oracle", "--targets=high", "--limit=2", "--json"]
    out, errors = shell(*words, "--benchmark=mini-mic", "--benchmark=mini-helpsteer", "--out=here")
    assert [board["benchmark"] for board in json.loads(out)] == ["mini-mic", "mini-helpsteer"]
    assert "tables and figures are in here" in errors
    for name in ("mini-mic-eval", "mini-helpsteer-eval"):
        assert (shell.folder / "here" / name / "accuracy.md").is_file()


def test_what_cannot_be_run_keeps_nothing_else_from_running(shell: Shell) -> None:
    text = "split = 'train'\ntargets = 'high'\nlimit = 2\nmethod = ['surface', 'oracle']\n"
    written(shell.folder, f"{text}[[runs]]\n[[runs]]\nmethod = 'random'\n")
    out, errors = shell("--headless", "--config=run.toml", code=1)
    assert "surface on mini-mic was not run: field 'method': surface learns from" in errors
    assert "oracle" in out
    assert "random" in out


class Failing(FakeBackend):
    """Has no model of the name b."""

    error: type[SpmError] = ModelError

    def engine(self, role: Role) -> ScriptedEngine:
        if self._choice.model == "b":
            raise self.error("no model 'b'")
        return super().engine(role)


SEEDS = {"limit": ["1"], "decoding": ["sampling"], "seed": ["1", "2"], "targets": ["high"]}


def test_what_is_not_run_is_told_at_once_and_by_what_sets_it_apart(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "Backend", Failing)
    grid = cells({**SEEDS, "model": ["b", "a"], "method": ["few-shot-comparative"]})
    events: list[Event] = []
    outcome = headless.run(grid, shell.store, show=events.append, stop=lambda: False)
    told = [event for event in events if isinstance(event, Planned | Problem)]
    assert [type(event).__name__ for event in told] == ["Problem"] * 2 + ["Planned"] * 2
    assert outcome.missing == tuple(
        f"few-shot-comparative on mini-mic (model b, seed {seed}) was not run: no model 'b'"
        for seed in (1, 2)
    )


def test_what_is_not_run_is_told_of_a_grid_that_was_stopped(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "Backend", Failing)
    grid = cells({**SEEDS, "model": ["b", "a"]})
    events: list[Event] = []
    outcome = headless.run(
        grid,
        shell.store,
        show=events.append,
        stop=lambda: any(isinstance(event, Problem) for event in events),
    )
    assert outcome.interrupted
    assert len(outcome.missing) == 1
    assert not Path("spm-results").exists()


@pytest.mark.parametrize(("error", "code"), [(ModelError, 2), (EngineLost, 1)])
def test_a_grid_of_which_nothing_could_be_run_is_an_error_and_leaves_no_folder(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: type[SpmError], code: int
) -> None:
    monkeypatch.setattr(headless, "Backend", Failing)
    monkeypatch.setattr(Failing, "error", error)
    Path("there").mkdir()
    words = ["--headless", "--model=b", "--limit=1", "--benchmark=mini-mic", "--json"]
    for out in ("there", "new/deep"):
        more = ["--benchmark=mini-helpsteer", f"--out={out}"]
        found, errors = shell(*words, *more, code=code)
        assert found == ""
        assert errors.splitlines()[-1] == "spm-tui: error: no model 'b'"
        assert "tables and figures" not in errors
    assert [path.name for path in Path().iterdir() if path.is_dir()] == ["there"]
    assert not list(Path("there").iterdir())
    shell(*words, "--out=new", code=code)
    assert not Path("new").exists()


class Faulty(FakeBackend):
    """Raises what is no error of ours, wherever it is told to."""

    place = "engine"
    error: type[Exception] = RuntimeError

    def _fail(self, place: str) -> None:
        if place == self.place and self._choice.model == "b":
            raise self.error(f"vision\nmore of {place}")

    def backbone(self, role: Role) -> Backbone:
        self._fail("backbone")
        return super().backbone(role)

    def engine(self, role: Role) -> ScriptedEngine:
        self._fail("engine")
        return super().engine(role)

    def embed(self, texts: Sequence[str]) -> Iterator[Vectors]:
        self._fail("embed")
        return super().embed(texts)

    def _judge(self, request: Asked) -> str:
        self._fail("answer")
        return super()._judge(request)


@pytest.mark.parametrize(
    "error", [RuntimeError, AttributeError, torch.OutOfMemoryError, MemoryError]
)
@pytest.mark.parametrize("place", ["backbone", "engine", "embed", "answer"])
def test_a_grid_goes_on_whatever_a_cell_raises(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, place: str, error: type[Exception]
) -> None:
    monkeypatch.setattr(headless, "Backend", Faulty)
    monkeypatch.setattr(Faulty, "place", place)
    monkeypatch.setattr(Faulty, "error", error)
    words = ["--headless", "--limit=1", "--targets=high", "--json", "--out=results"]
    out, errors = shell(*words, "--model=b", "--model=a", code=1)
    assert [row["model"] for row in json.loads(out)["accuracy"]] == ["a"]
    log = Path("results/errors.log")
    note = (
        f"few-shot-comparative on mini-mic (model b) was not run: {error.__name__}: vision"
        f" (its traceback is in {log})"
    )
    assert f"note: {note}" in errors.splitlines()
    assert "Traceback (most recent call last)" in log.read_text()
    assert f"more of {place}" in log.read_text()
    with shell.store.reading() as db:
        assert [run.spec.model for run in runs.listing(db)] == ["a"]


def test_a_grid_of_which_nothing_could_be_run_names_its_log(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "Backend", Faulty)
    words = ["--headless", "--limit=1", "--model=b", "--targets=high", "--out=results"]
    _, errors = shell(*words, "--seed=1", "--seed=2", "--decoding=sampling", code=1)
    assert errors.splitlines()[-1].startswith("spm-tui: error: few-shot-comparative on mini-mic")
    assert errors.splitlines()[-1].endswith("(its traceback is in results/errors.log)")


def test_a_run_that_is_alone_shows_its_defect_to_people_and_programs(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "Backend", Faulty)
    with pytest.raises(RuntimeError, match="vision"):
        shell("--headless", "--limit=1", "--model=b", "--events=told.jsonl")
    last = json.loads(Path("told.jsonl").read_text().splitlines()[-1])
    assert last == {"event": "error", "message": "RuntimeError: vision"}


def test_an_interrupt_ends_a_grid(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless, "Backend", Faulty)
    monkeypatch.setattr(Faulty, "error", KeyboardInterrupt)
    _, errors = shell("--headless", "--limit=1", "--model=b", "--model=a", code=130)
    assert "was not run" not in errors


def test_a_method_that_fails_keeps_no_other_of_its_cell_from_running(shell: Shell) -> None:
    words = ["--headless", "--split=train", "--limit=2", "--targets=high", "--json"]
    out, errors = shell(*words, "--method=surface,oracle", code=1)
    assert [row["method"] for row in json.loads(out)["accuracy"]] == ["oracle"]
    assert "note: surface on mini-mic was not run: field 'method': surface learns" in errors


def test_a_run_that_cannot_be_scored_keeps_no_other_from_its_table(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = scoring.score

    def fail(store: Any, subject: Any, numbers: Sequence[int], *words: Any, **more: Any) -> Any:
        if 2 in numbers:
            raise KeyError("choice")
        return score(store, subject, numbers, *words, **more)

    monkeypatch.setattr(scoring, "score", fail)
    words = ["--headless", "--limit=1", "--targets=high", "--json", "--out=results"]
    out, errors = shell(*words, "--model=a", "--model=b", "--model=c", code=1)
    assert [row["model"] for row in json.loads(out)["accuracy"]] == ["a", "c"]
    assert "note: run 2 was not scored: KeyError: 'choice' (its traceback" in errors


def test_tables_that_cannot_be_written_keep_no_others_from_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = files.write

    def fail(scored: Any, folder: Path, **more: Any) -> Any:
        if folder.name == "mini-mic-eval":
            raise OSError(28, "No space left on device", str(folder / "accuracy.md"))
        return write(scored, folder, **more)

    monkeypatch.setattr(files, "write", fail)
    words = ["--headless", "--method=oracle", "--targets=high", "--limit=2", "--json", "--out=here"]
    out, errors = shell(*words, "--benchmark=mini-mic", "--benchmark=mini-helpsteer", code=1)
    assert [one["benchmark"] for one in json.loads(out)] == ["mini-helpsteer"]
    assert (
        "note: the tables in here/mini-mic-eval were not written:"
        " here/mini-mic-eval/accuracy.md: No space left on device"
    ) in errors


def test_what_a_failed_cell_has_loaded_is_let_go() -> None:
    """Else the next model finds no room on the GPU."""

    class Model: ...

    held = weakref.ref(model := Model())
    faults = Faults(Path("nowhere/at/all"), tell=print, spares=True)

    def load(model: Model) -> None:
        try:
            str(model).index("no such text")
        except ValueError as error:
            raise ModelError("out of memory") from error

    with faults.spared("it"):
        load(model)
    del model
    gc.collect()
    assert held() is None
    assert str(faults.first()) == "out of memory"


def test_one_benchmark_less_is_a_list_nevertheless(shell: Shell) -> None:
    text = "limit = 2\ntargets = 'high'\n[[runs]]\nmethod = 'oracle'\n"
    more = "[[runs]]\nbenchmark = 'mini-helpsteer'\nsplit = 'train'\nmethod = 'surface'\n"
    written(shell.folder, text + more)
    out, _ = shell("--headless", "--config=run.toml", "--json", "--out=here", code=1)
    assert [board["benchmark"] for board in json.loads(out)] == ["mini-mic"]
    assert [path.name for path in Path("here").iterdir()] == ["mini-mic-eval"]


class Loading(Backend):
    """Tells what is loaded."""

    def backbone(self, role: Role) -> Backbone:
        name = self._choice.model if role == "language" else role
        return Backbone(name, f"{name}/float32")

    def embedding(self, texts: Iterable[str]) -> Embedding:
        return Embedding("fake")

    def prompts(self, role: Role, requests: Sequence[Asked]) -> dict[str, Canonical]:
        return {}

    def embed(self, texts: Sequence[str]) -> Iterator[Vectors]:
        return machine.embed(texts)

    def _load(self, role: Role) -> ScriptedEngine:
        self._say(f"loading {self.backbone(role).name}")
        return ScriptedEngine(machine.judge)


def test_each_model_of_a_grid_is_loaded_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless, "Backend", Loading)
    methods = ["few-shot-comparative", "kaleido", "oracle", "zero-shot-comparative", "reward"]
    grid = ["--model=a", "--model=b", "--benchmark=mini-mic", "--benchmark=mini-helpsteer"]
    words = ["--headless", "--limit=1", "--targets=high", "--json", f"--method={','.join(methods)}"]
    out, errors = shell(*words, *grid)
    loaded = [line for line in errors.splitlines() if line.startswith("loading")]
    assert loaded == [f"loading {name} …" for name in ("a", "kaleido", "reward", "b")]
    for board in json.loads(out):
        rows = [(row["method"], row["model"]) for row in board["accuracy"]]
        assert rows == [
            ("few-shot-comparative", "a"),
            ("kaleido", "kaleido"),
            ("oracle", ""),
            ("zero-shot-comparative", "a"),
            ("reward", "reward"),
            ("few-shot-comparative", "b"),
            ("zero-shot-comparative", "b"),
        ]


def test_a_dry_run_counts_equal_runs_once(shell: Shell) -> None:
    words = ["--headless", "--dry-run", "--json", "--limit=2", "--model=a", "--model=b"]
    methods = "--method=few-shot-comparative,kaleido,reward,oracle"
    out, _ = shell(
        *words, methods, "--decoding=greedy", "--decoding=sampling", "--seed=1", "--seed=2"
    )
    found = [(one["model"], one["decoding"], one["method"]) for one in json.loads(out)]
    decodings = ["greedy", "sampling", "sampling"]
    assert [one for one in found if one[2] == "few-shot-comparative"] == [
        (model, decoding, "few-shot-comparative") for model in "ab" for decoding in decodings
    ]
    assert sorted(one[2] for one in found if one[2] != "few-shot-comparative") == [
        "kaleido",
        "oracle",
        "reward",
    ]


def test_a_dry_run_tells_what_is_answered(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = "--method=few-shot-comparative,prompt-aligned-few-shot,kaleido"
    words = ["--headless", methods, "--decoding=sampling"]
    shell(*words, "--attributes=care", "--targets=high", "--limit=2")
    with shell.store.writing() as db:
        db.execute(
            "UPDATE generations SET error = 'lost' WHERE request ="
            " (SELECT min(request) FROM items WHERE run = 1)"
        )

    def answered(*more: str) -> list[int]:
        out, _ = shell(*words, *more, "--dry-run", "--json")
        return [one["answered"] for one in json.loads(out)]

    monkeypatch.setattr(headless, "Backend", None)  # no model is looked for
    care = ("--attributes=care", "--targets=high")
    assert answered(*care, "--limit=2") == answered(*care, "--limit=9") == [9, 10, 6]
    assert answered(*care, "--scenario=2", "--backend=plain")[1:] == [5, 3]
    assert answered("--attributes=care", "--targets=low") == [9, 0, 6]
    assert answered("--attributes=liberty", "--targets=high") == [0, 0, 0]
    for change in ("--model=other", "--seed=7", "--dtype=bfloat16", "--split=train"):
        assert answered(*care, change)[:2] == [0, 0]
    out, _ = shell(*words, *care, "--limit=3", "--dry-run")
    assert "25 are answered already" in out


def test_a_record_that_contradicts_itself_is_no_obstacle_to_a_dry_run(shell: Shell) -> None:
    words = ["--headless", "--method=zero-shot-comparative", "--limit=1", "--attributes=care"]
    shell(*words, "--targets=high")
    options = {"url": ["http://here:8000/v1"], "backend": "local"}
    with shell.store.writing() as db:
        environment = json.dumps({"options": options})
        runs.mark(db, 1, "finished", process="here:1", environment=environment, at=AT)
    out, _ = shell(*words, "--targets=high", "--dry-run", "--json")
    assert [one["answered"] for one in json.loads(out)] == [0]


def test_a_dry_run_tells_the_cells_apart(shell: Shell) -> None:
    written(shell.folder, GRID)
    out, _ = shell("--headless", "--config=run.toml", "--dry-run")
    assert "| decoding | method" in out
    assert "| sampling | few-shot-comparative | 10 " in out


def test_the_paper_is_a_grid_of_all_methods() -> None:
    found = options({"model": ["a", "b"], "benchmark": ["mini-mic"]}, PAPER)
    assert {method for one in found for method in one.method} == set(NAMES)
    assert all("all" not in one.targets for one in found if PER_TARGET.intersection(one.method))


@pytest.mark.parametrize(
    "word",
    [
        "--method=oracle",
        "--config=x.toml",
        "--decoding=greedy",
        "--attributes=care",
        "--split=eval",
    ],
)
def test_the_paper_decides_what_is_run(shell: Shell, word: str) -> None:
    _, errors = shell("--headless", "--paper", word, code=2)
    assert f"field '{word.partition('=')[0]}': --paper decides it" in errors
