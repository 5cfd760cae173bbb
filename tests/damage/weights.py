"""Weights that are missing, of other names, shapes and kinds."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.damage.edits import Damage, Variant


def variants() -> Iterator[Variant]:
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
            yield Variant(f"prefix {prefix}", base, "weights", _renamed(prefix.__add__))
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
    yield Variant(
        "inv_freq beside",
        "llama",
        "same",
        _beside("model.layers.0.self_attn.rotary_emb.inv_freq", 8),
    )
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
