"""The app with a run that was told its targets: it has picks for those, and none for others."""

import numpy as np

from spm_tui.bench.events import ItemAnswered
from spm_tui.report.tables import run_list
from spm_tui.scoring.standing import Status
from spm_tui.tui.analysis import chart, picked_labels
from spm_tui.tui.comparison import Pairing
from spm_tui.tui.desk import Desk
from spm_tui.tui.running_app import by_position
from spm_tui.tui.session import open_run
from spm_tui.tui.study import choices, read_extra, study
from store import browse, runs
from store.connection import Store
from tests.build import SMALL
from tests.spm_tui.test_report import told
from tests.tui.apps import make_app, opened, screen, shows

RUN = 4
"""Of `told`."""


def test_picks_are_those_for_the_target_at_hand(store: Store) -> None:
    told(store, "high")
    desk = Desk(open_run(store, RUN), {})
    with store.reading() as db:
        (votes,) = browse.votes(db, RUN, (3, 3)).values()
    assert desk.standings.picked.tolist() == votes.argmax(axis=1).tolist()
    assert (desk.standings.status != Status.NOT_RUN).all()
    desk.take_preset("low")
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
        await pilot.press("escape", "]")
        await shows(pilot, app, "target low")
        assert app.desk.standings.scored == 0
