"""Embeddings of texts that are longer than a model reads, with tiny models made here."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spm_tui.bench.backend import Backend, ModelChoice
from spm_tui.bench.embedding import Vectors, joined
from spm_tui.bench.inspection import inspect, job_of
from spm_tui.bench.jobs import make_job, run_job
from spm_tui.bench.options import RunOptions
from spm_tui.bench.record import Context
from spm_tui.bench.remarks import remarks
from spm_tui.bench.subject import Backbone, Job, Selection, Subject, load_subject
from spm_tui.cli import headless
from spm_tui.engine.embed import Embedder
from spm_tui.engine.quiet import quiet
from spm_tui.engine.reach import POOLING, Cut, of_folder
from spm_tui.engine.scripted import ScriptedEngine
from spm_tui.methods.base import Settings
from spm_tui.methods.catalogue import Role
from spm_tui.report import files
from store import benchmarks, bundles, runs
from store.connection import Store
from store.records import Benchmark, Run
from tests import machine
from tests.build import SMALL
from tests.conftest import AT
from tests.spm_tui.test_cli import Shell, shell
from tests.spm_tui.test_reach import pieces_of_words

__all__ = ["shell"]

LIMIT = 32
"""Tokens a tiny model reads, its two special ones included."""
SHORT = ["May I keep it?", "no.", "", "Give it back, at once"]
LONG = "May I keep the wallet? " + "it was there, on the ground. " * 6
TRAINED = tuple(LONG.split())


def saved(modules: Sequence[Any], folder: Path, **options: Any) -> Path:
    from sentence_transformers import SentenceTransformer

    with quiet():
        SentenceTransformer(modules=list(modules), device="cpu", **options).save(str(folder))
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer with random weights."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    words = PreTrainedTokenizerFast(
        tokenizer_object=pieces_of_words(),
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[UNK]",
        model_max_length=LIMIT,
    )
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    config = BertConfig(
        vocab_size=len(words), num_attention_heads=2, max_position_embeddings=64,
        initializer_range=0.5, **sizes,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        BertModel(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def transformer(bert: Path) -> list[Any]:
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    with quiet():
        first = Transformer(str(bert))
    return [first, Pooling(first.get_embedding_dimension())]


@pytest.fixture(scope="module")
def folder(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedding model whose vectors are of unit length."""
    from sentence_transformers.sentence_transformer.modules import Normalize

    modules = [*transformer(bert), Normalize()]
    return saved(modules, tmp_path_factory.mktemp("models") / "tiny-embedder")


