"""The schema's history: applied once, in order, whole or not at all."""

import duckdb
import pytest

from store.migrations import MIGRATIONS, Migration, migrate, schema_version
from tests.conftest import AT


def test_brings_a_blank_file_up_to_date() -> None:
    with duckdb.connect() as db:
        assert schema_version(db) == -1
        migrate(db, at=AT)
        assert schema_version(db) == MIGRATIONS[-1].number
        rows = db.execute("SELECT value FROM identity WHERE token = 'application'").fetchall()
        assert rows == [("spm-tui",)]


def test_changes_nothing_the_second_time() -> None:
    with duckdb.connect() as db:
        migrate(db, at=AT)
        before = db.execute("SELECT * FROM migrations").fetchall()
        migrate(db, at=AT)
        assert db.execute("SELECT * FROM migrations").fetchall() == before


@pytest.mark.parametrize("steps", range(1, len(MIGRATIONS)))
def test_keeps_the_rows_of_every_earlier_step(steps: int) -> None:
    with duckdb.connect() as db:
        migrate(db, at=AT, migrations=MIGRATIONS[:steps])
        db.execute("INSERT INTO benchmarks VALUES ('id', 'name', 'source', ?)", [AT])
        migrate(db, at=AT)
        assert db.execute("SELECT name FROM benchmarks").fetchall() == [("name",)]


@pytest.mark.parametrize("steps", range(len(MIGRATIONS)))
def test_goes_on_after_any_step(steps: int) -> None:
    """As after a kill between two of them; the foundation is one, too."""
    with duckdb.connect() as db:
        migrate(db, at=AT, migrations=MIGRATIONS[:steps])
        assert schema_version(db) == steps
        migrate(db, at=AT)
        assert schema_version(db) == MIGRATIONS[-1].number


def test_undoes_a_step_that_fails() -> None:
    broken = Migration(2, "broken", ("CREATE TABLE half (x INTEGER)", "SELECT no_such_thing"))
    with duckdb.connect() as db:
        with pytest.raises(duckdb.Error):
            migrate(db, at=AT, migrations=(MIGRATIONS[0], broken))
        assert schema_version(db) == 1
        tables = {row[0] for row in db.execute("SHOW TABLES").fetchall()}
        assert "half" not in tables


def test_numbers_are_consecutive() -> None:
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_released_steps_are_frozen() -> None:
    """A released step never changes: stores out there were made by it."""
    from store.identity import content_hash

    digests = [content_hash([m.name, m.statements])[:12] for m in MIGRATIONS]
    assert digests == ["bf4dd9e772ac", "14db221d29e6", "6c2db6083c65", "023abaadbe6a"]
