"""Models are offered by what lies in the caches."""

import json
from pathlib import Path

import pytest

from spm_tui.bench.options import LANGUAGE_MODEL
from spm_tui.tui.known_models import KnownModel, hub_folder, in_hub, known_models


def snapshot(hub: Path, name: str, *files: str, kind: str = "LlamaForCausalLM") -> None:
    folder = hub / name / "snapshots" / "abc"
    folder.mkdir(parents=True)
    encoding = kind.startswith("T5")
    config = {"architectures": [kind], "is_encoder_decoder": encoding}
    for file in files:
        (folder / file).write_text(json.dumps(config))


def test_language_models_in_the_hub_cache_are_found(tmp_path: Path) -> None:
    snapshot(tmp_path, "models--Qwen--Qwen2.5-0.5B", "config.json")
    snapshot(tmp_path, "models--org--half-fetched")
    snapshot(tmp_path, "models--org--embedder", "config.json", "modules.json")
    snapshot(tmp_path, "models--gpt2", "config.json")
    snapshot(tmp_path, "models--a--t5", "config.json", kind="T5ForConditionalGeneration")
    snapshot(tmp_path, "models--a--rm", "config.json", kind="LlamaForSequenceClassification")
    snapshot(tmp_path, "datasets--org--data", "config.json")
    assert in_hub(tmp_path) == ["Qwen/Qwen2.5-0.5B"]
    assert in_hub(tmp_path / "gone") == []


def test_the_hub_cache_is_where_its_library_looks() -> None:
    home = Path("/home/x")
    assert hub_folder({}, home) == home / ".cache/huggingface/hub"
    assert hub_folder({"XDG_CACHE_HOME": "/c"}, home) == Path("/c/huggingface/hub")
    assert hub_folder({"HF_HOME": "/hf"}, home) == Path("/hf/hub")
    assert hub_folder({"HF_HOME": "/hf", "HF_HUB_CACHE": "/hub"}, home) == Path("/hub")


def test_the_embedded_model_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPM_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    snapshot(tmp_path / "hub", "models--a--b", "config.json")
    assert known_models()[:2] == [KnownModel(LANGUAGE_MODEL, False), KnownModel("a/b", True)]
    (tmp_path / "models" / f"{LANGUAGE_MODEL}-0123").mkdir(parents=True)
    assert known_models()[0].cached


def test_presets_that_are_not_cached_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPM_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    snapshot(tmp_path / "hub", "models--Qwen--Qwen2.5-7B-Instruct", "config.json")
    _, cached, first, *rest = known_models()
    assert cached == KnownModel("Qwen/Qwen2.5-7B-Instruct", True)
    assert first == KnownModel("meta-llama/Llama-3.2-3B-Instruct", False, 6_425_499_648)
    assert cached.name not in {model.name for model in rest}
    assert not any(model.cached for model in rest)
