"""What is no file as files are, or far too large a one, is refused in a line, wherever given."""

import gzip
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from spm_tui.cli.experiment import cells
from spm_tui.cli.main import main
from spm_tui.datasets import helpsteer2, mic, plain
from spm_tui.datasets import rows as data_rows
from spm_tui.engine import cache, folder
from spm_tui.engine.gguf.header import read_header
from spm_tui.engine.manner import Manner
from spm_tui.engine.template_files import manner
from spm_tui.errors import SpmError
from spm_tui.target_files import read as read_targets
from spm_tui.tui import config, known_models, remembered
from store import bundles
from store.connection import Store
from store.errors import StoreError
from tests.build import attribute
from tests.forked import forked

ATTRIBUTES = (attribute("care"), attribute("fairness"))


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, chdir(path.parent):  # its name may not be long
        one.bind(path.name)


def _linked(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (_pipe, "a pipe"),
    "socket": (_socket, "a socket"),
    "folder": (Path.mkdir, "Is a directory"),
    "zeros": (_linked("/dev/zero"), "a device"),
    "null": (_linked("/dev/null"), "a device"),
    "noise": (_linked("/dev/urandom"), "a device"),
    "status": (_linked("/proc/self/status"), "a file of the system's"),
    "memory": (_linked("/proc/self/mem"), "a file of the system's"),
    "circle": (lambda path: path.symlink_to(path), "symbolic links"),
}


def _rows(path: Path) -> None:
    for _ in data_rows.read_rows(path):
        pass


def _named(name: str, act: Callable[[Path], object]) -> tuple[str, Callable[[Path], object]]:
    return name, act


INPUTS: tuple[tuple[str, Callable[[Path], object]], ...] = (
    _named("x.csv", mic.load),
    _named("x.csv.gz", _rows),
    _named("x.json", helpsteer2.load),
    _named("x.jsonl", _rows),
    _named("x.jsonl.gz", _rows),
    _named("x.parquet", _rows),
    _named("x.toml", plain.read_attributes),
    _named("targets.json", lambda path: read_targets(path, ATTRIBUTES)),
    _named("targets.toml", lambda path: read_targets(path, ATTRIBUTES)),
    _named("run.json", lambda path: cells({}, path)),
    _named("grid.toml", lambda path: cells({}, path)),
    _named("config.toml", lambda path: config.read(path, user="ada")),
    _named("model/config.json", lambda path: folder.check_folder(path.parent, name="model")),
    _named("model/model.safetensors", lambda path: cache.fingerprint([path])),
    _named("model/pytorch_model.bin.index.json", folder._shards),
    _named("model.gguf", read_header),
    _named("bundle/record.json", lambda path: bundles.read_record(path.parent)),
    _named("bundle/items.parquet", bundles._hash),
    _named("store.duckdb", lambda path: Store(path).reading().__enter__()),
    _named("store.duckdb.wal", lambda path: Store(path.with_suffix("")).writing().__enter__()),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "act"), INPUTS, ids=[name for name, _ in INPUTS])
@pytest.mark.timeout(20)
def test_refuses_what_is_no_file(
    tmp_path: Path, name: str, act: Callable[[Path], object], kind: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    make, words = KINDS[kind]
    make(path)
    if (name, kind) in (("x.json", "folder"), ("store.duckdb.wal", "circle")):
        pytest.skip("may be a folder; is as good as none")
    with pytest.raises((SpmError, StoreError)) as refused:
        act(path)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(20)
def test_takes_for_absent_what_is_only_looked_at(tmp_path: Path, kind: str) -> None:
    make, _ = KINDS[kind]
    for name in ("tokenizer_config.json", "config.json", "token.json", "chat_template.jinja"):
        make(tmp_path / name)
    assert manner(tmp_path) == Manner()
    assert not known_models._is_language_model(tmp_path)
    assert remembered.load("token", tmp_path) == remembered.Remembered()


@pytest.mark.parametrize("name", ["tokenizer.json", "1_Pooling/config.json", "vocab.txt"])
def test_a_models_folder_has_only_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(SpmError, match="a pipe"):
        folder.check_folder(tmp_path, name="model")


def test_standard_input_is_no_data_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.toml").write_text("[[attributes]]")
    read, write = os.pipe()
    given = ["import", "mic", f"/dev/fd/{read}", "--store", str(tmp_path / "x.duckdb")]
    try:
        assert main(given) == 2
    finally:
        os.close(read)
        os.close(write)
    assert "ending in .csv" in capfd.readouterr().err


def test_events_do_not_go_into_a_pipe(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "events")
    given = ["--headless", "--method", "oracle", "--events", str(tmp_path / "events")]
    assert main([*given, "--store", str(tmp_path / "x.duckdb")]) == 2
    assert "is no regular file; name another" in capfd.readouterr().err


def _bombs() -> Iterator[tuple[str, Callable[[Path], None]]]:
    def packed(text: bytes, times: int) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            with gzip.open(path, "wb", compresslevel=1) as file:
                for _ in range(times):
                    file.write(text)

        return write

    million = 1 << 20
    yield "line.csv.gz", packed(b"x" * million, 64)
    yield "line.jsonl.gz", packed(b" " * million, 64)
    yield "lines.csv.gz", packed(b"x\n" * million, 8)
    yield "cell.csv.gz", packed(b'a\n"' + b"x\n" * million, 16)
    yield "commas.csv.gz", packed(b"a" + b"," * million, 24)
    yield "spaces.json.gz", packed(b" " * million, 80)
    yield "lists.json.gz", packed(b"[[]," + b"[]," * million, 10)
    yield "blank.jsonl.gz", packed(b"\n" * million, 8)
    yield "long.jsonl.gz", packed(b'{"a": "' + b"x" * million + b'"}\n', 300)
    yield "deep.json.gz", packed(b"[" * million, 1)
    yield "number.json.gz", packed(b"[" + b"9" * million + b"]", 1)
    yield "sparse.csv", _sparse
    yield "sparse.json", _sparse
    yield "sparse.jsonl", _sparse


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


BOMBS = dict(_bombs())


@pytest.mark.skipif(sys.platform != "linux", reason="bounds memory as Linux does")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_unfold(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    BOMBS[name](path)

    def read() -> str:
        return str(sum(1 for _ in data_rows.read_rows(path)))

    ending = forked(read, seconds=30)
    assert ending.kind == "refused", ending
    assert ending.megabytes < 3000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("long.toml", b"# " + b"x" * (1 << 21)),
        ("dots.toml", b"a" + b".a" * 300_000 + b" = 1"),
        ("deep.toml", b"a = " + b"[" * 100_000),
        ("long.json", b" " * (1 << 25)),
        ("deep.json", b"[" * 1_000_000),
        ("latin.json", b'{"caf\xe9": 1}'),
    ],
)
def test_small_files_are_small(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for act in (lambda: read_targets(path, ATTRIBUTES), lambda: cells({}, path)):
        with pytest.raises(SpmError, match=path.name) as refused:
            act()
        assert len(str(refused.value).splitlines()) == 1
