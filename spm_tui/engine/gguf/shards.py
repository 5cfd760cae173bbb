"""Models in several GGUF files, as gguf-split makes them: finding the parts, and joining them.

The first part has all metadata; each has its number and that of all. transformers reads only the
part that it is given, so they are joined for it.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spm_tui.engine.gguf.header import Header, Tensor, read_header
from spm_tui.errors import ModelError

_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})")
_UINT32 = 4
"""The type of a field's value, as the file has it."""
_BLOCK = 1 << 24
"""Bytes copied at a time."""
_COUNT, _NUMBER, _TENSORS = "split.count", "split.no", "split.tensors.count"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model in GGUF, of one file or several."""

    name: str
    """For people: the file's, without what tells parts apart."""
    parts: tuple[Header, ...]
    """In order; the first has the metadata."""

    @property
    def path(self) -> Path:
        """The first file."""
        return self.parts[0].path

    @property
    def header(self) -> Header:
        """The first file's."""
        return self.parts[0]

    @property
    def paths(self) -> list[Path]:
        """All files."""
        return [part.path for part in self.parts]

    @property
    def tensors(self) -> dict[str, tuple[Path, Tensor]]:
        """All tensors by name, each with the file it is in."""
        return {tensor.name: (part.path, tensor) for part in self.parts for tensor in part.tensors}


def open_model(path: Path) -> ModelFile:
    """Return the model that a file is, or is a part of.

    Raises:
        ModelError: the file is damaged, parts are missing, or do not belong together.

    """
    header = read_header(path)
    match = _PART.fullmatch(path.stem)
    number, count = _whole(header, _NUMBER, 0) + 1, _whole(header, _COUNT, 0)
    if not count and match:  # older ones say so only by their names
        number, count = int(match[2]), int(match[3])
        if not all(sibling.is_file() for sibling in _siblings(path, match[1], count)):
            return ModelFile(path.stem, (header,))
    if count <= 1:
        return ModelFile(path.stem, (header,))
    if match is None or (int(match[2]), int(match[3])) != (number, count):
        raise ModelError(
            f"{path}: part {number} of {count} of a model, whose parts must be called"
            f" …-{number:05}-of-{count:05}.gguf"
        )
    siblings = _siblings(path, match[1], count)
    if missing := [sibling.name for sibling in siblings if not sibling.is_file()]:
        raise ModelError(
            f"{path}: {len(missing)} of the model's {count} parts are not beside it:"
            f" the first is {missing[0]}"
        )
    parts = tuple(header if sibling == path else read_header(sibling) for sibling in siblings)
    _check(parts)
    return ModelFile(match[1], parts)


def _siblings(path: Path, stem: str, count: int) -> list[Path]:
    return [path.with_name(f"{stem}-{i:05}-of-{count:05}.gguf") for i in range(1, count + 1)]


def _check(parts: tuple[Header, ...]) -> None:
    """See that parts are of one model, and all of it."""
    first = parts[0]
    total = _whole(first, _TENSORS, sum(len(part.tensors) for part in parts))
    names: set[str] = set()
    for number, part in enumerate(parts):
        own = _whole(part, _COUNT, len(parts)), _whole(part, _NUMBER, number)
        if own != (len(parts), number):
            raise ModelError(
                f"{part.path}: not part {number + 1} of {len(parts)}, as its name says"
            )
        same = {"general.architecture", _TENSORS} & first.fields.keys() & part.fields.keys()
        if other := [key for key in sorted(same) if first.fields[key] != part.fields[key]]:
            raise ModelError(f"{part.path}: of another model than {first.path.name}: {other[0]}")
        if twice := names & {tensor.name for tensor in part.tensors}:
            raise ModelError(f"{part.path}: tensor {min(twice)} is in another part, too")
        names |= {tensor.name for tensor in part.tensors}
    if len(names) != total:
        raise ModelError(f"{first.path}: its parts have {len(names)} tensors, not all {total}")


def _whole(header: Header, key: str, default: int) -> int:
    value = header.fields.get(key, default)
    if not isinstance(value, int) or value < 0:
        raise ModelError(f"{header.path}: {key} is {value!r}, not a number")
    return value


def join(model: ModelFile, target: Path, *, added: Mapping[str, int]) -> None:
    """Write a model's parts as one file.

    Args:
        model: the parts.
        target: the file to be.
        added: further fields, with their values.

    Raises:
        OSError: there is no room for it.

    """
    header = model.header
    tensors = list(model.tensors.values())
    with target.open("wb") as sink, model.path.open("rb") as source:
        sink.write(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), header.count + len(added)))
        source.seek(header.packed.start)
        sink.write(source.read(header.packed.stop - header.packed.start))
        for name, value in added.items():
            sink.write(_packed_text(name) + struct.pack("<II", _UINT32, value))
        offset = 0
        for _, tensor in tensors:
            sink.write(_entry(tensor, offset))
            offset += tensor.size + -tensor.size % header.alignment
        for path, tensor in tensors:
            sink.write(bytes(-sink.tell() % header.alignment))
            _copy(path, tensor, sink)
        sink.write(bytes(-sink.tell() % header.alignment))


def _entry(tensor: Tensor, offset: int) -> bytes:
    dimensions = tensor.shape[::-1]  # the file has the innermost first
    layout = f"<I{len(dimensions)}QIQ"
    rest = struct.pack(layout, len(dimensions), *dimensions, tensor.kind, offset)
    return _packed_text(tensor.name) + rest


def _packed_text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _copy(path: Path, tensor: Tensor, sink: BinaryIO) -> None:
    with path.open("rb") as source:
        source.seek(tensor.start)
        left = tensor.size
        while left:
            block = source.read(min(left, _BLOCK))
            sink.write(block)
            left -= len(block)
