"""The app with a run that was told its targets: it has picks for those, and none for others."""

import numpy as np
import pytest

from spm_tui import targets
from spm_tui.bench.events import ItemAnswered
from spm_tui.methods.base import ALL
from spm_tui.prompts import LETTERS
from spm_tui.report.tables import run_list
from spm_tui.scoring.standing import Status
from spm_tui.targets import Target
from spm_tui.tui.analysis import chart, picked_labels
from spm_tui.tui.comparison import Pairing
from spm_tui.tui.comparison_text import detail
from spm_tui.tui.desk import Desk
from spm_tui.tui.full_text import full_text
from spm_tui.tui.running_app import by_position
from spm_tui.tui.session import open_run
from spm_tui.tui.steering import high
from spm_tui.tui.study import choices, read_extra, study
from spm_tui.tui.views import View, read_pages, view
from spm_tui.tui.widgets.paged_detail import explain
from store import browse, runs
from store.connection import Store
from store.records import Choice, Item, RunSpec
from tests import golden
from tests.build import SMALL
from tests.conftest import AT
from tests.spm_tui.test_report import fill, told
from tests.tui.apps import make_app, opened, screen, shows
from tests.tui.test_screens import still

RUN = 4
"""Of `told`."""


def test_picks_are_those_for_the_target_at_hand(store: Store) -> None:
    told(store, "high")
    desk = Desk(open_run(store, RUN), {})
    with store.reading() as db:
        (votes,) = browse.votes(db, RUN, (3, 3)).values()
    assert desk.standings.picked.tolist() == votes.argmax(axis=1).tolist()
    assert (desk.standings.status != Status.NOT_RUN).all()
    desk.steer(desk.steering.take("low", targets.low(SMALL.attributes).targets[0]))
    assert (desk.standings.status == Status.NOT_RUN).all()
    assert np.isnan(desk.standings.accuracy)
    desk.steer(desk.steering.take("high", dict(desk.presets)["high"]).next_function())
    assert (desk.standings.status != Status.NOT_RUN).all(), "it was told no function"
    desk.steer(desk.steering.weigh(0, 2.0))
    assert (desk.standings.status == Status.NOT_RUN).all(), "another weight, another target"


def test_it_is_compared_on_what_it_was_asked_about(store: Store) -> None:
    told(store, "high")
    desk = Desk(open_run(store, RUN), {})
    pairing = Pairing(desk.opened, open_run(store, 2), desk.steering)
    assert "all" not in pairing.sets()
    assert pairing.on_target(lambda: False).second == 1
    assert pairing.on_set("low", lambda: False).scenarios == 0


def test_charts_say_what_was_not_asked(store: Store) -> None:
    told(store, "high")
    shown = open_run(store, RUN)
    one = study(shown, Desk(shown, {}).steering)
    assert choices(one, "attributes") == ("sampled",)
    for kind in ("levels", "length"):
        extra = read_extra(store, shown, one, kind)
        assert "chooses without scores" in chart(one, kind, "care", extra).sentence
    assert picked_labels(one, "high").drawing is not None
    low = picked_labels(one, "low")
    assert (low.drawing, low.sentence) == (None, "The run was not asked about this target.")


def test_a_choice_that_comes_in_is_shown_when_it_is_stored() -> None:
    item = ItemAnswered(1, 1, "", 0, (), None, target="{}", chosen=1, reasoning="so")
    assert by_position([item], ("care",)) == {}


def test_it_is_listed_like_any_run(store: Store) -> None:
    told(store, "high")
    with store.reading() as db:
        rows = run_list(runs.listing(db), {SMALL.identity: "small"}).rows
    assert rows[-1][2:4] == ("prompt-aligned-zero-shot", "smol")


CARE, OTHER = '{"care":1.0}', '{"care":0.3}'
VOTES = {(1, CARE): (1, 0, 1), (2, CARE): (0, 0, 0), (3, CARE): (1, 1, 0), (1, OTHER): (0, 0, 0)}


def voted(store: Store) -> None:
    """A run of three samples that was told two targets, after those of `fill`."""
    fill(store)
    config = '{"method":{"samples":3,"seed":0,"temperature":0.7}}'
    spec = RunSpec(SMALL.identity, "eval", "prompt-aligned-zero-shot", "smol", config)
    batch = runs.Batch()
    for (number, target), said in VOTES.items():
        for sample, response in enumerate(said):
            request = f"{number} {target} {sample}"
            batch.items.append(Item(number, ALL, ALL, sample, target, request))
            why = f"it is the {sample + 1}. time that I say so"
            batch.choices.append(Choice(number, target, sample, response, why))
    with store.writing() as db:
        run = runs.open_run(db, spec, process="here:1", environment="{}", at=AT)
        runs.add_batch(db, run, batch, at=AT)
        runs.mark(db, run, "finished", process="here:1", environment="{}", at=AT)


def seen(store: Store, desk: Desk, index: int) -> View:
    page = read_pages(store, desk.opened, [index])[index]
    return view(desk.opened, desk.standings, index, page, target=desk.asked)


def test_what_it_was_told_is_offered_and_what_it_was_not_told_does_not_count(store: Store) -> None:
    voted(store)
    desk = Desk(open_run(store, RUN), {"mine": [Target((("fairness", 1.0),))]})
    assert desk.opened.asked == (OTHER, CARE)
    assert desk.opened.scored == (True, False)
    assert desk.asked == CARE, "high, without the attribute it heard nothing of"
    offered = [("high", Target((("care", 1.0),))), ("asked 1", Target((("care", 0.3),)))]
    assert desk.presets == offered
    desk.step_preset(1)
    assert (desk.steering.name, desk.asked) == ("asked 1", OTHER)
    desk.steer(desk.steering.set_value(0, 0.5))
    assert desk.asked is None
    desk.take_preset("high")
    assert [name for name, _ in desk.presets] == ["high", "custom", "asked 1"], "one's own stays"


