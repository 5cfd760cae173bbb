"""Records of CSV, JSON, JSON Lines and Parquet files, each knowing where it stands.

Owns every complaint about a file's syntax and about a field's type or range, so that each
names the file, the row and the field. Rows count as a person finds them: the line of a
JSON Lines file, the row of a spreadsheet (its header is row 1), the place in a list.
"""

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from math import isnan
from pathlib import Path
from typing import IO, Any, cast

from spm_tui.errors import InputError
from spm_tui.paths import encodable
from store.regular import opened

_MOST_TEXT = 1 << 28
"""Characters of a file, unpacked: they are kept, 1 to 4 bytes each. HelpSteer2 has 45 million."""
_MOST_JSON = 1 << 26
"""Characters of a JSON file, which is parsed as a whole."""
_LONGEST = 1 << 24
"""Characters of a line, and of a CSV file's cell, which may have many lines."""
_MOST_VALUES = 1 << 24
"""Of commas and brackets, each of which may be a value of a hundred bytes: MIC has 2 million."""
_ROW = 10
"""Values that a row costs beside its own: a record and a dictionary."""
FORMATS = (".csv", ".json", ".jsonl", ".parquet")
"""Each but Parquet may be compressed: `.gz` after it."""

Watch = Callable[[float], None]
"""Told the share of the file that has been read, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record and its place."""

    path: Path
    number: int
    values: Mapping[str, Any]

    def problem(self, problem: str, field: str | None = None) -> InputError:
        """Return the error that says what is wrong in this row."""
        return InputError(problem, path=self.path, row=self.number, field=field)

    def get(self, field: str) -> object:
        """Return a field's raw value; None where it is absent, empty or NaN."""
        value = self.values.get(field)
        return None if value == "" or (isinstance(value, float) and isnan(value)) else value

    def text(self, field: str) -> str:
        """Return a field that must be a text and not blank."""
        value = self.get(field)
        if not isinstance(value, str) or not value.strip():
            found = "nothing" if value is None else f"{value!r:.40}"
            raise self.problem(f"expected a text, found {found}", field)
        if not value.isprintable() and not encodable(value):
            raise self.problem("holds half a surrogate pair, not a character", field)
        return value

    def maybe_text(self, field: str) -> str | None:
        """Return a field that is absent, empty or a text."""
        return None if self.get(field) is None else self.text(field)

    def inside(self, field: str) -> "Row":
        """Return an object in this row as a row of its own, at the same place."""
        return self._inner(self.get(field), field)

    def parts(self, field: str) -> list["Row"]:
        """Return a list of objects in this row as rows at the same place."""
        return [self._inner(value, field) for value in self.entries(field)]

    def entries(self, field: str) -> list[object]:
        """Return a field that must be a list."""
        value = self.get(field)
        if not isinstance(value, list):
            raise self.problem(f"expected a list, found {value!r:.40}", field)
        return value

    def _inner(self, value: object, field: str) -> "Row":
        if not isinstance(value, Mapping):
            raise self.problem(f"expected an object, found {value!r:.40}", field)
        return Row(self.path, self.number, value)

    def whole(self, field: str, *, low: int, high: int) -> int:
        """Return a field that must be a whole number in a range, however it is written."""
        value = self.get(field)
        try:
            number = float(value)  # type: ignore[arg-type]  # what float refuses is the error
            if isinstance(value, bool) or number != int(number) or not low <= number <= high:
                raise ValueError  # noqa: TRY301
        except (TypeError, ValueError, OverflowError):
            found = "nothing" if value is None else f"{value!r:.40}"
            raise self.problem(
                f"expected a whole number from {low} to {high}, found {found}", field
            ) from None
        return int(number)


def read_rows(path: Path, *, watch: Watch = lambda _: None) -> Iterator[Row]:
    """Yield the records of a file, by its suffix.

    Raises:
        InputError: the file cannot be read, is not what its suffix says, or is empty.

    """
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind not in FORMATS:
        raise InputError(f"expected a file ending in {', '.join(FORMATS)} or .gz", path=path)
    rows = _parquet(path) if kind == ".parquet" else _text_rows(path, kind, watch)
    first = next(rows, None)
    if first is None:
        raise InputError("holds no records", path=path)
    return chain([first], rows)


def columns(rows: Iterator[Row], *needed: str) -> Iterator[Row]:
    """Yield `rows` once the first of them has the needed columns.

    Raises:
        InputError: names the columns that are missing and those that are there.

    """
    first = next(rows)
    missing = [name for name in needed if name not in first.values]
    if missing:
        there = ", ".join(map(str, first.values)) or "none"
        raise first.problem(f"missing; the columns are: {there:.200}", ", ".join(missing))
    yield first
    yield from rows


