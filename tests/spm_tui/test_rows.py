"""Records of files: each format, and what is said of files that are not what they claim."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from spm_tui.datasets.rows import Row, columns, read_rows
from spm_tui.errors import InputError


def write(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize(
    ("name", "content", "numbers"),
    [
        ("a.csv", 'q,a\n"one,\ntwo",x\n\nthree,y\n', [2, 4]),
        ("a.csv", "\ufeffq,a\nx,y\n", [2]),
        ("a.jsonl", '{"q": 1}\n\n{"q": 2}\n', [1, 3]),
        ("a.jsonl.gz", '{"q": 1}\n', [1]),
        ("a.csv.gz", "q\nx\n", [2]),
        ("a.json", '[{"q": 1}, {"q": 2}]', [1, 2]),
    ],
)
def test_rows_are_numbered_as_people_find_them(
    tmp_path: Path, name: str, content: str, numbers: list[int]
) -> None:
    rows = list(read_rows(write(tmp_path / name, content)))
    assert [row.number for row in rows] == numbers
    assert all("q" in row.values for row in rows)


def test_parquet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT range AS q, 'x' AS a FROM range(3000)) TO '{path}'")
    rows = list(read_rows(path))
    assert len(rows) == 3000
    assert rows[-1].values == {"q": 2999, "a": "x"}
    assert rows[-1].number == 3000


@pytest.mark.parametrize("sign", ["[1]", "*", "?", "[[]1"])
def test_a_path_is_no_pattern(tmp_path: Path, sign: str) -> None:
    for name, value in (("tmp", 2), ("data1", 1)):
        duckdb.sql(f"COPY (SELECT {value} AS q) TO '{tmp_path / name}.parquet'")
    path = (tmp_path / "tmp.parquet").rename(tmp_path / f"data{sign}.parquet")
    assert [row.values for row in read_rows(path)] == [{"q": 2}]


def test_a_folder_is_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "split=train"
    folder.mkdir()
    duckdb.sql(f"COPY (SELECT 1 AS q) TO '{folder / 'a.parquet'}'")
    assert [row.values for row in read_rows(folder / "a.parquet")] == [{"q": 1}]


def test_a_folder_called_like_home_is_not_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("~").mkdir()
    duckdb.sql(f"COPY (SELECT 1 AS q) TO '{tmp_path / '~/a.parquet'}'")
    assert [row.values for row in read_rows(Path("~/a.parquet"))] == [{"q": 1}]


def test_columns_without_a_name_may_be_many(tmp_path: Path) -> None:
    (row,) = read_rows(write(tmp_path / "a.csv", "q,,\nx,,\n"))
    assert row.text("q") == "x"


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_what_is_no_text_is_found_wherever_it_is(tmp_path: Path, name: str) -> None:
    lines = ["\ufeffq,a", *(f"{number}, Größe" for number in range(200_000))]
    content = "\n".join(lines).encode()
    at = content.index("150000, Grö".encode()) + len(b"150000, Gr")
    path = write(tmp_path / name, content[:at] + b"\xf6" + content[at + 2 :])
    with pytest.raises(InputError, match=f"in line 150002, at byte {at:,}$"):
        list(read_rows(path))


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_file_in_a_folder_one_may_not_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = write(tmp_path / name, "q\n1\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for call in ("stat", "open"):  # nobody keeps root out
        monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(InputError, match=f"{name}: Permission denied"):
        read_rows(path)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", "x", "expected a file ending in .csv, .json, .jsonl, .parquet or .gz"),
        ("a.csv", "", "holds no records"),
        ("a.csv", "q,a\n", "holds no records"),
        ("a.csv", "q,a\nx\n", "row 2: has 1 cells, the header 2"),
        ("a.csv", 'q\n"x', "row 2: not CSV"),
        ("a.csv", 'q\n1\n"x', "row 3: not CSV"),
        ("a.csv", '"q', "row 1: not CSV"),
        ("a.csv", "q,a,q\nx,y,z\n", "row 1, field 'q': 2 columns have this name"),
        ("a.csv", b"q\n\xff\xfe\n", "not UTF-8 text: invalid start byte in line 2, at byte 2"),
        ("a.csv", b"q\n\xc3", "not UTF-8 text: unexpected end of data in line 2, at byte 2"),
        ("a.json", '{"q": 1}', "expected a list of records"),
        ("a.json", "[1]", "row 1: expected an object, found 1"),
        ("a.json", "[", "not JSON"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.jsonl", '{"q": 1}\nq,a\n', "row 2: not JSON"),
        ("a.parquet", "q,a\nx,y\n", "not a Parquet file"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, content: str | bytes, complaint: str
) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(InputError, match=complaint) as caught:
        list(read_rows(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_text('{"q": 1}')
    with pytest.raises(InputError, match="not a whole gzip file"):
        list(read_rows(path))
    whole = gzip.compress(b'{"q": 1}\n' * 1000)
    middle = len(whole) // 2
    for broken in (whole[:middle], whole[:middle] + b"\xff" * 8 + whole[middle + 8 :]):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="not a whole gzip file"):
            list(read_rows(path))


@pytest.mark.parametrize("name", ["gone.csv", "gone.parquet"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: No such file"):
        read_rows(tmp_path / name)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(InputError, match=r"x\.csv: Is a directory"):
        read_rows(tmp_path / "x.csv")


def test_missing_columns_are_named_beside_those_that_are_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "q,other\nx,y\n")
    with pytest.raises(InputError, match=r"field 'a, b': missing; the columns are: q, other"):
        list(columns(read_rows(path), "q", "a", "b"))


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"q": "x" * 50, "i": i}) for i in range(5000))
    shares: list[float] = []
    list(read_rows(write(tmp_path / "a.jsonl.gz", lines), watch=shares.append))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) > 2


def row(**values: object) -> Row:
    return Row(Path("f.csv"), 7, values)


@pytest.mark.parametrize("value", [3, 3.0, "3", "3.0", " 3 "])
def test_a_whole_number_may_be_written_in_many_ways(value: object) -> None:
    assert row(x=value).whole("x", low=0, high=4) == 3


@pytest.mark.parametrize(
    "value", [None, "", "nan", float("nan"), "inf", 5, -1, 2.5, "2.5", "x", True, [3]]
)
def test_anything_else_is_no_whole_number_of_the_range(value: object) -> None:
    with pytest.raises(InputError, match=r"f\.csv, row 7, field 'x': expected a whole number"):
        row(x=value).whole("x", low=0, high=4)


@pytest.mark.parametrize("value", [None, "", "  ", 5, float("nan"), ["x"]])
def test_a_blank_is_no_text(value: object) -> None:
    with pytest.raises(InputError, match=r"f\.csv, row 7, field 'x': expected a text"):
        row(x=value).text("x")


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(InputError, match="half a surrogate pair"):
        row(x="\ud83d").text("x")
    assert row(x="👍🏽 שלום").text("x") == "👍🏽 שלום"
