"""Models from their files, whole and damaged."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from spm_tui.engine.device import Placement
from spm_tui.engine.ends import settle
from spm_tui.engine.loading import load
from spm_tui.engine.plain import PlainEngine
from spm_tui.errors import ModelError
from spm_tui.forms import Fields, Letter
from spm_tui.wire import Request
from tests import tiny

CPU = Placement("cpu", "float32")
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n"
"""What lies in place of a large file after cloning without git-lfs."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model's weights, in both forms."""
    folder = tmp_path_factory.mktemp("saved")
    tokenizer = tiny.tokenizer()
    model = tiny.model("llama", vocabulary=len(tokenizer))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


@pytest.fixture(params=["model.safetensors", "pytorch_model.bin"])
def weights(saved: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The weights of a model that has them in one form."""
    folder = shutil.copytree(saved, tmp_path / "model")
    for name in {"model.safetensors", "pytorch_model.bin"} - {request.param}:
        (folder / name).unlink()
    return Path(folder / request.param)


def test_weights_load_in_either_form(weights: Path) -> None:
    loaded = load(weights.parent, CPU)
    assert loaded.prompts.context == tiny.CONTEXT


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_weights_that_are_cut_short_are_refused(weights: Path, share: float) -> None:
    whole = weights.read_bytes()
    refused(weights, whole[: int(len(whole) * share)])


@pytest.mark.parametrize("content", [POINTER, bytes(1000)])
def test_what_is_no_weights_is_refused(weights: Path, content: bytes) -> None:
    refused(weights, content)


# tokens that end an answer, and that fill


@pytest.mark.parametrize("ends", [7, [7, 9], (9999, 7)])
def test_what_the_tokenizer_does_not_say_the_configuration_does(ends: Any) -> None:
    tokenizer = tiny.tokenizer()
    model = tiny.model("llama", vocabulary=len(tokenizer))
    tokenizer.eos_token = tokenizer.pad_token = None
    model.generation_config.eos_token_id = ends
    settle(tokenizer, model)
    assert (tokenizer.eos_token_id, tokenizer.pad_token_id) == (7, 7)


@pytest.mark.parametrize("ends", [None, -1, [], [99999], "x", True])
def test_a_model_without_a_token_that_ends_an_answer_is_refused(saved: Path, ends: Any) -> None:
    tokenizer = tiny.tokenizer()
    model = tiny.model("llama", vocabulary=len(tokenizer))
    tokenizer.eos_token = None
    object.__setattr__(model.generation_config, "eos_token_id", ends)
    object.__setattr__(model.config, "eos_token_id", ends)
    with pytest.raises(ModelError, match="names no token that ends an answer: no eos_token in"):
        settle(tokenizer, model)


def test_tokens_that_the_model_does_not_know_are_none() -> None:
    tokenizer = tiny.tokenizer()
    model = tiny.model("llama", vocabulary=len(tokenizer))
    tokenizer.add_special_tokens({"pad_token": "<new>"})
    settle(tokenizer, model)
    assert tokenizer.pad_token_id == tokenizer.eos_token_id < len(tokenizer) - 1


def test_a_tokenizer_without_a_padding_token_answers(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "model")
    tokenizer = tiny.tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    loaded = load(folder, CPU)
    form = Fields((("a", Letter("AB")),))
    asked = [Request("rules", (), "x" * size, form, 0.0, 0) for size in (1, 30)]
    answers = [answer for group in PlainEngine(loaded).answer(asked) for answer in group]
    assert [reply.error for _, reply in answers] == [None, None]


def test_a_tokenizer_that_draws_lots_is_refused(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "model")
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"]["dropout"] = 0.1
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="drops merges at random, so that no prompt is the same"):
        load(folder, CPU)


def refused(weights: Path, content: bytes) -> None:
    weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"model: cannot be loaded as a language model: .") as told:
        load(weights.parent, CPU)
    assert "\n" not in str(told.value)
