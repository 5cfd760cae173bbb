"""The app as a person uses it: keys in, what is on the screen out."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from textual import events
from textual.widgets import Input, Select

from spm_tui.bench.options import RunOptions
from spm_tui.target_files import read
from spm_tui.tui.app import SpmApp
from spm_tui.tui.config import Config
from spm_tui.tui.screens.browse import BrowseScreen
from spm_tui.tui.screens.run_form import RunForm
from spm_tui.tui.screens.welcome import WelcomeScreen
from spm_tui.tui.widgets.field import Field
from store import annotations, benchmarks, runs
from store.connection import Store
from store.records import Benchmark, Prediction, Response, Scenario
from tests import build
from tests.build import SMALL
from tests.conftest import AT
from tests.tui.apps import FAKE, SIZES, make_app, opened, paste, screen, shows
from tests.tui.wait import settle


@pytest.mark.parametrize("size", SIZES)
async def test_the_newest_run_is_shown_against_the_target(
    filled: Store, size: tuple[int, int]
) -> None:
    app = make_app(filled)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot, lambda: app.desk is not None)
        await pilot.press("o", "j", "enter")
        await shows(pilot, app, "100.0 % (1/1)", "= 1 ", "✓ 2 ", "= 3 ")


async def test_keys_move_through_scenarios_and_the_detail_follows(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("j")
        await shows(pilot, app, "2. eval question 2?", "2/3")
        await pilot.press("G")
        await shows(pilot, app, "3. eval question 3?", "3/3")
        await pilot.press("g", "down", "up")
        await shows(pilot, app, "1. eval question 1?", "1/3")


async def test_many_keys_at_once_all_count(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("slash", *"question 3", "enter")
        await shows(pilot, app, "1/1 of 3", "“question 3”", "3. eval question 3?")
        await pilot.press("escape")
        await shows(pilot, app, "3/3")


async def test_a_number_goes_there_even_if_it_is_not_listed(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("slash", *"question 3", "enter")
        await shows(pilot, app, "1/1 of 3")
        await pilot.press("colon", "2", "enter")
        await shows(pilot, app, "2/3", "2. eval question 2?", "filter and search")
        await pilot.press("colon", "9", "enter")
        await shows(pilot, app, "a number from 1")


async def test_the_filter_menu_counts_at_once(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 45), notifications=True) as pilot:
        await opened(pilot, app)
        ties = sum(status == 2 for status in app.desk.standings.status)  # type: ignore[union-attr]
        await pilot.press("f", "j", "j", "j", "enter")
        await shows(pilot, app, "● tie")
        await pilot.press("escape")
        await shows(pilot, app, f"/{ties} of 3 · tie")
        await pilot.press("escape")
        await shows(pilot, app, "/3")
        assert "· tie" not in screen(app)


async def test_a_slider_moves_picks_and_accuracy(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("t", "left", "left")
        await shows(pilot, app, "target custom", "care=0.5")
        await pilot.press("space")
        await shows(pilot, app, "off", "target custom: fairness=1")
        await pilot.press("j", "0", "plus")
        await shows(pilot, app, "fairness=0*2", "×2")
        await pilot.press("d")
        await shows(pilot, app, "city-block")
        await pilot.press("right_square_bracket")
        await shows(pilot, app, "target high, city-block: care=1")
        await pilot.press("escape")
        assert not app.screen.has_class("-steering")


async def test_no_move_of_a_slider_is_lost_however_fast(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("t")
        for key in ("left", "left", "left", "left"):
            app.post_message(events.Key(key, None))
        await shows(pilot, app, "●────────── 0.00")
        assert app.desk is not None
        assert [slot.value for slot in app.desk.steering.slots] == [0.0, 1.0]


async def test_a_saved_target_cannot_take_the_name_of_a_preset(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("t", "left", "S", *"high", "enter")
        await shows(pilot, app, "high is the name of another preset")
        await pilot.press("S", *"sampled", "enter")
        await shows(pilot, app, "sampled is the name of another preset")
        await pilot.press("S", *"kind,fair", "enter")
        await shows(pilot, app, "a comma cannot be in the name of a target")
        await pilot.press("T")
        await shows(pilot, app, "align to", "sampled 1")
        assert app.desk is not None
        assert app.desk.saved == {}


async def test_keys_of_the_list_do_nothing_on_other_screens(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("a")
        await shows(pilot, app, "0/3 judged")
        await pilot.press("m", "r", "p", "o", "escape")
        await shows(pilot, app, "1/3")
        assert not app.queue.jobs
    with filled.reading() as db:
        assert not [a for run in (1, 2, 3) for a in annotations.history(db, run)]


async def test_a_run_is_seen_to_grow_while_it_goes_on(filled: Store) -> None:
    with filled.writing() as db:
        spec = replace(runs.get(db, 1).spec, config='{"method":{"temperature":0}}')
        run = runs.open_run(db, spec, process="here:1", environment="{}", at=datetime(2030, 1, 1))
    app = make_app(filled)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await shows(pilot, app, f"run {run} ", "running", "(0/0)")
        said = [
            Prediction(scenario, attribute, 0, response, 0.5, "so")
            for scenario in (1, 2, 3)
            for attribute in (0, 1)
            for response in range(3)
        ]
        with filled.writing() as db:
            runs.add_batch(db, run, runs.Batch(predictions=said), at=AT)
        await settle(pilot, lambda: app.desk is not None and app.desk.standings.scored)


@pytest.mark.parametrize("keys", [["v"], ["c", "enter"]])
async def test_screens_above_the_list_see_a_run_grow(filled: Store, keys: list[str]) -> None:
    with filled.writing() as db:
        spec = replace(runs.get(db, 1).spec, config='{"method":{"temperature":0}}')
        run = runs.open_run(db, spec, process="here:1", environment="{}", at=datetime(2030, 1, 1))
    app = make_app(filled)
    async with app.run_test(size=(140, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press(*keys)
        before, after = {
            "v": ("This run has no answers yet", "Accuracy is"),
            "c": ("5 not compared 3", "5 not compared 2"),
        }[keys[0]]
        await shows(pilot, app, before)
        said = [
            Prediction(scenario, attribute, 0, response, 0.5 + response / 10, "so")
            for scenario in (1, 2, 3)
            for attribute in (0, 1)
            for response in range(3)
        ]
        with filled.writing() as db:
            runs.add_batch(db, run, runs.Batch(predictions=said), at=AT)
            runs.mark(db, run, "finished", process="here:1", environment="{}", at=AT)
        await shows(pilot, app, after)
        assert app.desk is not None
        assert app.desk.standings.scored, "the desk, too"


async def test_a_target_is_saved_copied_and_exported(filled: Store, tmp_path: Path) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("t", "left", "y")
        assert json.loads(app.clipboard) == {"care": 0.75, "fairness": 1}
        await pilot.press("S", *"mine", "enter")
        await shows(pilot, app, "target mine")
        path = tmp_path / "target.json"
        await pilot.press("e")
        await shows(pilot, app, "export")
        await pilot.press("j", "enter", "ctrl+u")
        await paste(pilot, str(path))
        await pilot.press("enter")
        await settle(pilot, path.is_file)
    (exported,) = read(path, SMALL.attributes)
    assert dict(exported.targets[0].values)["care"] == 0.75
    with filled.reading() as db:
        assert list(annotations.saved_targets(db, SMALL.identity)) == ["mine"]


@pytest.mark.parametrize(
    ("place", "name"),
    [(0, "list.csv"), (2, "predictions.jsonl"), (4, "bundle")],
)
async def test_exports_become_files(filled: Store, tmp_path: Path, place: int, name: str) -> None:
    app = make_app(filled)
    path = tmp_path / name
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("o", "j", "j", "enter")
        await shows(pilot, app, "run 1")
        await pilot.press("e", *("j" for _ in range(place)), "enter")
        await pilot.press("ctrl+u")
        await paste(pilot, str(path))
        await pilot.press("enter")
        await shows(pilot, app, "written to")
    assert path.stat().st_size


async def test_what_cannot_be_written_is_a_notification(filled: Store, tmp_path: Path) -> None:
    app = make_app(filled)
    there = tmp_path / "there.csv"
    there.write_text("mine")
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("e", "enter", "ctrl+u")
        await paste(pilot, str(there))
        await pilot.press("enter")
        await shows(pilot, app, "there already", "export list to")
    assert there.read_text() == "mine"


async def test_flags_are_set_taken_off_and_kept(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("m")
        await shows(pilot, app, "⚑")
        await pilot.press("m", "j", "m")
        await pilot.press("f", *("j" for _ in range(6)), "enter", "escape")
        await shows(pilot, app, "1/1 of 3 · flagged", "2. eval question 2?")
        await app.workers.wait_for_complete()
    with filled.reading() as db:
        run = runs.listing(db)[-1].number
        history = [(a.scenario, a.verdict, a.author) for a in annotations.history(db, run)]
    assert history == [(1, "flag", "ada"), (1, "unflag", "ada"), (2, "flag", "ada")]


async def test_a_scenario_is_read_whole_and_copied(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("o", "j", "j", "enter")
        await shows(pilot, app, "run 1")
        await pilot.press("enter")
        await shows(pilot, app, "the whole scenario", "sample 2")
        await pilot.press("y")
        assert "1. eval question 1?" in app.clipboard
        await pilot.press("escape", "y")
        assert "sample 2" in app.clipboard


async def test_the_prompt_is_proven_by_its_hash(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("p")
        await shows(pilot, app, "asks no model")
        await pilot.press("escape", "o", "j", "j", "enter")
        await shows(pilot, app, "run 1")
        await pilot.press("p")
        await shows(pilot, app, "request 1 of 4", "proven by its hash", "worked examples")
        await pilot.press("y")
        assert json.loads(app.clipboard)[0]["role"] == "system"
        await pilot.press("right")
        await shows(pilot, app, "request 2 of 4", "sample 2")


async def test_an_empty_store_welcomes_and_shows_a_bundled_run(store: Store) -> None:
    app = make_app(store)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await shows(pilot, app, "This store is empty")
        await pilot.press("j", "j", "enter")
        await shows(pilot, app, "Import", "path")
        await pilot.press("escape")
        await shows(pilot, app, "This store is empty")
        await pilot.press("enter")
        await shows(pilot, app, "mini-mic/eval", "1. A bathhouse in Japan")


async def test_a_file_is_imported_from_the_welcome(store: Store, tmp_path: Path) -> None:
    rows = [
        {"prompt": f"p{i}", "response": f"{letter}{i}", "helpfulness": i % 5, "correctness": 1,
         "coherence": 2, "complexity": 3, "verbosity": 4}
        for i in range(12)
        for letter in "ab"
    ]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    app = make_app(store)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await pilot.press("j", "j", "enter")
        await shows(pilot, app, "Import")
        await pilot.press("tab")
        await paste(pilot, str(tmp_path / "gone.jsonl"))
        await pilot.press("enter")
        await shows(pilot, app, "No such file", "This store is empty")
        await pilot.press("j", "j", "enter", "tab")
        await paste(pilot, str(path))
        await pilot.press("enter")
        await shows(pilot, app, "helpsteer2/eval · not run")


async def test_a_damaged_store_is_a_notification_and_the_app_goes_on(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        with duckdb.connect(str(filled.path)) as db:
            db.execute("DROP TABLE choices")
        await shows(pilot, app, "its table choices is not of spm-tui")
        await pilot.press("j")
        await shows(pilot, app, "eval question 2?")


async def test_an_unusable_store_is_a_notification(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    path.write_text("nothing of the kind")
    app = make_app(Store(path))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, app, str(path)[:20])


async def test_this_scenario_is_run_and_its_answers_land(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        app.submit(RunOptions(benchmark="small", limit=1, targets=("high",)))
        await shows(pilot, app, "run 4 finished", "run 4 few-shot-comparative")
        await settle(pilot, lambda: app.desk is not None and app.desk.standings.status[0] != 3)
        assert [int(status) for status in app.desk.standings.status[1:]] == [3, 3]  # type: ignore[union-attr]
        await pilot.press("j", "r")
        await settle(pilot, lambda: app.desk is not None and app.desk.standings.status[1] != 3)


async def test_a_run_made_elsewhere_comes_to_the_screen(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        words = [*FAKE, "--headless", "--benchmark=small", "--limit=1", "--targets=high"]
        out = filled.path.parent / "out"
        process = await asyncio.create_subprocess_exec(
            *words,
            f"--store={filled.path}",
            f"--out={out}",
            "--display=none",
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == 0
        await settle(pilot, lambda: len(app.contents.runs) == 4)
        await pilot.press("o")
        await shows(pilot, app, "  4  small/eval")


async def test_of_two_benchmarks_with_one_name_the_chosen_one_is_run(filled: Store) -> None:
    twin = build.benchmark([[[0], [4]], [[1], [3]]], names=["zeal"])
    with filled.writing() as db:
        benchmarks.add(db, twin, at=AT)
        mapping = {"care": 1.0}
        annotations.save_targets(db, "kind", SMALL.identity, [mapping], at=AT)
    app = make_app(filled)
    async with app.run_test(size=(100, 40), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("R")
        await shows(pilot, app, f"small ({SMALL.identity[:6]})", "no requests")
        form = app.screen
        assert isinstance(form, RunForm)
        form.query_one("#targets", Input).value = "kind"
        await pilot.pause()
        assert form.query_one("#field-targets", Field).has_class("-wrong") is False
        form.query_one("#benchmark", Select).value = twin.identity[:12]
        await shows(pilot, app, f"small ({twin.identity[:6]})", "'kind' is neither a file")
        form.query_one("#targets", Input).value = "high"
        form.query_one("#method", Select).value = "oracle"
        await shows(pilot, app, "zeal", "no requests")
        await pilot.press("ctrl+r")
        await shows(pilot, app, "run 4 finished")
    with filled.reading() as db:
        assert runs.get(db, 4).spec.benchmark == twin.identity


async def test_the_servers_of_the_last_run_are_offered_again(filled: Store) -> None:
    app = make_app(filled)
    url = "http://127.0.0.1:9/v1"
    async with app.run_test(size=(100, 40)) as pilot:
        await opened(pilot, app)
        app.submit(RunOptions(benchmark="small", backend="vllm", url=(url,), batch_size=4))
        app.submit(RunOptions(benchmark="small", limit=1, batch_size=4))
        assert [job.options.batch_size for job in app.queue.jobs] == [None, 4]
        await pilot.press("R")
        await settle(pilot, lambda: isinstance(app.screen, RunForm))
        assert app.screen.query_one("#url", Input).value == url
        await settle(pilot, lambda: all(job.over for job in app.queue.jobs), seconds=15)


async def test_a_run_that_fails_says_why_and_where_its_log_is(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        app.submit(RunOptions(benchmark="gone"))
        await shows(pilot, app, "failed: field")
        assert any("\nlog: " in note.message for note in app._notifications)


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("import sys; print('srun: error: no node left', file=sys.stderr); sys.exit(1)",
         "srun: error: no node left"),
        ("print('all is well')", "ended without a result; last it said: all is well"),
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9 (Killed)"),
        ("raise RuntimeError('no kernel image')", "RuntimeError: no kernel image"),
    ],
)  # fmt: skip
async def test_a_launcher_that_fails_is_no_finished_run(
    filled: Store, size: tuple[int, int], program: str, problem: str
) -> None:
    command = (sys.executable, "-c", program)
    settings = Config(author="ada", theme="spm-dark", command=command)
    app = SpmApp(filled, config=settings, folder=filled.path.parent / "state")
    async with app.run_test(size=size, notifications=True) as pilot:
        await opened(pilot, app)
        app.submit(RunOptions(benchmark="small"))
        await shows(pilot, app, f"few-shot-comparative on small/eval: {problem}\nlog: ")
        await settle(pilot, lambda: "failed" in screen(app))
        assert "finished" not in screen(app)


async def test_a_run_whose_model_cannot_be_used_is_not_left_behind(filled: Store) -> None:
    url = "http://127.0.0.1:9/v1"
    settings = Config(author="ada", theme="spm-dark")
    app = SpmApp(filled, config=settings, folder=filled.path.parent / "state")
    with filled.reading() as db:
        before = runs.listing(db)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        shown = app.desk
        options = RunOptions(method=("zero-shot-comparative",), benchmark="small", limit=1)
        app.submit(replace(options, backend="vllm", url=(url,)))
        await settle(pilot, lambda: all(job.over for job in app.queue.jobs), seconds=60)
        await shows(pilot, app, "failed: ")
        assert url.removesuffix("/v1") in app.queue.jobs[0].error
        assert app.desk is shown
    with filled.reading() as db:
        assert runs.listing(db) == before


async def test_quitting_asks_what_becomes_of_a_run(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, app)
        app.submit(RunOptions(benchmark="mini-mic"))
        await settle(pilot, lambda: app.queue.running)
        await pilot.press("q")
        await shows(pilot, app, "leave")
        await pilot.press("escape")
        assert app.is_running
        await pilot.press("q", "s")
        await settle(pilot, lambda: not app.is_running)


async def test_everything_is_found_again_where_it_was_left(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("o", "j", "j", "enter")
        await shows(pilot, app, "run 1 few-shot-comparative")
        await pilot.press("t", "left", "d", "t", "colon", "2", "enter")
        await shows(pilot, app, "2/3")
        app.theme = "spm-light"
    again = make_app(filled)
    async with again.run_test(size=(140, 45)) as pilot:
        await settle(pilot, lambda: again.desk is not None)
        await shows(
            pilot, again, "run 1 few-shot-comparative", "target custom", "2. eval question 2?"
        )
        assert again.desk is not None
        assert again.desk.steering.function == "city-block"
        assert [slot.value for slot in again.desk.steering.slots] == [0.75, 1.0]
        assert again.theme == "spm-light"


async def test_keys_for_what_does_not_exist_are_pointed_out(filled: Store) -> None:
    app = make_app(filled, keys={"list.nxt": "x", "target.more": "x", "annotate.undo": "x"})
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, app, "no action is called list.nxt;")


async def test_keys_can_be_looked_up_and_changed(filled: Store) -> None:
    app = make_app(filled, keys={"list.next": "x"})
    async with app.run_test(size=(100, 60), notifications=True) as pilot:
        await opened(pilot, app)
        await pilot.press("x")
        await shows(pilot, app, "2/3")
        await pilot.press("question_mark")
        await shows(pilot, app, "list.next", "app.export", "browse.compare")
        await pilot.press("escape", "ctrl+p", *"save the target")
        await shows(pilot, app, "Save the target")


NASTY = "[bold]x[/] \x1b[31mred\x1b[0m \x07 \u202eabc\u202c e\u0301 漢字 مرحبا {curly} \\"


@pytest.mark.parametrize("size", SIZES)
async def test_texts_of_the_data_are_shown_and_never_obeyed(
    store: Store, size: tuple[int, int]
) -> None:
    responses = tuple(
        Response(f"{NASTY} {place}", (place % 7, 3), (NASTY, None)) for place in range(26)
    )
    scenarios = (
        Scenario("train", 1, NASTY, responses),
        Scenario("eval", 1, f"{NASTY} question", responses),
    )
    with store.writing() as db:
        benchmarks.add(db, Benchmark("n[red]asty", "made", SMALL.attributes, scenarios), at=AT)
    app = make_app(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot, lambda: app.desk is not None)
        await shows(pilot, app, "n[red]asty")
        await pilot.press("enter")
        await shows(pilot, app, "[bold]x[/]", "␛[31m")
        assert "\x1b" not in screen(app).replace("␛", "")
        await pilot.press("escape", "t", "escape", "o")
        await shows(pilot, app, "n[red]asty/eval")


async def test_a_terminal_may_be_resized_to_anything(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(140, 45), notifications=True) as pilot:
        await opened(pilot, app)
        for size in [(40, 10), (20, 5), (200, 60), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.press("j", "t", "k", "t")
        assert isinstance(app.screen, BrowseScreen)
        await shows(pilot, app, "eval question")


async def test_a_run_may_tell_of_itself_while_the_app_closes(filled: Store) -> None:
    app = make_app(filled)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        app.submit(RunOptions(benchmark="small", limit=1, targets=("high",)))
        await settle(pilot, lambda: all(job.over for job in app.queue.jobs))
        browse = app.screen
        assert isinstance(browse, BrowseScreen)
        await browse.query("*").remove()
        browse.show_job(app.queue.jobs[0], waiting=0)
        browse.think({})
