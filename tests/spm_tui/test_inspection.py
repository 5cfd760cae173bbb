"""From a stored run back to what it asked, and to the options that repeat it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from spm_tui.bench.execute import run_asking
from spm_tui.bench.inspection import Inspected, inspect, job_of
from spm_tui.bench.options import RunOptions
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.repeating import options_of
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.cli import headless
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.errors import InputError
from spm_tui.forms import Text
from spm_tui.methods.base import Settings
from spm_tui.methods.catalogue import (
    CHOOSING,
    DIRECT,
    FEW_SHOT,
    MODEL_OF,
    PER_TARGET,
    TRAINED,
    Role,
)
from spm_tui.report import files
from spm_tui.targets import Target
from spm_tui.wire import Reply, Request
from store import benchmarks, runs
from store.connection import Store
from store.records import Benchmark, Run
from tests.backend import FakeBackend
from tests.build import SMALL
from tests.conftest import AT
from tests.machine import embed, judge
from tests.spm_tui.test_cli import Captured, Shell
from tests.spm_tui.test_report import fill

DECODING = {
    "greedy": Settings(SMALL.attributes),
    "sampled": Settings(SMALL.attributes, temperature=0.7, samples=2, seed=5, shots=3),
    "brief": Settings(SMALL.attributes, reasoning=Text(400, 32)),
}


def asked(
    store: Store,
    method: str,
    settings: Settings,
    reply: Callable[[Request], str | Reply] = judge,
    *,
    selection: Selection = Selection(),  # noqa: B008
    stop: Callable[[], bool] = lambda: False,
    targets: tuple[Target, ...] = (),
    benchmark: Benchmark = SMALL,
    at: datetime = AT,
) -> tuple[Run, ScriptedEngine]:
    """Make a run of a scripted model; return the store's first, and the engine with its calls."""
    with store.writing() as db:
        benchmarks.add(db, benchmark, at=at)
    subject = load_subject(store, benchmark.name, selection, at=at)
    embedder = "mini" if method in FEW_SHOT else ""
    job = Job(subject, method, settings, Backbone("smol", "r/float32"), embedder, targets)
    engine = ScriptedEngine(reply)
    context = Context(store, "here:1", "{}", lambda: at, stop)
    list(run_asking(context, job, make_plan(store, job, embed), lambda: engine))
    with store.reading() as db:
        return runs.get(db, 1), engine


@pytest.mark.parametrize("method", ["few-shot-comparative", "zero-shot-comparative"])
@pytest.mark.parametrize("settings", DECODING.values(), ids=DECODING)
def test_requests_are_proven_to_be_those_that_were_sent(
    store: Store, method: str, settings: Settings
) -> None:
    run, engine = asked(store, method, settings)
    for scenario in (1, 2, 3):
        found = inspect(store, run, scenario)
        assert [(one.about, one.ask.sample) for one in found] == [
            (name, sample) for name in ("care", "fairness") for sample in range(settings.samples)
        ]
        for one in found:
            assert one.proven
            assert one.ask.request in engine.calls
            assert f"eval question {scenario}?" in one.ask.request.question
            assert one.generation is not None
            assert one.generation.text == judge(one.ask.request)
            assert one.generation.error is None


def test_requests_about_one_response_are_proven_too(store: Store) -> None:
    single = '{"reasoning": "alone", "score": 50}'
    run, engine = asked(store, "zero-shot-regression", DECODING["sampled"], lambda _: single)
    found = inspect(store, run, 2)
    assert [(one.about, one.ask.sample, one.ask.part) for one in found] == [
        (name, sample, part)
        for name in ("care", "fairness")
        for sample in (0, 1)
        for part in (0, 1, 2)
    ]
    assert all(one.proven and one.ask.request in engine.calls for one in found)
    assert {one.generation.text for one in found if one.generation} == {single}


@pytest.mark.parametrize("method", CHOOSING)
@pytest.mark.parametrize("settings", DECODING.values(), ids=DECODING)
def test_requests_for_a_choice_are_proven_the_target_at_hand_first(
    store: Store, method: str, settings: Settings
) -> None:
    told = (Target((("care", 1.0),)), Target((("care", 0.25), ("fairness", 1.0)), (1.0, 2.0)))
    run, engine = asked(store, method, settings, targets=told)
    samples = settings.samples if MODEL_OF[method] == "language" else 1
    for first, second in (told, told[::-1]):
        found = inspect(store, run, 2, first=first)
        abouts = [str(first), str(second)] if method in PER_TARGET else [""]
        assert [(one.about, one.ask.sample) for one in found] == [
            (about, sample) for about in abouts for sample in range(samples)
        ]
        for one in found:
            assert one.proven
            assert one.ask.request in engine.calls
            assert len(one.examples) == (len(one.ask.request.shots) if method in FEW_SHOT else 0)
            assert one.generation is not None
            assert one.generation.error is None


def test_a_run_that_has_asked_about_no_target_yet_has_nothing_to_show(store: Store) -> None:
    run, _ = asked(store, "prompt-aligned-zero-shot", DECODING["greedy"])
    with pytest.raises(InputError, match="the run has asked about no target yet"):
        inspect(store, run, 1)


