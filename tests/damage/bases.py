"""Tiny models without damage, as folders: of every kind that the program loads."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from spm_tui.engine.quiet import quiet
from tests import tiny


def make(folder: Path, names: Collection[str] = ()) -> dict[str, Path]:
    """Write bases, all of them by default, into folders of their own; return these by name."""
    made = {}
    for name in names or _BASES:
        made[name] = folder / name
        made[name].mkdir()
        _BASES[name](made[name])
    return made


def _language(family: str, **changes: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        words = tiny.tokenizer()
        _save(tiny.model(family, vocabulary=len(words) + 3, **changes), words, folder)

    return write


def _shards(folder: Path) -> None:
    words = tiny.tokenizer()
    model = tiny.model("llama", vocabulary=len(words) + 3)
    _save(model, words, folder, max_shard_size="60KB")


def _pickled(folder: Path) -> None:
    import torch

    words = tiny.tokenizer()
    model = tiny.model("llama", vocabulary=len(words) + 3)
    _save(model, words, folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


def _kaleido(folder: Path) -> None:
    _save(*tiny.kaleido_model(), folder)


def _reward(folder: Path) -> None:
    _save(*tiny.reward_model(), folder)


def _embedder(folder: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    words, inner = tiny.tokenizer(), folder / "inner"
    config = BertConfig(
        vocab_size=len(words) + 3,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=tiny.CONTEXT,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        _save(BertModel(config).eval(), words, inner)
    with quiet():
        from sentence_transformers import models as modules

        parts = modules.Transformer(str(inner), max_seq_length=256)
        SentenceTransformer(modules=[parts, modules.Pooling(32)], device="cpu").save(str(folder))
    for file in inner.iterdir():
        file.unlink()
    inner.rmdir()


def _save(model: Any, words: Any, folder: Path, **options: Any) -> None:
    """Write a model of which no weight is what one would be that is made up."""
    import torch

    noise = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=noise))
    with quiet():
        model.save_pretrained(folder, **options)
    words.save_pretrained(folder)


_BASES: dict[str, Callable[[Path], None]] = {
    "llama": _language("llama"),
    "tied": _language("llama", tie_word_embeddings=True),
    "qwen2": _language("qwen2"),
    "gpt2": _language("gpt2"),
    "shards": _shards,
    "pickled": _pickled,
    "embedder": _embedder,
    "reward": _reward,
    "kaleido": _kaleido,
}
