"""Fixtures that most tests share."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from store.connection import Connection, Store
from store.migrations import migrate

# Threads that wait by spinning take the cores from the other workers' (a quarter of the time).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

AT = datetime(2026, 11, 24, 12, 0, 0)  # the store keeps UTC without saying so


def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as cores: a third of the time the app's tests let it rest."""
    return (os.cpu_count() or 1) * 3 // 2 or 1


@pytest.fixture(autouse=True, scope="session")
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the program remembers, of servers and models that were named, is no person's."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


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
