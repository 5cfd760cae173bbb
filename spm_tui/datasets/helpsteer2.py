"""HelpSteer2: raw rows, or the paper's reformatted files, become a benchmark (paper §5.2).

Raw rows are one response each, with five ratings from 0 to 4. Where the scenarios are to be
divided as the paper's, they are made as the authors made theirs: of two rows each, by position.
Where the data says the division itself, responses to the same prompt make a scenario. The
reformatted files have whole scenarios, levels as values from 0 to 1 and, in train, a generated
reasoning per label.
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
        drafts, notes = (_pairs if rule == "stratified" else _grouped)(files, watch)
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


def _pairs(files: list[tuple[Path, Split | None]], watch: Watch) -> tuple[list[Draft], list[str]]:
    """Take raw rows two by two, by position, as the authors' converter does.

    It walks `range(0, rows - 2, 2)` over each file: the last pair, or the last row of an odd
    number, is in no scenario. A prompt that has two pairs is two scenarios, two responses with
    the same text stay two, and of two prompts in a pair the first stands: leaving any of these
    out would move scenarios between the splits.
    """
    drafts: list[Draft] = []
    notes: list[str] = []
    kept: dict[str, list[str]] = {}
    for file, split in files:
        rows = list(_raw_rows(file, watch))
        walked = max(0, (len(rows) - 1) // 2 * 2)
        for first, second in zip(rows[:walked:2], rows[1:walked:2], strict=True):
            responses = (_response(first), _response(second))
            drafts.append(Draft(first.text("prompt"), responses, split or _split(first)))
            for what in _oddities(first, second):
                place = f"rows {first.number} and {second.number} of {file.name}"
                kept.setdefault(what, []).append(place)
        notes.append(_left_out(rows[walked:], file))
    if not drafts:
        raise InputError(
            "too few rows: the last pair is left out, as the authors' converter does",
            path=files[0][0],
        )
    notes += [
        f"kept, as the authors' converter does: {what}, {len(places)} (first: {places[0]})"
        for what, places in kept.items()
    ]
    return drafts, notes


def _oddities(first: Row, second: Row) -> Iterator[str]:
    """Say what is unusual about a pair of rows that the authors' converter takes as any other."""
    if first.get("prompt") != second.get("prompt"):
        yield "pairs of rows with different prompts, both responses under the first"
    if first.get("response") == second.get("response"):
        yield "pairs of responses with the same text"


def _left_out(rows: list[Row], file: Path) -> str:
    """Say which rows at a file's end are in no scenario."""
    numbers = " and ".join(str(row.number) for row in rows)
    what, noun = ("pair", "rows") if len(rows) == 2 else ("row, which has no second", "row")
    prompt = rows[0].get("prompt")
    return (
        f"left out the last {what}, of {file.name}, as the authors' converter does:"
        f" {noun} {numbers}, {prompt!r:.60}"
    )


def _grouped(files: list[tuple[Path, Split | None]], watch: Watch) -> tuple[list[Draft], list[str]]:
    """Put raw rows with the same prompt together, in order of first appearance."""
    prompts: dict[str, tuple[Split | None, dict[str, Response]]] = {}
    repeated = 0
    for file, split in files:
        for row in _raw_rows(file, watch):
            _, responses = prompts.setdefault(row.text("prompt"), (split or _split(row), {}))
            response = _response(row)
            repeated += response.text in responses
            responses.setdefault(response.text, response)
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


def _raw_rows(file: Path, watch: Watch) -> Iterator[Row]:
    return columns(read_rows(file, watch=watch), "prompt", "response", *NAMES)


def _response(row: Row) -> Response:
    """Read a raw row."""
    text = row.text("response")
    given = row.inside("reasonings") if row.get("reasonings") else _at(row)
    levels = tuple(row.whole(name, low=0, high=TOP) for name in NAMES)
    return Response(text, levels, _reasonings(given))