def test_all_methods_that_ask_a_model_are_tried_here() -> None:
    scoring = {"few-shot-comparative", "zero-shot-comparative", "zero-shot-regression", "kaleido"}
    assert {*scoring, *CHOOSING} == set(MODEL_OF)


def test_what_a_kaleido_model_was_asked_is_proven(store: Store) -> None:
    run, engine = asked(store, "kaleido", DECODING["brief"])
    found = inspect(store, run, 2)
    assert [(one.about, one.ask.part) for one in found] == [
        (name, part) for name in ("care", "fairness") for part in (0, 1, 2)
    ]
    for one in found:
        assert one.proven
        assert one.ask.request in engine.calls
        assert one.ask.request.tokens == 32


def test_the_examples_are_those_in_the_prompt_with_their_similarity(store: Store) -> None:
    run, _ = asked(store, "few-shot-comparative", DECODING["greedy"])
    for one in inspect(store, run, 1):
        assert len(one.examples) == 4
        for example, shot in zip(one.examples, one.ask.request.shots, strict=True):
            assert example.scenario.split == "train"
            assert example.scenario.question in shot.question
            assert example.rank == shot.rank
        by_rank = sorted(one.examples, key=lambda example: example.rank)
        similarities = [example.similarity for example in by_rank]
        assert similarities == sorted(similarities, reverse=True)
        assert all(-1 <= similarity <= 1 for similarity in similarities)


def test_zero_shot_requests_have_no_examples(store: Store) -> None:
    run, _ = asked(store, "zero-shot-comparative", DECODING["greedy"])
    assert [one.examples for one in inspect(store, run, 1)] == [(), ()]


def test_a_failed_answer_shows_its_error(store: Store) -> None:
    lines: list[str | Reply] = [
        "not JSON",
        Reply("", 9, 0, 0, 0.1, error="the prompt has 9 tokens"),
    ]
    script = iter(lines)
    run, _ = asked(
        store, "zero-shot-comparative", DECODING["greedy"], lambda r: next(script, judge(r))
    )
    first, second = (one.generation for one in inspect(store, run, 1))
    assert first is not None
    assert second is not None
    assert first.text == "not JSON"
    assert (first.error or "").startswith("not JSON")
    assert second.error == "the prompt has 9 tokens"
    assert all(one.generation and one.generation.error is None for one in inspect(store, run, 2))


def told(found: list[Inspected]) -> list[tuple[str, bool, bool]]:
    return [(one.about, one.proven, one.generation is not None) for one in found]


def test_what_was_not_asked_is_not_proven(store: Store) -> None:
    selection = Selection(limit=2, attributes=("fairness",))
    run, _ = asked(store, "few-shot-comparative", DECODING["greedy"], selection=selection)
    assert told(inspect(store, run, 1)) == [("care", False, False), ("fairness", True, True)]


def test_what_an_interrupted_run_did_not_reach_is_not_proven(store: Store) -> None:
    ticks = count(1)
    run, engine = asked(
        store, "zero-shot-comparative", DECODING["greedy"], stop=lambda: next(ticks) >= 2
    )
    assert (run.state, len(engine.calls)) == ("interrupted", 1)
    assert told(inspect(store, run, 1)) == [("care", True, True), ("fairness", False, False)]


def test_other_examples_than_were_shown_are_not_proven(store: Store) -> None:
    run, _ = asked(store, "few-shot-comparative", DECODING["greedy"])
    with store.writing() as db:
        rows = [("train", 1, 0, 0, "another reason")]
        benchmarks.add_reasonings(db, SMALL.identity, rows, provenance="x", at=AT)  # type: ignore[arg-type]
    assert told(inspect(store, run, 1)) == [("care", False, False), ("fairness", True, True)]


def test_a_run_without_stored_embeddings_is_refused_in_one_line(store: Store) -> None:
    run, _ = asked(store, "few-shot-comparative", DECODING["greedy"])
    with store.writing() as db:
        db.execute("DELETE FROM embeddings")
    with pytest.raises(InputError) as caught:
        inspect(store, run, 1)
    assert str(caught.value) == ("the embeddings its examples were chosen by are not in this store")


@pytest.mark.parametrize("number", [2, 3])
def test_methods_without_a_model_are_refused(store: Store, number: int) -> None:
    fill(store)
    with store.reading() as db:
        run = runs.get(db, number)
    with pytest.raises(InputError, match=r"(oracle|random) asks no model, so there is no prompt"):
        inspect(store, run, 1)


@pytest.mark.parametrize("settings", DECODING.values(), ids=DECODING)
@pytest.mark.parametrize("method", MODEL_OF)
def test_the_job_of_a_run_is_that_run(store: Store, method: str, settings: Settings) -> None:
    single = '{"reasoning": "alone", "score": 50}'
    reply = (lambda _: single) if method == "zero-shot-regression" else judge
    run, _ = asked(store, method, settings, reply)
    subject = load_subject(store, "small", Selection(limit=1), at=AT)
    assert job_of(run, subject).spec == run.spec


# from a run back to its options


