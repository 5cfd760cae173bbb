"""What can be wrong with a model's folder, each as a function that does it."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Damage = Callable[[Path], None]
VALUES: dict[str, Any] = {
    "list": [1, 2],
    "minus": -1,
    "zero": 0,
    "huge": 10**12,
    "large": 10**6,
    "text": "text",
    "null": None,
    "object": {},
    "half": 1.5,
    "true": True,
}
"""What may stand where something else belongs."""
_PLAIN = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
_OTHERS = ("special_tokens_map.json", "model.safetensors.index.json", "modules.json")


@dataclass(frozen=True, slots=True)
class Variant:
    """A base and what is done to it."""

    name: str
    base: str
    subject: str
    """What is damaged: weights, config, tokenizer, template or code."""
    damage: Damage


def every(seed: int = 0) -> list[Variant]:
    """Return all variants, always the same ones."""
    made = [
        *_weights(),
        *_files(),
        *_configs(),
        *_generation(),
        *_tokenizers(),
        *_templates(),
        *_code(),
        *_flips(seed),
    ]
    names = [f"{one.base}/{one.name}" for one in made]
    doubled = {name for name in names if names.count(name) > 1}
    assert not doubled, doubled
    return made


# weights


def _weights() -> Iterator[Variant]:
    for base in ("llama", "tied", "qwen2", "gpt2", "shards", "pickled", "reward", "kaleido"):
        yield Variant("untouched", base, "weights", lambda _: None)
    yield Variant("untouched", "embedder", "weights", lambda _: None)
    parts = {
        "llama": ("lm_head", "embed_tokens", ".1.", ".2.", "model.norm", "0.self_attn.q_proj",
                  "1.mlp.down_proj", "2.input_layernorm", "1.self_attn.o_proj"),
        "tied": ("embed_tokens", ".0.", "v_proj"),
        "qwen2": ("0.self_attn.q_proj.bias", "bias", "lm_head"),
        "gpt2": ("wpe", "h.1.", "ln_f.bias", "c_attn.weight"),
        "shards": ("lm_head", ".1."),
        "pickled": ("lm_head", ".1.", "model.norm"),
        "embedder": ("embeddings.word", "layer.1.", "layer.0.attention.self.query.bias",
                     "LayerNorm", "pooler"),
        "reward": ("score", ".1.", "embed_tokens"),
        "kaleido": ("shared", "decoder.block.1.", "lm_head", "relative_attention_bias",
                    "encoder.final_layer_norm"),
    }  # fmt: skip
    for base, names in parts.items():
        for part in names:
            yield Variant(f"without {part}", base, "weights", _without(part))
    for base in parts:
        for prefix in ("module.", "model.", "_orig_mod.", "x"):
            yield Variant(f"prefix {prefix}", base, "weights", _renamed(lambda k, p=prefix: p + k))
    for base in ("llama", "pickled", "embedder", "reward", "kaleido"):
        yield Variant("one renamed", base, "weights", _one(lambda k, t: (k + "x", t)))
        yield Variant("one cut", base, "weights", _one(lambda k, t: (k, t[:-1])))
        yield Variant("one longer", base, "weights", _one(lambda k, t: (k, _cat(t))))
        yield Variant("one flat", base, "weights", _one(lambda k, t: (k, t.flatten())))
        yield Variant("one empty", base, "weights", _one(lambda k, t: (k, t[:0])))
        yield Variant("one number", base, "weights", _one(lambda k, t: (k, t.flatten()[0])))
        yield Variant("one of integers", base, "weights", _one(lambda k, t: (k, t.long())))
        yield Variant("one of bools", base, "weights", _one(lambda k, t: (k, t.bool())))
        yield Variant("all transposed", base, "weights", _all(lambda t: t.T if t.ndim > 1 else t))
        yield Variant("all in one row", base, "weights", _all(lambda t: t.reshape(1, -1)))
        yield Variant("all of integers", base, "weights", _all(lambda t: (t * 100).long()))
    yield Variant("in double", "llama", "same", _all(lambda t: t.double()))
    yield Variant("weights of a layer more", "llama", "weights", _more(".2.", ".3."))
    yield Variant("biases more", "llama", "weights", _biased)
    yield Variant("no weights at all", "llama", "weights", _write({}))
    yield Variant("other names", "llama", "weights", _write({"a": 3, "b": 4}))
    yield Variant("inv_freq beside", "llama", "same", _beside("model.layers.0.self_attn.rotary_emb.inv_freq", 8))
    yield Variant("head beside", "tied", "same", _head_beside)
    yield Variant("unknown beside", "llama", "same", _beside("extra.head.weight", 8))


def _tensors(folder: Path) -> tuple[list[Path], dict[str, Any]]:
    import torch
    from safetensors.torch import load_file

    files = sorted(folder.glob("*.safetensors"))
    if files:
        return files, {k: v for file in files for k, v in load_file(file).items()}
    file = folder / "pytorch_model.bin"
    return [file], torch.load(file, weights_only=True)


def _store(files: list[Path], tensors: dict[str, Any]) -> None:
    import torch
    from safetensors.torch import save_file

    if files[0].suffix == ".bin":
        torch.save(tensors, files[0])
        return
    folder = files[0].parent
    for file in files:
        file.unlink()
    (folder / "model.safetensors.index.json").unlink(missing_ok=True)
    whole = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})


def _changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Damage:
    def damage(folder: Path) -> None:
        files, tensors = _tensors(folder)
        _store(files, change(tensors))

    return damage


def _without(part: str) -> Damage:
    return _changed(lambda all_: {k: t for k, t in all_.items() if part not in k})


def _renamed(rename: Callable[[str], str]) -> Damage:
    return _changed(lambda all_: {rename(k): t for k, t in all_.items()})


def _one(change: Callable[[str, Any], tuple[str, Any]]) -> Damage:
    def changed(tensors: dict[str, Any]) -> dict[str, Any]:
        name = sorted(k for k, t in tensors.items() if t.ndim > 1)[1]
        return dict(change(k, t) if k == name else (k, t) for k, t in tensors.items())

    return _changed(changed)


def _all(change: Callable[[Any], Any]) -> Damage:
    return _changed(lambda all_: {k: change(t) for k, t in all_.items()})


def _cat(tensor: Any) -> Any:
    import torch

    return torch.cat([tensor, tensor])


def _more(part: str, other: str) -> Damage:
    return _changed(
        lambda all_: {**all_, **{k.replace(part, other): t for k, t in all_.items() if part in k}}
    )


def _biased(folder: Path) -> None:
    files, tensors = _tensors(folder)
    for name in [name for name in tensors if "q_proj" in name]:
        tensors[name.replace("weight", "bias")] = tensors[name][:, 0]
    _store(files, tensors)


def _write(sizes: dict[str, int]) -> Damage:
    import torch

    return _changed(lambda _: {name: torch.zeros(size) for name, size in sizes.items()})


def _beside(name: str, size: int) -> Damage:
    import torch

    return _changed(lambda all_: {**all_, name: torch.ones(size)})


def _head_beside(folder: Path) -> None:
    files, tensors = _tensors(folder)
    _store(files, {**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]})


# files that are cut or no such files


def _files() -> Iterator[Variant]:
    contents = {
        "empty": b"",
        "text": b"no such thing\n",
        "zeros": bytes(1000),
        "not utf-8": b'{"a": "\xff\xfe"}',
        "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n",
        "nested": b"[" * 100_000,
        "a number": b"12",
        "a list": b"[1, 2]",
        "a text": b'"x"',
        "null": b"null",
        "no object's end": b'{"a": 1',
        "NaN": b"NaN",
    }
    weights = [("llama", "model.safetensors"), ("pickled", "pytorch_model.bin")]
    jsons = [("llama", name) for name in _PLAIN]
    jsons += [("llama", "special_tokens_map.json"), ("shards", "model.safetensors.index.json")]
    jsons += [("embedder", name) for name in ("modules.json", "sentence_bert_config.json")]
    jsons += [("embedder", name) for name in ("config_sentence_transformers.json", "1_Pooling/config.json")]
    jsons += [("embedder", "config.json"), ("embedder", "tokenizer.json")]
    for base, name in (*weights, *jsons):
        subject = "weights" if (base, name) in weights or "index" in name else "config"
        for kind, content in contents.items():
            yield Variant(f"{name} is {kind}", base, subject, _content(name, content))
        yield Variant(f"{name} is a folder", base, subject, _folder(name))
        yield Variant(f"{name} is a dead link", base, subject, _link(name))
        yield Variant(f"{name} is gone", base, subject, _gone(name))
    for base, name in weights:
        for share in (0.001, 0.01, 0.5, 0.99):
            yield Variant(f"{name} cut at {share}", base, "weights", _cut(name, share))
    heads = {
        "too long": (1 << 62, b"{}"),
        "no json": (2, b"{{"),
        "a list": (2, b"[]"),
        "offsets": (0, b'{"lm_head.weight":{"dtype":"F32","shape":[9],"data_offsets":[0,999999]}}'),
        "unknown dtype": (0, b'{"lm_head.weight":{"dtype":"Q9","shape":[0],"data_offsets":[0,0]}}'),
        "huge shape": (0, b'{"lm_head.weight":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'),
    }  # fmt: skip
    for kind, (size, head) in heads.items():
        content = (size or len(head)).to_bytes(8, "little") + head
        yield Variant(f"header {kind}", "llama", "weights", _content("model.safetensors", content))
    yield from _indices()


def _indices() -> Iterator[Variant]:
    name = "model.safetensors.index.json"
    yield Variant("index without map", "shards", "weights", _json(name, lambda d: d.pop("weight_map")))
    yield Variant("index with list", "shards", "weights", _set(name, "weight_map", [1]))
    yield Variant("index without metadata", "shards", "config", _json(name, lambda d: d.pop("metadata")))
    yield Variant("index omits a weight", "shards", "weights", _json(name, lambda d: d["weight_map"].pop("lm_head.weight")))
    yield Variant("index omits a shard", "shards", "weights", _json(name, _omit_shard))
    yield Variant("index names another", "shards", "weights", _json(name, lambda d: d["weight_map"].update({"lm_head.weight": "none.safetensors"})))
    yield Variant("index names numbers", "shards", "weights", _json(name, lambda d: d["weight_map"].update({"lm_head.weight": 3})))
    yield Variant("index names above", "shards", "weights", _outside)
    yield Variant("a shard is gone", "shards", "weights", _shard(lambda file: file.unlink()))
    yield Variant("a shard is cut", "shards", "weights", _shard(lambda file: file.write_bytes(file.read_bytes()[:999])))
    yield Variant("a shard is another", "shards", "weights", _shard(lambda file: file.write_bytes(sorted(file.parent.glob("*.safetensors"))[0].read_bytes())))


def _omit_shard(data: dict[str, Any]) -> None:
    last = max(data["weight_map"].values())
    data["weight_map"] = {k: v for k, v in data["weight_map"].items() if v != last}


def _outside(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    data = json.loads(index.read_text())
    last = max(data["weight_map"].values())
    (folder.parent / "above.safetensors").write_bytes((folder / last).read_bytes())
    for key, shard in data["weight_map"].items():
        if shard == last:
            data["weight_map"][key] = "../above.safetensors"
    (folder / last).unlink()
    index.write_text(json.dumps(data))


def _shard(change: Callable[[Path], object]) -> Damage:
    return lambda folder: void(change(max(folder.glob("*.safetensors"))))


def void(_: object) -> None:
    """Return nothing, whatever there is."""


def _content(name: str, content: bytes) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)

    return damage


def _folder(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir(parents=True)

    return damage


def _link(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("nowhere")

    return damage


def _gone(name: str) -> Damage:
    return lambda folder: (folder / name).unlink(missing_ok=True)


def _cut(name: str, share: float) -> Damage:
    def damage(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: int(len(whole) * share)])

    return damage


def _json(name: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / name
        data = json.loads(path.read_text()) if path.exists() else {}
        change(data)
        path.write_text(json.dumps(data))

    return damage


def _set(name: str, *path_and_value: Any) -> Damage:
    *path, value = path_and_value

    def change(data: Any) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = value

    return _json(name, change)


# config.json


_LLAMA = (
    "architectures", "attention_bias", "attention_dropout", "bos_token_id", "dtype",
    "eos_token_id", "head_dim", "hidden_act", "hidden_size", "intermediate_size",
    "max_position_embeddings", "model_type", "num_attention_heads", "num_hidden_layers",
    "num_key_value_heads", "pad_token_id", "rms_norm_eps", "rope_parameters",
    "tie_word_embeddings", "transformers_version", "vocab_size",
)  # fmt: skip
_GPT2 = ("n_embd", "n_layer", "n_head", "n_positions", "n_inner", "vocab_size", "layer_norm_epsilon")
_BERT = ("hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings", "vocab_size", "type_vocab_size", "position_embedding_type")
_T5 = ("d_model", "d_kv", "d_ff", "num_layers", "num_decoder_layers", "num_heads", "vocab_size", "decoder_start_token_id", "pad_token_id", "eos_token_id", "relative_attention_num_buckets", "task_specific_params", "feed_forward_proj")
_REWARD = ("num_labels", "id2label", "pad_token_id", "num_hidden_layers", "problem_type")


def _configs() -> Iterator[Variant]:
    name = "config.json"
    for base, keys in (("llama", _LLAMA), ("gpt2", _GPT2), ("embedder", _BERT), ("kaleido", _T5), ("reward", _REWARD)):
        for key in keys:
            for kind, value in VALUES.items():
                yield Variant(f"{key} is {kind}", base, "config", _set(name, key, value))
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
        yield Variant(kind, "llama", "config", _json(name, lambda d, c=changes: d.update(c)))
    yield Variant("no type", "llama", "config", _json(name, lambda d: d.pop("model_type")))
    yield Variant("only the type", "llama", "config", _content(name, b'{"model_type": "llama"}'))
    yield Variant("an empty object", "llama", "config", _content(name, b"{}"))
    yield Variant("no architectures", "llama", "config", _json(name, lambda d: d.pop("architectures")))
    yield Variant("wide words", "embedder", "config", _set(name, "hidden_size", 10**9))
    yield Variant("an adapter beside", "llama", "config", _content("adapter_config.json", b'{"peft_type": "LORA", "base_model_name_or_path": "a/b"}'))


def _generation() -> Iterator[Variant]:
    name = "generation_config.json"
    for key in ("eos_token_id", "temperature", "max_length", "cache_implementation", "transformers_version", "watermarking_config", "stop_strings", "forced_decoder_ids"):
        for kind, value in VALUES.items():
            yield Variant(f"generation's {key} is {kind}", "llama", "config", _set(name, key, value))
    yield Variant("generation of its own", "llama", "same", _set(name, "custom_generate", "a/b"))


# tokenizers


def _tokenizers() -> Iterator[Variant]:
    name = "tokenizer.json"
    parts = ("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model")
    for part in parts:
        for kind, value in VALUES.items():
            yield Variant(f"tokenizer's {part} is {kind}", "llama", "tokenizer", _set(name, part, value))
    inner: dict[str, tuple[Any, ...]] = {
        "merges of strangers": ("model", "merges", [["qq", "zz"]]),
        "merges of one": ("model", "merges", [["a"]]),
        "merges of three": ("model", "merges", [["a", "b", "c"]]),
        "merges of numbers": ("model", "merges", [1, 2]),
        "merges of text": ("model", "merges", "a b"),
        "merges as lines": ("model", "merges", ["t h", "th e"]),
        "merges of nothing": ("model", "merges", [""]),
        "no merges": ("model", "merges", []),
        "words of a list": ("model", "vocab", ["a", "b"]),
        "words of texts": ("model", "vocab", {"a": "b"}),
        "no words": ("model", "vocab", {}),
        "words below zero": ("model", "vocab", {"a": -1}),
        "words far away": ("model", "vocab", {"a": 4_000_000_000}),
        "words beyond": ("model", "vocab", {"a": 10**30}),
        "words alike": ("model", "vocab", {"a": 1, "b": 1}),
        "unknown unknown": ("model", "unk_token", "nonesuch"),
        "dropout of two": ("model", "dropout", 2.0),
        "dropout": ("model", "dropout", 0.5),
        "a model of another kind": ("model", "type", "Unigram"),
        "a model of no kind": ("model", "type", "nonesuch"),
        "word pieces": ("model", "type", "WordPiece"),
        "a prefix": ("model", "continuing_subword_prefix", "##"),
        "an expression": ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(("}, "behavior": "Isolated", "invert": False}),
        "a slow expression": ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(a+)+$|(\\w+\\s?)+$"}, "behavior": "Isolated", "invert": False}),
        "a charsmap": ("normalizer", {"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
        "a longer charsmap": ("normalizer", {"type": "Precompiled", "precompiled_charsmap": "/////w" + "A" * 60}),
        "a replacement": ("normalizer", {"type": "Replace", "pattern": {"Regex": "["}, "content": "x"}),
        "an unknown step": ("pre_tokenizer", {"type": "nonesuch"}),
        "a sequence of nothing": ("pre_tokenizer", {"type": "Sequence", "pretokenizers": []}),
        "a metaspace of nothing": ("pre_tokenizer", {"type": "Metaspace", "replacement": "", "prepend_scheme": "x"}),
        "an unknown decoder": ("decoder", {"type": "nonesuch"}),
        "a decoder of words": ("decoder", {"type": "WordPiece", "prefix": "##", "cleanup": True}),
        "a template processor": ("post_processor", {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "nonesuch", "type_id": 0}}], "pair": [], "special_tokens": {}}),
        "truncation of minus one": ("truncation", {"direction": "Right", "max_length": -1, "strategy": "LongestFirst", "stride": 0}),
        "truncation of five": ("truncation", {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}),
        "truncation with a stride": ("truncation", {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 9}),
        "padding far": ("padding", {"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "x"}),
        "padding to 512": ("padding", {"strategy": {"Fixed": 512}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "x"}),
        "no special tokens": ("added_tokens", []),
        "special tokens elsewhere": ("added_tokens", 0, "id", 5),
        "special tokens far away": ("added_tokens", 0, "id", 2_000_000_000),
        "special tokens below zero": ("added_tokens", 0, "id", -5),
        "special tokens of nothing": ("added_tokens", 0, "content", ""),
        "special tokens of a number": ("added_tokens", 0, "content", 7),
        "a version": ("version", "9.9"),
    }  # fmt: skip
    for kind, path in inner.items():
        yield Variant(kind, "llama", "tokenizer", _set(name, *path))
        if "far" not in kind and "slow" not in kind:
            yield Variant(kind, "embedder", "tokenizer", _set(name, *path))
    yield Variant("words from elsewhere", "llama", "tokenizer", _json(name, lambda d: d["model"]["vocab"].update({f"w{i}": 1000 + i for i in range(500)})))
    yield Variant("more special tokens", "llama", "tokenizer", _json(name, lambda d: d["added_tokens"].append(dict(d["added_tokens"][0], id=5000, content="S"))))
    name = "tokenizer_config.json"
    keys = ("eos_token", "pad_token", "unk_token", "model_max_length", "tokenizer_class", "added_tokens_decoder", "extra_special_tokens", "additional_special_tokens", "padding_side", "truncation_side", "clean_up_tokenization_spaces", "add_bos_token", "add_prefix_space", "chat_template", "backend", "auto_map", "use_fast", "sp_model_kwargs", "processor_class")  # fmt: skip
    for key in keys:
        for kind, value in VALUES.items():
            yield Variant(f"tokenizer config's {key} is {kind}", "llama", "tokenizer", _set(name, key, value))
    for key in ("eos_token", "pad_token", "tokenizer_class"):
        yield Variant(f"no {key}", "llama", "tokenizer", _json(name, lambda d, k=key: d.pop(k)))
        yield Variant(f"{key} unheard of", "llama", "tokenizer", _set(name, key, "nonesuch"))
    for kind in ("LlamaTokenizer", "T5Tokenizer", "BertTokenizer", "GPT2Tokenizer", "os.system", "ByT5Tokenizer", "MistralCommonTokenizer", "ChatGLMTokenizer"):
        yield Variant(f"a {kind}", "llama", "tokenizer", _set(name, "tokenizer_class", kind))
    name = "special_tokens_map.json"
    for kind, value in VALUES.items():
        yield Variant(f"special tokens map is {kind}", "llama", "tokenizer", _set(name, "eos_token", value))


# templates


_TEMPLATES: dict[str, str] = {
    "wrong": "{% for %}",
    "open": "{% if true %}",
    "raising": "{{ raise_exception('not like\nthis') }}",
    "an unknown filter": "{{ messages | nonesuch }}",
    "an unknown function": "{{ nonesuch() }}",
    "a division": "{{ 1 / 0 }}",
    "an attribute": "{{ messages.a.b.c }}",
    "empty": " ",
    "without messages": "hello",
    "endless": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
    "a power": "{{ 10**(10**8) }}",
    "a large text": "{{ 'x' * 10**10 }}",
    "a recursion": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "an escape": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a clock": "{{ strftime_now('%H %M %S %f') }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "parts": "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}",
    "no system": "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}{% endfor %}",
    "a thought": "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n",
    "lone surrogates": "{{ '\\ud800' }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "an include": "{% include 'x' %}",
}  # fmt: skip


def _templates() -> Iterator[Variant]:
    for kind, text in _TEMPLATES.items():
        content = text.encode()
        yield Variant(f"template {kind}", "llama", "template", _content("chat_template.jinja", content))
        if kind not in ("endless", "a power", "a large text"):
            yield Variant(f"template {kind}", "reward", "template", _content("chat_template.jinja", content))
    yield Variant("template of bytes", "llama", "template", _content("chat_template.jinja", b"\xff"))
    yield Variant("template a folder", "llama", "template", _folder("chat_template.jinja"))
    yield Variant("no template", "llama", "template", _gone("chat_template.jinja"))
    named = [{"name": "rag", "template": "{{ messages }}"}]
    yield Variant("named templates", "llama", "template", _without_jinja(named))
    yield Variant("template by name", "llama", "template", _without_jinja({"default": "{{ messages[-1].content }}"}))
    yield Variant("template by no name", "llama", "template", _without_jinja([{"template": "x"}]))


def _without_jinja(template: Any) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "chat_template.jinja").unlink()
        _set("tokenizer_config.json", "chat_template", template)(folder)

    return damage


# code of their own


RAN = "ran"
"""The file that code of a folder would leave beside it."""


def _code() -> Iterator[Variant]:
    every: dict[str, dict[str, str]] = {
        "config": {"AutoConfig": "own.Config"},
        "model": {"AutoModelForCausalLM": "own.Model"},
        "both": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"},
        "elsewhere": {"AutoConfig": "a/b--own.Config"},
    }
    for kind, names in every.items():
        for model_type in ("llama", "own"):
            yield Variant(f"code of {kind} for {model_type}", "llama", "code", _own(names, model_type))
    names = {"AutoConfig": "own.Config", "AutoModel": "own.Model"}
    for base, model_type in (("embedder", "own"), ("embedder", "bert"), ("reward", "own"), ("kaleido", "own")):
        yield Variant(f"code for {model_type}", base, "code", _own(names, model_type))
    for kind in ("OwnTokenizer", "TokenizersBackend", None):
        yield Variant(f"code of a tokenizer, {kind}", "llama", "code", _own_tokenizer(kind))
        yield Variant(f"code of a tokenizer, {kind}", "embedder", "code", _own_tokenizer(kind))
    yield Variant("code of a module", "embedder", "code", _own_module("own.Model"))
    yield Variant("code of an installed module", "embedder", "code", _own_module("os.system"))
    yield Variant("code of a missing module", "embedder", "code", _own_module("sentence_transformers.nonesuch.X"))
    yield Variant("code to generate", "llama", "code", _content("custom_generate/generate.py", _SCRIPT))
    yield Variant("code in a pickle", "pickled", "weights", _pickle("pytorch_model.bin"))
    yield Variant("code in a shard", "llama", "code", _pickle(".metadata"))


_SCRIPT = (
    b"import pathlib\n(pathlib.Path(__file__).parent / 'ran').touch()\n"
    b"import os\nopen(os.environ['DAMAGE_RAN'], 'w').close()\n"
)


def _own(names: dict[str, str], model_type: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "own.py").write_bytes(_SCRIPT)
        _json("config.json", lambda d: d.update(auto_map=names, model_type=model_type))(folder)

    return damage


def _own_tokenizer(kind: str | None) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "own.py").write_bytes(_SCRIPT)
        own = {"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}, "tokenizer_class": kind}
        _json("tokenizer_config.json", lambda d: d.update(own))(folder)

    return damage


def _own_module(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "own.py").write_bytes(_SCRIPT)
        modules = json.loads((folder / "modules.json").read_text())
        modules[0]["type"] = name
        (folder / "modules.json").write_text(json.dumps(modules))

    return damage


def _pickle(name: str) -> Damage:
    import os
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return (os.system, ("touch $DAMAGE_RAN",))

    return lambda folder: void((folder / name).write_bytes(pickle.dumps(Evil())))


# anywhere


def _flips(seed: int) -> Iterator[Variant]:
    """Change a few bytes somewhere."""
    chance = random.Random(seed)
    for base, name, count in (
        ("llama", "config.json", 12),
        ("llama", "tokenizer.json", 12),
        ("llama", "tokenizer_config.json", 8),
        ("llama", "model.safetensors", 16),
        ("pickled", "pytorch_model.bin", 16),
        ("shards", "model.safetensors.index.json", 8),
        ("embedder", "modules.json", 6),
        ("embedder", "model.safetensors", 6),
    ):
        for number in range(count):
            yield Variant(f"{name} flipped {number}", base, "flip", _flip(name, chance.random()))


def _flip(name: str, seed: float) -> Damage:
    def damage(folder: Path) -> None:
        chance, path = random.Random(seed), folder / name
        content = bytearray(path.read_bytes())
        end = min(len(content), 3000) if name.endswith((".safetensors", ".bin")) else len(content)
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(end)] = chance.randrange(256)
        path.write_bytes(content)

    return damage
