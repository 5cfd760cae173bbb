"""Imports, whole or not at all, of every kind."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spm_tui.bench.execute import run_direct
from spm_tui.bench.importing import Arrived, Source, import_source
from spm_tui.bench.record import Context
from spm_tui.bench.subject import Job, Selection, load_subject
from spm_tui.datasets import builtin, helpsteer2
from spm_tui.errors import InputError, SpmError
from spm_tui.methods.base import Settings
from store import benchmarks, bundles, runs
from store.connection import Store
from store.errors import NotInStore, StoreError
from tests.build import SMALL
from tests.conftest import AT
from tests.spm_tui import test_helpsteer2, test_mic, test_plain
from tests.spm_tui.test_report import fill


def mic(folder: Path) -> Source:
    rows = test_mic.question()
    return Source("mic", str(test_mic.write(folder / "mic.csv", rows)), rule="source")


def hs2(folder: Path) -> Source:
    folder = folder / "hs2"
    folder.mkdir()
    lines, record = test_helpsteer2.lines, test_helpsteer2.raw
    lines(folder / "train.jsonl", [record("p", "a"), record("p", "b"), record("x", "a")])
    lines(folder / "validation.jsonl", [record("q", "a"), record("q", "b")])
    return Source("helpsteer2", str(folder), rule="source")


def plain(folder: Path) -> Source:
    (folder / "attributes.toml").write_text(test_plain.ATTRIBUTES)
    path = folder / "mine.json"
    path.write_text(json.dumps([test_plain.scenario("q"), test_plain.scenario("t", "train")]))
    return Source("plain", str(path), attributes=str(folder / "attributes.toml"))


KINDS = {
    "mic": (mic, "mic", 0, 6),
    "hs2": (hs2, "helpsteer2", 1, 5),
    "plain": (plain, "mine", 1, 2),
}


def bring(store: Store, source: Source) -> Arrived:
    return import_source(store, source, at=AT)


def empty(store: Store) -> bool:
    with store.reading() as db:
        return not benchmarks.listing(db) and not runs.listing(db)


@pytest.mark.parametrize("kind", KINDS)
def test_a_benchmark_arrives_once(store: Store, tmp_path: Path, kind: str) -> None:
    make, name, train, attributes = KINDS[kind]
    source = make(tmp_path)
    first = bring(store, source)
    assert (first.added, first.run) == (True, None)
    assert first.what == (
        f"{name} ({first.identity[:12]}): {train} train and 1 eval scenarios,"
        f" {attributes} attributes"
    )
    again = bring(store, source)
    assert not again.added
    assert (again.identity, again.what) == (first.identity, first.what)
    with store.reading() as db:
        (row,) = benchmarks.listing(db)
    assert (row.identity, row.name, row.train, row.eval) == (first.identity, name, train, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_benchmark_can_be_named(store: Store, tmp_path: Path, kind: str) -> None:
    source = KINDS[kind][0](tmp_path)
    named = Source(source.kind, source.path, source.attributes, "a name", source.rule)
    assert bring(store, named).what.startswith("a name (")
    with store.reading() as db:
        assert benchmarks.find(db, "a name").name == "a name"


def test_what_is_there_under_another_name_is_told_by_that(store: Store, tmp_path: Path) -> None:
    source = mic(tmp_path)
    first = bring(store, source)
    again = bring(store, replace(source, name="two"))
    assert (again.added, again.what) == (False, first.what)


def test_the_names_of_built_in_benchmarks_are_taken(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="field 'name': 'mini-mic' is a built-in benchmark's"):
        bring(store, replace(mic(tmp_path), name="mini-mic"))
    assert empty(store)


def test_what_was_left_out_is_told(store: Store, tmp_path: Path) -> None:
    assert bring(store, hs2(tmp_path)).notes == ("left out 1 prompts without 2 to 26 responses",)


def test_a_file_in_the_home_folder_is_found(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    plain(tmp_path)
    arrived = bring(store, Source("plain", "~/mine.json", attributes="~/attributes.toml"))
    assert arrived.what.startswith("mine (")


def test_the_rule_decides_the_division(store: Store, tmp_path: Path) -> None:
    source = hs2(tmp_path)
    divided = bring(store, Source("helpsteer2", source.path, rule="stratified"))
    assert divided.identity != bring(store, source).identity


def test_the_reader_tells_how_far_it_is(store: Store, tmp_path: Path) -> None:
    shares: list[float] = []
    import_source(store, mic(tmp_path), at=AT, watch=shares.append)
    assert shares
    assert 0 <= min(shares) <= max(shares) <= 1


# the hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of the model hub: a folder; the list gets what is asked for."""
    asked: list[str] = []
    folder = Path(hs2(tmp_path).path)

    def fetch(repository: str) -> Path:
        asked.append(repository)
        return folder

    monkeypatch.setattr(helpsteer2, "fetch", fetch)
    monkeypatch.chdir(tmp_path)
    return asked


@pytest.mark.parametrize(
    ("path", "asked"), [("", "nvidia/HelpSteer2"), ("somebody/else", "somebody/else")]
)
def test_helpsteer2_comes_from_the_hub_where_no_path_is_given(
    store: Store, hub: list[str], path: str, asked: str
) -> None:
    assert bring(store, Source("helpsteer2", path, rule="source")).added
    assert hub == [asked]
    with store.reading() as db:
        assert benchmarks.listing(db)[0].source == asked


