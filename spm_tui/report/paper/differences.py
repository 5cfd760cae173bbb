"""What a run does otherwise than the authors' published code, from the run's own configuration.

None of it keeps a run from a cell: the settings are the paper's, the procedure is ours. A line
stands for a run only where it holds for it.
"""

import json
from collections.abc import Iterator, Sequence

from spm_tui.bench.options import EMBEDDER
from spm_tui.bench.repeating import options_of
from spm_tui.datasets.attributes import HELPSTEER2, MIC
from spm_tui.engine.embedded import MINILM
from spm_tui.format import count
from spm_tui.methods.catalogue import CHOOSING, FEW_SHOT, MODEL_OF
from spm_tui.report.paper.part import Entry, Part
from spm_tui.report.paper.published import Dataset, Published
from store.records import Run

_ALONE = frozenset({"zero-shot-regression"})
"""Methods that show one response at a time, so that there is no order."""


def differences(entry: Entry, part: Part, published: Published) -> tuple[str, ...]:
    """Return what differs from the authors' procedure in a run, a line each.

    Args:
        entry: the run.
        part: that it is of.
        published: what the paper reports.

    """
    if part.dataset is None:
        return ()
    lines = list(_scoring(part.dataset))
    if MODEL_OF.get(entry.key.method) == "language":
        lines = [
            *_wording(entry, part),
            *_examples(entry, part.dataset),
            *_answers(entry, published),
            *_model(entry, published),
            *lines,
        ]
    return tuple(lines)


def _wording(entry: Entry, part: Part) -> Iterator[str]:
    if entry.key.method in CHOOSING:
        yield "prompts are worded anew"
    else:
        own = part.subject.benchmark.attributes in (HELPSTEER2, MIC)
        yield f"prompts{', and the definitions of attributes,' if own else ''} are worded anew"
        yield "the attribute stands in the system message alone, not in the question's turn too"
        yield "a slip in the authors' system message, a literal “{attribute}}”, is not copied"
    yield "prompts end with the model's generation prompt, which the authors leave out"


def _examples(entry: Entry, dataset: Dataset) -> Iterator[str]:
    method, shots = entry.key.method, entry.settings.shots
    if method not in FEW_SHOT:
        return
    yield (
        "worked examples are chosen by the cosine similarity of embeddings"
        f" ({_embedder(entry.row.run)}) of question and responses, not by bert_score's F1 of whole"
        " prompts"
    )
    if method not in CHOOSING:
        yield (
            f"where fewer than {shots} worked examples cover all levels, the most similar others"
            " are added, which the authors do not"
        )
    yield "worked answers are shown as JSON, not as Python writes a dict"
    if dropped := entry.row.cost.dropped_examples:
        yield f"{count(dropped)} worked examples, over all answers, did not fit the context window"
    yield from _reasons(entry, dataset)


def _reasons(entry: Entry, dataset: Dataset) -> Iterator[str]:
    shown = entry.reasonings
    if shown is None or shown.fingerprint == dataset.reasonings:
        return
    if shown.missing:
        yield (
            f"{count(shown.missing)} of {count(shown.labels)} labels of the train split have no"
            " reasoning, in whose place worked examples show a general sentence"
        )
    if shown.missing < shown.labels:
        yield (
            "the reasonings in worked examples are not the authors'"
            if dataset.reasonings
            else "the reasonings in worked examples are put into this program's words"
        )


def _embedder(run: Run) -> str:
    """Return the name of the embedding model that chose a run's examples."""
    identity, given = str(json.loads(run.spec.config).get("embedder", "")), options_of(run).embedder
    if identity.startswith(MINILM.sha256):
        return MINILM.name
    return given if given != EMBEDDER else f"model {identity[:12]}"


def _answers(entry: Entry, published: Published) -> Iterator[str]:
    settings, theirs = entry.settings, published.procedure
    if settings.greedy and entry.key.method not in _ALONE:
        yield (
            "under greedy decoding responses are shown in the order of the data, while the authors"
            " shuffle them"
        )
    if settings.characters != theirs.reasoning_characters:
        yield (
            f"a reasoning has at most {settings.characters} characters and {settings.tokens}"
            f" tokens, not {theirs.reasoning_characters} characters"
        )


def _model(entry: Entry, published: Published) -> Iterator[str]:
    settings, model = entry.settings, entry.row.run.spec.model
    if settings.server:
        yield f"answers come from a {settings.server} server, in a precision that is not known"
    elif settings.weights != published.procedure.precision:
        yield f"the model runs in {settings.weights}, not {published.procedure.precision}"
    hub = published.hubs.get(entry.key.backbone)
    if hub and model.lower() != hub.lower():
        yield f"that {model} is {hub} is taken from its name, its files are not compared"


def _scoring(dataset: Dataset) -> Iterator[str]:
    """Two decimals are exact for five levels, and not for seven."""
    if 100 % (dataset.levels - 1):
        yield (
            "labels are exact; the authors round them to two decimals and compare distances in"
            " floating point, which takes some ties for none and the reverse"
        )


def gathered(lines_by_run: Sequence[tuple[int, Sequence[str]]]) -> list[str]:
    """Return each line once, with the runs that it holds for unless these are all."""
    runs: dict[str, list[int]] = {}
    for number, lines in lines_by_run:
        for line in lines:
            if number not in runs.setdefault(line, []):
                runs[line].append(number)
    every = {number for number, _ in lines_by_run}
    return [
        line if set(numbers) == every else f"{line} ({_numbered(sorted(numbers))})"
        for line, numbers in runs.items()
    ]


def _numbered(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"runs {', '.join(first)} and {last}" if first else f"run {last}"
