"""GGUF files that are damaged in every way that we could think of."""

import struct
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from tests.tiny_gguf import (
    LOST,
    MERGES,
    TOKENS,
    WIDTH,
    Fields,
    Tensors,
    fields,
    tensors,
    write,
    write_parts,
)


def damaged(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give files that are damaged, each with what is wrong with it.

    Some do no harm, such as another letter in a name that only people read.
    """
    path = folder / "x.gguf"
    whole = write(path).read_bytes()
    for label, content in _bytes(whole):
        path.write_bytes(content)
        yield label, path
    for label, metadata, weights in _wrong_fields():
        yield label, write(path, metadata, weights)
    for label, weights in _wrong_tensors():
        yield label, write(path, None, weights)
    yield from _wrong_parts(folder)


def _bytes(whole: bytes) -> Iterator[tuple[str, bytes]]:
    def patched(at: int, layout: str, *values: int) -> bytes:
        size = struct.calcsize(layout)
        return whole[:at] + struct.pack(layout, *values) + whole[at + size :]

    yield "magic", b"GGML" + whole[4:]
    yield "nothing", b""
    yield "text", b"no model\n" * 100
    for version in (0, 1, 4, 99, 3 << 24):
        yield f"version {version}", patched(4, "<I", version)
    for what, at in (("tensors", 8), ("fields", 16)):
        count = struct.unpack_from("<Q", whole, at)[0]
        for other in (0, 1, count - 1, count + 1, 1 << 20, 1 << 32, (1 << 63) - 1, (1 << 64) - 1):
            yield f"{other} {what}", patched(at, "<Q", other)
    data = whole.index(b"token_embd.weight")
    for share in range(24):
        size = 4 + data * share // 24
        yield f"cut in the metadata at {size}", whole[:size]
    for share in range(12):
        size = data + (len(whole) - data) * share // 12
        yield f"cut at {size}", whole[:size]
    draw = np.random.default_rng(1)
    for at in sorted(draw.integers(24, data, 60).tolist()):
        yield f"byte {at} of the metadata", patched(at, "<B", whole[at] ^ 0xFF)
    listed = struct.calcsize("<QIQQIQ") + 20
    for at in sorted(draw.integers(data, data + listed * 12, 30).tolist()):
        yield f"byte {at} of the list of tensors", patched(at, "<B", whole[at] ^ 0xFF)
    first = data + len(b"token_embd.weight")
    yield "a tensor of 9 dimensions", patched(first, "<I", 9)
    for name, size in (("rows", 12), ("columns", 4)):
        for count in (0, 1, 1 << 40):
            yield f"a tensor of {count} {name}", patched(first + size, "<Q", count)
    for kind in (4, 5, 31, 99, 1 << 31):
        yield f"a tensor of type {kind}", patched(first + 20, "<I", kind)
    for offset in (1, 32, 1 << 40, (1 << 64) - 1):
        yield f"a tensor at {offset}", patched(first + 24, "<Q", offset)
    yield "a tensor twice", whole.replace(b"blk.1.attn_q.weight", b"blk.0.attn_q.weight")
    yield (
        "a field twice",
        whole.replace(b"llama.block_count", b"llama.freq_count.").replace(
            b"general.name", b"llama.freq_c"
        ),
    )


def _wrong_fields() -> Iterator[tuple[str, Fields, Tensors | None]]:
    right = fields()
    yield "one field", {}, {}
    yield "one field, all tensors", {}, None
    yield "no tensors", right, {}
    for key in right:
        yield f"no {key}", right | {key: None}, None
    numbers = [key for key, value in right.items() if type(value) in (int, float)]
    odd: list[Any] = [0, -1, (1 << 31) - 1, "text", [1, 2], float("nan")]
    for key, value in product(numbers, odd):
        yield f"{key} = {value!r}", right | {key: value}, None
    texts = ["tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type"]
    texts += ["tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.chat_template"]
    odd = [1, "text", [1], ["text"]]
    for key, value in product(texts, odd):
        yield f"{key} = {value!r}", right | {key: value}, None
    for merge in ("t", "t h e", "t zzz", "", "the the"):
        merges = [*MERGES, merge]
        yield f"merge {merge!r}", right | {"tokenizer.ggml.merges": merges}, None
    yield "a token less", right | {"tokenizer.ggml.tokens": TOKENS[:-1]}, None
    for name in ("", "nothing-known", "clip", "bert", "t5", "mamba", "gemma2", "gpt2"):
        yield f"architecture {name!r}", right | {"general.architecture": name}, None
    for name in ("two\nlines", "\x1b[31mred", "long" * 1000, "", "llama", "llama."):
        yield f"a field {name[:20]!r}", right | {name: 1, "llama." + name: 1}, None
        yield f"architecture {name[:20]!r}", right | {"general.architecture": name}, None
    for key, value in LOST.items():
        yield f"{key} = {value!r}", right | {key: value}, None


def _wrong_tensors() -> Iterator[tuple[str, Tensors]]:
    right = tensors()
    for name in right:
        if name.startswith(("blk.1", "token", "output")):
            yield f"no {name}", {key: values for key, values in right.items() if key != name}
            yield f"{name} of half its rows", right | {name: right[name][: len(right[name]) // 2]}
    yield "a matrix turned", right | {"blk.0.ffn_down.weight": right["blk.0.ffn_down.weight"].T}
    yield "a name of two lines", right | {"blk.0.\n.weight": right["output_norm.weight"]}
    yield "three layers for two", tensors(layers=3)
    yield "one layer for two", tensors(layers=1)
    yield "a bias that has no place", right | {"blk.0.attn_norm.bias": right["output_norm.weight"]}
    yield "a tensor that is not known", right | {"blk.0.adapter.weight": right["output.weight"]}
    yield "divisors of another size", right | {"rope_freqs.weight": np.ones(3, np.float32)}
    yield "divisors that are zero", right | {"rope_freqs.weight": np.zeros(8, np.float32)}
    yield "whole numbers", right | {"output_norm.weight": np.ones(WIDTH, np.int32)}


def _wrong_parts(folder: Path) -> Iterator[tuple[str, Path]]:
    def parts(name: str, change: Callable[[list[Path]], Any]) -> tuple[str, Path]:
        place = folder / name.replace(" ", "-")
        place.mkdir()
        paths = write_parts(place, tensors(), count=3)
        change(paths)
        return f"parts: {name}", next(path for path in paths if path.is_file())

    yield parts("first missing", lambda paths: _remove(paths[:1]))
    yield parts("second missing", lambda paths: _remove(paths[1:2]))
    yield parts("only the first", lambda paths: _remove(paths[1:]))
    yield parts("one renamed", lambda paths: paths[0].rename(paths[0].with_name("y.gguf")))
    yield parts("two the same", lambda paths: paths[2].write_bytes(paths[1].read_bytes()))
    yield parts("one of a whole model", lambda paths: write(paths[1]))
    yield parts("one cut", lambda paths: paths[2].write_bytes(paths[2].read_bytes()[:-64]))
    yield parts("one empty", lambda paths: paths[1].write_bytes(b""))
    yield parts("first without metadata", lambda paths: _swap(paths[0], paths[1]))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink()


def _swap(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
