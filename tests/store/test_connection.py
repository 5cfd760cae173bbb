"""The file: shared between processes, never half written, and refused when it is not ours."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from store import benchmarks
from store.connection import NEWEST, Store
from store.errors import StoreBusy, StoreLost, StoreUnusable
from tests.build import SMALL
from tests.conftest import AT


@contextmanager
def held(path: Path, *, read_only: bool = False) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open until it is told to end."""
    program = (
        f"import duckdb\ndb = duckdb.connect({str(path)!r}, read_only={read_only})\n"
        "print('open', flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


def test_is_made_at_the_first_access_with_its_folder(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "store.duckdb")
    with store.reading() as db:
        assert benchmarks.listing(db) == []
    assert store.path.exists()


def test_undoes_a_failed_transaction(store: Store) -> None:
    def add_and_fail() -> None:
        with store.writing() as db:
            benchmarks.add(db, SMALL, at=AT)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        add_and_fail()
    with store.reading() as db:
        assert benchmarks.listing(db) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_names_who_holds_the_file(store: Store, read_only: bool) -> None:
    with store.writing():
        pass
    impatient = Store(store.path, patience=0.2)
    with held(store.path, read_only=read_only) as holder:
        with pytest.raises(StoreBusy, match=f"held by process {holder.pid}") as caught:
            impatient.writing().__enter__()
        assert caught.value.holder == holder.pid


def test_waits_for_whoever_holds_the_file(store: Store) -> None:
    with store.writing():
        pass
    with held(store.path) as holder:
        timer = threading.Timer(0.3, holder.kill)
        timer.start()
        with store.writing() as db:
            assert benchmarks.add(db, SMALL, at=AT)
        timer.join()


def test_who_leaves_waits_to_write_but_not_to_read(store: Store) -> None:
    with store.writing():
        pass
    patient = Store(store.path, patience=30)
    patient.leave()
    with patient.reading() as db:
        assert benchmarks.listing(db) == []
    with held(store.path) as holder:
        started = time.monotonic()
        with pytest.raises(StoreBusy):
            patient.reading().__enter__()
        assert time.monotonic() - started < 5
        timer = threading.Timer(0.3, holder.kill)
        timer.start()
        with patient.writing() as db:
            assert benchmarks.add(db, SMALL, at=AT)
        timer.join()


def test_a_file_that_has_gone_is_not_made_again(store: Store, tmp_path: Path) -> None:
    with store.reading():
        pass
    moved = store.path.rename(tmp_path / "moved.duckdb")
    for access in (store.reading, store.writing):
        with pytest.raises(StoreLost, match=r"store\.duckdb: has been deleted or moved"):
            access().__enter__()
    assert not store.path.exists()
    moved.rename(store.path)
    with store.reading() as db:
        assert benchmarks.listing(db) == []


@pytest.mark.parametrize("blank", [True, False])
def test_another_store_is_not_taken_for_the_one_that_was_opened(store: Store, blank: bool) -> None:
    with store.writing() as db:
        benchmarks.add(db, SMALL, at=AT)
    store.path.unlink()
    if blank:
        duckdb.connect(str(store.path)).close()
    else:
        Store(store.path).reading().__enter__()
    for access in (store.reading, store.writing):
        with pytest.raises(StoreLost, match="another store has taken its place"):
            access().__enter__()
    with store.anew().reading() as db:
        assert benchmarks.listing(db) == []


def test_serves_readers_and_writers_of_one_process(store: Store) -> None:
    errors: list[Exception] = []

    def read() -> None:
        try:
            for _ in range(5):
                with store.reading() as db:
                    benchmarks.listing(db)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        with store.writing() as db:
            benchmarks.add(db, SMALL, at=AT)
    for thread in threads:
        thread.join()
    assert errors == []


def test_refuses_a_store_from_a_newer_version(store: Store) -> None:
    with store.writing() as db:
        db.execute("INSERT INTO migrations VALUES (?, 'later', ?)", [NEWEST + 1, AT])
    with pytest.raises(StoreUnusable, match=r"written by a newer spm-tui .* update spm-tui"):
        store.reading().__enter__()


def test_refuses_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(StoreUnusable, match="not one of spm-tui"):
        Store(path).writing().__enter__()
    with duckdb.connect(str(path)) as db:
        assert db.execute("SHOW TABLES").fetchall() == [("theirs",)]


@pytest.mark.parametrize("content", [b"", b"hello " * 1000])
def test_refuses_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.duckdb"
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match="not a valid DuckDB database"):
        Store(path).reading().__enter__()
    assert path.read_bytes() == content


def test_refuses_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnusable, match="file"):
        Store(tmp_path / "file" / "store.duckdb").writing().__enter__()


def test_lets_our_own_mistakes_through(store: Store) -> None:
    with pytest.raises(duckdb.ParserException), store.writing() as db:
        db.execute("SELEC 1")
