"""Folders that bring code; it leaves the file `$DAMAGE_RAN` where it is run."""

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.damage.edits import Damage, Variant, changed, void, written

RAN = "ran"
"""The file that code of a folder would leave beside it."""


def variants() -> Iterator[Variant]:
    every: dict[str, dict[str, str]] = {
        "config": {"AutoConfig": "own.Config"},
        "model": {"AutoModelForCausalLM": "own.Model"},
        "both": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"},
        "elsewhere": {"AutoConfig": "a/b--own.Config"},
    }
    for kind, names in every.items():
        for model_type in ("llama", "own"):
            yield Variant(
                f"code of {kind} for {model_type}", "llama", "code", _own(names, model_type)
            )
    names = {"AutoConfig": "own.Config", "AutoModel": "own.Model"}
    for base, model_type in (
        ("embedder", "own"),
        ("embedder", "bert"),
        ("reward", "own"),
        ("kaleido", "own"),
    ):
        yield Variant(f"code for {model_type}", base, "code", _own(names, model_type))
    for words in ("OwnTokenizer", "TokenizersBackend", None):
        yield Variant(f"code of a tokenizer, {words}", "llama", "code", _own_tokenizer(words))
        yield Variant(f"code of a tokenizer, {words}", "embedder", "code", _own_tokenizer(words))
    yield Variant("code of a module", "embedder", "code", _own_module("own.Model"))
    yield Variant("code of an installed module", "embedder", "code", _own_module("os.system"))
    yield Variant(
        "code of a missing module",
        "embedder",
        "code",
        _own_module("sentence_transformers.nonesuch.X"),
    )
    yield Variant(
        "code to generate", "llama", "code", written("custom_generate/generate.py", _SCRIPT)
    )
    yield Variant("code in a pickle", "pickled", "weights", _pickle("pytorch_model.bin"))
    yield Variant("code in a shard", "llama", "code", _pickle(".metadata"))


_SCRIPT = (
    b"import pathlib\n(pathlib.Path(__file__).parent / 'ran').touch()\n"
    b"import os\nopen(os.environ['DAMAGE_RAN'], 'w').close()\n"
)


def _own(names: dict[str, str], model_type: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "own.py").write_bytes(_SCRIPT)
        changed("config.json", lambda d: d.update(auto_map=names, model_type=model_type))(folder)

    return damage


def _own_tokenizer(kind: str | None) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "own.py").write_bytes(_SCRIPT)
        own = {"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}, "tokenizer_class": kind}
        changed("tokenizer_config.json", lambda d: d.update(own))(folder)

    return damage


def _own_module(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / "own.py").write_bytes(_SCRIPT)
        modules = json.loads((folder / "modules.json").read_text())
        modules[0]["type"] = name
        (folder / "modules.json").write_text(json.dumps(modules))

    return damage


def _pickle(name: str) -> Damage:
    class Evil:
        def __reduce__(self) -> Any:
            return (os.system, ("touch $DAMAGE_RAN",))

    return lambda folder: void((folder / name).write_bytes(pickle.dumps(Evil())))
