"""Faults of disk, memory and file: one line, nothing stored is lost, and it goes on afterwards."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import duckdb
import pytest

from store import benchmarks, integrity
from store.connection import Connection, Store
from store.errors import StoreUnusable
from tests.build import SMALL
from tests.conftest import AT
from tests.damaged_stores import Bases, bases, try_variant, variants
from tests.forked import forked

MUCH = 40_000
"""Rows that no small disk has room for."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of six megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(db: Connection, name: str, rows: int) -> None:
    db.execute(
        "INSERT INTO embeddings SELECT ?, range::VARCHAR, sha256(? || range)::BLOB FROM range(?)",
        [name, name, rows],
    )


def _count(store: Store) -> int:
    with store.reading() as db:
        return int(db.execute("SELECT count(*) FROM embeddings").fetchall()[0][0])


def test_a_full_disk_loses_nothing_and_the_store_goes_on(small_disk: Path) -> None:
    store = Store(small_disk / "store.duckdb")
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    stored, ballast = 0, small_disk / "ballast"
    ballast.write_bytes(bytes(2 << 20))
    with suppress(StoreUnusable):
        for part in range(100):
            with store.writing() as db:
                _fill(db, str(part), 5000)
            stored += 5000
    for _ in range(3):
        full = pytest.raises(StoreUnusable, match=r"No space left.*: make room")
        with full, store.writing() as db:
            _fill(db, "again", 5000)
        assert _count(store) == stored
    ballast.unlink()
    with store.writing() as db:
        _fill(db, "afterwards", 100)
    assert _count(store) == stored + 100
    with store.reading() as db:
        assert [row.name for row in benchmarks.listing(db)] == ["small"]


def test_a_new_store_on_a_full_disk(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"), (small_disk / "ballast").open("wb") as file:
        file.write(bytes(7 << 20))
    with pytest.raises(StoreUnusable, match="No space left") as refused:
        Store(small_disk / "store.duckdb").reading().__enter__()
    assert len(str(refused.value).splitlines()) == 1


def test_a_file_may_not_grow_without_end(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.duckdb")

    def write() -> str:
        with store.writing() as db:
            benchmarks.add(db, SMALL, at=AT)
        limit = store.path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with store.writing() as db:
            _fill(db, "x", MUCH)
        return "all written"

    ending = forked(write)
    assert ending.kind == "refused", ending
    assert "File too large: make room" in ending.text
    assert forked(lambda: str(_count(Store(store.path)))).text == "0"


def test_too_many_open_files(tmp_path: Path) -> None:
    def write() -> str:
        with Store(tmp_path / "store.duckdb").writing():
            pass
        limit = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit - 1, limit - 1))
        with Store(tmp_path / "store.duckdb").writing():
            pass
        return "written"

    ending = forked(write)
    assert ending.kind == "refused", ending
    assert "Too many open files" in ending.text


def test_more_than_memory_holds(store: Store) -> None:
    refused = pytest.raises(StoreUnusable, match=r"store\.duckdb: .*[Oo]ut of [Mm]emory")
    with refused, store.writing() as db:
        db.execute("SET memory_limit = '20MB'; SET max_temp_directory_size = '1MB'")
        db.execute("CREATE TABLE x AS SELECT range a, random() b FROM range(9000000) ORDER BY b")
    assert _count(store) == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (duckdb.Error("Corrupt database file: computed checksum"), "Corrupt .*: the file is damag"),
        (
            duckdb.FatalException('FATAL Error: bad\nOriginal error: "disk is full"'),
            "^disk is full",
        ),
        (duckdb.InternalException("INTERNAL Error: Attempted\nStack"), "the file is damaged"),
        (duckdb.SerializationException("Serialization Error: x"), "the file is damaged"),
        (duckdb.IOException("IO Error: \x1b[31mread-only mode"), "it may not be used so"),
        (duckdb.TransactionException("Failed to commit: Disk quota exceeded"), "make room"),
        (MemoryError(), "not enough memory"),
    ],
)
def test_says_what_can_be_done(store: Store, error: Exception, words: str) -> None:
    with pytest.raises(StoreUnusable, match=words.removeprefix("^")) as told, store.reading():
        raise error
    line = str(told.value)
    assert line.startswith(f"{store.path}: ")
    assert line.isprintable()


@pytest.mark.parametrize(
    "statement",
    ["SELEC 1", "SELECT x FROM runs", "FROM nowhere", "SELECT 'x'::INT", "BEGIN; BEGIN"],
)
def test_lets_our_own_mistakes_through(store: Store, statement: str) -> None:
    with pytest.raises(duckdb.Error), store.reading() as db:
        db.execute(statement)


def test_lets_other_mistakes_through(store: Store) -> None:
    with pytest.raises(KeyError), store.writing():
        raise KeyError("ours")


def test_finds_nothing_in_a_good_store(store: Store) -> None:
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    with store.reading() as db:
        assert integrity.damage(db) is None


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TABLE annotations", "its table annotations is not of spm-tui"),
        ("ALTER TABLE labels DROP level", r"it lacks the column level \(SMALLINT\)"),
        ("ALTER TABLE labels ALTER level TYPE VARCHAR", "its table labels is not of spm-tui"),
        ("DELETE FROM migrations WHERE number = 4", "newer than the schema 3"),
        ("DELETE FROM migrations", "its table migrations is damaged"),
        ("DELETE FROM identity", "its table identity is damaged"),
        ("UPDATE labels SET level = 77", "its table labels is damaged"),
    ],
)
def test_says_which_table_is_not_ours(store: Store, statement: str, words: str) -> None:
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    with duckdb.connect(str(store.path)) as db:
        db.execute(statement)
    with pytest.raises(StoreUnusable, match=words), store.anew().reading() as db:
        db.execute("SELECT a_column_that_no_table_has FROM annotations")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    """Stores to damage."""
    return bases(tmp_path_factory.mktemp("stores"))


@pytest.mark.parametrize("kind", ["flip", "short", "copied", "wal", "foreign", "sql"])
def test_damaged_stores_work_or_are_refused(made: Bases, tmp_path: Path, kind: str) -> None:
    some = (variant for variant in variants(made) if variant.name.startswith(kind))
    for variant in islice(some, 3, None, 120):
        ending = try_variant(variant, tmp_path)
        assert ending.good, (variant.name, ending)


@pytest.mark.model
@pytest.mark.timeout(1800)
def test_more_damaged_stores_work_or_are_refused(made: Bases, tmp_path: Path) -> None:
    """One of eight; `python -m tests.damaged_stores` tries them all."""
    some = islice(variants(made), 0, None, 8)
    endings = {variant.name: try_variant(variant, tmp_path) for variant in some}
    assert {name: ending for name, ending in endings.items() if not ending.good} == {}
    assert len(endings) >= 100
