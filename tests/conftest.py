"""Fixtures that most tests share."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from store.connection import Connection, Store
from store.migrations import migrate

AT = datetime(2026, 11, 24, 12, 0, 0)  # the store keeps UTC without saying so


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that does not exist yet."""
    return Store(tmp_path / "store.duckdb", patience=2.0)


@pytest.fixture
def db() -> Iterator[Connection]:
    """A migrated database in memory, inside a transaction."""
    with duckdb.connect() as connection:
        migrate(connection, at=AT)
        connection.begin()
        yield connection


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("SPM_SHARED_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}; set SPM_SHARED_DATA")
    return folder.resolve()
