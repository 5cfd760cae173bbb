"""The header of a GGUF file, its metadata and list of tensors, read within the file's bounds.

The readers of other libraries trust every count and length: a header of a few bytes can keep them
busy for minutes, or make them ask for terabytes. So this one reads first, and what it has read is
whole: counts fit the file, names are there once, and every tensor lies inside the file, one after
the other, as llama.cpp wants them.
The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from spm_tui.errors import ModelError
from store.regular import opened

_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_NUMBERS = dict(enumerate(("B", "b", "H", "h", "I", "i", "f", "?", None, None, "Q", "q", "d")))
"""How values of each type are packed; strings and arrays are not of one size."""
_ALIGNMENT = 32
_DIMENSIONS = 4
_LARGEST_ALIGNMENT = 1 << 16
_LONGEST_NAME = 256
"""In characters; ggml's own limit for tensors is 63."""
_FIELD_BYTES = 13
"""A field has at least the lengths of its name, its type and a byte of value."""
_TENSOR_BYTES = 24
"""A tensor's entry has at least the length of its name, its dimensions' number, type and offset."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's place in a file."""

    name: str
    shape: tuple[int, ...]
    """Outermost first, as torch has it."""
    kind: int
    """Of storage, a number of ggml's."""
    start: int
    """In bytes, from the file's beginning."""
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself."""

    path: Path
    fields: Mapping[str, Any]
    """Numbers, texts, and lists of them."""
    tensors: tuple[Tensor, ...]
    count: int
    """Of fields."""
    packed: slice
    """Where the fields are in the file."""
    alignment: int

    @property
    def architecture(self) -> str:
        """What llama.cpp calls the kind of model.

        Raises:
            ModelError: the file does not say.

        """
        name = self.fields.get("general.architecture")
        if not isinstance(name, str) or not name:
            raise ModelError(f"{self.path}: says no general.architecture")
        if not name.isprintable() or len(name) > _LONGEST_NAME:
            raise ModelError(f"{self.path}: general.architecture is {name[:20]!r}")
        return name


def read_header(path: Path) -> Header:
    """Return the header of a file.

    Raises:
        ModelError: the file cannot be read, is no GGUF file, or is damaged.

    """
    try:
        with opened(path) as file:
            if file.read(4) != b"GGUF":
                raise ModelError(f"{path}: not a GGUF file")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Reader(path, data).header()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error


class _Reader:
    """Goes through a header's bytes."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path = path
        self.data = data
        self.at = 4
        self.doing = "its header"

    def header(self) -> Header:
        tensor_count, field_count = self._counts()
        start = self.at
        fields = self._fields(field_count)
        packed = slice(start, self.at)
        alignment = self._alignment(fields)
        entries = [self._entry() for _ in range(tensor_count)]
        tensors = self._placed(entries, alignment)
        return Header(self.path, fields, tensors, field_count, packed, alignment)

    def wrong(self, problem: str) -> ModelError:
        return ModelError(f"{self.path}: damaged or no GGUF file: {problem}")

    def take(self, layout: str) -> Any:
        """Return the next number."""
        try:
            (value,) = struct.unpack_from("<" + layout, self.data, self.at)
        except struct.error as error:
            raise self._cut() from error
        self.at += struct.calcsize("<" + layout)
        return value

    def text(self) -> str:
        """Return the next text."""
        length = self.take("Q")
        if length > len(self.data) - self.at:
            raise self._cut()
        raw = self.data[self.at : self.at + length]
        self.at += length
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise self.wrong(f"{self.doing} is not UTF-8") from error

    def name(self) -> str:
        """Return the next text, which is to be a name."""
        text = self.text()
        if not text.isprintable() or len(text) > _LONGEST_NAME:
            raise self.wrong(f"{self.doing} has no name but {text[:20]!r}")
        return text

    def _cut(self) -> ModelError:
        return self.wrong(f"it ends within {self.doing}")

    def _counts(self) -> tuple[int, int]:
        version = self.take("I")
        if version & 0xFFFF == 0:
            raise ModelError(f"{self.path}: of big-endian byte order, which cannot be read")
        if version not in _VERSIONS:
            raise ModelError(f"{self.path}: of GGUF version {version}; 2 and 3 can be read")
        tensors, fields = self.take("Q"), self.take("Q")
        rest = len(self.data) - self.at
        if fields * _FIELD_BYTES + tensors * _TENSOR_BYTES > rest:
            raise self.wrong(
                f"{fields} fields and {tensors} tensors do not fit in its {len(self.data)} bytes"
            )
        return tensors, fields

    def _fields(self, count: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for place in range(count):
            self.doing = f"field {place + 1} of {count}"
            name = self.name()
            if name in fields:
                raise self.wrong(f"field {name} is there twice")
            self.doing = f"field {name}"
            fields[name] = self._value(self.take("I"))
        return fields

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            return self._array(self.take("I"), self.take("Q"))
        return self.take(self._layout(kind))

    def _array(self, kind: int, count: int) -> list[Any]:
        layout = "Q" if kind == _STRING else self._layout(kind)  # of texts at least the lengths
        if count * struct.calcsize("<" + layout) > len(self.data) - self.at:
            raise self._cut()
        if kind == _STRING:
            return [self.text() for _ in range(count)]
        values = list(struct.unpack_from(f"<{count}{layout}", self.data, self.at))
        self.at += count * struct.calcsize("<" + layout)
        return values

    def _layout(self, kind: int) -> str:
        if layout := _NUMBERS.get(kind):
            return layout
        raise self.wrong(f"{self.doing} has values of unknown type {kind}")

    def _alignment(self, fields: Mapping[str, Any]) -> int:
        value = fields.get("general.alignment", _ALIGNMENT)
        fits = isinstance(value, int) and 0 < value <= _LARGEST_ALIGNMENT
        if not fits or value & (value - 1):
            raise self.wrong(f"general.alignment is {value!r}, not a power of two")
        return int(value)

    def _entry(self) -> tuple[str, tuple[int, ...], int, int]:
        self.doing = "the list of its tensors"
        name = self.name()
        self.doing = f"the entry of tensor {name}"
        dimensions = self.take("I")
        if dimensions > _DIMENSIONS:
            raise self.wrong(f"tensor {name} has {dimensions} dimensions")
        shape = tuple(self.take("Q") for _ in range(dimensions))[::-1]
        return name, shape, self.take("I"), self.take("Q")

    def _placed(
        self, entries: list[tuple[str, tuple[int, ...], int, int]], alignment: int
    ) -> tuple[Tensor, ...]:
        beginning = _up(self.at, alignment)
        expected = 0
        tensors: dict[str, Tensor] = {}
        for name, shape, kind, offset in entries:
            if name in tensors:
                raise self.wrong(f"tensor {name} is there twice")
            size = self._size(name, shape, kind)
            if offset != expected:
                raise self.wrong(f"tensor {name} is at {offset} of its data, not at {expected}")
            if beginning + offset + size > len(self.data):
                raise self.wrong(f"it ends before the end of tensor {name}")
            tensors[name] = Tensor(name, shape, kind, beginning + offset, size)
            expected = _up(offset + size, alignment)
        return tuple(tensors.values())

    def _size(self, name: str, shape: tuple[int, ...], kind: int) -> int:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        try:
            block, size = map(int, GGML_QUANT_SIZES[GGMLQuantizationType(kind)])
        except (ValueError, KeyError) as error:
            raise ModelError(
                f"{self.path}: tensor {name} is of type {kind}, which cannot be read"
            ) from error
        if not prod(shape) or not shape or shape[-1] % block:
            raise self.wrong(f"tensor {name} of its type cannot have the shape {list(shape)}")
        return int(prod(shape) // block * size)


def _up(position: int, alignment: int) -> int:
    """Return the next multiple."""
    return position + -position % alignment
