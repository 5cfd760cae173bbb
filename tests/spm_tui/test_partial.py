"""Runs that were stopped: their numbers are of what was planned, and say how much is answered."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spm_tui.bench import extent
from spm_tui.bench.events import Event, Note
from spm_tui.bench.execute import run_asking, run_direct
from spm_tui.bench.extent import Extent
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, Subject, load_subject
from spm_tui.bench.target_sets import members, standard_sets
from spm_tui.cli.main import main
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.methods.base import Settings
from spm_tui.report import board, figures, tables, text
from spm_tui.report.board import Board, RunScore
from spm_tui.tui.desk import Desk
from spm_tui.tui.session import open_run
from spm_tui.tui.widgets.head_line import head
from spm_tui.wire import Asked, Reply
from store import browse, bundles, runs
from store.connection import Store
from tests.conftest import AT
from tests.machine import embed, judge

SETS = ("sampled", "high", "low")


def context(store: Store, record: str = '{"python": "3"}') -> Context:
    return Context(store, "here:1", record, lambda: AT, lambda: False)


def subject_of(store: Store, **selection: object) -> Subject:
    return load_subject(store, "mini-mic", Selection(**selection), at=AT)  # type: ignore[arg-type]


def job_on(subject: Subject, method: str = "zero-shot-comparative", samples: int = 1) -> Job:
    settings = Settings(
        subject.benchmark.attributes, temperature=0.7 if samples > 1 else 0, samples=samples
    )
    return Job(subject, method, settings, Backbone("smol", "r/float32"), "mini")


def ask(
    store: Store, job: Job, *, stop_after: int | None = None, record: str = '{"python": "3"}'
) -> list[Event]:
    """Run a job, or the first so many of its requests, as when somebody cancels it."""
    answers = 0

    def answer(request: Asked) -> str:
        nonlocal answers
        answers += 1
        return judge(request)

    def enough() -> bool:
        return stop_after is not None and answers >= stop_after

    plan = make_plan(store, job, embed)
    engine = ScriptedEngine(answer)
    return list(run_asking(replace(context(store, record), stop=enough), job, plan, lambda: engine))


def scored(store: Store, *numbers: int, everything: bool = False) -> Board:
    subject = board.subject_of(store, numbers)
    sets = standard_sets(subject.selected, SETS)
    return board.score(store, subject, numbers, sets, everything=everything, resamples=50)


def row_of(store: Store, number: int = 1) -> RunScore:
    (row,) = scored(store, number).rows
    return row


def test_a_run_stopped_at_11_of_60_is_of_one_scenario_on_all_six_attributes(store: Store) -> None:
    ask(store, job_on(subject_of(store, limit=10)), stop_after=11)
    one = scored(store, 1, everything=True)
    assert len(one.subject.attributes) == 6
    (row,) = one.rows
    assert (row.answered, row.planned, row.complete) == (1, 10, False)
    high = row.sets["high"].accuracy
    assert np.isnan([high.low, high.high]).all(), "one scenario has no interval"
    said = "run 1: answered 1 of 10 scenarios, interrupted; its numbers are of these alone"
    assert one.remarks == (said,)
    assert f"Note: {said}." in text.accuracy_markdown(one)
    assert json.loads(text.accuracy_json(one))["notes"] == [said]
    for people in (tables.accuracy(one), tables.accuracy_brief(one)):
        assert people.rows[0][-1] == "1 of 10"
    for table in (
        tables.accuracy_values(one),
        tables.by_target(one),
        tables.by_attributes(one),
        tables.bias(one),
        tables.agreement(one),
    ):
        assert {(cells["answered"], cells["planned"]) for cells in text.records(table)} == {(1, 10)}
    assert figures.label(row) == "zero-shot-comparative, smol (1 of 10 answered)"


@pytest.mark.parametrize("stop_after", [1, 5, 6, 7, 59, 60])
def test_what_is_answered_is_what_is_whole(store: Store, stop_after: int) -> None:
    ask(store, job_on(subject_of(store, limit=10)), stop_after=stop_after)
    row = row_of(store)
    assert (row.answered, row.planned) == (stop_after // 6, 10)


def test_a_run_on_some_attributes_is_whole_on_those(store: Store) -> None:
    ask(store, job_on(subject_of(store, limit=3, attributes=("care", "loyalty"))))
    one = scored(store, 1)
    assert [attribute.name for attribute in one.subject.selected] == ["care", "loyalty"]
    assert one.rows[0].complete
    assert one.remarks == ()


def test_a_run_that_grows_was_planned_for_all_that_was_asked_for(store: Store) -> None:
    ask(store, job_on(subject_of(store, scenarios=(2, 3), attributes=("care",))))
    assert (row_of(store).answered, row_of(store).planned) == (2, 2)
    ask(store, job_on(subject_of(store, scenarios=(2, 5))), stop_after=1)
    row = row_of(store)
    assert (row.answered, row.planned) == (0, 3), "care alone is not what was asked for last"
    ask(store, job_on(subject_of(store, scenarios=(2, 3, 5))))
    assert row_of(store).complete


def test_a_later_smaller_command_does_not_shrink_the_plan(store: Store) -> None:
    """As when one scenario of a stopped run is run in the app."""
    ask(store, job_on(subject_of(store, limit=10)), stop_after=11)
    ask(store, job_on(subject_of(store, scenarios=(7,), attributes=("care",))))
    row = row_of(store)
    assert row.run.state == "finished"
    assert (row.answered, row.planned) == (1, 10)
    assert "answered 1 of 10 scenarios; its" in row.notes[0]


def test_samples_that_are_still_to_come_are_waited_for(store: Store) -> None:
    ask(store, job_on(subject_of(store, limit=2), samples=3), stop_after=17)
    assert row_of(store).answered == 0, "17 of 18 requests of the first scenario"
    ask(store, job_on(subject_of(store, limit=2), samples=3), stop_after=1)
    assert row_of(store).answered == 1


@pytest.mark.parametrize("method", ["unaligned", "prompt-aligned-zero-shot"])
def test_a_choice_is_there_when_all_its_samples_are(store: Store, method: str) -> None:
    job = job_on(subject_of(store, limit=2), method, samples=3)
    if method != "unaligned":
        job = replace(job, targets=members(standard_sets(job.subject.selected, ["high"])))
    ask(store, job, stop_after=5)
    row = row_of(store)
    assert (row.sets["high"].answered, row.answered, row.planned) == (1, 1, 2)


def test_a_sample_that_failed_for_good_is_not_waited_for(store: Store) -> None:
    job = job_on(subject_of(store, limit=1), samples=3)
    plan = make_plan(store, job, embed)
    bad = {plan.asks[0].request, plan.asks[7].request}
    engine = ScriptedEngine(lambda request: "not JSON" if request in bad else judge(request))
    list(run_asking(context(store), job, plan, lambda: engine))
    row = row_of(store)
    assert row.complete
    (note,) = row.notes
    assert note.startswith("run 1: 2 of 18 requests failed: not JSON (Expecting value")


def test_an_answer_that_failed_leaves_its_scenario_out(store: Store) -> None:
    job = job_on(subject_of(store, limit=2))
    plan = make_plan(store, job, embed)
    bad = plan.asks[0].request
    engine = ScriptedEngine(lambda request: "{}" if request == bad else judge(request))
    list(run_asking(context(store), job, plan, lambda: engine))
    row = row_of(store)
    assert (row.answered, row.planned, row.run.state) == (1, 2, "finished")


def test_targets_of_a_set_are_scored_on_the_same_scenarios(store: Store) -> None:
    subject = subject_of(store, limit=4)
    job = job_on(subject, "prompt-aligned-zero-shot")
    job = replace(job, targets=members(standard_sets(subject.selected, ["high", "low"])))
    ask(store, job, stop_after=3)
    sets = standard_sets(subject.selected, ["high", "low"])
    both = replace(sets[0], name="both", targets=(*sets[0].targets, *sets[1].targets))
    (row,) = board.score(store, subject, [1], [*sets, both], everything=False).rows
    answered = {name: one.answered for name, one in row.sets.items()}
    assert (answered["high"], answered["low"], answered["both"]) == (2, 1, 1)
    assert max(row.sets["both"].each.scored) <= 1
    cells = tables.accuracy(board.score(store, subject, [1], sets, everything=False)).rows[0]
    assert any("(2 of 4)" in str(cell) for cell in cells)


OLD = {"options": {"attributes": ["care", "fairness"], "limit": 5}}


@pytest.mark.parametrize(
    ("record", "state", "expected"),
    [
        (OLD, "interrupted", ({0, 1}, {1, 2, 3, 4, 5})),
        ({"options": {}}, "interrupted", (set(range(6)), set(range(1, 25)))),
        ({"options": {"scenario": [9], "limit": 1}}, "interrupted", (set(range(6)), {1, 9})),
        ({"options": {"attributes": ["zeal"]}}, "finished", ({0}, {1})),
        ({}, "finished", ({0}, {1})),
        ({}, "interrupted", (set(range(6)), set(range(1, 25)))),
        ({"planned": "?"}, "finished", ({0}, {1})),
    ],
)
def test_records_of_other_versions_say_it_by_their_options_or_not_at_all(
    store: Store, record: dict[str, object], state: str, expected: tuple[set[int], set[int]]
) -> None:
    ask(store, job_on(subject_of(store, limit=1, attributes=("care",))))
    with store.writing() as db:
        db.execute("UPDATE run_states SET environment = ?, state = ?", [json.dumps(record), state])
    subject = subject_of(store)
    with store.reading() as db:
        found = extent.planned(db, runs.get(db, 1), subject.benchmark.attributes, 24)
    assert (set(found.attributes), set(found.scenarios)) == expected


def test_a_bundle_takes_the_plan_along(store: Store, tmp_path: Path) -> None:
    ask(store, job_on(subject_of(store, limit=10)), stop_after=11)
    with store.reading() as db:
        bundles.save(db, 1, tmp_path / "bundle")
    other = Store(tmp_path / "other.duckdb")
    subject_of(other)
    with other.writing() as db:
        bundles.load(db, tmp_path / "bundle", at=AT)
    row = row_of(other)
    assert (row.answered, row.planned) == (1, 10)


def test_spans_are_read_as_they_are_written() -> None:
    for numbers in ((), (1,), (1, 2, 3), (1, 3, 4, 9), (2, 4, 6)):
        one = Extent(frozenset({0, 2}), frozenset(numbers))
        assert extent._read(json.loads(json.dumps(one.record()))) == one


def test_the_header_says_how_much_is_answered(store: Store) -> None:
    ask(store, job_on(subject_of(store, limit=10)), stop_after=11)
    desk = Desk(open_run(store, 1), {})
    for width in (60, 80, 140):
        line = head(desk, width).plain
        assert len(line) <= width
        assert line.endswith(", 1 of 10 answered")
        assert f"({desk.standings.correct}/{desk.standings.scored})" in line
    assert all(desk.opened.scored), "of all six attributes"
    ask(store, job_on(subject_of(store, limit=10)))
    assert "answered" not in head(Desk(open_run(store, 1), {}), 140).plain


@pytest.fixture
def two_runs(store: Store) -> Store:
    subject = subject_of(store, limit=10)
    ask(store, job_on(subject), stop_after=13)
    list(run_direct(context(store), Job(subject, "oracle", Settings(subject.benchmark.attributes))))
    return store


def test_report_says_so_on_the_command_line(
    two_runs: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = ["--store", str(two_runs.path)]
    assert main(["report", "1", *place, "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "2 of 10" in shown
    assert "note: run 1: answered 2 of 10 scenarios, interrupted" in shown
    assert main(["report", "1", "2", "--compare", *place]) == 0
    shown = capsys.readouterr().out
    assert "note: run 1: answered 2 of 10 scenarios, interrupted" in shown
    assert "McNemar's exact test (one target) or sign-flip permutation test (several)" in shown
    assert main(["report", "1", "2", "--compare", "--json", *place]) == 0
    for record in json.loads(capsys.readouterr().out):
        assert (record["first_answered"], record["first_planned"]) == (2, 10)
        assert (record["second_answered"], record["second_planned"]) == (10, 10)
        assert record["test"] in ("McNemar", "sign-flip")


def test_what_went_missing_is_told_before_the_end_and_in_the_tables(store: Store) -> None:
    subject = subject_of(store, limit=1)
    job = job_on(subject)
    plan = make_plan(store, job, embed)
    lines: Iterator[str | Reply] = iter(
        [
            Reply("", 9, 0, dropped_shots=0, seconds=0.0, error="the context is too small"),
            Reply("no", 9, 1, dropped_shots=0, seconds=0.0, error=None),
            *(
                Reply(judge(one.request), 9, 9, dropped_shots=3, seconds=0.0, error=None)
                for one in plan.asks[2:4]
            ),
            *(judge(one.request) for one in plan.asks[4:]),
        ]
    )
    events = list(run_asking(context(store), job, plan, lambda: ScriptedEngine(lines)))
    notes = [event.text for event in events if isinstance(event, Note)]
    assert notes == [
        "2 of 6 requests failed: not JSON (Expecting value: line 1 column 1 (char 0)) (1); the"
        " context is too small (1)",
        "2 of 6 requests had to do without 6 worked examples in all, for which the model's"
        " context has no room",
    ]
    one = scored(store, 1)
    for note in notes:
        assert f"Note: run 1: {note}." in text.accuracy_markdown(one)
    (record,) = json.loads(text.accuracy_json(one))["runs"]
    assert (record["failed"], record["dropped_examples"]) == (2, 6)
    assert record["failures"]["the context is too small"] == 1


def test_cut_statements_are_told(store: Store) -> None:
    job = job_on(subject_of(store, limit=1), "kaleido")
    plan = make_plan(store, job, embed)

    def answer(request: Asked) -> str:
        cut = 40 if request == plan.asks[0].request else 0
        return json.dumps({**json.loads(judge(request)), "cut": cut})

    events = list(run_asking(context(store), job, plan, lambda: ScriptedEngine(answer)))
    (note,) = [event.text for event in events if isinstance(event, Note)]
    assert note.endswith("the text was cut to the model's context, by 40 characters in all")
    assert text.records(tables.runtime(scored(store, 1)))[0]["cut_characters"] == 40


def test_nothing_is_told_where_there_is_nothing_to_tell(store: Store) -> None:
    events = ask(store, job_on(subject_of(store, limit=2)))
    assert not [event for event in events if isinstance(event, Note)]
    assert scored(store, 1).remarks == ()


def test_asked_samples_are_counted_by_response_and_attribute(store: Store) -> None:
    job = job_on(subject_of(store, limit=1, attributes=("care",)), "zero-shot-regression", 2)
    ask(store, job)
    with store.reading() as db:
        asked = browse.asked(db, 1, (24, 4, 6))
    assert asked[0, :, 0].tolist()[: len(job.subject.scenarios[0].responses)] == [2] * len(
        job.subject.scenarios[0].responses
    )
    assert asked[0, :, 1:].sum() == 0
    assert asked[1:].sum() == 0
