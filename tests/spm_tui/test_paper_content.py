"""A benchmark is the paper's by its scenarios and labels, whatever it is called."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spm_tui.datasets import helpsteer2, mic
from spm_tui.datasets.attributes import MIC
from spm_tui.datasets.builtin import load as built_in
from spm_tui.report.paper import published
from spm_tui.report.paper.comparison import Compared, compare
from spm_tui.report.paper.content import SPLITS, fingerprint, reasonings, recognise
from spm_tui.report.paper.material import gather
from spm_tui.report.paper.published import Published
from store.connection import Store
from store.identity import content_hash
from store.records import Benchmark, Response, Scenario
from tests import build
from tests.build import SMALL
from tests.paper_runs import ACTUAL, HUB, REPORTED, STEER, add, run

DATASETS = REPORTED.datasets


@pytest.fixture(scope="module")
def authors(request: pytest.FixtureRequest) -> Benchmark:
    """HelpSteer2 as the authors' folder has it."""
    shared: Path = request.getfixturevalue("shared")
    return helpsteer2.load(shared / "helpsteer2").benchmark


def as_mic(train: int = 296, evaluated: int = 336) -> Benchmark:
    """Return a benchmark with MIC's attributes and counts, of made-up content."""
    levels = [[[3] * 6, [4] * 6]]
    made = build.benchmark(levels * evaluated, levels * train)
    return replace(made, name="mic", attributes=MIC)


def changed(benchmark: Benchmark, change: Callable[[Scenario], Scenario]) -> Benchmark:
    return replace(benchmark, scenarios=tuple(map(change, benchmark.scenarios)))


def relabelled(response: Response) -> Response:
    first, *others = response.labels
    return replace(response, labels=(4 - first, *others))


def test_what_the_paper_evaluates_on_is_on_record() -> None:
    steer = next(one for one in ACTUAL.datasets if one.name == "helpsteer2")
    assert dict(steer.scenarios) == {"train": 500, "eval": 500}
    other = next(one for one in ACTUAL.datasets if one.name == "mic")
    assert dict(other.scenarios) == {"train": 296, "eval": 336}
    assert not other.content, "the corpus must be requested: none of us has seen it"
    assert published.read() == ACTUAL


def test_the_authors_folder_is_known_by_content_whatever_its_name(authors: Benchmark) -> None:
    for name in ("helpsteer2", "x"):
        recognition = recognise(replace(authors, name=name, source="y"), ACTUAL.datasets)
        assert recognition.dataset
        assert (recognition.dataset.title, recognition.proven, recognition.note) == (
            "HelpSteer2",
            True,
            "",
        )


def test_the_fingerprint_is_of_the_authors_own_files(shared: Path, authors: Benchmark) -> None:
    names = [attribute.name for attribute in authors.attributes]
    for split in ("train", "eval"):
        rows = json.loads((shared / "helpsteer2" / f"{split}.json").read_text(encoding="utf-8"))
        entries = sorted(
            [
                row["prompt"],
                sorted(
                    [text, [round(4 * label[name]) for name in names]]
                    for text, label in zip(row["responses"], row["labels"], strict=True)
                ),
            ]
            for row in rows
        )
        assert content_hash(entries) == fingerprint(authors.split(split))


def test_neither_order_nor_reasonings_make_another_benchmark(authors: Benchmark) -> None:
    backwards = changed(
        replace(authors, scenarios=authors.scenarios[::-1]),
        lambda one: replace(one, responses=one.responses[::-1]),
    )
    bare = changed(
        authors,
        lambda one: replace(
            one, responses=tuple(replace(r, reasonings=(None,) * 5) for r in one.responses)
        ),
    )
    for other in (backwards, bare):
        assert other.identity != authors.identity
        assert recognise(other, ACTUAL.datasets).proven
    steer = next(one for one in ACTUAL.datasets if one.name == "helpsteer2")
    assert reasonings(authors).fingerprint == steer.reasonings
    assert reasonings(bare).missing == reasonings(bare).labels == 5000
    assert reasonings(bare).fingerprint != steer.reasonings