@pytest.fixture(scope="module")
def cutting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedding model of words, which reads eight of them and cannot be given windows."""
    from sentence_transformers.sentence_transformer.modules import Pooling, WordEmbeddings
    from sentence_transformers.sentence_transformer.modules.tokenizer import WhitespaceTokenizer

    words = WhitespaceTokenizer(vocab=sorted(set(TRAINED)), stop_words=[])
    weights = np.random.default_rng(7).random((len(set(TRAINED)), 16)).astype(np.float32)
    first = WordEmbeddings(words, weights, max_seq_length=8)
    pooling = Pooling(16)
    where = saved([first, pooling], tmp_path_factory.mktemp("models") / "cutting")
    (where / "config.json").write_text("{}")  # by which a folder is known as a model's
    return where


def embedded(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    return np.concatenate(list(embedder.embed(texts)))


def as_before(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """What the model makes of texts as they are."""
    with quiet():
        return np.asarray(embedder._model.encode(list(texts)), dtype=np.float32)


def test_files_and_model_tell_the_same(folder: Path) -> None:
    by_files, by_model = of_folder(folder), Embedder(folder, device="cpu").reach
    assert by_files is not None
    assert by_model is not None
    assert by_files.room == by_model.room == LIMIT - 2
    assert by_files.windows(LONG) == by_model.windows(LONG)


def test_texts_that_are_read_at_once_are_embedded_as_ever_to_the_last_bit(folder: Path) -> None:
    embedder = Embedder(folder, device="cpu")
    assert embedded(embedder, SHORT).tobytes() == as_before(embedder, SHORT).tobytes()


def test_all_of_a_longer_text_counts(folder: Path) -> None:
    embedder = Embedder(folder, device="cpu")
    texts = [LONG + "keep it.", LONG + "give it back."]
    first, second = as_before(embedder, texts)
    assert first == pytest.approx(second, abs=1e-6), "the model does not read to the end"
    first, second = embedded(embedder, texts)
    assert np.abs(first - second).max() > 1e-3
    assert np.linalg.norm([first, second], axis=1) == pytest.approx([1, 1])


def test_a_longer_text_is_the_mean_of_its_windows_by_tokens(folder: Path) -> None:
    embedder = Embedder(folder, device="cpu")
    assert embedder.reach is not None
    windows = embedder.reach.windows(LONG)
    assert len(windows) > 2
    each = as_before(embedder, [window.text for window in windows])
    mean = np.average(each, axis=0, weights=[window.tokens for window in windows])
    found = embedded(embedder, ["no.", LONG, "yes."])
    assert found[1] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert found[[0, 2]] == pytest.approx(as_before(embedder, ["no.", "yes."]), abs=1e-6)


def test_vectors_are_of_unit_length_only_where_the_models_own_are(
    bert: Path, tmp_path: Path
) -> None:
    embedder = Embedder(saved(transformer(bert), tmp_path / "plain"), device="cpu")
    assert embedder.reach is not None
    windows = embedder.reach.windows(LONG)
    each = as_before(embedder, [window.text for window in windows])
    mean = np.average(each, axis=0, weights=[window.tokens for window in windows])
    assert embedded(embedder, [LONG])[0] == pytest.approx(mean, abs=1e-5)


def test_every_window_has_the_models_prompt(bert: Path, tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "about. "}, "default_prompt_name": "query"}
    where = saved(transformer(bert), tmp_path / "prompted", **prompts)
    embedder, by_files = Embedder(where, device="cpu"), of_folder(where)
    assert embedder.reach is not None
    assert by_files is not None
    assert embedder.reach.room == by_files.room == LIMIT - 2 - len("about.")
    found = embedded(embedder, [LONG + "keep it.", LONG + "give it back."])
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_a_model_that_cuts_tells_what(cutting: Path) -> None:
    embedder = Embedder(cutting, device="cpu")
    assert embedder.reach is None
    assert of_folder(cutting) is None
    assert embedder.cut(["wallet", LONG, LONG, LONG + "there,"]) == Cut(2, 41 + 42 - 2 * 8)
    assert embedded(embedder, [LONG]).tobytes() == as_before(embedder, [LONG]).tobytes()


# in a run


class Scripted(Backend):
    """A language model that follows from the texts, and a real embedding model."""

    def backbone(self, role: Role) -> Backbone:
        return Backbone(self._choice.model, f"{role}/float32")

    def engine(self, role: Role) -> ScriptedEngine:
        return ScriptedEngine(machine.judge)


def longer(benchmark: Benchmark) -> Benchmark:
    """The benchmark, with more said in one train and in one eval scenario."""
    scenarios = [
        replace(one, question=f"{LONG} {one.split}?") if one.number == 2 else one
        for one in benchmark.scenarios
    ]
    return replace(benchmark, name="longer", scenarios=tuple(scenarios))


def brief(benchmark: Benchmark) -> Benchmark:
    """The benchmark, with so little said that it can be read at once."""
    scenarios = tuple(
        replace(
            one,
            question=f"{one.split[0]}{one.number}?",
            responses=tuple(replace(r, text=f"r{i}") for i, r in enumerate(one.responses)),
        )
        for one in benchmark.scenarios
    )
    return replace(benchmark, name="brief", scenarios=scenarios)


BENCHMARKS: dict[str, Callable[[Benchmark], Benchmark]] = {"longer": longer, "brief": brief}
METHODS = ["few-shot-comparative", "prompt-aligned-few-shot", "surface"]


def subject(store: Store, name: str, selection: Selection = Selection()) -> Subject:  # noqa: B008
    with store.writing() as db:
        benchmarks.add(db, BENCHMARKS[name](SMALL), at=AT)
    return load_subject(store, name, selection, at=AT)


def backend(where: Path, told: list[str] | None = None) -> Backend:
    say = (lambda _: None) if told is None else told.append
    return Scripted(ModelChoice(embedder=str(where)), say=say)


def job(store: Store, name: str, where: Path, method: str, **selection: Any) -> Job:
    options = RunOptions(benchmark=name)
    chosen = subject(store, name, Selection(**selection))
    return make_job(backend(where), options, chosen, method, targets=())


def made(store: Store, one: Job, where: Path) -> Run:
    """Run a job; return the newest run."""
    context = Context(store, "here:1", "{}", lambda: AT, lambda: False)
    list(run_job(context, backend(where), one))
    with store.reading() as db:
        return runs.listing(db)[-1]


def embedder_of(one: Job) -> str:
    return str(json.loads(one.spec.config)["embedder"])


@pytest.mark.parametrize("method", METHODS)
def test_only_runs_with_longer_texts_are_known_by_the_way_of_these(
    store: Store, folder: Path, method: str
) -> None:
    short, long = (job(store, name, folder, method) for name in ("brief", "longer"))
    revision = short.embedder
    assert "/" not in revision
    assert embedder_of(short) == revision
    assert embedder_of(long) == f"{revision}/{POOLING}"
    plain = Job(short.subject, method, short.settings, short.backbone, revision)
    assert short.spec == plain.spec, "what it was before there were windows"


IDENTITIES = {
    "few-shot-comparative": "8ba1760818f95f89399e5ac4957566b638f6c4271ef7038f3c2ff32dee02cd9e",
    "prompt-aligned-few-shot": "a3621a9aeb48b48aec32c6b035669b01d449b8097c275645fb3a77e68df1d910",
    "surface": "1f51e62d4a4a65c869f1a2de73f8712c6f171fcbc5edec62f2c8e01f1efc5ff7",
}
"""Of runs as they were before there were windows."""


@pytest.mark.parametrize("method", METHODS)
def test_a_run_without_longer_texts_keeps_its_identity(method: str) -> None:
    whole = Subject(SMALL.identity, SMALL, "eval", SMALL.split("eval"), (0, 1))
    backbone = None if method == "surface" else Backbone("smol", "r/float32")
    one = Job(whole, method, Settings(SMALL.attributes), backbone, "mini")
    assert one.spec.identity == IDENTITIES[method]


@pytest.mark.parametrize("method", METHODS)
def test_what_a_run_is_does_not_depend_on_which_part_of_it_is_made(
    store: Store, folder: Path, method: str
) -> None:
    whole = job(store, "longer", folder, method)
    assert job(store, "longer", folder, method, limit=1).spec == whole.spec
    assert job(store, "longer", folder, method, scenarios=(2,)).spec == whole.spec


def vectors(store: Store) -> dict[str, set[str]]:
    """Keys of the stored vectors by what they are kept by."""
    with store.reading() as db:
        rows = db.execute("SELECT embedder, key FROM embeddings").fetchall()
    kept: dict[str, set[str]] = {}
    for embedder, key in rows:
        kept.setdefault(embedder, set()).add(key)
    return kept


@pytest.mark.parametrize("name", BENCHMARKS)
def test_what_is_shown_of_a_run_is_what_was_asked(store: Store, folder: Path, name: str) -> None:
    one = job(store, name, folder, "few-shot-comparative")
    run = made(store, one, folder)
    assert job_of(run, one.subject).spec == run.spec
    for scenario in (1, 2, 3):
        assert all(request.proven for request in inspect(store, run, scenario))
    assert vectors(store).keys() == {one.embedder}


def test_runs_of_before_are_shown_as_they_were(store: Store, folder: Path) -> None:
    """Their vectors are of the beginning of longer texts, and stay apart from the new ones."""
    now = job(store, "longer", folder, "few-shot-comparative")
    before = replace(now, embedder=now.embedder.removesuffix(f"/{POOLING}"))
    embedder = Embedder(folder, device="cpu")
    scenarios = before.subject.benchmark.scenarios
    cut = as_before(embedder, [joined(scenario) for scenario in scenarios])
    rows = {scenario.key: vector for scenario, vector in zip(scenarios, cut, strict=True)}
    with store.writing() as db:
        benchmarks.add_embeddings(db, before.embedder, rows)
    first = made(store, before, folder)
    second = made(store, now, folder)
    assert first.number != second.number
    for run in (first, second):
        assert all(request.proven for scenario in (1, 2, 3) for request in
                   inspect(store, run, scenario))  # fmt: skip
    shown = [
        [example.similarity for example in inspect(store, run, 2)[0].examples]
        for run in (first, second)
    ]
    assert shown[0] != shown[1]
    kept = vectors(store)
    assert kept[before.embedder] == kept[now.embedder] == set(rows)


def test_a_bundle_has_the_vectors_of_longer_texts(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    run = made(store, job(store, "longer", folder, "few-shot-comparative"), folder)
    with store.reading() as db:
        bundles.save(db, run.number, tmp_path / "bundle")
    other = Store(tmp_path / "other.duckdb")
    subject(other, "longer")
    with other.writing() as db:
        number = bundles.load(db, tmp_path / "bundle", at=AT)
    with other.reading() as db:
        there = runs.get(db, number)
    assert all(request.proven for request in inspect(other, there, 2))


def test_surface_compares_longer_texts_to_their_end(store: Store, folder: Path) -> None:
    one = job(store, "longer", folder, "surface")
    assert made(store, one, folder).state == "finished"
    assert vectors(store).keys() == {one.embedder}
    assert one.embedder.endswith(POOLING)


@pytest.mark.parametrize("method", METHODS)
def test_what_a_model_cuts_is_told_before_the_run_and_in_its_record(
    store: Store, cutting: Path, method: str
) -> None:
    told: list[str] = []
    one = make_job(
        backend(cutting, told), RunOptions(), subject(store, "longer"), method, targets=()
    )
    assert one.cut is not None
    assert one.cut.texts == 2
    assert told[-1].startswith("cutting cuts 2 of ")
    assert told[-1].endswith(f"it does not read {one.cut.tokens} of their tokens")
    assert "/" not in one.embedder
    run = made(store, one, cutting)
    assert json.loads(run.environment)["embedder_cut"] == {
        "texts": 2,
        "tokens": one.cut.tokens,
    }
    with store.reading() as db:
        (remark,) = remarks(run, runs.cost(db, run.number), runs.losses(db, run.number))
    assert remark.endswith(f"left out {one.cut.tokens} tokens of 2 texts")
    told.clear()
    short = make_job(
        backend(cutting, told), RunOptions(), subject(store, "brief"), method, targets=()
    )
    assert (short.cut, told) == (None, [])
    assert "embedder_cut" not in json.loads(made(store, short, cutting).environment)


def test_a_dry_run_counts_no_answers_of_runs_on_cut_texts(
    shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headless, "Backend", Scripted)
    monkeypatch.setattr(files, "write", lambda *_, **__: [])  # figures take seconds
    for name in BENCHMARKS:
        subject(shell.store, name)
    words = ["--headless", "--method=few-shot-comparative", f"--embedder={folder}", "--json"]

    def answered(name: str) -> int:
        out, _ = shell(*words, f"--benchmark={name}", "--dry-run")
        (found,) = json.loads(out)
        return int(found["answered"])

    for name in BENCHMARKS:
        assert answered(name) == 0
        shell(*words, f"--benchmark={name}", "--targets=high")
        assert answered(name) == 6
    with shell.store.writing() as db:
        db.execute("UPDATE runs SET config = replace(config, ?, '')", [f"/{POOLING}"])
    assert [answered(name) for name in BENCHMARKS] == [0, 6]
