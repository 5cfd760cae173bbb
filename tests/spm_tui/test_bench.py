"""Runs with a scripted engine: nothing is asked twice, nothing is guessed, nothing is lost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, cast

import numpy as np
import pytest

from spm_tui.bench import execute
from spm_tui.bench.embedding import Vectors
from spm_tui.bench.events import Ended, Event, ItemAnswered, Planned, Progress, from_json
from spm_tui.bench.events import to_json as to_line
from spm_tui.bench.execute import run_asking, run_direct, run_trained
from spm_tui.bench.plan import Plan, make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, Subject, load_subject
from spm_tui.datasets import builtin
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.errors import AnswerError, InputError, ModelError
from spm_tui.methods.base import Ask, Settings
from spm_tui.methods.catalogue import DIRECT
from spm_tui.target_files import to_json
from spm_tui.targets import Target
from spm_tui.wire import Reply, Request
from store import benchmarks, browse, runs
from store.connection import Store
from store.records import Prediction, Scenario
from tests import build
from tests.build import SMALL
from tests.conftest import AT
from tests.machine import embed, judge

BACKBONE = Backbone("smol", "revision/float32")
SHAPE = (3, 3, 2)


@pytest.fixture
def full(store: Store) -> Store:
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    return store


def context(store: Store, stop: Callable[[], bool] = lambda: False) -> Context:
    return Context(store, "here:1", "{}", lambda: AT, stop)


def subject(store: Store, selection: Selection = Selection()) -> Subject:  # noqa: B008
    return load_subject(store, "small", selection, at=AT)


def job(
    store: Store,
    method: str = "few-shot-comparative",
    selection: Selection = Selection(),  # noqa: B008
    **settings: float,
) -> Job:
    chosen = Settings(SMALL.attributes, **settings)  # type: ignore[arg-type]
    return Job(subject(store, selection), method, chosen, BACKBONE, "mini")


def run(
    store: Store,
    one: Job,
    engine: ScriptedEngine | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Event]:
    def give() -> ScriptedEngine:
        assert engine is not None, "the engine is not needed"
        return engine

    return list(run_asking(context(store, stop), one, make_plan(store, one, embed), give))


def scores(store: Store, number: int = 1) -> browse.Scores:
    with store.reading() as db:
        return browse.scores(db, number, SHAPE)


def test_a_run_asks_everything_once_and_stores_it(full: Store) -> None:
    engine = ScriptedEngine(judge)
    events = run(full, job(full), engine)
    assert len(engine.calls) == 3 * 2
    planned, *_, progress, ended = events
    assert isinstance(planned, Planned)
    assert (planned.total, planned.answered) == (6, 0)
    items = [event for event in events if isinstance(event, ItemAnswered)]
    assert [(i.scenario, i.attribute) for i in items][:3] == [
        (1, "care"),
        (1, "fairness"),
        (2, "care"),
    ]
    assert isinstance(progress, Progress)
    assert (progress.done, progress.total, progress.failed) == (6, 6, 0)
    assert ended == Ended(1, "finished", 0)
    found = scores(full)
    assert not np.isnan(found[1]).any()
    assert np.isnan(found[0, 2]).all()
    assert [j.score for j in items[0].judgements] == found[0, :2, 0].tolist()


def test_a_finished_run_asks_and_loads_nothing_again(full: Store) -> None:
    run(full, job(full), ScriptedEngine(judge))
    before = scores(full)
    events = run(full, job(full), engine=None)
    assert [type(event) for event in events] == [Planned, Ended]
    assert np.array_equal(scores(full), before, equal_nan=True)


def test_a_run_grows_with_its_selection(full: Store) -> None:
    first = ScriptedEngine(judge)
    run(full, job(full, selection=Selection(limit=1, attributes=("fairness",))), first)
    rest = ScriptedEngine(judge)
    (planned, *_) = run(full, job(full), rest)
    assert (len(first.calls), len(rest.calls)) == (1, 5)
    assert isinstance(planned, Planned)
    assert (planned.run, planned.answered) == (1, 1)


def test_answers_of_another_run_to_the_same_request_are_taken_over(full: Store) -> None:
    run(full, job(full, shots=4), ScriptedEngine(judge))
    events = run(full, job(full, shots=5), engine=None)
    assert events[-1] == Ended(2, "finished", 0), "all four train scenarios are shown either way"
    assert np.array_equal(scores(full, 1), scores(full, 2), equal_nan=True)


def test_a_failed_answer_is_stored_as_such_and_asked_again(full: Store) -> None:
    lines: list[str | Reply] = [
        "not JSON",
        Reply("", 9, 0, 0, 0.1, error="the prompt has 9 tokens"),
    ]
    script = iter(lines)
    events = run(full, job(full), ScriptedEngine(lambda request: next(script, judge(request))))
    assert events[-1] == Ended(1, "finished", 2)
    errors = [e.error for e in events if isinstance(e, ItemAnswered) and e.error]
    assert errors[0].startswith("not JSON")
    assert errors[1] == "the prompt has 9 tokens"
    assert np.isnan(scores(full)[0]).all(), "nothing is guessed"
    with full.reading() as db:
        assert runs.cost(db, 1).failed == 2

    again = ScriptedEngine(judge)
    assert run(full, job(full), again)[-1] == Ended(1, "finished", 0)
    assert len(again.calls) == 2
    assert not np.isnan(scores(full)[0, :2]).any()


def test_a_failed_answer_that_another_run_got_is_taken_over(full: Store) -> None:
    script = iter(["not JSON"])
    run(full, job(full, shots=4), ScriptedEngine(lambda request: next(script, judge(request))))
    assert np.isnan(scores(full)[0, :, 0]).all()
    run(full, job(full, shots=5), ScriptedEngine(judge))
    assert run(full, job(full, shots=4), engine=None)[-1] == Ended(1, "finished", 0)
    assert np.array_equal(scores(full, 1), scores(full, 2), equal_nan=True)


def test_a_run_that_is_stopped_before_it_begins_loads_nothing(full: Store) -> None:
    events = run(full, job(full), engine=None, stop=lambda: True)
    assert events[-1] == Ended(1, "interrupted", 0)


def test_a_run_that_cannot_read_what_is_stored_counts_as_failed(full: Store) -> None:
    run(full, job(full, shots=4), ScriptedEngine(judge))
    with full.writing() as db:
        db.execute("UPDATE generations SET text = 'no JSON'")
    with pytest.raises(AnswerError, match="not JSON"):
        run(full, job(full, shots=5), engine=None)
    with full.reading() as db:
        assert runs.get(db, 2).state == "failed"


def test_stopping_keeps_what_is_answered_and_resuming_gives_the_same(
    full: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    undisturbed = Store(tmp_path_factory.mktemp("other") / "store.duckdb")
    with undisturbed.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    one = job(full, temperature=0.7, samples=3)
    run(undisturbed, one, ScriptedEngine(judge))
    asked = stops = 0
    while True:
        engine, ticks = ScriptedEngine(judge), count(1)
        events = run(full, one, engine, stop=lambda ticks=ticks: next(ticks) >= 5)  # type: ignore[misc]
        asked += len(engine.calls)
        if events[-1] == Ended(1, "finished", 0):
            break
        assert events[-1] == Ended(1, "interrupted", 0)
        assert len(engine.calls) == 4
        stops += 1
    assert stops == 4
    assert asked == 3 * 2 * 3, "nothing is asked twice"
    assert np.array_equal(scores(full), scores(undisturbed), equal_nan=True)


def test_a_crash_loses_only_what_was_not_committed(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "COMMIT_SECONDS", 0.0)
    ticks = count(1)

    def die(request: Request) -> str:
        if next(ticks) == 4:
            raise ModelError("the device is gone")
        return judge(request)

    with pytest.raises(ModelError, match="the device is gone"):
        run(full, job(full), ScriptedEngine(die))
    with full.reading() as db:
        assert runs.get(db, 1).state == "failed"
    rest = ScriptedEngine(judge)
    run(full, job(full), rest)
    assert len(rest.calls) == 3


def refuse() -> ScriptedEngine:
    raise ModelError("no such server")


def test_a_model_that_cannot_be_used_leaves_no_run(full: Store) -> None:
    one = job(full)
    events: list[Event] = []
    with pytest.raises(ModelError, match="no such server"):
        events += run_asking(context(full), one, make_plan(full, one, embed), refuse)
    with full.reading() as db:
        assert runs.listing(db) == []
    assert events == []


@pytest.mark.parametrize("error", [ModelError("the template fails"), RuntimeError("no kernel")])
@pytest.mark.parametrize("shots", [4, 5])
def test_nor_does_one_that_fails_before_its_first_answer(
    full: Store, error: Exception, shots: int
) -> None:
    """Even if answers of another run had been taken over."""
    part = job(full, shots=4, selection=Selection(limit=1))
    run(full, part, ScriptedEngine(judge))

    def fail(_: Request) -> str:
        raise error

    with full.reading() as db:
        (before,) = runs.listing(db)
    with pytest.raises(type(error)):
        run(full, job(full, shots=shots), ScriptedEngine(fail))
    with full.reading() as db:
        (after,) = runs.listing(db)
        counts = [
            db.execute(f"SELECT count(*), max(run) FROM {table}").fetchone()
            for table in ("items", "predictions")
        ]
    assert counts == [(2, 1), (4, 1)]
    assert (after.number, after.state, after.process) == (1, before.state, before.process)
    assert run(full, job(full, shots=shots), ScriptedEngine(judge))[-1] == Ended(
        1 if shots == 4 else 2, "finished", 0
    )


def test_a_run_that_cannot_go_on_stays_as_it_was(full: Store) -> None:
    ticks = count(1)
    run(full, job(full), ScriptedEngine(judge), stop=lambda: next(ticks) >= 3)
    before = scores(full)
    one = job(full)
    with pytest.raises(ModelError):
        list(run_asking(context(full), one, make_plan(full, one, embed), refuse))
    with full.reading() as db:
        assert [each.state for each in runs.listing(db)] == ["interrupted"]
    assert np.array_equal(scores(full), before, equal_nan=True)


def test_a_run_says_that_it_begins_once_its_model_is_there(full: Store) -> None:
    one, told = job(full), list[str]()

    def load() -> ScriptedEngine:
        told.append("loaded")
        return ScriptedEngine(judge)

    for event in run_asking(context(full), one, make_plan(full, one, embed), load):
        told.append(type(event).__name__)
    assert told[:3] == ["loaded", "Planned", "ItemAnswered"]


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_a_failed_answer(full: Store, score: float) -> None:
    one = job(full)
    plan = make_plan(full, one, embed)

    class Careless:
        def read(self, ask: Ask[Any], text: str) -> list[Prediction]:
            first, *others = plan.method.read(ask, text)
            assert isinstance(first, Prediction)
            return [replace(first, score=score), *others] if ask.scenario == 1 else [first, *others]

    engine = ScriptedEngine(judge)
    careless = replace(plan, method=Careless())
    events = list(run_asking(context(full), one, careless, lambda: engine))
    assert events[-1] == Ended(1, "finished", 2)
    errors = {event.error for event in events if isinstance(event, ItemAnswered)}
    assert sum("a score that is no finite number" in str(error) for error in errors) == 2
    with full.reading() as db:
        assert db.execute("SELECT count(*) FROM predictions WHERE scenario = 1").fetchone() == (0,)


def test_no_method_without_a_model_stores_what_is_no_number(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless:
        def __init__(self, _: Settings) -> None: ...

        def decide(self, scenario: Scenario) -> list[Prediction]:
            return [Prediction(scenario.number, 0, 0, 0, float("nan"), "")]

    monkeypatch.setitem(cast("dict[str, object]", DIRECT), "oracle", Careless)
    with pytest.raises(InputError, match="oracle comes to a score that is no finite number, at"):
        list(run_direct(context(full), replace(job(full, "oracle"), backbone=None)))
    with full.reading() as db:
        assert runs.listing(db) == []


def test_embeddings_are_made_once(full: Store) -> None:
    asked: list[int] = []

    def counting(texts: Sequence[str]) -> Iterator[Vectors]:
        asked.append(len(texts))
        return embed(texts)

    make_plan(full, job(full, selection=Selection(limit=1)), counting)
    make_plan(full, job(full), counting)
    make_plan(full, job(full), counting)
    assert asked == [1 + 4, 2, 0]


def test_examples_are_chosen_by_similarity_and_never_the_scenario_itself(full: Store) -> None:
    plan = make_plan(full, job(full, selection=Selection(split="train"), shots=9), embed)
    for ask in plan.asks:
        assert ask.request.question not in [shot.question for shot in ask.request.shots]
        assert len(ask.request.shots) == 3
        assert sorted(shot.rank for shot in ask.request.shots) == [0, 1, 2]


def test_a_plan_is_the_same_every_time(full: Store) -> None:
    def keys() -> tuple[str, ...]:
        return make_plan(full, job(full, temperature=0.7, samples=2), embed).keys

    assert keys() == keys()
    assert len(set(keys())) == 3 * 2 * 2


def test_equal_requests_are_sent_once(full: Store) -> None:
    one = job(full, "zero-shot-comparative")
    plan = make_plan(full, one, embed)
    doubled = Plan(plan.method, plan.asks * 2, plan.keys * 2, plan.names)
    assert len(doubled.unique()) == 6
    engine = ScriptedEngine(judge)
    list(run_asking(context(full), one, doubled, lambda: engine))
    assert len(engine.calls) == 6


def test_few_shot_needs_examples(store: Store) -> None:
    with store.writing() as db:
        benchmarks.add(db, build.benchmark([[[0, 0], [1, 1]]]), at=AT)
    with pytest.raises(InputError, match=r"has no train split .* use a zero-shot method"):
        make_plan(store, job(store), embed)


def test_what_a_run_is_does_not_depend_on_what_is_selected(full: Store) -> None:
    whole, part = job(full), job(full, selection=Selection(limit=1))
    assert whole.spec.identity == part.spec.identity
    changes = [
        replace(whole, method="zero-shot-comparative"),
        replace(whole, backbone=Backbone("smol", "revision/bfloat16")),
        replace(whole, embedder="other"),
        job(full, shots=3),
        job(full, temperature=0.7, samples=5),
        job(full, selection=Selection(split="train")),
    ]
    assert len({one.spec.identity for one in [whole, *changes]}) == len(changes) + 1


def test_new_reasonings_make_another_run(full: Store) -> None:
    before = job(full).spec.identity
    with full.writing() as db:
        rows = [("train", 1, 0, 0, "another reason")]
        benchmarks.add_reasonings(db, SMALL.identity, rows, provenance="x", at=AT)  # type: ignore[arg-type]
    assert job(full).spec.identity != before
    assert job(full, "zero-shot-comparative").spec == job(full, "zero-shot-comparative").spec


@pytest.mark.parametrize("method", DIRECT)
def test_methods_without_a_model_run_at_once(full: Store, method: str) -> None:
    one = Job(subject(full), method, Settings(SMALL.attributes))
    for _ in range(2):
        assert list(run_direct(context(full), one)) == [Ended(1, "finished", 0)]
    with full.reading() as db:
        if method == "oracle":
            assert browse.scores(db, 1, SHAPE)[0, :2].tolist() == [[0, 1], [1, 0]]
        elif method == "length":
            assert browse.scores(db, 1, SHAPE)[0, :2].tolist() == [[0.5, 0.5], [0.5, 0.5]]
        else:
            assert browse.votes(db, 1, (3, 3))[""].sum(axis=1).tolist() == [1, 1, 1]


# choosing methods

CARE, KIND = Target((("care", 1.0),)), Target((("care", 0.75), ("fairness", 1.0)))


def choosing(store: Store, *told: Target, method: str = "prompt-aligned-few-shot") -> Job:
    return replace(job(store, method, temperature=0.7, samples=3), targets=told)


def chosen(store: Store) -> dict[str, list[list[int]]]:
    with store.reading() as db:
        return {target: one.tolist() for target, one in browse.votes(db, 1, (3, 3)).items()}


def test_a_choosing_run_asks_about_every_scenario_and_target(full: Store) -> None:
    engine = ScriptedEngine(judge)
    planned, *items, _, ended = run(full, choosing(full, CARE, KIND), engine)
    assert isinstance(planned, Planned)
    assert planned.total == len(engine.calls) == 3 * 2 * 3
    assert ended == Ended(1, "finished", 0)
    votes = chosen(full)
    assert set(votes) == {to_json(CARE), to_json(KIND)}
    assert all(sum(counts) == 3 for one in votes.values() for counts in one)
    first = items[0]
    assert isinstance(first, ItemAnswered)
    assert (first.scenario, first.attribute, first.target) == (1, "", to_json(CARE))
    assert (first.judgements, first.error) == ((), None)
    assert first.chosen in (0, 1)
    assert first.reasoning.startswith("for eval response ")
    assert from_json(to_line(first)) == first


def test_a_choosing_run_grows_by_targets(full: Store) -> None:
    run(full, choosing(full, CARE), ScriptedEngine(judge))
    more = ScriptedEngine(judge)
    (planned, *_) = run(full, choosing(full, KIND, CARE), more)
    assert isinstance(planned, Planned)
    assert (planned.run, planned.answered, len(more.calls)) == (1, 9, 9)
    assert run(full, choosing(full, CARE, KIND), engine=None)[-1] == Ended(1, "finished", 0)


def test_targets_that_read_alike_are_asked_once_and_both_answered(full: Store) -> None:
    near = [Target((("care", value),)) for value in (0.61, 0.62)]
    engine = ScriptedEngine(judge)
    events = run(full, choosing(full, *near), engine)
    assert len(engine.calls) == 3 * 3
    assert len([event for event in events if isinstance(event, ItemAnswered)]) == 2 * 3 * 3
    one, other = chosen(full).values()
    assert one == other


def test_a_letter_that_is_not_there_is_a_failure_and_asked_again(full: Store) -> None:
    bad = '{"reasoning": "so", "choice": "Z"}'
    one = job(full, "unaligned")
    assert run(full, one, ScriptedEngine(lambda _: bad))[-1] == Ended(1, "finished", 3)
    assert chosen(full) == {}
    assert run(full, one, ScriptedEngine(judge))[-1] == Ended(1, "finished", 0)
    assert list(chosen(full)) == [""]


def test_examples_of_a_choosing_run_are_the_most_similar_train_scenarios(full: Store) -> None:
    plan = make_plan(full, replace(choosing(full, CARE, KIND)), embed)
    for ask in plan.asks:
        assert [shot.rank for shot in ask.request.shots] == [0, 1, 2, 3]
        assert all("train question" in shot.question for shot in ask.request.shots)
    by_scenario = {ask.scenario: [s.question for s in ask.request.shots] for ask in plan.asks}
    for ask in plan.asks:
        assert [s.question for s in ask.request.shots] == by_scenario[ask.scenario]


def test_what_a_choosing_run_is_does_not_depend_on_its_targets(full: Store) -> None:
    assert choosing(full, CARE).spec == choosing(full, KIND).spec
    names = ("prompt-aligned-few-shot", "prompt-aligned-zero-shot", "unaligned")
    specs = {choosing(full, CARE, method=name).spec.identity for name in names}
    assert len(specs) == 3


# methods without a language model


def trained(store: Store, selection: Selection = Selection()) -> Job:  # noqa: B008
    return replace(job(store, "surface", selection), backbone=None)


def test_a_trained_method_asks_for_the_embeddings_of_texts_once(full: Store) -> None:
    asked: list[str] = []

    def noting(texts: Sequence[str]) -> Iterator[Vectors]:
        asked.extend(texts)
        return embed(texts)

    for _ in range(2):
        events = list(run_trained(context(full), trained(full), noting))
        assert events == [Ended(1, "finished", 0)]
    whole = [text for s in SMALL.scenarios for text in (s.question, *(r.text for r in s.responses))]
    assert sorted(asked) == sorted(whole)
    found = scores(full)
    assert ((found >= 0) & (found <= 1))[0, :2].all()
    assert not np.isnan(found[1]).any()


def test_a_trained_method_does_not_run_on_what_it_learns_from(full: Store) -> None:
    on_train = trained(full, Selection(split="train"))
    with pytest.raises(InputError, match="surface learns from the train split, which is empty or"):
        list(run_trained(context(full), on_train, embed))


def test_what_a_trained_run_is_depends_on_the_embedder_and_not_on_reasonings(full: Store) -> None:
    before = trained(full)
    assert replace(before, embedder="other").spec != before.spec
    with full.writing() as db:
        rows = [("train", 1, 0, 0, "another reason")]
        benchmarks.add_reasonings(db, SMALL.identity, rows, provenance="x", at=AT)  # type: ignore[arg-type]
    assert trained(full).spec == before.spec


@pytest.mark.parametrize(
    ("name", "selection", "complaint"),
    [
        ("large", Selection(), r"no benchmark 'large' .*; built in: mini-mic, mini-helpsteer"),
        ("small", Selection(scenarios=(2, 4)), "field 'scenario': 4 is not from 1 to 3"),
        ("small", Selection(attributes=("harm",)), "'harm' is none of care, fairness"),
    ],
)
def test_a_selection_that_is_not_there_is_refused(
    full: Store, name: str, selection: Selection, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        load_subject(full, name, selection, at=AT)


def test_a_built_in_benchmark_is_found_whatever_it_is_called_in_the_store(store: Store) -> None:
    with store.writing() as db:
        benchmarks.add(db, replace(builtin.load("mini-mic").benchmark, name="mine"), at=AT)
    assert load_subject(store, "mini-mic", Selection(), at=AT).benchmark.name == "mine"


def test_a_built_in_benchmark_is_imported_when_it_is_named(store: Store) -> None:
    found = load_subject(store, "mini-mic", Selection(limit=2), at=AT)
    assert [scenario.number for scenario in found.scenarios] == [1, 2]
    assert len(found.selected) == 6
    again = load_subject(store, "mini-mic", Selection(scenarios=(7, 3)), at=AT)
    assert [scenario.number for scenario in again.scenarios] == [3, 7]


def test_events_are_lines_of_json() -> None:
    line = to_line(Ended(3, "finished", 0))
    assert line == '{"event": "done", "run": 3, "state": "finished", "failed": 0}'
