"""The annotation screen: every key, at every size, and nothing said is lost."""

import csv
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from textual import on
from textual.app import App
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Input, Static

from spm_tui.tui.desk import Desk
from spm_tui.tui.listing import Filter, Sort
from spm_tui.tui.messages import Failed
from spm_tui.tui.screens.annotate import AnnotateScreen
from spm_tui.tui.screens.dialogs import Line, Menu, Reading
from spm_tui.tui.session import open_run, open_split
from spm_tui.tui.themes import VARIABLES
from spm_tui.tui.widgets.paged_detail import PagedDetail
from spm_tui.tui.widgets.scenario_detail import Pane
from store import annotations
from store.connection import Connection, Store
from store.errors import StoreBusy
from store.records import Annotation
from tests.build import SMALL
from tests.conftest import AT
from tests.spm_tui.test_report import fill
from tests.tui.wait import settle

SIZES = [(80, 24), (140, 45), (40, 20)]


class HeldStore(Store):
    """A store that another process may hold, or that refuses to be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, patience=2.0)
        self.free = threading.Event()
        self.free.set()
        self.refuses = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        assert self.free.wait(20)
        if self.refuses:
            raise StoreBusy(self.path, 7, 30)
        with super().writing() as db:
            yield db


class Host(App[None]):
    """An app with nothing but the screen."""

    def __init__(self, store: Store, desk: Desk, author: str = "ada") -> None:
        super().__init__()
        self.annotate = AnnotateScreen(store, desk, author, clock=Clock())
        self.left: list[int | None] = []
        self.problems: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(VARIABLES)

    def on_mount(self) -> None:
        self.push_screen(self.annotate, self.left.append)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.problems.append(message.problem)


@dataclass
class Clock:
    """Every look is a second later."""

    now: datetime = AT

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "store.duckdb"
    fill(Store(path))
    return path


@pytest.fixture
def held(filled: Path, tmp_path: Path) -> HeldStore:
    return HeldStore(Path(shutil.copy(filled, tmp_path)))


def open_desk(store: Store) -> Desk:
    return Desk(open_run(store, 1), {})


def history(store: Store) -> list[tuple[int, int | None, int | None, str, str, str]]:
    with store.reading() as db:
        found = annotations.history(db, 1)
    return [(a.scenario, a.response, a.attribute, a.verdict, a.note, a.author) for a in found]


def said(app: Host, part: str) -> str:
    return str(app.annotate.query_one(part, Static).content)


def told(app: Host) -> list[str]:
    return [notification.message for notification in app._notifications]


async def shown(pilot: Pilot[None], app: Host) -> None:
    """Wait until the scenario at hand has been read."""
    index = app.annotate.queue.index
    detail = app.annotate.query_one(PagedDetail)
    await settle(
        pilot, lambda: index is not None and detail.view_at(index) and app.annotate.query(Pane)
    )


@pytest.mark.parametrize("size", SIZES)
async def test_every_key(held: HeldStore, size: tuple[int, int]) -> None:
    app = Host(held, open_desk(held))
    one = app.annotate.queue
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        assert "0/3" in said(app, "#progress")
        for key, index in (("s", 1), ("w", 2), ("l", 2)):
            await pilot.press(key)
            assert one.index == index
        assert "3/3" in said(app, "#progress")
        assert "label wrong" in said(app, "#given Static")
        assert "all of this list is judged" in told(app)
        await pilot.press("b", "space")
        assert one.index == 2
        app.annotate.query_one("#question").focus()  # as by a click; it takes no key away
        await settle(pilot, lambda: app.focused)
        await pilot.press("left", "left", "left")
        assert one.index == 0
        await pilot.press("right", "1")
        assert (one.index, one.response) == (1, 0)
        await shown(pilot, app)
        await settle(pilot, lambda: app.annotate.query_one(".-chosen", Pane))
        await pilot.press("9")
        assert "there is no response 9 here" in told(app)
        await pilot.press("tab", "shift+tab", "shift+tab", "w", "space", "0")
        assert (one.index, one.response, one.attribute) == (1, None, 1)
        await pilot.press("tab")
        await pilot.press("u", "backspace")
        assert (one.response, one.attribute) == (0, 1)
        await pilot.press("down", "up", "j", "k", "pagedown", "pageup", "r")
        await settle(pilot, lambda: not app.annotate.unstored)
        await pilot.press("escape")
        await settle(pilot, lambda: app.left == [1])
    assert history(held) == [
        (1, None, None, "reasoning sound", "", "ada"),
        (2, None, None, "reasoning wrong", "", "ada"),
        (3, None, None, "label wrong", "", "ada"),
        (3, None, None, "both plausible", "", "ada"),
        (2, 0, 1, "reasoning wrong", "", "ada"),
        (2, 1, 1, "skip", "", "ada"),
        (2, 1, 1, "withdrawn", "", "ada"),
        (2, 0, 1, "withdrawn", "", "ada"),
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_reading_notes_and_agreement(held: HeldStore, size: tuple[int, int]) -> None:
    with held.writing() as db:
        other = Annotation(1, 1, None, None, "label wrong", "[b]why\x1b", "b[o]", AT)
        annotations.annotate(db, other)
    app = Host(held, open_desk(held))
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app)
        assert "b[o]  label wrong  “[b]why␛”" in said(app, "#given Static")
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, Reading))
        assert "“[b]why␛”" in str(app.screen.query_one(Static).content)
        await pilot.press("escape", "n")
        await settle(pilot, lambda: isinstance(app.screen, Line))
        await pilot.press(*"no[", "enter", "l", "left")
        await settle(pilot, lambda: app.annotate.queue.index == 0)
        assert "ada  label wrong  “no[”" in said(app, "#given Static")
        await pilot.press("n")
        await settle(pilot, lambda: isinstance(app.screen, Line))
        assert app.screen.query_one(Input).value == "no["
        await pilot.press("escape", "A")
        await settle(pilot, lambda: isinstance(app.screen, Reading))
        assert "ada – b[o]" in str(app.screen.query_one(Static).content)
        await pilot.press("escape", "q")
        await settle(pilot, lambda: app.left == [0])
    assert history(held)[1:] == [
        (1, None, None, "note", "no[", "ada"),
        (1, None, None, "label wrong", "no[", "ada"),
    ]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
async def test_export_waits_for_what_is_not_stored(
    held: HeldStore, tmp_path: Path, suffix: str
) -> None:
    app = Host(held, open_desk(held))
    file = tmp_path / f"out.{suffix}"
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        held.free.clear()
        await pilot.press("s", "e")
        await settle(pilot, lambda: isinstance(app.screen, Line))
        app.screen.query_one(Input).value = str(file)
        await pilot.press("enter")
        await settle(pilot, lambda: app.screen is app.annotate)
        assert not file.exists()
        held.free.set()
        await settle(pilot, lambda: f"1 annotations written to {file}" in told(app))
    if suffix == "csv":
        (row,) = csv.DictReader(file.read_text().splitlines())
        assert (row["scenario"], row["verdict"]) == ("1", "reasoning sound")


async def test_exports_that_cannot_be_are_refused(held: HeldStore, tmp_path: Path) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        for name in ("notes.txt", str(tmp_path / "out.csv")):
            await pilot.press("e")
            await settle(pilot, lambda: isinstance(app.screen, Line))
            app.screen.query_one(Input).value = name
            await pilot.press("enter")
            await settle(pilot, lambda: app.screen is app.annotate)
        assert "notes.txt: expected one of .csv, .jsonl, .parquet" in told(app)
        await settle(pilot, lambda: app.problems == ["run 1 has no annotations to export"])


async def test_a_held_store_holds_nobody_up_and_is_waited_for_on_leaving(held: HeldStore) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(140, 45)) as pilot:
        await shown(pilot, app)
        held.free.clear()
        await pilot.press("s", "w", "left")
        assert app.annotate.queue.judged == 2
        assert "reasoning wrong" in said(app, "#given Static")
        assert "storing …" in said(app, "#given Static")
        await pilot.press("escape")
        assert "storing 2, then back" in said(app, "#progress")
        assert app.left == []
        held.free.set()
        await settle(pilot, lambda: app.left == [1])
    assert [row[3] for row in history(held)] == ["reasoning sound", "reasoning wrong"]


async def test_what_was_refused_is_shown_and_stored_in_order_later(held: HeldStore) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(140, 45)) as pilot:
        await shown(pilot, app)
        held.refuses = True
        await pilot.press("s")
        await settle(pilot, lambda: "1 not stored, r tries again" in said(app, "#progress"))
        assert any("held by process 7" in message for message in told(app))
        await pilot.press("left")
        assert "not stored" in said(app, "#given Static")
        await pilot.press("r", "u")
        await settle(pilot, lambda: "2 not stored" in said(app, "#progress"))
        held.refuses = False
        await pilot.press("r")
        await settle(pilot, lambda: not app.annotate.unstored)
        await settle(pilot, lambda: "not stored" not in said(app, "#progress"))
    assert [row[3] for row in history(held)] == ["reasoning sound", "withdrawn"]


@pytest.mark.parametrize("answer", ["retry", "stay", "drop"])
async def test_leaving_without_having_stored_is_a_decision(held: HeldStore, answer: str) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        held.refuses = True
        await pilot.press("s", "escape")
        await settle(pilot, lambda: isinstance(app.screen, Menu))
        held.refuses = answer == "drop"
        await pilot.press(*["down"] * ["retry", "stay", "drop"].index(answer), "enter")
        if answer == "stay":
            await settle(pilot, lambda: app.screen is app.annotate)
            await pilot.press("escape")
        await settle(pilot, lambda: app.left == [1])
        assert len(app.annotate.notes) == (answer != "drop")
    assert len(history(held)) == (answer != "drop")


async def test_escape_twice_asks_at_once(held: HeldStore) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        held.free.clear()
        await pilot.press("s", "escape", "escape")
        await settle(pilot, lambda: isinstance(app.screen, Menu))
        held.free.set()
        await settle(pilot, lambda: not app.annotate.unstored)
        await pilot.press("escape", "escape")
        await settle(pilot, lambda: app.left == [1])


async def test_ending_the_app_stores_first(held: HeldStore) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        held.free.clear()
        await pilot.press("s", "w")
        app.exit()
        held.free.set()
    assert [row[3] for row in history(held)] == ["reasoning sound", "reasoning wrong"]


async def test_ending_the_app_says_what_could_not_be_stored(
    held: HeldStore, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        held.refuses = True
        await pilot.press("s")
        await settle(pilot, lambda: "not stored" in said(app, "#progress"))
    assert app.return_code == 1
    assert "1 not stored" in capsys.readouterr().err


async def test_others_verdicts_of_meanwhile_come_with_the_next(held: HeldStore) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        with held.writing() as db:
            annotations.annotate(db, Annotation(1, 2, None, None, "label wrong", "", "bo", AT))
        await pilot.press("s")
        await settle(pilot, lambda: "bo  label wrong" in said(app, "#given Static"))
        assert {note.author for note in app.annotate.notes} == {"ada", "bo"}


async def test_keys_can_be_others(held: HeldStore) -> None:
    app = Host(held, open_desk(held))
    async with app.run_test(size=(140, 45)) as pilot:
        app.set_keymap({"annotate.label_wrong": "x", "annotate.next": "period"})
        await shown(pilot, app)
        await pilot.press("period", "left", "x", "left")
        assert "x\N{NO-BREAK SPACE}●\N{NO-BREAK SPACE}label" in said(app, "#keys")
        assert app.annotate.queue.history[0].verdict == "label wrong"


async def test_only_what_is_listed_and_from_where_one_was(held: HeldStore) -> None:
    desk = open_desk(held)
    desk.narrow(Filter("tie"), Sort())
    desk.go(2)
    app = Host(held, desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app)
        assert app.annotate.queue.order == (0, 2)
        assert app.annotate.queue.index == 2
        await pilot.press("s")
        assert app.annotate.queue.index == 0


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_listed(held: HeldStore, size: tuple[int, int]) -> None:
    desk = open_desk(held)
    desk.narrow(Filter("not run"), Sort())
    app = Host(held, desk)
    async with app.run_test(size=size) as pilot:
        await pilot.press("s", "u", "n", "enter", "right", "1", "tab", "g", "A", "escape")
        await pilot.press("escape")
        await settle(pilot, lambda: app.left == [None])


async def test_a_split_without_a_run_is_not_annotated(held: HeldStore) -> None:
    desk = Desk(open_split(held, SMALL.name, "eval"), {})
    with pytest.raises(ValueError, match="only runs"):
        AnnotateScreen(held, desk, "ada")


def test_every_key_can_be_remapped() -> None:
    ids = [one.id for one in AnnotateScreen.BINDINGS if isinstance(one, Binding)]
    assert len(set(ids)) == len(AnnotateScreen.BINDINGS)
    assert all(name and name.startswith("annotate.") for name in ids)