def _text_rows(path: Path, kind: str, watch: Watch) -> Iterator[Row]:
    parse = {".csv": _csv, ".json": _json, ".jsonl": _json_lines}[kind]
    try:
        with _opened(path) as (raw, content):
            size = path.stat().st_size or 1
            with io.TextIOWrapper(content, "utf-8-sig", newline="") as text:
                for row in parse(path, text):
                    if row.number % 512 == 0:
                        watch(raw.tell() / size)
                    yield row
        watch(1.0)
    except UnicodeDecodeError as error:
        raise _undecodable(path) from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file; give it, and what it holds, which differs where it is compressed."""
    try:
        with opened(path) as raw:
            content = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            yield raw, cast("IO[bytes]", content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"not a whole gzip file: {error}", path=path) from error
    except OSError as error:
        raise InputError(error.strerror or str(error), path=path) from error


def _undecodable(path: Path) -> InputError:
    """Return the error that says where a text is none; its decoder only knows of a chunk."""
    before = 0
    with _opened(path) as (_, content):
        lines = iter(lambda: content.readline(4 * _LONGEST + 2**16), b"")
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                place = f"in line {number}, at byte {before + error.start:,}"
                return InputError(f"not UTF-8 text: {error.reason} {place}", path=path)
            before += len(line)
    return InputError("not UTF-8 text", path=path)


def _lines(path: Path, text: IO[str]) -> Iterator[str]:
    """Yield the lines of a text as long as what they come to fits into memory."""
    characters = values = 0
    lines = iter(lambda: text.readline(_LONGEST + 1), "")
    for number, line in enumerate(lines, start=1):
        if len(line) > _LONGEST:
            raise InputError(f"line {number} has more than {_LONGEST:,} characters", path=path)
        characters += len(line)
        if characters > _MOST_TEXT:
            problem = f"more than {_MOST_TEXT:,} characters, the most that a file may have"
            raise InputError(problem, path=path, row=number)
        values += _ROW + _values(line)
        _require_few(values, path)
        yield line


def _values(text: str) -> int:
    """Return more values than a text has, whether it is CSV or JSON."""
    return text.count(",") + text.count("[") + text.count("{")


def _require_few(values: int, path: Path) -> None:
    if values > _MOST_VALUES:
        raise InputError(f"more than {_MOST_VALUES:,} values, the most that fit", path=path)


def _csv(path: Path, text: IO[str]) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(_lines(path, text), strict=True)
    number = 0
    try:
        header = _header(path, next(reader, []))
        number = 1
        for number, cells in enumerate(reader, start=2):
            if not cells:
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"has {len(cells)} cells, the header {len(header)}", path=path, row=number
                )
            yield Row(path, number, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", path=path, row=number + 1) from error


def _header(path: Path, names: list[str]) -> list[str]:
    """Return the names of columns; only those without a name, which nobody asks for, may repeat."""
    for name, times in Counter(names).items():
        if name and times > 1:
            raise InputError(f"{times} columns have this name", path=path, row=1, field=name)
    return names


def _json(path: Path, text: IO[str]) -> Iterator[Row]:
    whole = text.read(_MOST_JSON + 1)
    if len(whole) > _MOST_JSON:
        problem = f"a list of more than {_MOST_JSON:,} characters; write it as JSON Lines"
        raise InputError(problem, path=path)
    _require_few(_values(whole), path)
    records = _loads(whole, path, None)
    if not isinstance(records, list):
        raise InputError("expected a list of records", path=path)
    for number, record in enumerate(records, start=1):
        yield _record(path, number, record)


def _json_lines(path: Path, text: IO[str]) -> Iterator[Row]:
    for number, line in enumerate(_lines(path, text), start=1):
        if line.strip():
            yield _record(path, number, _loads(line, path, number))


def _loads(text: str, path: Path, row: int | None) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", path=path, row=row) from error


def _record(path: Path, number: int, record: object) -> Row:
    if not isinstance(record, dict):
        raise InputError(f"expected an object, found {record!r:.40}", path=path, row=number)
    return Row(path, number, record)


def _parquet(path: Path) -> Iterator[Row]:
    from store import parquet

    try:
        with parquet.opened(path) as table:
            names = tuple(table.types())
            table.require_modest()
            for number, cells in enumerate(table.rows(), start=1):
                yield Row(path, number, dict(zip(names, cells, strict=True)))
    except parquet.ParquetUnusable as error:
        raise InputError(str(error), path=path) from error
