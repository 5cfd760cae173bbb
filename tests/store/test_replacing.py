"""What may be replaced: files of ours, and nothing else."""

import os
from pathlib import Path

import duckdb
import pytest

from store.errors import FileUnusable
from store.replacing import (
    Ours,
    csv_of,
    json_lines_with,
    json_with,
    overwriting,
    parquet_of,
    require_replaceable,
)

COLUMNS = ("scenario", "text")
KINDS: dict[str, tuple[Ours, bytes, bytes]] = {
    "csv": (csv_of(COLUMNS), b"scenario,text\n1,a\n", b"name,amount\n"),
    "json": (json_with({"runs"}), b'{"runs": []}', b'{"name": "my package"}'),
    "list": (json_with({"set"}), b'[{"set": 1}]', b"[]"),
    "lines": (json_lines_with(COLUMNS), b'{"scenario": 1, "text": ""}\n{', b'"scenario, text"\n'),
    "deep": (json_with({"a"}), b'{"a": 1}', b"[" * 100_000),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_known_by_its_content(kind: str, tmp_path: Path) -> None:
    ours, content, other = KINDS[kind]
    path = tmp_path / "file"
    require_replaceable(path, ours)
    for good in (b"", content):
        path.write_bytes(good)
        require_replaceable(path, ours)
    path.write_bytes(other)
    with pytest.raises(FileUnusable, match="file: is there already and not ours to replace"):
        require_replaceable(path, ours)
    with pytest.raises(FileUnusable):
        overwriting(path, ours)
    assert path.read_bytes() == other


def test_a_parquet_file_is_known_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "x[1].parquet"
    with duckdb.connect() as db:
        db.execute("COPY (SELECT 1 AS scenario, 'a' AS text) TO ? (FORMAT parquet)", [str(path)])
    require_replaceable(path, parquet_of(COLUMNS))
    with pytest.raises(FileUnusable):
        require_replaceable(path, parquet_of(("amount",)))
    for damaged in (b"PAR1", b"x" * 20, path.read_bytes()[:-1], b"\xff" * 8 + b"PAR1"):
        path.write_bytes(damaged)
        with pytest.raises(FileUnusable):
            require_replaceable(path, parquet_of(COLUMNS))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("scenario,text\n")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    ours = csv_of(COLUMNS)
    for name in ("link", "dangling", "pipe", "", "/dev/null"):
        for look in (require_replaceable, overwriting):
            with pytest.raises(FileUnusable, match=r"is a link|is a folder|is no regular file"):
                look(tmp_path / name, ours)
    assert (tmp_path / "target").read_text() == "scenario,text\n"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_of_ours_is_written_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("scenario,text\n" * 100)
    with overwriting(path, csv_of(COLUMNS)) as file:
        file.write(b"new")
    assert path.read_text() == "new"
