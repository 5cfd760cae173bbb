"""Tiny GGUF files of random weights, whole and damaged in every way: nothing is downloaded."""

import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFValueType, GGUFWriter
from tokenizers import pre_tokenizers

WIDTH, HEADS, KEY_HEADS, INNER, LAYERS, CONTEXT = 64, 4, 2, 96, 2, 1024
SIZE = WIDTH // HEADS
_MERGES = ["t h", "th e", "1 2", "Ġ Ġ", "Ċ Ċ", "Ġ the", "' s", "! !", "Ċ 1"]
TOKENS = [
    *sorted(pre_tokenizers.ByteLevel.alphabet()),
    *(merge.replace(" ", "") for merge in _MERGES),
    "<|start|>",
    "<|end|>",
]
_TEMPLATE = (
    "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
Fields = Mapping[str, Any]
Tensors = Mapping[str, np.ndarray]


def fields(architecture: str = "llama") -> dict[str, Any]:
    """Return the metadata of a whole file; numbers are written as 32 bits."""
    own = {
        "context_length": CONTEXT,
        "embedding_length": WIDTH,
        "block_count": LAYERS,
        "feed_forward_length": INNER,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KEY_HEADS,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.freq_base": 10_000.0,
        "rope.dimension_count": SIZE,
    }
    ends = len(TOKENS) - 1
    return {f"{architecture}.{key}": value for key, value in own.items()} | {
        "general.name": "tiny",
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": TOKENS,
        "tokenizer.ggml.token_type": [1] * (ends - 1) + [3, 3],
        "tokenizer.ggml.merges": _MERGES,
        "tokenizer.ggml.bos_token_id": ends - 1,
        "tokenizer.ggml.eos_token_id": ends,
        "tokenizer.ggml.padding_token_id": ends,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": _TEMPLATE,
    }


def tensors(architecture: str = "llama", *, layers: int = LAYERS) -> dict[str, np.ndarray]:
    """Return the weights of a whole file; large, so that each shows in what a model answers."""
    draw = np.random.default_rng(0)

    def matrix(rows: int, columns: int = WIDTH) -> np.ndarray:
        return (draw.standard_normal((rows, columns)) * 2 / np.sqrt(columns)).astype(np.float32)

    def vector(size: int = WIDTH, centre: float = 1.0) -> np.ndarray:
        return (centre + 0.1 * draw.standard_normal(size)).astype(np.float32)

    weights = {
        "token_embd.weight": matrix(len(TOKENS)),
        "output_norm.weight": vector(),
        "output.weight": matrix(len(TOKENS)),
    }
    for layer in range(layers):
        parts = {
            "attn_norm.weight": vector(),
            "attn_q.weight": matrix(WIDTH),
            "attn_k.weight": matrix(KEY_HEADS * SIZE),
            "attn_v.weight": matrix(KEY_HEADS * SIZE),
            "attn_output.weight": matrix(WIDTH),
            "ffn_norm.weight": vector(),
            "ffn_gate.weight": matrix(INNER),
            "ffn_up.weight": matrix(INNER),
            "ffn_down.weight": matrix(WIDTH, INNER),
        }
        if architecture == "qwen2":
            parts |= {
                "attn_q.bias": vector(WIDTH, 0.0),
                "attn_k.bias": vector(KEY_HEADS * SIZE, 0.0),
                "attn_v.bias": vector(KEY_HEADS * SIZE, 0.0),
            }
        weights |= {f"blk.{layer}.{name}": values for name, values in parts.items()}
    return weights


def write(
    path: Path,
    metadata: Fields | None = None,
    weights: Tensors | None = None,
    *,
    architecture: str = "llama",
) -> Path:
    """Write a file; by default a whole one. A field that is None is left out."""
    metadata = fields(architecture) if metadata is None else metadata
    writer = GGUFWriter(path, metadata.get("general.architecture", architecture))
    for key, value in metadata.items():
        if value is not None and key != "general.architecture":
            writer.add_key_value(key, value, *_type(key, value))
    for name, values in (tensors(architecture) if weights is None else weights).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _type(key: str, value: Any) -> tuple[GGUFValueType, GGUFValueType | None]:
    kinds = {
        bool: GGUFValueType.BOOL,
        float: GGUFValueType.FLOAT32,
        str: GGUFValueType.STRING,
        int: GGUFValueType.INT32,
    }
    if isinstance(value, list):
        return GGUFValueType.ARRAY, kinds[type(value[0])]
    if key.startswith("split."):
        return GGUFValueType.INT32 if "tensors" in key else GGUFValueType.UINT16, None
    if type(value) is int and value >= 0:  # as llama.cpp wants it
        return GGUFValueType.UINT32, None
    return kinds[type(value)], None


def write_parts(folder: Path, weights: Tensors, *, count: int = 2, stem: str = "m") -> list[Path]:
    """Write a model's parts as gguf-split does: all metadata in the first."""
    names = list(weights)
    cuts = [round(len(names) * part / count) for part in range(count + 1)]
    paths = []
    for number in range(count):
        split = {"split.no": number, "split.count": count, "split.tensors.count": len(names)}
        own = {name: weights[name] for name in names[cuts[number] : cuts[number + 1]]}
        path = folder / f"{stem}-{number + 1:05}-of-{count:05}.gguf"
        paths.append(write(path, split | (fields() if number == 0 else {}), own))
    return paths


def llama3_divisors(factor: float, low: float, high: float, length: int) -> np.ndarray:
    """Return what Llama 3's rule comes to, as llama.cpp's converter writes it."""
    values = []
    for place in range(0, SIZE, 2):
        wave = 2 * np.pi * 10_000.0 ** (place / SIZE)
        if wave < length / high:
            values.append(1.0)
        elif wave > length / low:
            values.append(factor)
        else:
            share = (length / wave - low) / (high - low)
            values.append(1 / ((1 - share) / factor + share))
    return np.array(values, np.float32)


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
    for key in numbers:
        for value in (0, -1, (1 << 31) - 1, "text", [1, 2], float("nan")):
            yield f"{key} = {value!r}", right | {key: value}, None
    texts = ["tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type"]
    for key in (*texts, "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.chat_template"):
        for value in (1, "text", [1], ["text"]):
            yield f"{key} = {value!r}", right | {key: value}, None
    for merge in ("t", "t h e", "t zzz", "", "the the"):
        merges = [*_MERGES, merge]
        yield f"merge {merge!r}", right | {"tokenizer.ggml.merges": merges}, None
    yield "a token less", right | {"tokenizer.ggml.tokens": TOKENS[:-1]}, None
    for name in ("", "nothing-known", "clip", "bert", "t5", "mamba", "gemma2", "gpt2"):
        yield f"architecture {name!r}", right | {"general.architecture": name}, None
    for key, value in LOST.items():
        yield f"{key} = {value!r}", right | {key: value}, None


LOST = {
    "llama.rope.scaling.type": "unheard-of",
    "llama.rope.scaling.factor": -4.0,
    "llama.rope.scaling.attn_factor": 0.5,
    "llama.attention.scale": 0.5,
    "llama.attention.sliding_window": 16,
    "llama.attention.value_length": 8,
    "llama.expert_count": 4,
    "llama.expert_used_count": 2,
    "llama.logit_scale": 0.5,
    "llama.final_logit_softcapping": 30.0,
    "llama.a_field_of_tomorrow": 1,
    "qwen2.rope.freq_base": 1e6,
    "general.alignment": 48,
    "general.type": "adapter",
}
"""Fields that change what a model computes, which its conversion does not know."""


def _wrong_tensors() -> Iterator[tuple[str, Tensors]]:
    right = tensors()
    for name in right:
        if name.startswith(("blk.1", "token", "output")):
            yield f"no {name}", {key: values for key, values in right.items() if key != name}
            yield f"{name} of half its rows", right | {name: right[name][: len(right[name]) // 2]}
    yield "a matrix turned", right | {"blk.0.ffn_down.weight": right["blk.0.ffn_down.weight"].T}
    yield "three layers for two", tensors(layers=3)
    yield "one layer for two", tensors(layers=1)
    yield "a bias that has no place", right | {"blk.0.attn_norm.bias": right["output_norm.weight"]}
    yield "a tensor that is not known", right | {"blk.0.adapter.weight": right["output.weight"]}
    yield "divisors of another size", right | {"rope_freqs.weight": np.ones(3, np.float32)}
    yield "divisors that are zero", right | {"rope_freqs.weight": np.zeros(8, np.float32)}
    yield "whole numbers", right | {"output_norm.weight": np.ones(WIDTH, np.int32)}


def _wrong_parts(folder: Path) -> Iterator[tuple[str, Path]]:
    def parts(name: str, change: Callable[[list[Path]], object]) -> tuple[str, Path]:
        place = folder / name.replace(" ", "-")
        place.mkdir()
        paths = write_parts(place, tensors(), count=3)
        change(paths)
        return f"parts: {name}", next(path for path in paths if path.is_file())

    yield parts("first missing", lambda paths: paths[0].unlink())
    yield parts("second missing", lambda paths: paths[1].unlink())
    yield parts("only the first", lambda paths: [path.unlink() for path in paths[1:]])
    yield parts("one renamed", lambda paths: paths[0].rename(paths[0].with_name("y.gguf")))
    yield parts("two the same", lambda paths: paths[2].write_bytes(paths[1].read_bytes()))
    yield parts("one of a whole model", lambda paths: write(paths[1]))
    yield parts("one cut", lambda paths: paths[2].write_bytes(paths[2].read_bytes()[:-64]))
    yield parts("one empty", lambda paths: paths[1].write_bytes(b""))
    yield parts("first without metadata", lambda paths: _swap(paths[0], paths[1]))


def _swap(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
