"""Which models the fast engine takes over, and what becomes of those it cannot."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from spm_tui.engine.base import Engine
from spm_tui.engine.device import Placement
from spm_tui.engine.fast import fused
from spm_tui.engine.fast.engine import FastEngine
from spm_tui.engine.fast.hooks import attention
from spm_tui.engine.fast.reader import Reader, Unsupported
from spm_tui.engine.local import local
from spm_tui.engine.plain import PlainEngine
from spm_tui.forms import Fields, Whole, read
from spm_tui.wire import Request
from tests import tiny

FORM = Fields((("score", Whole(0, 100)),))
ASKED = Request("Judge the care in each of these answers.", (), "Do bees fly?", FORM, 0.0, 0)
CHUNKED = {"layer_types": ["chunked_attention"] * 3}
LONGROPE: dict[str, Any] = {
    "rope_parameters": {
        "rope_type": "longrope",
        "short_factor": [1.0] * 4,
        "long_factor": [2.0] * 4,
    },
    "original_max_position_embeddings": 256,
}
NOTHING: Any = None


def logits(model: Any) -> torch.Tensor:
    inputs = torch.arange(200)[None]
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=inputs, use_cache=False).logits
    return found


@pytest.mark.parametrize(
    ("family", "changes", "reason"),
    [
        ("mamba", {}, "its attention cannot be replaced"),
        ("gpt-oss", {}, "cannot be replaced: it depends on s_aux"),
        ("llama", CHUNKED, "its chunked_attention layers"),
        ("phi3", LONGROPE, "in prompts longer than 256 tokens"),
    ],
)
def test_what_is_unsupported_is_told_and_left_as_it_was(
    family: str, changes: dict[str, Any], reason: str
) -> None:
    model = tiny.loaded(family, **changes)
    before = logits(model.model)
    with pytest.raises(Unsupported, match=reason):
        FastEngine(model)
    assert torch.equal(logits(model.model), before)


@pytest.mark.parametrize("error", [1.1, torch.nan])
def test_a_model_that_would_say_something_else_is_left_as_it_was(
    error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny.loaded("llama")
    before, plain = logits(model.model), Reader.read
    monkeypatch.setattr(Reader, "read", lambda *words: plain(*words) * error)
    with pytest.raises(Unsupported, match=r"logits would differ by (10\.0|nan)%"):
        Reader(model)
    assert torch.equal(logits(model.model), before)


def test_a_model_is_taken_over_once() -> None:
    model = tiny.loaded("llama")
    assert FastEngine(model) is not FastEngine(model)


def test_longrope_within_its_first_range_is_as_any_other() -> None:
    FastEngine(tiny.loaded("phi3", **LONGROPE | {"original_max_position_embeddings": 1024}))


@pytest.mark.parametrize(("family", "kind"), [("gpt-oss", PlainEngine), ("gemma2", FastEngine)])
def test_a_model_gets_the_engine_that_can_run_it(
    family: str, kind: type[Engine], tmp_path: Path
) -> None:
    model, said = tiny.loaded(family), list[str]()
    model.model.save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    engine = local(tmp_path, placement=Placement("cpu", "float32"), say=said.append)
    assert isinstance(engine, kind)
    assert ["s_aux" in line for line in said] == [True] * (kind is PlainEngine)
    ((answer,),) = engine.answer([ASKED])
    assert read(FORM, answer[1].text)


def test_what_would_make_it_faster_is_told_and_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, said = tiny.loaded("llama"), list[str]()
    model.model.save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)

    def text() -> str:
        engine = local(tmp_path, placement=Placement("cpu", "float32"), say=said.append)
        ((answer,),) = engine.answer([ASKED])
        return answer[1].text

    with_it = text()
    assert said == []
    monkeypatch.setattr(fused, "find_spec", lambda _: None)
    fused.has_numba.cache_clear()
    monkeypatch.setitem(sys.modules, "spm_tui.engine.fast.kernel", None)  # cannot be imported
    assert text() == with_it
    fused.has_numba.cache_clear()
    assert said == ["this goes faster with numba: pip install 'spm-tui[cpu]'"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"s_aux": torch.ones(4), "position_bias": 1}, "it depends on position_bias, s_aux"),
        ({"attention_mask": torch.ones(1, 1, 2, 2)}, "it has a mask of its own"),
        ({"attention_mask": None, "sliding_window": 5}, "it has a mask of its own"),
        ({"attention_mask": 4, "sliding_window": 5}, "it has a mask of its own"),
    ],
)
def test_attention_that_is_more_than_ours_is_refused(options: dict[str, Any], reason: str) -> None:
    words = {"attention_mask": None, "layout": NOTHING, "scaling": 1.0, "is_causal": None}
    with pytest.raises(ValueError, match=reason):
        attention(NOTHING, NOTHING, NOTHING, NOTHING, **words | options)
