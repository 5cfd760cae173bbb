# ruff: noqa: E501 - a row of a table on each line
"""Tokenizers that contradict themselves."""

from collections.abc import Iterator
from typing import Any

from tests.damage.edits import VALUES, Variant, changed, less, put


def variants() -> Iterator[Variant]:
    name = "tokenizer.json"
    parts = (
        "version",
        "truncation",
        "padding",
        "added_tokens",
        "normalizer",
        "pre_tokenizer",
        "post_processor",
        "decoder",
        "model",
    )
    for part in parts:
        for kind, value in VALUES.items():
            yield Variant(
                f"tokenizer's {part} is {kind}", "llama", "tokenizer", put(name, part, value)
            )
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
        yield Variant(kind, "llama", "tokenizer", put(name, *path))
        if "far" not in kind and "slow" not in kind:
            yield Variant(kind, "embedder", "tokenizer", put(name, *path))
    yield Variant(
        "words from elsewhere",
        "llama",
        "tokenizer",
        changed(
            name, lambda d: d["model"]["vocab"].update({f"w{i}": 1000 + i for i in range(500)})
        ),
    )
    yield Variant(
        "more special tokens",
        "llama",
        "tokenizer",
        changed(
            name,
            lambda d: d["added_tokens"].append(dict(d["added_tokens"][0], id=5000, content="S")),
        ),
    )
    name = "tokenizer_config.json"
    keys = ("eos_token", "pad_token", "unk_token", "model_max_length", "tokenizer_class", "added_tokens_decoder", "extra_special_tokens", "additional_special_tokens", "padding_side", "truncation_side", "clean_up_tokenization_spaces", "add_bos_token", "add_prefix_space", "chat_template", "backend", "auto_map", "use_fast", "sp_model_kwargs", "processor_class")  # fmt: skip
    for key in keys:
        for kind, value in VALUES.items():
            yield Variant(
                f"tokenizer config's {key} is {kind}", "llama", "tokenizer", put(name, key, value)
            )
    for key in ("eos_token", "pad_token", "tokenizer_class"):
        yield Variant(f"no {key}", "llama", "tokenizer", less(name, key))
        yield Variant(f"{key} unheard of", "llama", "tokenizer", put(name, key, "nonesuch"))
    for kind in (
        "LlamaTokenizer",
        "T5Tokenizer",
        "BertTokenizer",
        "GPT2Tokenizer",
        "os.system",
        "ByT5Tokenizer",
        "MistralCommonTokenizer",
        "ChatGLMTokenizer",
    ):
        yield Variant(f"a {kind}", "llama", "tokenizer", put(name, "tokenizer_class", kind))
    name = "special_tokens_map.json"
    for kind, value in VALUES.items():
        yield Variant(
            f"special tokens map is {kind}", "llama", "tokenizer", put(name, "eos_token", value)
        )
