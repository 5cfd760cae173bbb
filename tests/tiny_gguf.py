"""Tiny GGUF files of random weights: nothing is downloaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFValueType, GGUFWriter
from tokenizers import pre_tokenizers

WIDTH, HEADS, KEY_HEADS, INNER, LAYERS, CONTEXT = 64, 4, 2, 96, 2, 1024
SIZE = WIDTH // HEADS
MERGES = ["t h", "th e", "1 2", "Ġ Ġ", "Ċ Ċ", "Ġ the", "' s", "! !", "Ċ 1"]
TOKENS = [
    *sorted(pre_tokenizers.ByteLevel.alphabet()),
    *(merge.replace(" ", "") for merge in MERGES),
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
        "tokenizer.ggml.merges": MERGES,
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
        values = draw.standard_normal((rows, columns)) * 2 / np.sqrt(columns)
        return np.asarray(values, np.float32)

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


def write_parts(
    folder: Path, weights: Tensors, *, count: int = 2, numbered: bool = True
) -> list[Path]:
    """Write a model's parts as gguf-split does: all metadata in the first.

    Where they are not numbered, only their names say that they are parts.
    """
    names = list(weights)
    cuts = [round(len(names) * part / count) for part in range(count + 1)]
    paths = []
    for number in range(count):
        split = {"split.no": number, "split.count": count, "split.tensors.count": len(names)}
        own = {name: weights[name] for name in names[cuts[number] : cuts[number + 1]]}
        if not numbered:
            split = {}
        path = folder / f"m-{number + 1:05}-of-{count:05}.gguf"
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