def test_another_content_under_the_name_is_none_of_the_papers(authors: Benchmark) -> None:
    one_label = replace(
        authors,
        scenarios=(
            *authors.scenarios[:-1],
            replace(
                authors.scenarios[-1],
                responses=tuple(map(relabelled, authors.scenarios[-1].responses)),
            ),
        ),
    )
    swapped = changed(
        authors, lambda one: replace(one, split="eval" if one.split == "train" else "train")
    )
    fewer = replace(authors, scenarios=authors.scenarios[:-1])
    notes = {
        one_label: "the scenarios or labels of its eval split are not the authors'",
        swapped: "the scenarios or labels of its train and eval splits are not the authors'",
        fewer: "it has 500 train and 499 eval scenarios, not 500 train and 500 eval",
        replace(SMALL, name="HelpSteer2"): "its attributes are others",
        replace(
            authors, attributes=tuple(replace(one, levels=7) for one in authors.attributes)
        ): "not all of its attributes have 5 levels",
    }
    for benchmark, problem in notes.items():
        recognition = recognise(benchmark, ACTUAL.datasets)
        assert recognition.dataset is None
        assert recognition.namesake
        assert (
            "no published numbers stand beside it, it is not the paper's HelpSteer2"
            in recognition.note
        )
        assert problem in recognition.note


def test_attributes_in_another_order_have_other_targets(authors: Benchmark) -> None:
    turned = replace(authors, attributes=authors.attributes[::-1])
    assert recognise(turned, ACTUAL.datasets).dataset is None


@pytest.mark.parametrize("name", ["mini-mic", "mini-helpsteer"])
def test_built_in_benchmarks_are_not_the_papers(name: str) -> None:
    recognition = recognise(built_in(name).benchmark, ACTUAL.datasets)
    assert recognition.dataset is None
    assert not recognition.namesake
    assert "no published numbers stand beside it" in recognition.note


def test_what_looks_like_none_of_them_needs_no_word() -> None:
    assert recognise(SMALL, ACTUAL.datasets).note == ""


def test_a_made_up_corpus_is_not_the_papers(shared: Path) -> None:
    made = mic.load(shared / "mic" / "MIC_synthetic.csv").benchmark
    assert recognise(made, ACTUAL.datasets).dataset is None


def test_where_no_content_is_known_the_counts_are_told() -> None:
    recognition = recognise(as_mic(), ACTUAL.datasets)
    assert recognition.dataset
    assert not recognition.proven
    assert "(296 train and 336 eval scenarios)" in recognition.note
    assert "its content cannot be verified here" in recognition.note
    assert recognise(as_mic(train=295), ACTUAL.datasets).dataset is None


def test_published_numbers_by_counts_alone_are_marked(store: Store) -> None:
    datasets = [replace(one, content={}) for one in REPORTED.datasets if one.name == STEER.name]
    reported = replace(REPORTED, datasets=tuple(datasets))
    run(store, add(store, STEER), "zero-shot-comparative", model=HUB)
    (part,) = gather(store, [1], reported, resamples=0)
    sheets = compare([part], reported)
    cells = [cell for _, each in sheets for cell in each if cell.ours]
    assert [cell.title for cell in cells] == ["HelpSteer2, by its counts"]
    assert all(cell.theirs for cell in cells)
    for sheet, _ in sheets:
        files = sheet.files()
        assert "cannot be verified here" in files[f"{sheet.name}.md"]
        assert "cannot be verified here" in files[f"{sheet.name}.tex"]


def test_whoever_has_the_data_can_add_its_fingerprint() -> None:
    corpus = as_mic()
    content = {split: fingerprint(corpus.split(split)) for split in SPLITS}
    datasets = [
        replace(one, content=content) if one.name == "mic" else one for one in ACTUAL.datasets
    ]
    assert recognise(corpus, datasets).proven
    other = changed(corpus, lambda one: replace(one, question=f"{one.question} "))
    assert recognise(other, datasets).dataset is None


def columns(store: Store, reported: Published, numbers: list[int]) -> list[Compared]:
    tables = compare(gather(store, numbers, reported, resamples=0), reported)
    return [cell for _, cells in tables for cell in cells]


def test_a_namesake_stands_apart_from_published_numbers(store: Store) -> None:
    fake = replace(STEER, scenarios=STEER.scenarios[:-1])
    run(store, add(store, STEER), "zero-shot-comparative", model=HUB)
    run(store, add(store, fake), "zero-shot-comparative", model=HUB)
    (ours, other) = [cell for cell in columns(store, REPORTED, [1, 2]) if cell.ours]
    assert ours.theirs
    assert ours.title == f"helpsteer2 {STEER.identity[:6]} (HelpSteer2)"
    assert other.theirs is None
    assert other.title == f"helpsteer2 {fake.identity[:6]} (not the paper's)"
    (only,) = [cell for cell in columns(store, REPORTED, [2]) if cell.ours]
    assert only.title == "helpsteer2 (not the paper's)"
