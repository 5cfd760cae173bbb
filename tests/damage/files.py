# ruff: noqa: E501 - a row of a table on each line
"""Files that are cut, or something else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.damage.edits import (
    Damage,
    Variant,
    changed,
    cut_off,
    folder,
    gone,
    link,
    put,
    void,
    written,
)

_PLAIN = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")


def variants() -> Iterator[Variant]:
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
    jsons += [
        ("embedder", name)
        for name in ("config_sentence_transformers.json", "1_Pooling/config.json")
    ]
    jsons += [("embedder", "config.json"), ("embedder", "tokenizer.json")]
    for base, name in (*weights, *jsons):
        subject = "weights" if (base, name) in weights or "index" in name else "config"
        for kind, content in contents.items():
            yield Variant(f"{name} is {kind}", base, subject, written(name, content))
        yield Variant(f"{name} is a folder", base, subject, folder(name))
        yield Variant(f"{name} is a dead link", base, subject, link(name))
        yield Variant(f"{name} is gone", base, subject, gone(name))
    for base, name in weights:
        for share in (0.001, 0.01, 0.5, 0.99):
            yield Variant(f"{name} cut at {share}", base, "weights", cut_off(name, share))
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
        yield Variant(f"header {kind}", "llama", "weights", written("model.safetensors", content))
    yield from _indices()


def _indices() -> Iterator[Variant]:
    name = "model.safetensors.index.json"
    yield Variant(
        "index without map", "shards", "weights", changed(name, lambda d: d.pop("weight_map"))
    )
    yield Variant("index with list", "shards", "weights", put(name, "weight_map", [1]))
    yield Variant(
        "index without metadata", "shards", "config", changed(name, lambda d: d.pop("metadata"))
    )
    yield Variant(
        "index omits a weight",
        "shards",
        "weights",
        changed(name, lambda d: d["weight_map"].pop("lm_head.weight")),
    )
    yield Variant("index omits a shard", "shards", "weights", changed(name, _omit_shard))
    yield Variant(
        "index names another",
        "shards",
        "weights",
        changed(name, lambda d: d["weight_map"].update({"lm_head.weight": "none.safetensors"})),
    )
    yield Variant(
        "index names numbers",
        "shards",
        "weights",
        changed(name, lambda d: d["weight_map"].update({"lm_head.weight": 3})),
    )
    yield Variant("index names above", "shards", "weights", _outside)
    yield Variant("a shard is gone", "shards", "weights", _shard(lambda file: file.unlink()))
    yield Variant(
        "a shard is cut",
        "shards",
        "weights",
        _shard(lambda file: file.write_bytes(file.read_bytes()[:999])),
    )
    yield Variant(
        "a shard is another",
        "shards",
        "weights",
        _shard(
            lambda file: file.write_bytes(sorted(file.parent.glob("*.safetensors"))[0].read_bytes())
        ),
    )


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