def test_what_is_there_is_not_fetched(store: Store, hub: list[str], tmp_path: Path) -> None:
    (tmp_path / "somebody").mkdir()
    (tmp_path / "hs2").rename(tmp_path / "somebody" / "else")
    assert bring(store, Source("helpsteer2", "somebody/else", rule="source")).added
    assert hub == []


@pytest.mark.parametrize("path", ["gone", "/gone/far/away", "gone/far/away.jsonl"])
def test_what_is_no_hub_id_is_not_fetched(store: Store, hub: list[str], path: str) -> None:
    with pytest.raises(InputError, match=path):
        bring(store, Source("helpsteer2", path))
    assert hub == []


# runs


def bundle(folder: Path) -> Source:
    sender = Store(folder / "sender.duckdb")
    fill(sender)
    with sender.reading() as db:
        bundles.save(db, 1, folder / "bundle")
    return Source("run", str(folder / "bundle"))


def test_a_run_arrives_once(store: Store, tmp_path: Path) -> None:
    source = bundle(tmp_path)
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    first = bring(store, source)
    assert (first.identity, first.run, first.added) == (SMALL.identity, 1, True)
    assert first.what == "run 1: few-shot-comparative with smol on small/eval"
    again = bring(store, source)
    assert (again.run, again.added, again.what) == (1, False, first.what)


def test_a_run_without_a_model_names_none(store: Store, tmp_path: Path) -> None:
    fill(store)
    with store.reading() as db:
        bundles.save(db, 2, tmp_path / "oracle")
    arrived = bring(store, Source("run", str(tmp_path / "oracle")))
    assert (arrived.what, arrived.added) == ("run 2: oracle on small/eval", False)


def test_a_run_on_a_benchmark_that_is_not_there_is_refused(store: Store, tmp_path: Path) -> None:
    source = bundle(tmp_path)
    with pytest.raises(NotInStore, match="'small'"):
        bring(store, source)
    assert empty(store)


# what is not as it should be

BAD = {
    "no file": (Source("mic", "gone.csv"), "gone.csv: No such file"),
    "no path": (Source("mic", ""), "expected a file ending in"),
    "a folder": (Source("mic", "folder"), "folder: expected a file ending in"),
    "another ending": (Source("mic", "text.txt"), "text.txt: expected a file ending in"),
    "another kind": (Source("mic", "mine.json"), "mine.json, row 1, field"),
    "empty": (Source("mic", "empty.csv"), "empty.csv"),
    "binary": (Source("mic", "binary.csv"), "binary.csv: not UTF-8 text"),
    "no attributes": (Source("plain", "mine.json"), "needs its attributes, a TOML file"),
    "gone attributes": (Source("plain", "mine.json", "gone.toml"), "gone.toml: No such file"),
    "bad attributes": (Source("plain", "mine.json", "text.txt"), "text.txt: not TOML"),
    "gone rows": (Source("plain", "gone.json", "attributes.toml"), "gone.json: No such file"),
    "an empty folder": (Source("helpsteer2", "folder"), "folder: a folder needs train.json"),
    "no run": (Source("run", "gone"), "gone/record.json: No such file"),
    "no bundle": (Source("run", "folder"), "folder/record.json: No such file"),
    "a file as a run": (Source("run", "text.txt"), "text.txt"),
    "nobody's folder": (Source("mic", "~nobody-here/mic.csv"), "~nobody-here"),
    "nobody's rows": (Source("helpsteer2", "~nobody-here/x/y.jsonl"), "~nobody-here"),
    "nobody's attributes": (Source("plain", "mine.json", "~nobody-here/a.toml"), "~nobody-here"),
    "nobody's run": (Source("run", "~nobody-here/run"), "~nobody-here"),
}


@pytest.mark.parametrize(("source", "complaint"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Source, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    plain(tmp_path)
    Path("folder").mkdir()
    Path("text.txt").write_text("hello there")
    Path("empty.csv").touch()
    Path("binary.csv").write_bytes(bytes(range(256)) * 10)
    with pytest.raises((SpmError, StoreError)) as caught:
        bring(store, source)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert empty(store)


def test_a_run_on_a_built_in_benchmark_brings_it_along(store: Store, tmp_path: Path) -> None:
    sender = Store(tmp_path / "sender.duckdb")
    subject = load_subject(sender, "mini-mic", Selection(limit=1), at=AT)
    context = Context(sender, "here:1", "{}", lambda: AT, lambda: False)
    list(run_direct(context, Job(subject, "oracle", Settings(subject.benchmark.attributes))))
    with sender.reading() as db:
        bundles.save(db, 1, tmp_path / "bundle")
    arrived = bring(store, Source("run", str(tmp_path / "bundle")))
    assert arrived.identity == builtin.load("mini-mic").benchmark.identity
    assert (arrived.what, arrived.added) == ("run 1: oracle on mini-mic/eval", True)


def test_an_unusual_pair_of_helpsteer2_is_stored_as_it_is(store: Store, tmp_path: Path) -> None:
    """The authors' split may hold a prompt twice, and the same response twice under a prompt."""
    record = test_helpsteer2.raw
    pairs = [record("p", "a"), record("p", "a", 4, 4, 4, 4, 4)] * 2 + test_helpsteer2.LAST
    path = test_helpsteer2.lines(tmp_path / "raw.jsonl", pairs)
    arrived = bring(store, Source("helpsteer2", str(path)))
    with store.reading() as db:
        stored = benchmarks.load(db, arrived.identity)
    assert stored == replace(helpsteer2.load(path).benchmark, source=stored.source)
    assert [scenario.question for scenario in stored.scenarios] == ["p", "p"]
