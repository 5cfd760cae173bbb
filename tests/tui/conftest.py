"""Fixtures of the app's tests."""

import shutil
from pathlib import Path

import pytest

from store.connection import Store
from tests.spm_tui.test_report import fill


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with three runs, made once."""
    path = tmp_path_factory.mktemp("template") / "store.duckdb"
    fill(Store(path))
    return path


@pytest.fixture
def filled(template: Path, tmp_path: Path) -> Store:
    """A store of one's own with a few-shot run, an oracle and a random run."""
    return Store(Path(shutil.copy(template, tmp_path)), patience=2.0)
