"""Run bundles: what goes out comes in, once, and nothing else does."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import benchmarks, bundles, runs
from store.connection import Connection
from store.errors import FileUnusable, NotInStore
from store.identity import canonical_json, digest
from store.migrations import migrate
from store.records import Choice, Generation, Item, Prediction, RunSpec
from tests.build import SMALL, texts
from tests.conftest import AT

SPEC = RunSpec(SMALL.identity, "eval", "few-shot-comparative", "smol", '{"seed":1}')
LATER = AT + timedelta(days=1)
A, B = digest("a"), digest("b")
ANSWER = Generation(A, "text", 10, 5, 0, 1.5, error=None)
FAILED = Generation(B, "", 0, 0, 1, 0.1, error="nothing came")
BATCH = runs.Batch(
    [ANSWER, FAILED],
    [Item(1, 0, -1, 0, "", A), Item(2, 0, -1, 0, "", B)],
    [Prediction(1, 0, 0, 0, 0.25, "since"), Prediction(1, 0, 0, 1, 1.0, "as")],
    [Choice(3, "", 0, 1, "why")],
)


def fresh() -> Connection:
    db = duckdb.connect()
    migrate(db, at=AT)
    benchmarks.add(db, SMALL, at=AT)
    return db


def filled(db: Connection, batch: runs.Batch = BATCH, spec: RunSpec = SPEC) -> int:
    number = runs.open_run(db, spec, process="there:2", environment='{"gpu":"none"}', at=AT)
    runs.add_batch(db, number, batch, at=AT)
    runs.mark(db, number, "finished", process="there:2", environment='{"gpu":"none"}', at=AT)
    return number


def content(db: Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("generations", "items", "predictions", "choices", "runs", "run_states")
    return {table: db.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    with fresh() as db:
        bundles.save(db, filled(db), tmp_path / "deep" / "it's")
    return tmp_path / "deep" / "it's"


@pytest.fixture
def receiver() -> Iterator[Connection]:
    with fresh() as db:
        yield db


def alter(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    record = json.loads((folder / "record.json").read_text())
    change(record)
    (folder / "record.json").write_text(json.dumps(record))


def test_a_run_comes_in_as_it_went_out_and_only_once(bundle: Path, receiver: Connection) -> None:
    number = bundles.load(receiver, bundle, at=LATER)
    run = runs.get(receiver, number)
    assert (run.spec, run.state, run.created_at) == (SPEC, "finished", AT)
    assert (run.updated_at, run.process) == (LATER, "imported")
    assert run.environment == '{"gpu":"none"}'
    assert runs.items(receiver, number) == set(BATCH.items)
    assert runs.answered(receiver, [A, B]) == {A: ANSWER, B: FAILED}
    before = content(receiver)
    assert bundles.load(receiver, bundle, at=LATER + timedelta(days=1)) == number
    assert content(receiver) == before


levels = st.floats(0, 1)
batches = st.builds(
    lambda answers, scores: runs.Batch(
        [Generation(digest(key), text, 1, 2, 0, 0.5, error) for key, text, error in answers],
        [Item(1, 0, -1, n, "", digest(key)) for n, (key, _, _) in enumerate(answers)],
        [Prediction(1, 1, n, 1, score, reason) for n, (score, reason) in enumerate(scores)],
    ),
    st.lists(st.tuples(texts, texts, st.none() | texts), max_size=4, unique_by=lambda a: a[0]),
    st.lists(st.tuples(levels, texts), max_size=4),
)
configs = st.dictionaries(texts, st.integers() | levels | texts, max_size=3).map(canonical_json)


@settings(max_examples=15, deadline=None)
@given(batches, configs, texts)
def test_any_run_comes_in_as_it_went_out(batch: runs.Batch, config: str, model: str) -> None:
    with fresh() as sender, fresh() as receiver, TemporaryDirectory() as folder:
        bundles.save(sender, filled(sender, batch, replace(SPEC, config=config, model=model)),
                     Path(folder))  # fmt: skip
        bundles.load(receiver, Path(folder), at=LATER)
        sent, received = content(sender), content(receiver)
    for table in ("generations", "items", "predictions", "choices", "runs"):
        assert received[table] == sent[table]


def test_a_run_that_is_there_gains_what_it_lacks(bundle: Path, receiver: Connection) -> None:
    other = runs.open_run(
        receiver, replace(SPEC, method="oracle"), process="here:1", environment="{}", at=AT
    )
    number = runs.open_run(receiver, SPEC, process="here:1", environment="{}", at=AT)
    own = runs.Batch(
        [replace(ANSWER, text="my own"), replace(FAILED, error="my own")],
        predictions=[Prediction(1, 0, 0, 0, 0.5, "mine"), Prediction(2, 0, 0, 0, 0.5, "mine")],
    )
    runs.add_batch(receiver, number, own, at=AT)
    assert bundles.load(receiver, bundle, at=LATER) == number == other + 1
    assert runs.get(receiver, number).state == "finished"
    found = receiver.execute("SELECT scenario, response, reasoning FROM predictions ORDER BY ALL")
    assert found.fetchall() == [(1, 0, "mine"), (1, 1, "as"), (2, 0, "mine")]
    answers = runs.answered(receiver, [A, B])
    assert (answers[A].text, answers[B].error) == ("my own", "my own")


def test_an_answer_takes_the_place_of_a_failure(bundle: Path, receiver: Connection) -> None:
    runs.add_batch(receiver, 1, runs.Batch([replace(ANSWER, text="", error="oh")]), at=AT)
    bundles.load(receiver, bundle, at=LATER)
    assert runs.answered(receiver, [A]) == {A: ANSWER}


def test_a_run_in_progress_is_an_interrupted_one_elsewhere(
    tmp_path: Path, receiver: Connection
) -> None:
    with fresh() as db:
        number = runs.open_run(db, SPEC, process="there:2", environment="{}", at=AT)
        bundles.save(db, number, tmp_path / "b")
    assert runs.get(receiver, bundles.load(receiver, tmp_path / "b", at=LATER)).state == (
        "interrupted"
    )


def test_a_folder_is_written_anew_but_never_among_other_files(bundle: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    with fresh() as db:
        number = filled(db)
        bundles.save(db, number, bundle)
        assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before
        (tmp_path / "notes.txt").touch()
        with pytest.raises(FileUnusable, match=r"holds other files \(deep\); name a new folder"):
            bundles.save(db, number, tmp_path)
        with pytest.raises(FileUnusable, match=r"notes.txt: cannot be written"):
            bundles.save(db, number, tmp_path / "notes.txt")
        with pytest.raises(NotInStore, match="no run 7"):
            bundles.save(db, 7, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_run_needs_its_benchmark(bundle: Path) -> None:
    with duckdb.connect() as db:
        migrate(db, at=AT)
        with pytest.raises(NotInStore, match=r"the benchmark 'small' \(\w{12}\), which is not in"):
            bundles.load(db, bundle, at=LATER)
        assert runs.listing(db) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda r: r.update(format=2), "format 2, this spm-tui knows 1; update spm-tui"),
        (lambda r: r.update(format="1"), "not the record of a run bundle"),
        (lambda r: r.update(format=2, benchmark=None, split=None), "format 2, this spm-tui"),
        (lambda r: r.update(method="oracle"), "changed since it was written"),
        (lambda r: r.update(split="test"), "not the record of a run bundle"),
        (lambda r: r.update(state=["finished"]), "not the record of a run bundle"),
        (lambda r: r.update(created_at="yesterday"), "not the record of a run bundle"),
        (lambda r: r.pop("environment"), "not the record of a run bundle"),
        (lambda r: r["files"].pop("items.parquet"), "not the record of a run bundle"),
        (lambda r: r.update(model=5), "not the record of a run bundle"),
    ],
)
def test_a_record_that_is_not_ours_is_refused(
    bundle: Path, receiver: Connection, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    alter(bundle, change)
    with pytest.raises(FileUnusable) as caught:
        bundles.load(receiver, bundle, at=LATER)
    assert str(caught.value).startswith(f"{bundle / 'record.json'}: {complaint}")


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, '{"format": 1}', "\udcff"])
def test_anything_else_is_refused_too(bundle: Path, receiver: Connection, text: str) -> None:
    (bundle / "record.json").write_text(text, errors="surrogateescape")
    with pytest.raises(FileUnusable, match=r"record.json: not the record of a run bundle"):
        bundles.load(receiver, bundle, at=LATER)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damage_is_always_noticed(bundle: Path, receiver: Connection, data: st.DataObject) -> None:
    victim = bundle / data.draw(st.sampled_from(sorted(path.name for path in bundle.iterdir())))
    whole = victim.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 2))
    flipped = whole[place] ^ data.draw(st.integers(1, 255))
    cut = victim.name == "record.json" or data.draw(st.booleans())
    victim.write_bytes(whole[:place] + (b"" if cut else bytes([flipped]) + whole[place + 1 :]))
    with pytest.raises(FileUnusable, match=victim.name):
        bundles.load(receiver, bundle, at=LATER)
    victim.write_bytes(whole)
    assert runs.listing(receiver) == []


def test_missing_files_are_named(bundle: Path, receiver: Connection, tmp_path: Path) -> None:
    (bundle / "choices.parquet").unlink()
    with pytest.raises(FileUnusable, match=r"choices.parquet: No such file"):
        bundles.load(receiver, bundle, at=LATER)
    with pytest.raises(FileUnusable, match=r"record.json: No such file"):
        bundles.load(receiver, tmp_path, at=LATER)


@pytest.mark.parametrize(
    ("table", "query", "complaint"),
    [
        ("items", "SELECT 1 AS scenario", "not a table of a run: no column 'attribute'"),
        (
            "choices",
            "SELECT * REPLACE (NULL::INT AS response) FROM it",
            "nothing can be no response",
        ),
        ("choices", "SELECT * REPLACE ('x' AS response) FROM it", "not a table of a run"),
        ("choices", "SELECT * REPLACE (4 AS response) FROM it", "does not fit the benchmark"),
        ("predictions", "SELECT * REPLACE (9 AS attribute) FROM it", "does not fit the benchmark"),
        ("predictions", "SELECT * REPLACE (9 AS scenario) FROM it", "at scenario 9"),
        (
            "predictions",
            "SELECT * REPLACE ('NaN'::DOUBLE AS score) FROM it",
            "row 1: nothing can be no score",
        ),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    bundle: Path, receiver: Connection, table: str, query: str, complaint: str
) -> None:
    path = bundle / f"{table}.parquet"
    with duckdb.connect() as db:
        db.execute("CREATE TABLE it AS FROM read_parquet($path)", {"path": str(path)})
        db.execute(f"COPY ({query}) TO $path (FORMAT parquet)", {"path": str(path)})
    alter(bundle, lambda record: record["files"].update({path.name: bundles._hash(path)}))
    with pytest.raises(FileUnusable) as caught:
        bundles.load(receiver, bundle, at=LATER)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["items.parquet", "record.json"])
def test_a_folder_with_files_of_somebody_else_is_let_be(
    name: str, db: Connection, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileUnusable, match=name):
        bundles._prepare(tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]
