"""What is remembered between sessions: whole, or not at all, and never in the way."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.tui.remembered import Remembered, load, save
from store import connection
from store.connection import Store

PLACE = Remembered(
    opened="run:3",
    scenario=12,
    preset="custom",
    target=(("care", 1.0), ("loyalty", 0.25)),
    weights=(("care", 2.0),),
    off=("loyalty",),
    function="cosine",
    outcome="misaligned",
    sort="error",
    sort_attribute="care",
    theme="spm-light",
)
texts = st.text(max_size=10)


def named(least: float, most: float) -> st.SearchStrategy[tuple[tuple[str, float], ...]]:
    return st.dictionaries(texts, st.floats(least, most), max_size=3).map(
        lambda d: tuple(d.items())
    )


places = st.builds(
    Remembered,
    opened=texts,
    scenario=st.none() | st.integers(1),
    preset=texts,
    target=named(0, 1),
    weights=named(5e-324, 1.7e308),
    off=st.lists(texts, max_size=3).map(tuple),
    function=texts,
    outcome=texts,
    mark=texts,
    because=texts,
    sort=texts,
    sort_attribute=texts,
    theme=st.none() | texts.filter(bool),
)


@given(places, st.text(min_size=1, max_size=8).map(lambda token: f"../{token}"))
def test_comes_back_as_it_was(place: Remembered, token: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "deep"
        save(token, place, folder)
        assert load(token, folder) == place
        assert [path.suffix for path in folder.iterdir()] == [".json"], "in the folder, alone"


def test_stores_are_told_apart_by_their_token(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other.duckdb")
    with store.reading() as db:
        token = connection.token(db)
    with other.reading() as db:
        assert connection.token(db) != token
    store.path.rename(tmp_path / "moved.duckdb")
    with Store(tmp_path / "moved.duckdb").reading() as db:
        assert connection.token(db) == token
    save(token, PLACE, tmp_path)
    assert (load(token, tmp_path), load("other", tmp_path)) == (PLACE, Remembered())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"scenario": 1e999}']
)
def test_a_damaged_file_counts_for_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.json").write_bytes(content)
    assert load("t", tmp_path) == Remembered()
    save("t", PLACE, tmp_path)
    assert load("t", tmp_path) == PLACE


def test_what_is_known_counts_beside_what_is_not(tmp_path: Path) -> None:
    found = {
        "opened": "run:3",
        "scenario": True,
        "preset": 7,
        "target": {"a": 0.5, "b": 2, "c": "x", "d": True, "e": None, "f": float("nan"), "g": 1},
        "weights": {"a": 0, "b": 10**400, "c": 3},
        "off": ["a", 5],
        "theme": ["dark"],
        "later": {"x": 1},
    }
    (tmp_path / "t.json").write_text(json.dumps(found))
    assert load("t", tmp_path) == Remembered(
        opened="run:3", target=(("a", 0.5), ("g", 1.0)), weights=(("c", 3.0),), off=("a",)
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Remembered.__slots__, json_values)))
def test_any_content_can_be_loaded_and_saved_again(found: dict[str, object]) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / "t.json").write_text(json.dumps(found))
        place = load("t", Path(name))
        save("t", place, Path(name))
        assert load("t", Path(name)) == place


def test_a_folder_that_cannot_be_written_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    save("t", PLACE, tmp_path / "file")
    assert load("t", tmp_path / "file") == Remembered()
    (tmp_path / "t.json").mkdir()
    save("t", PLACE, tmp_path)
    assert load("t", tmp_path) == Remembered()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "t.json"]
