"""GGUF files: what they say is carried over or refused, and what is loaded is all theirs."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from spm_tui.engine import cache, gguf, models
from spm_tui.errors import ModelError
from tests import damaged_gguf, tiny_gguf

_YARN = {
    "llama.rope.scaling.type": "yarn",
    "llama.rope.scaling.factor": 4.0,
    "llama.rope.scaling.original_context_length": 64,
}


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("SPM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _with(path: Path, **changes: Any) -> Path:
    """Write a file with other fields; a double underscore stands for a dot."""
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return tiny_gguf.write(path, tiny_gguf.fields() | named)


def _weights(model: models.Located) -> dict[str, np.ndarray]:
    return dict(load_file(model.folder / "model.safetensors"))


def _config(model: models.Located) -> dict[str, Any]:
    return dict(json.loads((model.folder / "config.json").read_text()))


def test_a_whole_file_gives_its_weights_and_keeps_its_identity(
    tmp_path: Path, cached: Path
) -> None:
    path = tiny_gguf.write(tmp_path / "m.gguf")
    model = models.locate(str(path))
    own, weights = tiny_gguf.tensors(), _weights(model)
    assert len(weights) == len(own)
    assert np.array_equal(weights["lm_head.weight"], own["output.weight"])
    down = "model.layers.1.mlp.down_proj.weight"
    assert np.array_equal(weights[down], own["blk.1.ffn_down.weight"])
    assert model.name == "m"
    assert model.revision == cache.fingerprint([path]), "as it was before metadata were carried"
    assert _config(model)["rope_parameters"] == {"rope_theta": 10_000.0, "rope_type": "default"}


def test_what_is_carried_over_makes_another_identity(tmp_path: Path, cached: Path) -> None:
    path = tiny_gguf.write(tmp_path / "m.gguf", tiny_gguf.fields() | _YARN)
    model = models.locate(str(path))
    assert _config(model)["rope_parameters"] == {
        "rope_theta": 10_000.0,
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    assert model.revision != cache.fingerprint([path])
    assert models.locate(str(path)) == model, "from the cache as when it was made"


def test_what_an_older_version_converted_is_not_used(tmp_path: Path, cached: Path) -> None:
    path = tiny_gguf.write(tmp_path / "m.gguf")
    (cached / "converted" / f"m-{cache.fingerprint([path])[:12]}").mkdir(parents=True)
    assert (models.locate(str(path)).folder / "model.safetensors").is_file()


@pytest.mark.parametrize(("field", "value"), tiny_gguf.LOST.items())
def test_a_field_that_would_get_lost_is_refused_by_name(
    field: str, value: Any, tmp_path: Path, cached: Path
) -> None:
    path = tiny_gguf.write(tmp_path / "m.gguf", tiny_gguf.fields() | {field: value})
    with pytest.raises(ModelError, match=field.partition(".")[2].replace(".", r"\.")) as caught:
        models.locate(str(path))
    assert "\n" not in str(caught.value)
    assert not list(cached.rglob("config.json"))


@pytest.mark.parametrize(
    "changes",
    [
        {"llama.rope.scaling.finetuned": True},
        {"llama.attention.sliding_window": 1024},
        {"llama.expert_count": 0},
        {"llama.logit_scale": 1.0},
        {"llama.vocab_size": len(tiny_gguf.TOKENS)},
        {"llama.attention.key_length": 16, "llama.attention.value_length": 16},
        {"general.file_type": 0, "general.quantization_version": 2, "general.tags": ["a"]},
    ],
)
def test_fields_that_change_nothing_leave_the_identity(
    changes: dict[str, Any], tmp_path: Path, cached: Path
) -> None:
    path = tiny_gguf.write(tmp_path / "m.gguf", tiny_gguf.fields() | changes)
    assert models.locate(str(path)).revision == cache.fingerprint([path])


def test_heads_that_a_file_need_not_count_are_all_there(tmp_path: Path, cached: Path) -> None:
    heads = {"llama.attention.head_count_kv": tiny_gguf.HEADS}
    weights = tiny_gguf.tensors()
    for layer in range(tiny_gguf.LAYERS):
        for name in ("attn_k", "attn_v"):
            weights[f"blk.{layer}.{name}.weight"] = weights[f"blk.{layer}.attn_q.weight"]
    counted = tiny_gguf.write(tmp_path / "counted.gguf", tiny_gguf.fields() | heads, weights)
    uncounted = {"llama.attention.head_count_kv": None}
    path = tiny_gguf.write(tmp_path / "m.gguf", tiny_gguf.fields() | uncounted, weights)
    assert _same(_weights(models.locate(str(path))), _weights(models.locate(str(counted))))


def _same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("count", [2, 3])
def test_parts_are_read_as_one_whichever_is_named(
    count: int, numbered: bool, tmp_path: Path, cached: Path
) -> None:
    whole = models.locate(str(tiny_gguf.write(tmp_path / "whole.gguf")))
    paths = tiny_gguf.write_parts(tmp_path, tiny_gguf.tensors(), count=count, numbered=numbered)
    same = {models.locate(str(path)) for path in paths}
    assert len(same) == 1
    model = same.pop()
    assert model.name == "m"
    assert model.revision == cache.fingerprint(paths)
    assert _same(_weights(model), _weights(whole))
    assert not list(model.folder.rglob("*.gguf")), "the joined file is not kept"


def test_a_part_that_changes_is_another_model(tmp_path: Path, cached: Path) -> None:
    weights = tiny_gguf.tensors()
    paths = tiny_gguf.write_parts(tmp_path, weights)
    first = models.locate(str(paths[0]))
    weights["blk.1.ffn_down.weight"] *= 2
    tiny_gguf.write_parts(tmp_path, weights)
    assert models.locate(str(paths[0])).revision != first.revision


@pytest.mark.parametrize(
    ("left_out", "problem"),
    [
        (0, r"m-00002-of-00003.*1 of the model's 3 parts .* the first is m-00001-of-00003\.gguf"),
        (1, r"m-00001-of-00003.*the first is m-00002-of-00003\.gguf"),
    ],
)
def test_missing_parts_are_named(left_out: int, problem: str, tmp_path: Path, cached: Path) -> None:
    paths = tiny_gguf.write_parts(tmp_path, tiny_gguf.tensors(), count=3)
    paths[left_out].unlink()
    with pytest.raises(ModelError, match=problem):
        models.locate(str(next(path for path in paths if path.is_file())))


@pytest.mark.parametrize(
    "name", ["blk.1.attn_q.weight", "blk.0.ffn_norm.weight", "output_norm.weight"]
)
def test_a_tensor_that_is_missing_is_named(name: str, tmp_path: Path, cached: Path) -> None:
    weights = {key: values for key, values in tiny_gguf.tensors().items() if key != name}
    path = tiny_gguf.write(tmp_path / "m.gguf", None, weights)
    with pytest.raises(ModelError, match=f"lacks 1 of 21, the first is {name}"):
        models.locate(str(path))


def test_layers_must_be_as_many_as_the_metadata_say(tmp_path: Path, cached: Path) -> None:
    for layers in (1, 3):
        path = tiny_gguf.write(tmp_path / "m.gguf", None, tiny_gguf.tensors(layers=layers))
        with pytest.raises(ModelError, match=rf"of {layers} layers, not of the 2 that llama\.bl"):
            models.locate(str(path))


def test_a_tensor_without_a_place_is_not_left_out(tmp_path: Path, cached: Path) -> None:
    weights = tiny_gguf.tensors() | {"blk.0.attn_norm.bias": np.ones(64, np.float32)}
    path = tiny_gguf.write(tmp_path / "m.gguf", None, weights)
    with pytest.raises(ModelError, match=r"no place for tensor blk\.0\.attn_norm\.bias"):
        models.locate(str(path))


def test_biases_are_carried_over(tmp_path: Path, cached: Path) -> None:
    weights = tiny_gguf.tensors()
    for layer in range(tiny_gguf.LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            rows = len(weights[f"blk.{layer}.{name}.weight"])
            weights[f"blk.{layer}.{name}.bias"] = np.ones(rows, np.float32)
    path = tiny_gguf.write(tmp_path / "m.gguf", None, weights)
    biases = [name for name in _weights(models.locate(str(path))) if name.endswith(".bias")]
    assert len(biases) == 8


def test_a_file_with_one_field_is_refused_at_once(tmp_path: Path, cached: Path) -> None:
    """It used to take minutes and 28 GB: transformers made up a model of seven billion weights."""
    path = tiny_gguf.write(tmp_path / "m.gguf", {}, {})
    with pytest.raises(ModelError, match=r"lacks 6 fields .* first is llama\.context_length"):
        models.locate(str(path))


def test_what_lies_beside_a_file_is_not_taken(tmp_path: Path, cached: Path) -> None:
    alone = models.locate(str(tiny_gguf.write(tmp_path / "alone.gguf")))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "chat_template.jinja").write_text("another")
    (folder / "tokenizer_config.json").write_text('{"eos_token": "a"}')
    (folder / "config.json").write_text("[]")
    path = tiny_gguf.write(folder / "m.gguf")
    model = models.locate(str(path))
    for name in ("chat_template.jinja", "tokenizer_config.json", "tokenizer.json", "config.json"):
        assert (model.folder / name).read_bytes() == (alone.folder / name).read_bytes()


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [
        ("gpt-2", ["a", "Ġ", "Ġ", "12", "Ċ", "Ċ", "1"]),
        ("smollm", ["a", "ĠĠ", "1", "2", "ĊĊ", "1"]),
        ("starcoder", ["a", "ĠĠ", "1", "2", "ĊĊ", "1"]),
        ("qwen2", ["a", "Ġ", "Ġ", "1", "2", "ĊĊ", "1"]),
        ("stablelm2", ["a", "Ġ", "Ġ", "1", "2", "ĊĊ", "1"]),
        ("llama-bpe", ["a", "Ġ", "Ġ", "12", "ĊĊ", "1"]),
        ("glm4", ["a", "Ġ", "Ġ", "12", "ĊĊ", "1"]),
    ],
)
def test_text_is_split_as_the_file_says(
    kind: str, tokens: list[str], tmp_path: Path, cached: Path
) -> None:
    from transformers import AutoTokenizer

    path = _with(tmp_path / "m.gguf", tokenizer__ggml__pre=kind)
    tokenizer = AutoTokenizer.from_pretrained(models.locate(str(path)).folder)
    assert tokenizer.tokenize("a  12\n\n1") == tokens


def test_a_kind_of_splitting_that_nobody_knows_is_refused(tmp_path: Path, cached: Path) -> None:
    path = _with(tmp_path / "m.gguf", tokenizer__ggml__pre="unheard-of")
    with pytest.raises(ModelError, match=r"tokenizer\.ggml\.pre 'unheard-of'"):
        models.locate(str(path))


def test_words_stay_whole_where_llama_cpp_leaves_them_so(tmp_path: Path, cached: Path) -> None:
    from transformers import AutoTokenizer

    tokens = [*tiny_gguf.TOKENS[:-3], "zq", *tiny_gguf.TOKENS[-2:]]  # no merges make it
    for kind, parts in (("llama-bpe", ["zq"]), ("gpt-2", ["z", "q"])):
        path = _with(
            tmp_path / f"{kind}.gguf",
            tokenizer__ggml__pre=kind,
            tokenizer__ggml__tokens=tokens,
            tokenizer__ggml__merges=["t h"],
        )
        tokenizer = AutoTokenizer.from_pretrained(models.locate(str(path)).folder)
        assert tokenizer.tokenize("zq") == parts


def test_a_folder_that_is_named_is_filled_likewise(tmp_path: Path) -> None:
    path = _with(tmp_path / "m.gguf", tokenizer__ggml__pre="smollm")
    target = tmp_path / "target"
    target.mkdir()
    gguf.convert(path, target)
    splitting = json.loads((target / "tokenizer.json").read_text())["pre_tokenizer"]
    assert splitting["type"] == "Sequence"
    names = {file.name for file in target.iterdir()}
    assert names == {
        "carried_over.json",
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def _outcome(path: Path) -> str:
    """Return what becomes of a file; anything but our error and a model is a failure."""
    try:
        model = models.locate(str(path))
    except ModelError as error:
        text = str(error)
        assert "\n" not in text
        assert text.startswith(str(path.parent)) or path.name in text or "no model" in text
        return "refused"
    own = model.folder / "model.safetensors"
    weights = own.read_bytes()
    own.parent.rename(own.parent.with_name("before"))
    again = models.locate(str(path)).folder / "model.safetensors"
    assert again.read_bytes() == weights, "a weight is made up"
    for folder in (own.parent, own.parent.with_name("before")):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return "loaded"


def test_damaged_files_end_in_a_line(tmp_path: Path, cached: Path) -> None:
    variants = islice(damaged_gguf.damaged(tmp_path), 0, None, 9)
    outcomes = [_outcome(path) for _, path in variants]
    assert len(outcomes) >= 30
    assert outcomes.count("refused") > 0.8 * len(outcomes)


@pytest.mark.model
def test_all_damaged_files_end_in_a_line(tmp_path: Path, cached: Path) -> None:
    outcomes = {label: _outcome(path) for label, path in damaged_gguf.damaged(tmp_path)}
    assert len(outcomes) >= 300
    harmless = {label for label, outcome in outcomes.items() if outcome == "loaded"}
    assert len(harmless) <= 40
    assert "no output.weight" in harmless, "as in llama.cpp, the embedding is taken"
    assert not {label for label in harmless if label.startswith(("parts", "cut", "a tensor"))}
