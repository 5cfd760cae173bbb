"""HelpSteer2: raw rows, or the paper's reformatted files, become a benchmark (paper §5.2).

Raw rows are one response each, with five ratings from 0 to 4; responses to the same prompt
make a scenario. The reformatted files have whole scenarios, levels as values from 0 to 1
and, in train, a generated reasoning per label.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from spm_tui.datasets.attributes import HELPSTEER2
from spm_tui.datasets.rows import Row, Watch, columns, read_rows
from spm_tui.datasets.split import MOST_RESPONSES, Draft, Imported, Rule, assemble
from spm_tui.errors import InputError
from store.records import Response, Split

HUB = "nvidia/HelpSteer2"
"""Where the rows are when no path is given; CC-BY-4.0."""
NAMES = tuple(attribute.name for attribute in HELPSTEER2)
TOP = HELPSTEER2[0].levels - 1
_SPLITS: Mapping[object, Split] = {"train": "train", "validation": "eval", "eval": "eval"}


def load(
    path: Path,
    *,
    name: str = "helpsteer2",
    source: str | None = None,
    rule: Rule = "stratified",
    watch: Watch = lambda _: None,
) -> Imported:
    """Return the scenarios of a file, or of a folder with the files of both splits.

    A folder with `train.json` and `eval.json` is divided already and stays so.

    Raises:
        InputError: a field is missing or out of range, or the folder has no such files.

    """
    files = _files(path)
    notes: list[str] = []
    if "responses" in next(read_rows(files[0][0])).values:
        drafts = [
            _draft(row, split) for file, split in files for row in read_rows(file, watch=watch)
        ]
        rule = "source" if len(files) > 1 else rule
    else:
        drafts, notes = _paired(files, watch)
    benchmark = assemble(
        drafts, name=name, source=source or path.name, attributes=HELPSTEER2, rule=rule, path=path
    )
    if unsplit := len(drafts) - len(benchmark.scenarios):
        notes.append(f"left out {unsplit} prompts that fell into neither split")
    return Imported(benchmark, tuple(notes))


def fetch(repository: str = HUB) -> Path:
    """Return the folder with a hub dataset's raw files, downloaded if need be.

    Raises:
        InputError: the hub cannot be reached or has no such files.

    """
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                repository,
                repo_type="dataset",
                allow_patterns=["train.jsonl.gz", "validation.jsonl.gz"],
            )
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"cannot be fetched from the model hub ({reason}); download it by hand, give its path",
            path=repository,
        ) from error


def _files(path: Path) -> list[tuple[Path, Split | None]]:
    """The files to read, each with the split its name says."""
    if not path.is_dir():
        return [(path, None)]
    if (path / "train.json").is_file() and (path / "eval.json").is_file():
        return [(path / "train.json", "train"), (path / "eval.json", "eval")]
    for suffix in (".jsonl", ".jsonl.gz", ".parquet"):
        train, validation = path / f"train{suffix}", path / f"validation{suffix}"
        if train.is_file() and validation.is_file():
            return [(train, "train"), (validation, "eval")]
    raise InputError(
        "a folder needs train.json and eval.json, or train and validation as .jsonl, .jsonl.gz"
        " or .parquet",
        path=path,
    )


def _draft(row: Row, split: Split | None) -> Draft:
    """Read a reformatted scenario."""
    texts = [_at(row, "response", text).text("response") for text in row.entries("responses")]
    labels = row.parts("labels")
    reasonings = row.parts("reasonings") if row.get("reasonings") else [_at(row)] * len(texts)
    if len(labels) != len(texts) or len(reasonings) != len(texts):
        raise row.problem("expected one entry per response", "labels, reasonings")
    if not 2 <= len(set(texts)) == len(texts) <= MOST_RESPONSES:
        raise row.problem(f"expected 2 to {MOST_RESPONSES} different responses", "responses")
    responses = (
        Response(text, tuple(_level(label, name) for name in NAMES), _reasonings(reasoning))
        for text, label, reasoning in zip(texts, labels, reasonings, strict=True)
    )
    return Draft(row.text("prompt"), tuple(responses), split or _SPLITS.get(row.get("split")))


def _at(row: Row, field: str = "", value: object = None) -> Row:
    """One value as a row of its own, at the place of `row`."""
    return Row(row.path, row.number, {field: value})


def _level(row: Row, attribute: str) -> int:
    value = row.get(attribute)
    if not isinstance(value, int | float) or abs(value * TOP - round(value * TOP)) > 1e-9:
        raise row.problem(f"expected a multiple of {1 / TOP}, found {value!r:.40}", attribute)
    return _at(row, attribute, round(value * TOP)).whole(attribute, low=0, high=TOP)


def _reasonings(row: Row) -> tuple[str | None, ...]:
    return tuple(row.maybe_text(name) for name in NAMES)


def _paired(files: list[tuple[Path, Split | None]], watch: Watch) -> tuple[list[Draft], list[str]]:
    """Put raw rows with the same prompt together, in order of first appearance."""
    prompts: dict[str, tuple[Split | None, dict[str, Response]]] = {}
    repeated = 0
    for row, split in _raw_rows(files, watch):
        _, responses = prompts.setdefault(
            row.text("prompt"), (split or _SPLITS.get(row.get("split")), {})
        )
        text = row.text("response")
        repeated += text in responses
        given = row.inside("reasonings") if row.get("reasonings") else _at(row)
        levels = tuple(row.whole(name, low=0, high=TOP) for name in NAMES)
        responses.setdefault(text, Response(text, levels, _reasonings(given)))
    drafts = [
        Draft(prompt, tuple(responses.values()), split)
        for prompt, (split, responses) in prompts.items()
        if 2 <= len(responses) <= MOST_RESPONSES
    ]
    left_out = {
        "rows that repeat a response to the same prompt": repeated,
        f"prompts without 2 to {MOST_RESPONSES} responses": len(prompts) - len(drafts),
    }
    return drafts, [f"left out {n} {what}" for what, n in left_out.items() if n]


def _raw_rows(
    files: list[tuple[Path, Split | None]], watch: Watch
) -> Iterator[tuple[Row, Split | None]]:
    for file, split in files:
        for row in columns(read_rows(file, watch=watch), "prompt", "response", *NAMES):
            yield row, split
