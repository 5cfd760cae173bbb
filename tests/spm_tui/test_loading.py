"""Models from their files, whole and damaged."""

import shutil
from pathlib import Path

import pytest
import torch

from spm_tui.engine.device import Placement
from spm_tui.engine.loading import load
from spm_tui.errors import ModelError
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


def refused(weights: Path, content: bytes) -> None:
    weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"model: cannot be loaded as a language model: .") as told:
        load(weights.parent, CPU)
    assert "\n" not in str(told.value)
