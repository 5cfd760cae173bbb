"""Configurations that say what cannot be."""

from collections.abc import Iterator
from typing import Any

from tests.damage.edits import VALUES, Variant, added, less, put, written

_LLAMA = (
    "architectures", "attention_bias", "attention_dropout", "bos_token_id", "dtype",
    "eos_token_id", "head_dim", "hidden_act", "hidden_size", "intermediate_size",
    "max_position_embeddings", "model_type", "num_attention_heads", "num_hidden_layers",
    "num_key_value_heads", "pad_token_id", "rms_norm_eps", "rope_parameters",
    "tie_word_embeddings", "transformers_version", "vocab_size",
)  # fmt: skip
_GPT2 = (
    "n_embd",
    "n_layer",
    "n_head",
    "n_positions",
    "n_inner",
    "vocab_size",
    "layer_norm_epsilon",
)
_BERT = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
    "vocab_size",
    "type_vocab_size",
    "position_embedding_type",
)
_T5 = (
    "d_model",
    "d_kv",
    "d_ff",
    "num_layers",
    "num_decoder_layers",
    "num_heads",
    "vocab_size",
    "decoder_start_token_id",
    "pad_token_id",
    "eos_token_id",
    "relative_attention_num_buckets",
    "task_specific_params",
    "feed_forward_proj",
)
_REWARD = ("num_labels", "id2label", "pad_token_id", "num_hidden_layers", "problem_type")


def variants() -> Iterator[Variant]:
    name = "config.json"
    for base, keys in (
        ("llama", _LLAMA),
        ("gpt2", _GPT2),
        ("embedder", _BERT),
        ("kaleido", _T5),
        ("reward", _REWARD),
    ):
        for key in keys:
            for kind, value in VALUES.items():
                yield Variant(f"{key} is {kind}", base, "config", put(name, key, value))
    whole: dict[str, dict[str, Any]] = {
        "wide": {"hidden_size": 10**9},
        "wide and deep": {"hidden_size": 10**5, "num_hidden_layers": 10**6},
        "many words": {"vocab_size": 10**12},
        "wide, few heads": {"hidden_size": 10**6, "num_attention_heads": 10},
        "two times as wide": {"hidden_size": 64, "head_dim": 32},
        "a layer less": {"num_hidden_layers": 2},
        "a layer more": {"num_hidden_layers": 4},
        "biases": {"attention_bias": True},
        "tied by mistake": {"tie_word_embeddings": True},
        "another type": {"model_type": "qwen2"},
        "an encoder": {"model_type": "bert"},
        "a picture's": {"model_type": "vit"},
        "an unknown type": {"model_type": "nonesuch"},
        "both": {"model_type": "t5"},
        "rope of an unknown kind": {"rope_parameters": {"rope_type": "nonesuch"}},
        "rope without factor": {"rope_parameters": {"rope_type": "yarn"}},
        "rope scaling of text": {"rope_scaling": "linear"},
        "theta of text": {"rope_parameters": {"rope_type": "default", "rope_theta": "x"}},
        "theta zero": {"rope_parameters": {"rope_type": "default", "rope_theta": 0}},
        "quantized by nobody": {"quantization_config": {"quant_method": "nonesuch"}},
        "quantized by gptq": {"quantization_config": {"quant_method": "gptq", "bits": 4}},
        "quantized by a list": {"quantization_config": [1]},
        "quantized without method": {"quantization_config": {"bits": 4}},
        "attention by a kernel": {"attn_implementation": "somebody/kernel"},
        "attention by a kernel inside": {"_attn_implementation": "somebody/kernel"},
        "attention by nobody": {"attn_implementation": "nonesuch"},
        "layer types": {"layer_types": ["nonesuch"] * 3},
        "layer types of two": {"layer_types": ["full_attention"] * 2},
        "weights elsewhere": {"transformers_weights": "../above.safetensors"},
        "auto_map of text": {"auto_map": "x"},
        "auto_map of null": {"auto_map": None},
        "dtype of integers": {"dtype": "int8"},
        "dtype of nothing": {"dtype": "nonesuch"},
        "sub configs": {"text_config": {"hidden_size": 3}},
        "a name elsewhere": {"_name_or_path": "somebody/else"},
        "encoder and decoder": {"is_encoder_decoder": True},
        "chunks": {"chunk_size_feed_forward": "x"},
        "returns": {"return_dict": "x", "output_attentions": True},
        "labels": {"id2label": {"0": "a"}, "label2id": [1]},
        "nothing else": {},
    }  # fmt: skip
    for kind, changes in whole.items():
        yield Variant(kind, "llama", "config", added(name, changes))
    yield Variant("no type", "llama", "config", less(name, "model_type"))
    yield Variant("only the type", "llama", "config", written(name, b'{"model_type": "llama"}'))
    yield Variant("an empty object", "llama", "config", written(name, b"{}"))
    yield Variant("no architectures", "llama", "config", less(name, "architectures"))
    yield Variant("wide words", "embedder", "config", put(name, "hidden_size", 10**9))
    yield Variant(
        "an adapter beside",
        "llama",
        "config",
        written("adapter_config.json", b'{"peft_type": "LORA", "base_model_name_or_path": "a/b"}'),
    )


def generation() -> Iterator[Variant]:
    name = "generation_config.json"
    for key in (
        "eos_token_id",
        "temperature",
        "max_length",
        "cache_implementation",
        "transformers_version",
        "watermarking_config",
        "stop_strings",
        "forced_decoder_ids",
    ):
        for kind, value in VALUES.items():
            yield Variant(f"generation's {key} is {kind}", "llama", "config", put(name, key, value))
    yield Variant("generation of its own", "llama", "same", put(name, "custom_generate", "a/b"))