def test_a_run_that_was_told_more_meanwhile_offers_it(store: Store) -> None:
    voted(store)
    desk = Desk(open_run(store, RUN), {})
    assert len(desk.presets) == 2
    more = runs.Batch(items=[Item(1, ALL, ALL, 0, '{"fairness":0.0}', "more")])
    with store.writing() as db:
        runs.add_batch(db, RUN, more, at=AT)
    desk.reopen(open_run(store, RUN))
    assert len(desk.presets) == 3
    assert desk.opened.scored == (True, True)


@pytest.mark.parametrize(
    ("index", "told"),
    [
        (0, ["✓ 2 of 3 samples chose B, 1 A", "“it is the 1. time that I say so”"]),
        (1, ["✗ 3 of 3 samples chose A; by labels 0.50 farther than B", "“it is the 1. tim…”"]),
        (2, ["= the labels of all responses", "2 of 3 samples chose B, 1 A", "“it is the 1. time"]),
    ],
)
def test_a_choice_is_told_with_its_share_and_the_reasoning_of_the_first_that_made_it(
    store: Store, index: int, told: list[str]
) -> None:
    voted(store)
    desk = Desk(open_run(store, RUN), {})
    room = 17 if index == 1 else None
    lines = str(explain(desk, seen(store, desk, index), room=room)).splitlines()
    assert [line.startswith(start) for line, start in zip(lines, told, strict=True)] == [
        True
    ] * len(told), lines


def test_what_was_not_asked_or_not_answered_is_said(store: Store) -> None:
    voted(store)
    desk = Desk(open_run(store, RUN), {})
    desk.take_preset("asked 1")
    assert explain(desk, seen(store, desk, 1)) is None, "asked and not answered: no choice yet"
    desk.steer(desk.steering.set_value(0, 0.5))
    assert "was not asked about this target" in str(explain(desk, seen(store, desk, 1)))


def test_a_choice_without_target_samples_or_reasoning_is_the_same_for_any_target(
    store: Store,
) -> None:
    fill(store)
    desk = Desk(open_run(store, 3), {})
    for name in ("high", "low"):
        desk.take_preset(name)
        shown = seen(store, desk, 0)
        assert shown.choices == 1
        (place,) = [i for i, one in enumerate(shown.responses) if one.choices]
        assert f"{LETTERS[place]} was chosen" in str(explain(desk, shown))
        assert "“" not in str(explain(desk, shown))


def test_the_whole_scenario_has_every_samples_choice(store: Store) -> None:
    voted(store)
    desk = Desk(open_run(store, RUN), {})
    told = full_text(seen(store, desk, 0), desk.opened.names).plain.splitlines()
    assert (
        told[told.index("chosen by 1 of 3") + 1] == "  sample 2  “it is the 2. time that I say so”"
    )
    where = told.index("chosen by 2 of 3")
    assert [line[:10] for line in told[where + 1 : where + 3]] == ["  sample 1", "  sample 3"]
    assert not any("model –" in line for line in told), "nothing was scored"


def test_two_runs_are_told_side_by_side_with_their_choices(store: Store) -> None:
    voted(store)
    pairing = Pairing(open_run(store, RUN), open_run(store, 3), high(SMALL.attributes))
    aim = pairing.steering.aim()
    one, other = (
        view(shown, standings, 0, read_pages(store, shown, [0])[0], target=shown.asked_about(aim))
        for shown, standings in zip(pairing.runs, pairing.standings, strict=True)
    )
    told = detail(one, other, pairing, width=60).plain
    assert "run 4 chosen by 2 of 3 “it is the 1. time that I say so”" in told
    assert "run 3 chosen by 1 of 1" in told


@pytest.mark.parametrize("size", [(80, 24), (140, 45)], ids=["80x24", "140x45"])
async def test_the_app_tells_of_choices(store: Store, size: tuple[int, int]) -> None:
    voted(store)
    app = make_app(store)
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        await shows(pilot, app, "2 of 3 samples chose B, 1 A")
        golden.check(f"screen-choices-{size[0]}x{size[1]}.txt", await still(app) + "\n")
        await pilot.press("enter")
        await shows(pilot, app, "chosen by 2 of 3", "sample 3")
        await pilot.press("escape", "]")
        await shows(pilot, app, "asked 1", "3 of 3 samples chose A")
        await pilot.press("t", "right", "t")
        await shows(pilot, app, "custom", "was not asked about this target")
        await pilot.press("]")
        await shows(pilot, app, "2 of 3 samples chose B, 1 A")


async def test_the_app_shows_its_picks_and_its_prompts(store: Store) -> None:
    told(store, "high")
    app = make_app(store)
    async with app.run_test(size=(140, 45)) as pilot:
        await opened(pilot, app)
        await shows(pilot, app, "run 4 prompt-aligned-zero-shot")
        assert app.desk is not None
        assert app.desk.standings.scored > 0
        await pilot.press("p")
        await shows(
            pilot, app, "request 1 of 1 · care=1, fairness=1 · greedy", "proven by its hash"
        )
        assert "Wanted is the highest level: all care." in screen(app)
        await pilot.press("escape", "t", "left")
        await shows(pilot, app, "target custom", "was not asked about this target")
        assert app.desk.standings.scored == 0
