"""What transformers' configuration of a GGUF file must be told besides what it reads itself."""

import json
from math import inf, isclose
from typing import Any

import numpy as np

from spm_tui.engine.gguf import rope
from spm_tui.engine.gguf.fields import CARRIED, PARTLY_ROTATED, ROTATED, of_architecture
from spm_tui.engine.gguf.shards import ModelFile
from spm_tui.errors import ModelError

_BASE = 10_000.0
"""Of rotations, where a file says none."""
_LAYERS_OF_27B = {"gemma2": 46, "gemma3": 62}
"""Gemma's largest model scales attention by its width, the others by the size of a head."""


def carry_over(model: ModelFile, config: Any) -> dict[str, Any]:
    """Complete a configuration, and return what of it is now other than transformers made it.

    Raises:
        ModelError: the file says something that transformers' models cannot do.

    """
    name = model.header.architecture
    fields = of_architecture(model)
    names = CARRIED.get(name, {})
    wanted = {names[key]: fields[key] or None for key in names if key in fields}
    if wanted.get("n_inner") == 4 * fields["embedding_length"]:
        del wanted["n_inner"]  # what GPT-2 has unless told otherwise
    wanted |= _heads(model, config, fields) | _by_tensors(model, config)
    if name in _LAYERS_OF_27B:
        wanted["query_pre_attn_scalar"] = _scalar(name, fields, _head_size(fields))
    if name in ROTATED:
        wanted["rope_parameters"] = parameters = _rotation(model, fields)
        key = "original_max_position_embeddings"
        if hasattr(config, key) and key in parameters:  # Phi-3's is not to replace the file's
            wanted[key] = parameters[key]
    elif "rope.dimension_count" in fields and name not in {"qwen35", "qwen35moe", "minimax-m2"}:
        _size(model, fields, _head_size(fields))
    changed = {key: value for key, value in wanted.items() if _other(getattr(config, key), value)}
    for key, value in changed.items():
        setattr(config, key, value)
    return changed


def _other(old: Any, new: Any) -> bool:
    """Whether two values are not the same; files have single precision, configurations double."""
    if isinstance(old, float) and isinstance(new, float):
        return not isclose(old, new, rel_tol=1e-6)
    return json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True)


def _head_size(fields: dict[str, Any]) -> int:
    size = fields.get("attention.key_length") or (
        fields["embedding_length"] // fields["attention.head_count"]
    )
    return int(size)


def _heads(model: ModelFile, config: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Return how many heads there are for keys and values, and of what size."""
    name = model.header.architecture
    if not fields.get("attention.head_count") or name in {"lfm2", "qwen35", "qwen35moe"}:
        return {}
    count = fields["attention.head_count"]
    size = _head_size(fields)
    if fields.get("attention.value_length", size) != size:
        raise ModelError(
            f"{model.path}: {name}.attention.value_length is not {size}, as the keys' length"
        )
    wanted: dict[str, Any] = {}
    if hasattr(config, "num_key_value_heads") and name != "falcon":
        wanted["num_key_value_heads"] = fields.get("attention.head_count_kv", count)
    if hasattr(config, "head_dim") and name not in {"bloom", "falcon", "gpt2"}:
        return wanted | {"head_dim": size}
    if size * count != fields["embedding_length"]:
        raise ModelError(
            f"{model.path}: {name}.attention.key_length is {size}, for which transformers has no"
            " model"
        )
    return wanted


def _by_tensors(model: ModelFile, config: Any) -> dict[str, Any]:
    """Return what a file says by the tensors that it has."""
    wanted: dict[str, Any] = {"tie_word_embeddings": "output.weight" not in model.tensors}
    if model.header.architecture in {"llama", "qwen3", "qwen3moe"}:
        wanted["attention_bias"] = "blk.0.attn_q.bias" in model.tensors
    if model.header.architecture == "llama":
        wanted["mlp_bias"] = "blk.0.ffn_up.bias" in model.tensors
    return {key: value for key, value in wanted.items() if hasattr(config, key)}


def _scalar(name: str, fields: dict[str, Any], size: int) -> int:
    largest = fields["block_count"] == _LAYERS_OF_27B[name]
    return int(fields["embedding_length"] // fields["attention.head_count"]) if largest else size


def _rotation(model: ModelFile, fields: dict[str, Any]) -> dict[str, Any]:
    """Return transformers' parameters of a model's encoding of positions."""
    name = model.header.architecture
    size = _head_size(fields)
    rotated = _size(model, fields, size)
    rotation = rope.Rotation(
        fields={key[5:]: value for key, value in fields.items() if key.startswith("rope.")},
        base=_base(model, fields, "rope.freq_base"),
        size=rotated,
        context=int(fields["context_length"]),
        divisors={
            tensor: _numbers(model, tensor) for tensor in rope.TENSORS & model.tensors.keys()
        },
    )
    try:
        parameters = {"rope_theta": rotation.base} | rotation.parameters()
    except ModelError as error:
        raise ModelError(f"{model.path}: {name}.{error} cannot be carried over") from error
    if name == "gemma3":  # its sliding layers have a base of their own, and no scaling
        base = _base(model, fields, "rope.freq_base_swa")
        sliding = {"rope_theta": base, "rope_type": "default"}
        return {"sliding_attention": sliding, "full_attention": parameters}
    if name in PARTLY_ROTATED:
        parameters["partial_rotary_factor"] = rotated / size
    return parameters


def _base(model: ModelFile, fields: dict[str, Any], field: str) -> float:
    value = fields.get(field) or _BASE
    if not isinstance(value, (int, float)) or not 0 < value < inf:
        raise ModelError(f"{model.path}: {model.header.architecture}.{field} is {value!r}")
    return float(value)


def _size(model: ModelFile, fields: dict[str, Any], head: int) -> int:
    """Return how many of a head's dimensions are rotated."""
    name = model.header.architecture
    size = fields.get("rope.dimension_count", head)
    whole = isinstance(size, int) and 0 < size <= head and size % 2 == 0
    if not whole or (size != head and name not in PARTLY_ROTATED):
        raise ModelError(
            f"{model.path}: {name}.rope.dimension_count is {size!r} with heads of {head}, which"
            " transformers cannot do"
        )
    return int(size)


def _numbers(model: ModelFile, name: str) -> np.ndarray:
    """Return a small tensor's values."""
    path, tensor = model.tensors[name]
    layout = {0: "<f4", 1: "<f2"}.get(tensor.kind)
    if layout is None:
        raise ModelError(f"{path}: tensor {name} is not of single or half precision")
    with path.open("rb") as file:
        file.seek(tensor.start)
        values = np.frombuffer(file.read(tensor.size), np.dtype(layout))
    return np.asarray(values, np.float64)
