"""Explaining known labels: what is asked, what is kept, what becomes of earlier runs."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from spm_tui import prompts
from spm_tui.bench import execute
from spm_tui.bench.events import Ended, Event, ItemAnswered, Planned, Progress
from spm_tui.bench.inspection import inspect
from spm_tui.bench.reasonings import RETRIES, Explainer, explain, labels, request, unexplained
from spm_tui.bench.subject import Backbone, Selection, Subject, load_subject
from spm_tui.cli import headless, reasonings
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.errors import ModelError
from spm_tui.methods.base import Settings
from spm_tui.wire import Reply, Request
from store import benchmarks, runs
from store.connection import Store
from store.records import Benchmark
from tests import build
from tests.backend import FakeBackend
from tests.build import SMALL
from tests.conftest import AT
from tests.spm_tui.test_cli import Captured, Shell
from tests.spm_tui.test_helpsteer2 import lines, raw
from tests.spm_tui.test_inspection import asked

BARE = replace(
    SMALL,
    scenarios=tuple(
        build.scenario(
            one.number, [r.labels for r in one.responses], split=one.split, reasons=False
        )
        for one in SMALL.scenarios
    ),
)
"""The same without reasoning examples: 16 labels to explain."""
SMOL = Explainer(Backbone("smol", "r/float32"))
Script = Callable[[Request], str | Reply]


def said(sentence: str) -> str:
    return json.dumps({"reasoning": sentence})


def fine(request: Request) -> str:
    """Answer with a sentence that nothing speaks against."""
    return said(f"The response says {request.question.split(':')[2].split()[0]} of it.")


def subject(
    store: Store,
    benchmark: Benchmark = BARE,
    selection: Selection = Selection("train"),  # noqa: B008
) -> Subject:
    with store.writing() as db:
        benchmarks.add(db, benchmark, at=AT)
    return load_subject(store, benchmark.name, selection, at=AT)


def written(store: Store) -> dict[tuple[int, int, int], str]:
    with store.reading() as db:
        found = benchmarks.load(db, BARE.identity)
    return {
        (scenario.number, index, attribute): text
        for scenario in found.split("train")
        for index, response in enumerate(scenario.responses)
        for attribute, text in enumerate(response.reasonings)
        if text is not None
    }


def write(
    store: Store,
    about: Subject,
    script: Script | Iterable[str | Reply] | None,
    *,
    by: Explainer = SMOL,
    replacing: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[list[Event], list[Request]]:
    """Explain; return events and what was asked. Without a script no engine is needed."""
    engine = ScriptedEngine(script or ())

    def give() -> ScriptedEngine:
        assert script is not None, "the engine is not needed"
        return engine

    later = AT + timedelta(hours=1)
    events = explain(store, about, by, give, replace=replacing, now=lambda: later, stop=stop)
    return list(events), engine.calls


def test_every_label_without_a_reasoning_is_explained(store: Store) -> None:
    about = subject(store)
    events, calls = write(store, about, fine)
    assert len(calls) == 4 * 2 * 2
    planned, *_, progress, ended = events
    assert planned == Planned(0, "small", "train", "", "smol", 16, 0)
    assert isinstance(progress, Progress)
    assert (progress.done, progress.total, progress.failed) == (16, 16, 0)
    assert ended == Ended(0, "finished", 0)
    assert len(written(store)) == 16
    assert unexplained(store, about) == []
    with store.reading() as db:
        rows = db.execute("SELECT DISTINCT provenance FROM reasonings").fetchall()
    assert rows == [(SMOL.provenance,)]
    assert json.loads(SMOL.provenance) == {
        "model": "smol",
        "revision": "r/float32",
        "seed": 0,
        "wording": prompts.EXPLANATION_WORDING,
    }


def test_a_question_has_the_response_and_its_label_in_words(store: Store) -> None:
    first = labels(subject(store))[2]
    asked_for = request(first)
    assert (first.place, first.level) == ((1, 1, 0), 4)
    assert "train question 1?" in asked_for.question
    assert "train response 1 to 1" in asked_for.question
    assert "train response 0 to 1" not in asked_for.question
    assert "care, that is, what care is." in asked_for.question
    assert "the highest level: all care." in asked_for.question
    assert (asked_for.temperature, asked_for.seed) == (0.0, 0)
    assert len(asked_for.shots) == 2


def test_what_is_there_is_left_alone(store: Store) -> None:
    about = subject(store, SMALL)
    events, calls = write(store, about, None)
    assert [type(event) for event in events] == [Planned, Ended]
    assert calls == []


def test_only_what_is_selected_is_explained(store: Store) -> None:
    selection = Selection("train", limit=2, attributes=("fairness",))
    _, calls = write(store, subject(store, selection=selection), fine)
    assert len(calls) == 4
    assert set(written(store)) == {(s, r, 1) for s in (1, 2) for r in (0, 1)}


def test_present_ones_are_replaced_on_demand_and_only_once(store: Store) -> None:
    about = subject(store)
    write(store, about, fine)
    other = Explainer(Backbone("large", "r/float32"))
    script: Script = lambda _: said("The response says more.")  # noqa: E731
    _, calls = write(store, about, script, by=other, replacing=True)
    assert len(calls) == 16
    assert set(written(store).values()) == {"The response says more."}
    write(store, about, None, by=other, replacing=True)
    _, again = write(store, about, fine, by=replace(other, seed=1), replacing=True)
    assert len(again) == 16


def test_an_unusable_answer_is_asked_for_again_with_other_seeds(store: Store) -> None:
    about = subject(store, selection=Selection("train", limit=1, attributes=("care",)))
    script: list[str | Reply] = [
        said("The response is very caring."),  # its label is the lowest
        said("The response is not caring."),  # and the highest
        said("It is. So."),
        "not JSON",
        Reply("", 9, 0, 0, 0.1, error="the prompt has 9 tokens"),
        said("The response says no."),
        said("The response says yes."),
    ]
    events, calls = write(store, about, script)
    assert [one.temperature for one in calls] == [0.0, 0.0, *[0.7] * 5]
    assert len({one.seed for one in calls}) == 1 + 5
    items = [event for event in events if isinstance(event, ItemAnswered)]
    assert [(one.sample, (one.error or "")[:12]) for one in items] == [
        (0, "begins as fo"),
        (0, "begins as fo"),
        (1, "not about th"),
        (1, "not JSON (Ex"),
        (2, "the prompt h"),
        (2, ""),
        (3, ""),
    ]
    assert written(store) == {
        (1, 1, 0): "The response says no.",
        (1, 0, 0): "The response says yes.",
    }
    assert events[-1] == Ended(0, "finished", 0)


def test_after_the_last_attempt_a_label_is_left_without(store: Store) -> None:
    about = subject(store)
    bad = labels(about)[0]
    attempts = {request(bad, attempt=attempt).question for attempt in range(1 + RETRIES)}

    def script(one: Request) -> str:
        return said("No.") if one.question in attempts else fine(one)

    events, calls = write(store, about, script)
    assert len(calls) == 16 + RETRIES
    *_, progress, ended = events
    assert isinstance(progress, Progress)
    assert (progress.done, progress.failed, progress.total) == (15, 1, 16)
    assert ended == Ended(0, "finished", 1)
    assert unexplained(store, about) == [bad]
    _, again = write(store, about, script)
    assert len(again) == 1 + RETRIES, "it is tried anew"


def test_equal_questions_are_asked_once(store: Store) -> None:
    """A response with the same label under the same question, in another scenario."""
    twice = build.benchmark([[[0, 0], [1, 1]]], [[[0, 0], [4, 4]]])
    one = twice.split("train")[0]
    other = replace(
        one, number=2, responses=(one.responses[0], replace(one.responses[1], text="x"))
    )
    bare = tuple(
        replace(s, responses=tuple(replace(r, reasonings=(None, None)) for r in s.responses))
        for s in (one, other)
    )
    about = subject(store, replace(twice, scenarios=(*bare, *twice.split("eval"))))
    events, calls = write(store, about, fine)
    assert len(calls) == 6
    assert len([event for event in events if isinstance(event, ItemAnswered)]) == 8
    assert unexplained(store, about) == []


def test_stopping_keeps_what_is_written_and_resuming_asks_the_rest(store: Store) -> None:
    about, total = subject(store), 0
    while True:
        ticks = count(1)
        events, calls = write(store, about, fine, stop=lambda ticks=ticks: next(ticks) >= 5)  # type: ignore[misc]
        total += len(calls)
        if events[-1] == Ended(0, "finished", 0):
            break
        assert events[-1] == Ended(0, "interrupted", 0)
        assert len(written(store)) == total
    assert total == 16


def test_a_crash_loses_only_what_was_not_committed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "COMMIT_SECONDS", 0.0)
    ticks = count(1)

    def die(one: Request) -> str:
        if next(ticks) == 4:
            raise ModelError("the device is gone")
        return fine(one)

    about = subject(store)
    with pytest.raises(ModelError):
        write(store, about, die)
    assert len(written(store)) == 3
    _, rest = write(store, about, fine)
    assert len(rest) == 13


def test_what_another_process_has_explained_meanwhile_stays(store: Store) -> None:
    about = subject(store)

    def overtaken(one: Request) -> str:
        if not written(store):
            with store.writing() as db:
                rows = [("train", 1, 0, 0, "Theirs.")]
                benchmarks.add_reasonings(db, BARE.identity, rows, provenance="x", at=AT)  # type: ignore[arg-type]
        return fine(one)

    write(store, about, overtaken)
    assert written(store)[1, 0, 0] == "Theirs."
    with store.reading() as db:
        assert db.execute("SELECT count(*) FROM reasonings").fetchall() == [(16,)]


# runs made before


def test_a_run_after_explaining_is_another_and_both_are_proven(store: Store) -> None:
    method, settings = "few-shot-comparative", Settings(BARE.attributes)
    before, engine = asked(store, method, settings, benchmark=BARE)
    shown = {one.ask.request.shots for one in inspect(store, before, 1)}
    write(store, subject(store), fine)
    found = inspect(store, before, 1)
    assert all(one.proven and one.ask.request in engine.calls for one in found)
    assert {one.ask.request.shots for one in found} == shown
    assert all("On care" in shot.answer for shot in found[0].ask.request.shots)

    asked(store, method, settings, benchmark=BARE, at=AT + timedelta(hours=2))
    with store.reading() as db:
        first, second = runs.listing(db)
    assert first.spec.identity != second.spec.identity
    again = inspect(store, second, 1)
    assert all(one.proven for one in again)
    assert all("The response says" in shot.answer for shot in again[0].ask.request.shots)
    assert all(one.proven for one in inspect(store, first, 1))


# the command


@pytest.fixture
def shell(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(headless, "Backend", FakeBackend)
    monkeypatch.setattr(reasonings, "Backend", FakeBackend)
    monkeypatch.setattr("tests.machine.judge", fine)
    rows: list[Mapping[str, Any]] = [
        raw(prompt, response, *levels, split=split)
        for prompt, split in (("p", "train"), ("q", "train"), ("r", "validation"))
        for response, levels in (("a", (0, 1, 2, 3, 4)), ("b", (4, 3, 2, 1, 0)))
    ]
    lines(tmp_path / "raw.jsonl", [dict(row) for row in rows])
    one = Shell(tmp_path, capsys)
    one("import", "helpsteer2", "raw.jsonl", "--split=source", "--name=hs")
    return one


WORDS = ("import", "reasonings", "--benchmark=hs", "--model=smol")


def test_a_raw_import_is_explained_and_then_has_nothing_to_explain(shell: Shell) -> None:
    out, errors = shell(*WORDS, "--limit=1")
    assert out == "10 explained by smol, of 10 labels of hs/train\n"
    assert errors.startswith("smol explains 10 of the 10 labels of hs/train\nloading nothing …\n")
    out, errors = shell(*WORDS)
    assert out == "10 explained by smol, of 20 labels of hs/train\n"
    assert "smol explains 10 of the 20 labels" in errors
    out, errors = shell(*WORDS)
    assert (out, errors) == ("nothing to explain: 20 labels of hs/train have reasonings\n", "")
    out, _ = shell(*WORDS, "--replace", "--seed=1", "--display=none")
    assert out.startswith("20 explained by smol")


def test_what_could_not_be_explained_is_counted_and_ends_with_1(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad: Script = lambda one: said("No.") if "b\n" in one.question else "?"  # noqa: E731
    monkeypatch.setattr("tests.machine.judge", bad)
    out, _ = shell(*WORDS, "--limit=1", code=1)
    assert out == (
        "0 explained by smol, of 10 labels of hs/train;"
        " 10 left without (5 not JSON (Expecting value, 5 not about the response)\n"
    )


def test_a_dry_run_asks_nothing(shell: Shell) -> None:
    out, errors = shell(*WORDS, "--dry-run")
    assert out.startswith("20 of 20 labels of hs/train to explain: about ")
    assert errors == ""
    shell(*WORDS)
    assert shell(*WORDS, "--dry-run")[0].startswith("0 of 20 labels")
    assert shell(*WORDS, "--dry-run", "--replace")[0].startswith("20 of 20 labels")


def test_earlier_runs_are_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.machine.judge", lambda _: "?")
    shell("--headless", "--benchmark=hs", "--targets=high", code=1)
    with shell.store.writing() as db:
        runs.mark(db, 1, "interrupted", process="x", environment="{}", at=AT)
    monkeypatch.setattr("tests.machine.judge", fine)
    _, errors = shell(*WORDS)
    assert "note: few-shot runs from now on are other runs than 1, which stay as they" in errors
    assert "note: of these, 1 can no longer be resumed" in errors


def test_an_interruption_says_how_to_go_on(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasonings, "explain", lambda *_, **__: iter([Ended(0, "interrupted", 0)]))
    _, errors = shell(*WORDS, code=130)
    assert "interrupted; what is answered is stored. To go on: spm-tui" in errors


def test_events_are_written_for_programs(shell: Shell) -> None:
    out, _ = shell("--events=-", *WORDS, "--limit=1")
    events = [json.loads(line) for line in out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["plan", "stage", *["item"] * 10, "batch", "done"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--model=x"], "field '--benchmark': expected a name"),
        (["--benchmark=hs"], "field '--model': expected a name"),
        (["--benchmark=gone", "--model=x"], "no benchmark 'gone'"),
        (["--benchmark=hs", "--model=x", "--limit=0"], "field '--limit': expected a whole number"),
        (["--benchmark=hs", "--model=x", "--attributes=x"], "'x' is none of helpfulness"),
        (["--benchmark=hs", "--model=x", "--method=oracle"], "unrecognized arguments: --method"),
    ],
)
def test_bad_input_is_one_line(shell: Shell, words: list[str], complaint: str) -> None:
    out, errors = shell("import", "reasonings", *words, code=2)
    (line,) = errors.splitlines()
    assert complaint in line
    assert out == ""