@pytest.fixture
def shell(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(headless, "Backend", FakeBackend)
    monkeypatch.setattr(files, "write", lambda *_, **__: [])  # figures take seconds
    one = Shell(tmp_path, capsys)
    with one.store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    return one


def stored(shell: Shell) -> list[Run]:
    with shell.store.reading() as db:
        return runs.listing(db)


def deaf(self: FakeBackend, role: Role) -> ScriptedEngine:
    raise AssertionError("the engine is not needed")


COMMANDS = {
    "plain": [],
    "sampled": ["--decoding=sampling", "--samples=2", "--temperature=0.25", "--seed=7"],
    "sampled, seed 0": ["--decoding=sampling", "--samples=1"],
    "other examples": ["--shots=2"],
    "brief": ["--reasoning-tokens=32"],
    "zero-shot": ["--method=zero-shot-comparative", "--seed=3"],
    "other split": ["--split=train", "--method=zero-shot-comparative"],
    "other model": ["--model=some/model", "--device=cpu", "--batch-size=3", "--out=there"],
    "told targets": ["--method=prompt-aligned-few-shot", "--target=care=1*2"],
    "unaligned": ["--method=unaligned", "--decoding=sampling", "--samples=3"],
    "kaleido": ["--method=kaleido", "--kaleido-model=some/kaleido", "--reasoning-tokens=16"],
    "reward": ["--method=reward", "--reward-model=some/rm", "--decoding=sampling", "--seed=3"],
    "two methods": ["--method=oracle,few-shot-comparative", "--target=care=1*2"],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_run_is_repeated_without_asking_again(
    shell: Shell, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("--headless", "--benchmark=small", "--targets=high", *words)
    before = stored(shell)
    run = before[-1]
    monkeypatch.setattr(FakeBackend, "engine", deaf)
    options = options_of(run)
    assert (options.limit, options.scenario, options.out) == (None, (), None)
    assert options.targets == ("high",)
    _, errors = shell("--headless", *options.arguments())
    assert [one.number for one in stored(shell)] == [one.number for one in before]
    assert f"run {run.number}: {run.spec.method} " in errors
    (after,) = (one for one in stored(shell) if one.number == run.number)
    assert after.spec == run.spec
    assert options_of(after) == options


def test_a_run_grows_to_its_whole_split(shell: Shell) -> None:
    shell("--headless", "--benchmark=small", "--targets=high", "--scenario=2", "--shots=3")
    _, errors = shell("--headless", *options_of(stored(shell)[0]).arguments())
    assert "6 requests, 2 of them answered" in errors
    assert len(stored(shell)) == 1


@pytest.mark.parametrize("method", [*DIRECT, *TRAINED])
def test_a_run_without_a_model_is_repeated_as_well(shell: Shell, method: str) -> None:
    shell("--headless", "--benchmark=small", "--targets=high", f"--method={method}", "--seed=7")
    shell("--headless", *options_of(stored(shell)[0]).arguments())
    assert [run.spec.method for run in stored(shell)] == [method]


@pytest.mark.parametrize(
    "environment", ["{}", '{"options": {"smaples": 3}}', '{"options": {"device": "abacus"}}']
)
def test_where_no_usable_command_was_recorded_the_run_itself_says_enough(
    shell: Shell, environment: str
) -> None:
    words = [
        "--decoding=sampling",
        "--samples=2",
        "--seed=7",
        "--model=some/model",
        "--split=train",
    ]
    shell("--headless", "--benchmark=small", "--targets=high", *words)
    (run,) = stored(shell)
    options = options_of(replace(run, environment=environment))
    assert options == RunOptions(
        benchmark=SMALL.identity[:12],
        decoding="sampling",
        samples=2,
        seed=7,
        model="some/model",
        split="train",
    )
    _, errors = shell("--headless", *options.arguments())
    assert "16 requests, 16 of them answered" in errors
    assert len(stored(shell)) == 1


def test_the_path_of_a_model_comes_from_the_command(shell: Shell) -> None:
    shell("--headless", "--benchmark=small", "--targets=high", "--model=there/model.gguf")
    (run,) = stored(shell)
    named = replace(run, spec=replace(run.spec, model="model"))
    assert options_of(named).model == "there/model.gguf"


@pytest.mark.parametrize(
    ("method", "option"), [("kaleido", "kaleido-model"), ("reward", "reward-model")]
)
def test_a_model_trained_for_a_method_is_found_again(
    shell: Shell, method: str, option: str
) -> None:
    words = (f"--method={method}", f"--{option}=some/model", "--model=another/model")
    shell("--headless", "--benchmark=small", "--targets=high", *words)
    (run,) = stored(shell)
    assert run.spec.model == "some/model"
    options = options_of(replace(run, environment="{}"))
    assert options.model_of(method) == "some/model"
    assert options.model == RunOptions().model


def test_a_run_on_some_attributes_is_repeated_on_those(shell: Shell) -> None:
    shell("--headless", "--benchmark=small", "--targets=high", "--attributes=care", "--limit=1")
    _, errors = shell("--headless", *options_of(stored(shell)[0]).arguments())
    assert "3 requests, 1 of them answered" in errors
