"""What a GGUF file's metadata say of a model, and whether transformers' configuration has it all.

transformers reads a list of fields per architecture and passes over the others, such as a scaling
of positions, and over what llama.cpp does where a field is not there. So this is a list of what may
be in a file: fields that transformers reads, fields that we carry over, fields that change nothing,
and values at which a field changes nothing. Whatever else is there is refused by its name.
Which fields llama.cpp reads: `llama_model::load_hparams` there.
"""

import math
from collections.abc import Mapping
from typing import Any

from spm_tui.engine.gguf.shards import ModelFile
from spm_tui.errors import ModelError

_TYPES = {
    "qwen2moe": "qwen2_moe",
    "qwen3moe": "qwen3_moe",
    "gpt-oss": "gpt_oss",
    "minimax-m2": "minimax_m2",
}
"""What transformers' list calls architectures, where llama.cpp has another name."""
_HYBRID = (
    "context_length block_count embedding_length feed_forward_length attention.head_count"
    " attention.head_count_kv attention.layer_norm_rms_epsilon rope.freq_base"
)
_QWEN35 = (
    f"{_HYBRID} attention.key_length full_attention_interval nextn_predict_layers"
    " rope.dimension_count rope.dimension_sections ssm.conv_kernel ssm.group_count ssm.inner_size"
    " ssm.state_size ssm.time_step_rank"
)
_READ = {
    "lfm2": f"{_HYBRID} shortconv.l_cache",
    "qwen35": _QWEN35,
    "qwen35moe": f"{_QWEN35} expert_count expert_used_count expert_feed_forward_length"
    " expert_shared_feed_forward_length",
}
"""Fields that transformers reads in architectures that it has code for, not a list."""
_EPSILONS = {"attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon"}
_SOFTCAPS = {"final_logit_softcapping": "final_logit_softcapping"}
CARRIED: Mapping[str, Mapping[str, str]] = {
    "falcon": {"attention.layer_norm_epsilon": "layer_norm_epsilon"},
    "gemma2": _SOFTCAPS | {"attn_logit_softcapping": "attn_logit_softcapping"},
    "gemma3": _SOFTCAPS,
    "gpt2": {"context_length": "n_positions", "feed_forward_length": "n_inner"},
    "nemotron": {"attention.layer_norm_epsilon": "norm_eps"},
    "phi3": {"attention.sliding_window": "sliding_window"},
    "qwen2moe": {
        "expert_feed_forward_length": "moe_intermediate_size",
        "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
    },
    "qwen3moe": {"expert_feed_forward_length": "moe_intermediate_size"},
}
"""Fields that transformers passes over, with what its configuration calls them."""
ROTATED = frozenset(
    [
        "gemma2",
        "gemma3",
        "llama",
        "nemotron",
        "phi3",
        "qwen2",
        "qwen2moe",
        "qwen3",
        "qwen3moe",
        "stablelm",
        "starcoder2",
    ]
)
"""Architectures whose encoding of positions we carry over."""
PARTLY_ROTATED = frozenset({"nemotron", "phi3", "stablelm"})
"""Those in which transformers can rotate a part of a head."""
_REQUIRED = (
    *("context_length", "block_count", "embedding_length", "feed_forward_length"),
    *("attention.head_count", "expert_count", "expert_used_count"),
)
"""Without one of these, transformers would take another model's."""
_HARMLESS = {
    "attention.key_length",  # these two are looked at with the heads
    "attention.value_length",
    "rope.dimension_count",  # with the rotation
    "rope.scaling.finetuned",  # a note
    "tensor_data_layout",  # a note
    "use_parallel_residual",  # transformers sees it by the tensors
    "vocab_size",  # held against the tensors
}
_HARMLESS_IN = {"bloom": {"context_length", "feed_forward_length"}}
"""Bloom encodes no positions, and its layers' width shows in the tensors."""
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "attention.causal": (True,),
    "attention.clamp_kqv": (0.0,),
    "attention.max_alibi_bias": (0.0,),
    "attention.scale": (0.0,),
    "attention.sliding_window": (0,),
    "attn_logit_softcapping": (0.0,),
    "expert_count": (0,),
    "expert_group_count": (0, 1),
    "expert_shared_count": (0,),
    "expert_used_count": (0,),
    "expert_weights_scale": (0.0, 1.0),
    "embedding_scale": (0.0, 1.0),
    "feed_forward_length": (0,),
    "final_logit_softcapping": (0.0,),
    "leading_dense_block_count": (0,),
    "logit_scale": (0.0, 1.0),
    "nextn_predict_layers": (0,),
    "pooling_type": (0,),
    "residual_scale": (0.0, 1.0),
    "rope.scale_linear": (0.0, 1.0),
    "rope.scaling.attn_factor": (0.0, 1.0),
    "rope.scaling.factor": (0.0, 1.0),
    "rope.scaling.type": ("none", "linear"),
    "ssm.dt_b_c_rms": (False,),
}
"""Values at which a field that we do not carry over changes nothing."""
_NEUTRAL_OF: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "gemma3": {"attention.sliding_window_pattern": (6,)},
    "mamba": {"attention.head_count": (0,)},
}
"""Further ones, of an architecture: what it has anyway."""
_MAY_BE_UNSET = frozenset(
    ["attention.sliding_window", "final_logit_softcapping", "nextn_predict_layers"]
)
"""Fields of which 0 says that there is none."""
_OF_LISTS = {"attention.head_count_kv", "rope.dimension_sections"}
"""Fields that may have a value per layer or axis, in architectures with code of their own."""


