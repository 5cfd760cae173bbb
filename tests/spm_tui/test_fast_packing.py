"""Weights laid out anew say the same, and are laid out only where that pays."""

import pytest
import torch

from spm_tui.engine.fast import packing
from spm_tui.engine.fast.engine import FastEngine
from tests import tiny

needs_x86 = pytest.mark.skipif(
    not torch.backends.cpu.get_cpu_capability().startswith("AVX"), reason="no x86 processor"
)


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=torch.arange(200)[None], use_cache=False).logits
    return found


def linear(model: torch.nn.Module) -> list[torch.nn.Linear]:
    return [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)]


@needs_x86
@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma3", "phi"])
def test_a_packed_model_says_the_same(family: str) -> None:
    model = tiny.loaded(family).model
    before, embedding = logits(model), model.get_input_embeddings().weight
    packing.pack(model)
    assert all(layer.weight is None for layer in linear(model))
    assert model.get_input_embeddings().weight is embedding
    torch.testing.assert_close(logits(model), before, rtol=1e-4, atol=1e-4)
    packing.pack(model)
    torch.testing.assert_close(logits(model), before, rtol=1e-4, atol=1e-4)


def test_other_precisions_stay_as_they_are() -> None:
    model = tiny.loaded("llama", dtype="bfloat16").model
    packing.pack(model)
    assert all(layer.weight is not None for layer in linear(model))


@needs_x86
def test_the_engine_packs_the_model_it_takes_over() -> None:
    model = tiny.loaded("llama")
    FastEngine(model)
    assert all(layer.weight is None for layer in linear(model.model))
