"""Whether a GGUF file has the tensors of its model, all of them, and none that would be left out.

Looked at before anything is read: a model is made without memory for its weights, and held against
the list of the file's tensors. So a file without a layer, or with a tensor of another shape, ends
in a line at once, and not after gigabytes have been made up.
"""

import re
from math import prod
from typing import Any

from spm_tui.engine.gguf import rope
from spm_tui.engine.gguf.fields import ROTATED, of_architecture
from spm_tui.engine.gguf.shards import ModelFile
from spm_tui.errors import ModelError

_LAYER = re.compile(r"blk\.(\d+)\.")
_EMBEDDING, _OUTPUT = "token_embd.weight", "output.weight"
_UNTIED = frozenset({"nemotron", "qwen2moe", "stablelm"})
"""Architectures that must have an output of their own; the others take the embedding instead."""


def check_layers(model: ModelFile) -> None:
    """See that a file has as many layers, and embeddings as wide, as its metadata say.

    Raises:
        ModelError: it has not, or a tensor is stored in a form that cannot be read.

    """
    fields = of_architecture(model)
    count = fields["block_count"]
    layers = {int(match[1]) for name in model.tensors if (match := _LAYER.match(name))}
    name = model.header.architecture
    if len(layers) != count or max(layers) != count - 1:
        raise ModelError(
            f"{model.path}: its tensors are of {len(layers)} layers, not of the {count} that"
            f" {name}.block_count says"
        )
    wanted = (_EMBEDDING, _OUTPUT) if name in _UNTIED else (_EMBEDDING,)
    if missing := [tensor for tensor in wanted if tensor not in model.tensors]:
        raise ModelError(f"{model.path}: its weights are not all there: it has no {missing[0]}")
    shape = model.tensors[_EMBEDDING][1].shape
    if len(shape) != 2 or shape[1] != fields["embedding_length"]:
        raise ModelError(
            f"{model.path}: {_EMBEDDING} has the shape {list(shape)}, not"
            f" {fields['embedding_length']} columns as {name}.embedding_length says"
        )
    _check_storage(model)


def _check_storage(model: ModelFile) -> None:
    """See that every form in which tensors are stored can be read: gguf's reader has not all."""
    import numpy as np
    from gguf import dequantize
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    seen: set[int] = set()
    for path, tensor in model.tensors.values():
        if tensor.kind in seen:
            continue
        seen.add(tensor.kind)
        kind = GGMLQuantizationType(tensor.kind)
        try:
            dequantize(np.zeros((1, GGML_QUANT_SIZES[kind][1]), np.uint8), kind)
        except NotImplementedError as error:
            raise ModelError(
                f"{path}: tensor {tensor.name} is of type {kind.name}, which cannot be read"
            ) from error


def check_tensors(model: ModelFile, config: Any) -> None:
    """Hold a file's tensors against those of the model that a configuration is of.

    Raises:
        ModelError: tensors are missing, would be left out, or have other shapes.

    """
    names = _names(model, config)
    if names is None:
        return
    skeleton, by_tensor = names
    state = skeleton.state_dict()
    sizes: dict[str, int] = {}
    tensors = {name: tensor for name, (_, tensor) in model.tensors.items()}
    for name, tensor in tensors.items():
        weight = by_tensor.get(name) or by_tensor.get(name.removesuffix(".weight"))
        if weight is not None:
            sizes[weight] = sizes.get(weight, 0) + prod(tensor.shape)
        elif not (name in rope.TENSORS and model.header.architecture in ROTATED):
            raise ModelError(
                f"{model.path}: transformers' {config.model_type} has no place for tensor {name}:"
                " it would be left out"
            )
    twins = _twins(skeleton)
    missing = [weight for weight in state if weight not in sizes and weight not in twins]
    if missing:
        wanted = {weight: name for name, weight in by_tensor.items()}
        first = wanted.get(missing[0], missing[0])
        raise ModelError(
            f"{model.path}: its weights are not all there: it lacks {len(missing)} of"
            f" {len(state)}, the first is {first}"
        )
    for name, tensor in tensors.items():
        weight = by_tensor.get(name) or by_tensor.get(name.removesuffix(".weight"))
        if weight is not None and weight in state and sizes[weight] != state[weight].numel():
            raise ModelError(
                f"{model.path}: tensor {name} has the shape {list(tensor.shape)}, where the"
                f" metadata want {list(state[weight].shape)}"
            )


def _twins(skeleton: Any) -> set[str]:
    """Return the weights that have another's value."""
    if not skeleton.config.tie_word_embeddings:
        return set()
    return set(skeleton._tied_weights_keys or {})  # noqa: SLF001 – transformers has no other name


def _names(model: ModelFile, config: Any) -> tuple[Any, dict[str, str]] | None:
    """Return an empty model, and by tensor the name of its weight; None if there is no such list.

    Newer architectures have rules instead of a list; what transformers says after loading counts.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.integrations.gguf import GGUF_ARCHS
    from transformers.modeling_gguf_pytorch_utils import (
        TENSOR_PROCESSORS,
        TensorProcessor,
        get_gguf_hf_weights_map,
    )

    name = model.header.architecture
    if name in GGUF_ARCHS:
        return None
    with torch.device("meta"):
        skeleton = AutoModelForCausalLM.from_config(config)
    processor = TENSOR_PROCESSORS.get(name, TensorProcessor)(config={})
    return skeleton, get_gguf_hf_weights_map(skeleton, processor)
