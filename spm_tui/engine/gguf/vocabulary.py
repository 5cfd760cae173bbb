"""Whether a GGUF file's tokenizer is sound, and what transformers' one must be told besides.

transformers splits text as GPT-2 does wherever it does not know the kind of splitting that a file
names, and passes over how llama.cpp treats whole words and the space before a text. Each gives
other tokens than the model was trained on, so each is carried over, or refused by its name.
The kinds: `llm_tokenizer_bpe` and `llama_vocab::impl::load` in llama.cpp.
"""

from collections.abc import Mapping
from typing import Any

from spm_tui.engine.gguf.shards import ModelFile
from spm_tui.errors import ModelError

_AS_GPT2 = frozenset({"default", "gpt-2", "jais", "mpt", "olmo", "phi-2", "roberta-bpe"}) | {
    *("a.x-4.0", "exaone4", "gigachat", "granite-docling", "mellum", "modern-bert", "trillion"),
    *("jina-de", "jina-es", "jina-v1-en", "jina-v2-code", "jina-v2-de", "jina-v2-es"),
}
"""Kinds for which GPT-2's splitting is right; `default` stands where a converter knew no better."""
_DIGITS = frozenset({"command-r", "exaone", "minerva-7b", "refact", "smollm", "starcoder"}) | {
    *("codeshell", "mellum2"),
}
"""Kinds that part every digit first, then split as GPT-2 does."""
_LIKE = {
    "chatglm-bpe": "llama-bpe",
    "glm4": "llama-bpe",
    "hunyuan": "qwen2",
    "solar-open": "qwen2",
    "stablelm2": "qwen2",
}
"""Kinds that split as another does that transformers knows."""
_WHOLE_WORDS = frozenset({"llama-bpe", "llama-v3", "llama3", "pixtral", "tekken"}) | {
    *("falcon-h1", "falcon3", "jina-v5-nano", "lfm2", "midm-2.0"),
}
"""Kinds in which a word that is a token stays whole, whatever the merges come to."""
_TOKEN_TYPES = frozenset(range(7))
"""From undefined to byte, as llama.cpp numbers them."""
_IDS = ("bos", "eos", "unknown", "padding")


def check_vocabulary(model: ModelFile) -> None:
    """See that a tokenizer can be made of a file's metadata.

    Raises:
        ModelError: something is missing, of a wrong type, out of range or not supported.

    """
    from transformers.integrations.gguf.gguf_tokenizer_mapping import (
        GGUF_PRE_TOKENIZER_SPLITS,
        GGUF_TOKENIZER_TYPES,
    )

    fields = _fields(model)
    kind = fields.get("ggml.model")
    if not isinstance(kind, str) or kind not in GGUF_TOKENIZER_TYPES:
        raise ModelError(f"{model.path}: tokenizer.ggml.model {kind!r} cannot be converted")
    tokens = _texts(model, "tokens")
    _check_numbers(model, "scores", (int, float), needed="ggml.merges" not in fields)
    _check_numbers(model, "token_type", int, needed=False)
    if other := set(fields.get("ggml.token_type", ())) - _TOKEN_TYPES:
        raise ModelError(
            f"{model.path}: tokenizer.ggml.token_type has {min(other)}, an unknown type"
        )
    for name in _IDS:
        key = f"ggml.{name}_token_id"
        if key in fields and fields[key] not in range(len(tokens)):
            raise ModelError(
                f"{model.path}: tokenizer.{key} is {fields[key]!r}, none of {len(tokens)} tokens"
            )
    if "ggml.merges" in fields:
        _check_merges(model, set(tokens))
    template = fields.get("chat_template", "")
    if not isinstance(template, str):
        raise ModelError(f"{model.path}: tokenizer.chat_template is not a text")
    splitting = fields.get("ggml.pre", "default")
    kinds = _AS_GPT2 | _DIGITS | _LIKE.keys() | GGUF_PRE_TOKENIZER_SPLITS.keys()
    if not isinstance(splitting, str) or (kind == "gpt2" and splitting not in kinds):
        raise ModelError(f"{model.path}: tokenizer.ggml.pre {splitting!r} cannot be converted")


