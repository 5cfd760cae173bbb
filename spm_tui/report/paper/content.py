"""Whether a benchmark is one of the paper's: by what is in it, never by what it is called.

The paper's numbers are of scenarios with their labels, divided as the authors did. Those are
identified by a digest where the authors' own files were at hand, else by their counts alone.
Reasonings are no part of it: no accuracy is measured against them, and examples may get new ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from spm_tui.report.paper.published import Dataset
from store.identity import content_hash
from store.records import Benchmark, Response, Scenario, Split

SPLITS: tuple[Split, ...] = ("train", "eval")


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a benchmark is to the paper."""

    dataset: Dataset | None
    """The paper's that it is, as far as can be told; None where it is none of them."""
    proven: bool
    """Whether its content is the authors'; otherwise only its counts are compared."""
    note: str
    """What a reader must know of it, as the end of a sentence; empty where there is nothing."""
    namesake: bool = False
    """Whether it is called as one of the paper's and is not that."""


@dataclass(frozen=True, slots=True)
class Reasonings:
    """Of the labels of a benchmark's train split, which worked examples show."""

    labels: int
    missing: int
    """Labels that have none, in whose place a general sentence stands."""
    fingerprint: str
    """As that of the scenarios."""


def fingerprint(scenarios: Sequence[Scenario]) -> str:
    """Return the identity of scenarios with their labels, as 64 hexadecimal digits.

    The order of scenarios, and of the responses of one, is no part of it.
    """
    return _identity(scenarios, lambda response: list(response.labels))


def reasonings(benchmark: Benchmark) -> Reasonings:
    """Return what the worked examples of a benchmark have to show."""
    train = benchmark.split("train")
    responses = [response for scenario in train for response in scenario.responses]
    texts = [text for response in responses for text in response.reasonings]
    identity = _identity(train, lambda response: [text or "" for text in response.reasonings])
    return Reasonings(len(texts), sum(not text for text in texts), identity)


def _identity(
    scenarios: Sequence[Scenario], what: Callable[[Response], list[int] | list[str]]
) -> str:
    entries = sorted(
        (
            scenario.question,
            sorted((response.text, what(response)) for response in scenario.responses),
        )
        for scenario in scenarios
    )
    return content_hash(entries)


def recognise(benchmark: Benchmark, datasets: Sequence[Dataset]) -> Recognition:
    """Return which of the paper's datasets a benchmark is.

    A note says why one that looks like such a dataset is none, or how far it could be compared.
    """
    names = tuple(attribute.name for attribute in benchmark.attributes)
    for dataset in datasets:
        if names == dataset.attributes:
            return _compared(benchmark, dataset)
    for dataset in datasets:
        if benchmark.name.lower() == dataset.name:
            return _none(benchmark, dataset, "its attributes are others")
    return Recognition(None, proven=False, note="")


def _compared(benchmark: Benchmark, dataset: Dataset) -> Recognition:
    """Compare a benchmark with the dataset whose attributes it has."""
    if any(attribute.levels != dataset.levels for attribute in benchmark.attributes):
        return _none(benchmark, dataset, f"not all of its attributes have {dataset.levels} levels")
    splits = {split: benchmark.split(split) for split in SPLITS}
    counts = {split: len(scenarios) for split, scenarios in splits.items()}
    if counts != dict(dataset.scenarios):
        problem = f"it has {_counted(counts)} scenarios, not {_counted(dataset.scenarios)}"
        return _none(benchmark, dataset, problem)
    if not dataset.content:
        note = (
            f"it is taken for the paper's {dataset.title} by its attributes, levels and counts"
            f" ({_counted(counts)} scenarios); its content cannot be verified here"
        )
        return Recognition(dataset, proven=False, note=note)
    others = [split for split in SPLITS if fingerprint(splits[split]) != dataset.content.get(split)]
    if others:
        where = f"{others[0]} split" if len(others) == 1 else "train and eval splits"
        problem = f"the scenarios or labels of its {where} are not the authors'"
        return _none(benchmark, dataset, problem)
    return Recognition(dataset, proven=True, note="")


def _none(benchmark: Benchmark, dataset: Dataset, problem: str) -> Recognition:
    note = f"no published numbers stand beside it, it is not the paper's {dataset.title}: {problem}"
    namesake = benchmark.name.lower() == dataset.name
    return Recognition(None, proven=False, note=note, namesake=namesake)


def _counted(counts: Mapping[Split, int]) -> str:
    """Say how many scenarios each split has."""
    return " and ".join(f"{counts[split]} {split}" for split in SPLITS)
