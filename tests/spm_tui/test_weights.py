"""Every weight is from the files of the model that was named, or the model is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from spm_tui.engine.device import Placement
from spm_tui.engine.embed import Embedder
from spm_tui.engine.kaleido import kaleido
from spm_tui.engine.loading import load
from spm_tui.engine.reward import reward_model
from spm_tui.engine.weights import check_weights
from spm_tui.errors import ModelError
from tests.damage import bases

CPU = Placement("cpu", "float32")
LOADERS: dict[str, Callable[[Path], object]] = {
    "llama": lambda folder: load(folder, CPU),
    "tied": lambda folder: load(folder, CPU),
    "embedder": lambda folder: Embedder(folder, device="cpu"),
    "reward": lambda folder: reward_model(folder, placement=CPU),
    "kaleido": lambda folder: kaleido(folder, placement=CPU),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of every kind."""
    return bases.make(tmp_path_factory.mktemp("bases"), [*LOADERS, "shards"])


@pytest.fixture
def copied(made: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda base: shutil.copytree(made[base], tmp_path / base)


def changed(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    file = folder / "model.safetensors"
    tensors = {
        name: tensor.contiguous().clone() for name, tensor in change(load_file(file)).items()
    }
    save_file(tensors, file, metadata={"format": "pt"})


@pytest.mark.parametrize("base", LOADERS)
def test_whole_models_load(base: str, made: dict[str, Path]) -> None:
    LOADERS[base](made[base])


@pytest.mark.parametrize(
    ("base", "part", "count", "first"),
    [
        ("llama", "lm_head", 1, "lm_head.weight"),
        ("llama", ".1.", 9, "model.layers.1.self_attn.q_proj.weight"),
        ("tied", "embed_tokens", 2, "model.embed_tokens.weight"),
        ("embedder", "layer.1.", 16, "encoder.layer.1.attention.self.query.weight"),
        ("reward", "score", 1, "score.weight"),
        ("kaleido", "decoder.final", 1, "decoder.final_layer_norm.weight"),
    ],
)
def test_how_many_weights_are_missing_is_said_and_which_is_the_first(
    base: str, part: str, count: int, first: str, copied: Callable[[str], Path]
) -> None:
    folder = copied(base)
    changed(folder, lambda all_: {name: one for name, one in all_.items() if part not in name})
    with pytest.raises(ModelError, match=rf"lack {count} of \d+ weights: they have no {first}"):
        LOADERS[base](folder)


@pytest.mark.parametrize("base", LOADERS)
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_names_that_match_nothing_are_told(
    base: str, prefix: str, copied: Callable[[str], Path]
) -> None:
    folder = copied(base)
    changed(folder, lambda all_: {f"{prefix}{name}": one for name, one in all_.items()})
    with pytest.raises(ModelError, match=rf"lack \d+ of \d+ weights: .*, but {prefix}"):
        LOADERS[base](folder)


@pytest.mark.parametrize("base", LOADERS)
def test_other_shapes_are_told(base: str, copied: Callable[[str], Path]) -> None:
    folder = copied(base)
    changed(folder, lambda all_: {n: t.T if t.ndim == 2 and len(t) != len(t.T) else t
                                  for n, t in all_.items()})  # fmt: skip
    with pytest.raises(ModelError, match=r"\d+ weights have other shapes in its files .* not \["):
        LOADERS[base](folder)


def test_whole_numbers_are_no_weights(copied: Callable[[str], Path]) -> None:
    folder = copied("llama")
    changed(folder, lambda all_: {n: t.long() if "q_proj" in n else t for n, t in all_.items()})
    with pytest.raises(ModelError, match=r"3 weights are whole numbers .*q_proj\.weight is I64"):
        load(folder, CPU)


@pytest.mark.parametrize("kind", ["layer", "bias"])
def test_what_a_configuration_leaves_out_is_told(kind: str, copied: Callable[[str], Path]) -> None:
    """Otherwise a model would do without it, and be another."""
    folder = copied("llama")
    name = "model.layers.{}.self_attn.q_proj.{}"
    more = {"layer": name.format(3, "weight"), "bias": name.format(1, "bias")}[kind]
    changed(folder, lambda all_: {**all_, more: torch.ones(64)})
    with pytest.raises(ModelError, match=rf"have 1 weights that its configuration .* {more}"):
        load(folder, CPU)


@pytest.mark.parametrize(
    "name", ["model.layers.0.self_attn.rotary_emb.inv_freq", "visual.patch_embed.weight"]
)
def test_what_no_model_of_its_kind_has_may_be_there(
    name: str, copied: Callable[[str], Path]
) -> None:
    folder = copied("llama")
    changed(folder, lambda all_: {**all_, name: torch.ones(8)})
    load(folder, CPU)


def test_embedders_may_lack_the_head_that_pooling_does_without(
    copied: Callable[[str], Path],
) -> None:
    folder = copied("embedder")
    changed(folder, lambda all_: {n: t for n, t in all_.items() if "pooler" not in n})
    Embedder(folder, device="cpu")


def test_buffers_that_code_fills_in_may_be_missing() -> None:
    model = torch.nn.Linear(2, 2)
    model.register_buffer("inv_freq", torch.ones(2))
    model.register_buffer("mask", torch.ones(2, dtype=torch.bool))
    check_weights({"missing_keys": {"inv_freq", "mask"}}, model, name="m")
    with pytest.raises(ModelError, match=r"m: its files lack 1 of 2 weights: they have no bias"):
        check_weights({"missing_keys": {"inv_freq", "bias"}}, model, name="m")


# shards


def index_of(folder: Path, change: Callable[[dict[str, str]], object]) -> None:
    path = folder / "model.safetensors.index.json"
    content = json.loads(path.read_text())
    change(content["weight_map"])
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("shard", "problem"),
    [
        ("none.safetensors", r"1 of its files are missing: none\.safetensors"),
        ("../x.safetensors", "names weights outside its folder"),
        (7, "not an index of weights"),
    ],
)
def test_an_index_names_files_that_are_there(
    shard: str, problem: str, copied: Callable[[str], Path]
) -> None:
    folder = copied("shards")
    index_of(folder, lambda places: places.update({"lm_head.weight": shard}))
    with pytest.raises(ModelError, match=problem):
        load(folder, CPU)


def test_a_shard_that_no_index_names_is_missing(copied: Callable[[str], Path]) -> None:
    folder = copied("shards")
    load(folder, CPU)

    def leave_out(places: dict[str, str]) -> None:
        last = max(places.values())
        for name in [name for name, shard in places.items() if shard == last]:
            del places[name]

    index_of(folder, leave_out)
    with pytest.raises(ModelError, match=r"lack \d+ of 30 weights"):
        load(folder, CPU)