def of_architecture(model: ModelFile) -> dict[str, Any]:
    """Return the fields of a model's architecture, by their names without it.

    Raises:
        ModelError: transformers cannot convert the architecture.

    """
    from transformers.integrations.ggml import GGUF_CONFIG_MAPPING

    name = model.header.architecture
    if name not in _READ and _type(name) not in GGUF_CONFIG_MAPPING:
        raise ModelError(f"{model.path}: transformers cannot convert models of architecture {name}")
    start = f"{name}."
    fields = model.header.fields
    return {
        key.removeprefix(start): value for key, value in fields.items() if key.startswith(start)
    }


def check_fields(model: ModelFile) -> None:
    """See that nothing of the metadata gets lost or is made up.

    Raises:
        ModelError: a field is missing, of a wrong type, or would be passed over.

    """
    name = model.header.architecture
    fields = of_architecture(model)
    read = _read(name)
    _check_required(model, fields, read)
    usable = read | set(CARRIED.get(name, ()))
    for field in sorted(usable & fields.keys()):
        value = fields[field]
        unset = field in _MAY_BE_UNSET and value == 0
        if not unset and not _is_sound(value, lists=name in _READ and field in _OF_LISTS):
            raise ModelError(f"{model.path}: {name}.{field} cannot be {_short(value)}")
    for field, value in fields.items():
        if field not in usable and not _is_neutral(name, field, value, fields):
            raise ModelError(
                f"{model.path}: {name}.{field} is {_short(value)}, which transformers' conversion"
                " does not carry over: it would give another model"
            )
    _check_others(model, name)


def unwritten(model: ModelFile) -> dict[str, int]:
    """Return fields that a file may leave out for llama.cpp, but not for transformers.

    A llama with as many heads for keys as for queries need not say so; transformers then leaves the
    rows of both in llama.cpp's order, which is another model.
    """
    fields = of_architecture(model)
    if model.header.architecture != "llama" or "attention.head_count_kv" in fields:
        return {}
    return {"llama.attention.head_count_kv": fields["attention.head_count"]}


def _read(name: str) -> set[str]:
    """Return the fields of an architecture that transformers reads."""
    from transformers.integrations.ggml import GGUF_CONFIG_MAPPING

    if name in _READ:
        return set(_READ[name].split())
    names = GGUF_CONFIG_MAPPING[_type(name)]
    return {field for field, attribute in names.items() if attribute is not None}


def _type(name: str) -> str:
    return _TYPES.get(name, name)


def _check_required(model: ModelFile, fields: Mapping[str, Any], read: set[str]) -> None:
    name = model.header.architecture
    usable = read | set(CARRIED.get(name, ()))
    if name.endswith("moe"):  # with experts only, there is no other width
        usable.discard("feed_forward_length")
    missing = [field for field in _REQUIRED if field in usable and field not in fields]
    if (epsilons := sorted(_EPSILONS & usable)) and not _EPSILONS & fields.keys():
        missing.append(epsilons[0])
    if missing:
        raise ModelError(
            f"{model.path}: the file lacks {len(missing)} fields that a model needs:"
            f" the first is {name}.{missing[0]}"
        )


def _is_sound(value: Any, *, lists: bool) -> bool:
    if lists and isinstance(value, list):
        return bool(value) and all(isinstance(part, int) for part in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and 0 < value < 1 << 31


def _is_neutral(name: str, field: str, value: Any, fields: Mapping[str, Any]) -> bool:
    """Whether a field that is not carried over changes nothing."""
    if field in _HARMLESS | _HARMLESS_IN.get(name, set()):
        return True
    if name in ROTATED and field.startswith("rope."):
        return _is_rotation(name, field)
    if field == "attention.sliding_window" and isinstance(value, int):
        return value == 0 or value >= fields.get("context_length", math.inf)
    if field == "attention.head_count_kv":
        return bool(value == fields.get("attention.head_count"))
    images = field.startswith("mm.")  # they are not read
    neutral = _NEUTRAL.get(field, ()) + _NEUTRAL_OF.get(name, {}).get(field, ())
    return images or any(value == other for other in neutral)


def _is_rotation(name: str, field: str) -> bool:
    """Whether a field is looked at when the encoding of positions is carried over."""
    if field == "rope.freq_base_swa":
        return name == "gemma3"
    return field in {"rope.freq_base", "rope.scale_linear"} or field.startswith("rope.scaling.")


def _check_others(model: ModelFile, name: str) -> None:
    """See that there are no fields of other architectures: transformers would read them."""
    from transformers.integrations.ggml import GGUF_CONFIG_MAPPING

    for field in model.header.fields:
        start = field.partition(".")[0]
        other = start in GGUF_CONFIG_MAPPING and start not in {"general", "tokenizer", name}
        if other:
            raise ModelError(f"{model.path}: of architecture {name}, yet with a field {field}")
    kind = model.header.fields.get("general.type", "model")
    if kind != "model":
        raise ModelError(f"{model.path}: general.type is {_short(kind)}, not a model")


def _short(value: Any) -> str:
    """Return a value for people, on one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
