"""HelpSteer2: raw rows, or the paper's reformatted files, become a benchmark (paper §5.2).

Raw rows are one response each, with five ratings from 0 to 4; responses to the same prompt
make a scenario. The reformatted files have whole scenarios, levels as values from 0 to 1
and, in train, a generated reasoning per label.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from spm_tui import hub
from spm_tui.datasets.attributes import HELPSTEER2
from spm_tui.datasets.rows import Row, Watch, columns, read_rows
from spm_tui.datasets.split import MOST_RESPONSES, Draft, Imported, Rule, assemble
from spm_tui.errors import InputError, reason
from spm_tui.targets import is_number
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
    except hub.failures() as error:
        raise InputError(
            f"cannot be fetched from the model hub ({reason(error)}); download it by hand, give"
            " its path",
            path=repository,
        ) from error


def _files(path: Path) -> list[tuple[Path, Split | None]]:
    """The files to read, each with the split its name says."""
    try:
        if not path.is_dir():
            return [(path, None)]
        found = _inside(path)
    except OSError as error:
        raise InputError(error.strerror or "cannot be entered", path=path) from error
    if not found:
        raise InputError(
            "a folder needs train.json and eval.json, or train and validation as .jsonl, .jsonl.gz"
            " or .parquet",
            path=path,
        )
    return found


def _inside(folder: Path) -> list[tuple[Path, Split | None]]:
    """The files of both splits in a folder; none where it has no such pair."""
    pairs = [("train.json", "eval.json")]
    pairs += [(f"train{end}", f"validation{end}") for end in (".jsonl", ".jsonl.gz", ".parquet")]
    for names in pairs:
        train, other = (folder / name for name in names)
        if train.is_file() and other.is_file():
            return [(train, "train"), (other, "eval")]
    return []


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
    return Draft(row.text("prompt"), tuple(responses), split or _split(row))


def _split(row: Row) -> Split | None:
    """The split that a record says it is in."""
    return _SPLITS.get(row.maybe_text("split"))


def _at(row: Row, field: str = "", value: object = None) -> Row:
    """One value as a row of its own, at the place of `row`."""
    return Row(row.path, row.number, {field: value})


def _level(row: Row, attribute: str) -> int:
    value = row.get(attribute)
    if is_number(value) and 0 <= value <= 1 and abs(value * TOP - round(value * TOP)) <= 1e-9:
        return round(value * TOP)
    raise row.problem(
        f"expected a multiple of {1 / TOP} from 0 to 1, found {value!r:.40}", attribute
    )


def _reasonings(row: Row) -> tuple[str | None, ...]:
    return tuple(row.maybe_text(name) for name in NAMES)


def _paired(files: list[tuple[Path, Split | None]], watch: Watch) -> tuple[list[Draft], list[str]]:
    """Put raw rows with the same prompt together, in order of first appearance."""
    prompts: dict[str, tuple[Split | None, dict[str, Response]]] = {}
    repeated = 0
    for row, split in _raw_rows(files, watch):
        _, responses = prompts.setdefault(row.text("prompt"), (split or _split(row), {}))
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
