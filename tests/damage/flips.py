"""Files with a few bytes changed anywhere."""

import random
from collections.abc import Iterator
from pathlib import Path

from tests.damage.edits import Damage, Variant


def variants(seed: int) -> Iterator[Variant]:
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
