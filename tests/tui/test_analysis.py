"""The numbers of the charts: worked examples, and what there is to say without any."""

from dataclasses import replace
from itertools import product

import numpy as np

from spm_tui.bench.execute import run_direct
from spm_tui.bench.plan import make_plan
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Backbone, Job, Selection, load_subject
from spm_tui.methods.base import Settings
from spm_tui.report.charts import Bars, Chart, Graph, HeatMap
from spm_tui.tui.analysis import chart
from spm_tui.tui.drawing import drawn
from spm_tui.tui.session import Opened, open_run, open_split
from spm_tui.tui.steering import high
from spm_tui.tui.study import KINDS, Extra, Kind, Study, choices, missing, orders, read_extra, study
from store import benchmarks, diagnosis
from store.connection import Store
from tests import build
from tests.build import SMALL
from tests.conftest import AT
from tests.machine import embed
from tests.spm_tui.test_report import fill


def of(opened: Opened) -> Study:
    return study(opened, high(opened.attributes))


def charts(store: Store, opened: Opened) -> dict[tuple[Kind, str], Chart]:
    one = of(opened)
    return {
        (kind, choice): chart(one, kind, choice, read_extra(store, opened, one, kind))
        for kind in KINDS
        for choice in choices(one, kind)
    }


def test_the_oracle_is_on_every_diagonal(store: Store) -> None:
    fill(store)
    found = charts(store, open_run(store, 2))
    assert [row[3:] for row in found["attributes", "all"].table.rows] == [(1.0, 0.0), (1.0, 0.0)]
    assert "100.0 % for targets of 1 attribute" in found["attributes", "sampled"].sentence
    # The first scenario's responses are equally near, of which the first is picked.
    picked = np.array([row[2:] for row in found["bias", "high"].table.rows], dtype=float)
    assert np.allclose(picked, np.array([[1 / 3, 1 / 2], [5 / 6, 2 / 3]]))
    heat = found["levels", "care"].drawing
    assert isinstance(heat, HeatMap)
    assert sum(map(sum, heat.counts)) == sum(heat.counts[i][i] for i in range(5)) == 7
    assert "0.00 off on average" in found["calibration", "fairness"].sentence
    assert {row[2] for row in found["length", "all attributes"].table.rows} == {0.0}
    assert "oracle does not show responses" in found["position", "all attributes"].sentence


def test_every_chart_of_a_sampling_run_has_numbers_and_a_sentence(store: Store) -> None:
    fill(store)
    for (kind, choice), one in charts(store, open_run(store, 1)).items():
        assert one.drawing is not None, (kind, choice)
        assert one.table.rows
        assert one.sentence.endswith(".")


def test_the_order_of_a_sample_is_the_one_it_was_asked_in(store: Store) -> None:
    subject = fill(store)
    job = Job(
        subject,
        "few-shot-comparative",
        Settings(SMALL.attributes, temperature=0.7, samples=2),
        Backbone("smol", "r/float32"),
        "mini",
    )
    opened = open_run(store, 1)
    with store.reading() as db:
        keys = diagnosis.keys(db, opened.benchmark.identity, "eval")
    order = orders(of(opened), keys, 2)
    assert order.shape == (3, 2, 2, 3)
    for ask in make_plan(store, job, embed).asks:
        shown = order[ask.scenario - 1, ask.attribute, ask.sample]
        assert tuple(shown[shown >= 0].tolist()) == ask.order


def test_greedy_decoding_shows_the_stored_order(store: Store) -> None:
    fill(store)
    opened = open_run(store, 1)
    assert opened.run is not None
    spec = replace(opened.run.spec, config='{"method":{"temperature":0.0}}')
    one = of(replace(opened, run=replace(opened.run, spec=spec)))
    order = orders(one, (), 1)
    assert order[0, 0, 0].tolist() == [0, 1, -1]
    assert order[1, 1, 0].tolist() == [0, 1, 2]
    samples = np.where(one.judged.present[..., None, None], 0.5, np.nan).repeat(2, axis=2)
    samples[0, 0] = 0.9
    found = chart(one, "position", "all attributes", Extra(samples=samples))
    assert found.table.rows == (("care", 1.0, 3, 2), ("fairness", 1.0, 3, 2))
    assert found.sentence.endswith("Greedy decoding shows them in stored order.")
    samples[0, 0] = 0.5
    found = chart(one, "position", "all attributes", Extra(samples=samples))
    assert found.drawing is None


def test_a_choosing_run_has_accuracy_and_bias_alone(store: Store) -> None:
    fill(store)
    for (kind, _), one in charts(store, open_run(store, 3)).items():
        assert (one.drawing is not None) == (kind in ("attributes", "bias"))
        assert one.drawing or "random chooses without scores" in one.sentence


def test_without_a_run_and_without_answers_the_charts_say_so(store: Store) -> None:
    fill(store)
    split = of(open_split(store, "small", "eval"))
    assert all("open a run" in missing(split, kind) for kind in KINDS)
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 1")
    assert {c.sentence for c in charts(store, open_run(store, 1)).values()} == {
        "This run has no answers yet."
    }


def test_half_a_run_is_drawn_from_what_is_there(store: Store) -> None:
    fill(store)
    with store.writing() as db:
        db.execute("DELETE FROM predictions WHERE run = 1 AND (scenario = 3 OR sample = 1)")
    found = charts(store, open_run(store, 1))
    assert all(one.drawing for one in found.values())
    assert "of 5 responses" in found["levels", "care"].sentence


def test_attributes_without_scores_are_left_out(store: Store) -> None:
    fill(store, attributes=("fairness",))
    found = charts(store, open_run(store, 1))
    assert [choice for kind, choice in found if kind == "levels"] == ["fairness"]
    assert [row[1] for row in found["attributes", "all"].table.rows] == [1]
    assert all(one.drawing for one in found.values())


def test_one_attribute_of_many_levels(store: Store) -> None:
    lone = build.benchmark([[[0], [6]], [[3], [3]]], names=["[b]care"], levels=7)
    with store.writing() as db:
        benchmarks.add(db, lone, at=AT)
    context = Context(store, "here:1", "{}", lambda: AT, lambda: False)
    subject = load_subject(store, "small", Selection(), at=AT)
    list(run_direct(context, Job(subject, "oracle", Settings(lone.attributes))))
    found = charts(store, open_run(store, 1))
    assert {kind for (kind, _), one in found.items() if one.drawing} == set(KINDS) - {"position"}
    bars = found["bias", "low"].drawing
    assert bars is not None
    assert "[b]care" in drawn(bars, 60, 20).plain


def test_drawings_fit_their_width(store: Store) -> None:
    fill(store)
    drawings = [one.drawing for one in charts(store, open_run(store, 1)).values() if one.drawing]
    assert {type(one) for one in drawings} == {Graph, Bars, HeatMap}
    for one, width, height in product(drawings, (1, 8, 20, 38, 78, 138), (1, 5, 17, 40)):
        lines = drawn(one, width, height).split("\n")
        if width >= 20:
            assert max(line.cell_length for line in lines) <= width


def test_large_counts_are_cut_to_their_cells() -> None:
    names = tuple(map(str, range(7)))
    heat = HeatMap("label", "predicted", names, names, ((12_345, 0, 1, 1, 1, 1, 1),) * 7)
    assert "12k" in drawn(heat, 38, 12).plain
    assert "12,345" in drawn(heat, 120, 12).plain
