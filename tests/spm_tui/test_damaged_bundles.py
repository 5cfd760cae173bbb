"""Damaged run bundles: imported and readable, or refused in one line with the store as it was."""

import shutil
from pathlib import Path

import pytest

from spm_tui.bench import bundled
from spm_tui.bench.importing import Source, import_source
from spm_tui.errors import InputError
from store import benchmarks, runs
from store.connection import Store
from store.errors import FileUnusable
from tests import damaged_bundles as damaged
from tests.conftest import AT

EVERY = damaged.variants()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return damaged.make(tmp_path_factory.mktemp("sound"))


def outcomes(sound: Path, place: Path, step: int, start: int = 0) -> dict[str, str]:
    damaged.receiver(place)
    store = Store(Path(shutil.copy(place / "receiver.duckdb", place / "store.duckdb")))
    before, bad = damaged.content(store), {}
    for variant in EVERY[start::step]:
        kind, line = damaged.try_one(variant, sound, store, before, place)
        if kind not in ("imported", "refused"):
            bad[variant.name] = f"{kind}: {line}"
        if kind != "refused":
            store = Store(Path(shutil.copy(place / "receiver.duckdb", store.path)))
    return bad


def test_some_damaged_bundles(sound: Path, tmp_path: Path) -> None:
    assert outcomes(sound, tmp_path, len(EVERY) // 64) == {}


@pytest.mark.model  # for its length alone
@pytest.mark.timeout(1800)
def test_more_damaged_bundles(sound: Path, tmp_path: Path) -> None:
    assert outcomes(sound, tmp_path, 12, start=1) == {}


@pytest.mark.parametrize("name", damaged.FOLDERS)
def test_a_bundle_is_the_same_wherever_it_lies(sound: Path, tmp_path: Path, name: str) -> None:
    decoy = tmp_path / name.replace("[1]", "1").replace("*", "any")
    if decoy.name != name:
        shutil.copytree(sound, decoy)
        damaged.querying("predictions", "SELECT * REPLACE (0 AS score) FROM it")(decoy)
    shutil.copytree(sound, tmp_path / name)
    store = damaged.receiver(tmp_path)
    number = bundled.load(store, tmp_path / name, at=AT)
    with store.reading() as db:
        scores = db.execute("SELECT scenario, score FROM predictions ORDER BY ALL").fetchall()
    plain = damaged.receiver(tmp_path_of(tmp_path))
    bundled.load(plain, sound, at=AT)
    with plain.reading() as db:
        expected = db.execute("SELECT scenario, score FROM predictions ORDER BY ALL").fetchall()
    assert scores == expected
    assert number == 1


def tmp_path_of(place: Path) -> Path:
    (place / "plain").mkdir()
    return place / "plain"


def test_a_run_of_a_method_that_is_not_installed_is_there_to_be_read(
    sound: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(sound, tmp_path / "bundle")
    damaged._setting(("method",), "novel")(folder)
    store = damaged.receiver(tmp_path)
    arrived = import_source(store, Source("run", str(folder)), at=AT)
    assert arrived.what == (
        "run 1: novel with smol on small/eval, to be read only: its method is not installed here"
    )
    assert damaged.read(store, 1, tmp_path)


def test_settings_that_no_run_has_are_named(sound: Path, tmp_path: Path) -> None:
    store = damaged.receiver(tmp_path)
    for path, value, field in (
        (("config", "method", "samples"), 0, "config.method.samples"),
        (("config", "method", "novel"), 1, "config.method.novel"),
        (("config", "method"), {}, "config.method.reasoning"),
        (("config", "wording"), "w", "config.wording"),
        (("environment", "options"), [], "environment.options"),
        (("environment", "options"), {"samples": "many"}, "environment.options.samples"),
    ):
        folder = shutil.copytree(sound, tmp_path / "bundle")
        damaged._setting(path, value)(folder)
        with pytest.raises(InputError) as caught:
            bundled.load(store, folder, at=AT)
        assert str(caught.value).startswith(f"{folder / 'record.json'}, field '{field}': ")
        shutil.rmtree(folder)
    with store.reading() as db:
        assert runs.listing(db) == []


def test_embeddings_have_the_length_of_those_that_are_there(sound: Path, tmp_path: Path) -> None:
    import numpy as np

    store = damaged.receiver(tmp_path)
    with store.writing() as db:
        benchmarks.add_embeddings(db, "mini", {"0" * 16: np.zeros(2, dtype=np.float32)})
    with pytest.raises(FileUnusable, match=r"embeddings.parquet: row 1: .* not 2"):
        bundled.load(store, sound, at=AT)


@pytest.mark.parametrize("name", ["x=1", "~", "a'b", "{}%s", "a[1]", "é漢"])
def test_a_bundle_is_written_wherever_it_is_to_be(sound: Path, tmp_path: Path, name: str) -> None:
    from store import bundles

    store = damaged.receiver(tmp_path)
    bundled.load(store, sound, at=AT)
    with store.reading() as db:
        bundles.save(db, 1, tmp_path / name)
    assert bundled.load(store, tmp_path / name, at=AT) == 1


@pytest.mark.parametrize(
    ("table", "query", "complaint"),
    [
        ("predictions", "SELECT * REPLACE (IF(rowid = 2, 1e308, score) AS score) FROM it",
         "row 3: 1e+308 can be no score"),
        ("embeddings", "SELECT * REPLACE ('abc'::BLOB AS vector) FROM it", "row 1: "),
        ("generations", "FROM it OFFSET 1", "its request has no answer in the bundle"),
        ("items", "FROM it OFFSET 1", "answers no request of the run"),
        ("generations", "SELECT it.* REPLACE (repeat('x', 9000000) AS text) FROM it, range(100)",
         "unpacks to more than 512 MiB"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_named(
    sound: Path, tmp_path: Path, table: str, query: str, complaint: str
) -> None:
    folder = shutil.copytree(sound, tmp_path / "bundle")
    damaged.querying(table, query)(folder)
    store = damaged.receiver(tmp_path)
    before = damaged.content(store)
    with pytest.raises(FileUnusable) as caught:
        bundled.load(store, folder, at=AT)
    assert complaint in str(caught.value)
    assert damaged.content(store) == before
