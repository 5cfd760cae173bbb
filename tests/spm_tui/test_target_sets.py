"""Names of target sets, as people give them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from spm_tui.bench.target_sets import read_sets
from spm_tui.errors import InputError
from store.connection import Store
from tests.build import SMALL

ATTRIBUTES = SMALL.attributes


def file(folder: Path, sets: Mapping[str, Mapping[str, float]]) -> str:
    path = folder / "sets.json"
    path.write_text(json.dumps({name: [target] for name, target in sets.items()}))
    return str(path)


@pytest.mark.parametrize("name", ["all", "high"])
def test_a_column_is_never_of_two_sets(store: Store, tmp_path: Path, name: str) -> None:
    names = [name, file(tmp_path, {name: {"care": 0}})]
    with pytest.raises(InputError, match=f"two different sets are called '{name}'"):
        read_sets(store, "", ATTRIBUTES, names)


def test_a_file_may_have_sets_that_are_called_as_standard_ones(
    store: Store, tmp_path: Path
) -> None:
    path = file(tmp_path, {"high": {"care": 1, "fairness": 1}, "low": {"care": 0}})
    assert [one.name for one in read_sets(store, "", ATTRIBUTES, [path])] == ["high", "low"]
    names = ["high", file(tmp_path, {"high": {"care": 1, "fairness": 1}})]
    again = read_sets(store, "", ATTRIBUTES, names)
    assert [one.name for one in again] == ["high"], "the same set, twice"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "\udcff"])
def test_what_cannot_be_a_file_is_told(store: Store, name: str) -> None:
    with pytest.raises(InputError):
        read_sets(store, "", ATTRIBUTES, [name])


def test_a_file_may_be_in_the_home_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file(tmp_path, {"mine": {"care": 1}})
    assert [one.name for one in read_sets(store, "", ATTRIBUTES, ["~/sets.json"])] == ["mine"]


def test_a_target_that_is_given_twice_is_one_column(store: Store) -> None:
    assert len(read_sets(store, "", ATTRIBUTES, [], ["care=1", "care=1", "care=0"])) == 2