def _fields(model: ModelFile) -> dict[str, Any]:
    start = "tokenizer."
    fields = model.header.fields
    return {
        key.removeprefix(start): value for key, value in fields.items() if key.startswith(start)
    }


def _texts(model: ModelFile, name: str) -> list[str]:
    values = _fields(model).get(f"ggml.{name}")
    if not isinstance(values, list) or not values or not isinstance(values[0], str):
        raise ModelError(f"{model.path}: tokenizer.ggml.{name} is not a list of texts")
    return values


def _check_numbers(
    model: ModelFile, name: str, types: type | tuple[type, ...], *, needed: bool
) -> None:
    """See that there is a number per token, if there are any."""
    fields = _fields(model)
    values = fields.get(f"ggml.{name}")
    if values is None and not needed:
        return
    count = len(fields["ggml.tokens"])
    numbers = values if isinstance(values, list) else []
    if len(numbers) != count or not all(isinstance(value, types) for value in numbers):
        raise ModelError(
            f"{model.path}: tokenizer.ggml.{name} is not a number for each of {count} tokens"
        )


def _check_merges(model: ModelFile, tokens: set[str]) -> None:
    for place, merge in enumerate(_texts(model, "merges"), 1):
        pair = merge.split(" ")
        if len(pair) != 2 or not tokens.issuperset((*pair, "".join(pair))):
            raise ModelError(
                f"{model.path}: tokenizer.ggml.merges, entry {place}: {merge[:60]!r} is no pair of"
                " tokens that makes a third"
            )


def corrections(model: ModelFile) -> dict[str, Any]:
    """Return what must be changed of the tokenizer that transformers makes of a file."""
    fields = _fields(model)
    splitting = fields.get("ggml.pre", "default")
    wanted: dict[str, Any] = {}
    if fields.get("ggml.model") == "gpt2":
        if splitting in _DIGITS:
            wanted["split"] = "digits"
        elif splitting in _LIKE:
            wanted["split"] = _LIKE[splitting]
        if splitting in _WHOLE_WORDS:
            wanted["ignore_merges"] = True
    elif fields.get("ggml.add_space_prefix") is False:
        wanted["add_space_prefix"] = False
    return wanted


def correct(tokenizer: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Change a tokenizer, and return what of it is other now."""
    backend = tokenizer.backend_tokenizer
    before = backend.to_str()
    if split := wanted.get("split"):
        backend.pre_tokenizer = _splitter(split)
    if wanted.get("ignore_merges"):
        backend.model.ignore_merges = True
    if wanted.get("add_space_prefix") is False:
        _drop_prefix(backend)
    return dict(wanted) if backend.to_str() != before else {}


def _splitter(kind: str) -> Any:
    from tokenizers import Regex, pre_tokenizers
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

    if kind == "digits":
        digits = pre_tokenizers.Split(Regex(r"\p{N}"), behavior="isolated")
        words = pre_tokenizers.ByteLevel(add_prefix_space=False)
        return pre_tokenizers.Sequence([digits, words])
    parts = pre_tokenizers.Split(Regex(GGUF_PRE_TOKENIZER_SPLITS[kind]), behavior="isolated")
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([parts, bytes_])


def _drop_prefix(backend: Any) -> None:
    """Take the space away that sentencepiece puts before a text."""
    from tokenizers import normalizers, pre_tokenizers

    if isinstance(backend.pre_tokenizer, pre_tokenizers.Metaspace):
        backend.pre_tokenizer.prepend_scheme = "never"
    if isinstance(backend.normalizer, normalizers.Sequence):
        backend.normalizer = normalizers.Replace(pattern=" ", content="\u2581")
