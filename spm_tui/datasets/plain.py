"""A user's own benchmark: questions, responses, levels, and a TOML file of attributes.

Two layouts, in any of the formats that `rows` reads::

    one response per row       question, response, <attribute>…, [split], [<attribute>_reasoning…]
    one scenario per record    {"question": …, "split": …, "responses": [{"text": …,
                                "labels": {<attribute>: level}, "reasonings": {…}}]}

The attributes file::

    [[attributes]]
    name = "politeness"
    definition = "how considerate the response is of the person who asks."
    levels = 5
    low = "the response is rude"           # optional: low, middle, high
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from spm_tui.datasets.rows import Row, Watch, columns, read_rows
from spm_tui.datasets.split import MOST_RESPONSES, Draft, Imported, assemble
from spm_tui.errors import InputError
from spm_tui.files import read_toml
from spm_tui.target_files import WEIGHTS
from store.records import Attribute, Response, Split

_NESTED = {"question": True, "responses": True, "split": False}
MOST_LEVELS = 101
"""As many as the prompts' scale has scores."""
_SPLITS: Mapping[object, Split] = {"train": "train", "eval": "eval"}


def load(
    path: Path, attributes_path: Path, *, name: str | None = None, watch: Watch = lambda _: None
) -> Imported:
    """Return the benchmark in `path`, labelled with the attributes of `attributes_path`.

    Where no record names a split, scenarios are divided as the paper divides its own.

    Raises:
        InputError: anything is missing, unknown, repeated or out of range.

    """
    attributes = read_attributes(attributes_path)
    rows = list(read_rows(path, watch=watch))
    nested = "responses" in rows[0].values
    ignored = _require(rows, _NESTED if nested else _flat_fields(attributes))
    drafts = _nested(rows, attributes) if nested else _flat(rows, attributes)
    undivided = [row for row in rows if row.get("split") is None]
    if undivided and len(undivided) < len(rows):
        raise undivided[0].problem("other records name a split, this one does not", "split")
    benchmark = assemble(
        drafts,
        name=name or path.name.partition(".")[0],
        source=path.name,
        attributes=attributes,
        rule="stratified" if undivided else "source",
        path=path,
    )
    notes = [f"ignored the field {name!r}, which means nothing here" for name in ignored]
    if unsplit := len(drafts) - len(benchmark.scenarios):
        notes.append(f"left out {unsplit} scenarios that fell into neither split")
    if not benchmark.split("train"):
        notes.append("no scenario is for train, so that few-shot methods have no examples")
    return Imported(benchmark, tuple(notes))


def _flat_fields(attributes: tuple[Attribute, ...]) -> dict[str, bool]:
    names = [attribute.name for attribute in attributes]
    return {
        **dict.fromkeys(("question", "response", *names), True),
        **dict.fromkeys(("split", *(f"{name}_reasoning" for name in names)), False),
    }


def _require(rows: Sequence[Row], fields: Mapping[str, bool]) -> list[str]:
    """Return the names of fields that are not known; the first record must have those needed.

    Args:
        rows: the records.
        fields: the names that are known, with whether they are needed.

    """
    there = dict.fromkeys(name for row in rows for name in row.values)
    next(columns(iter(rows), *(name for name, needed in fields.items() if needed)))
    return [name for name in there if name and name not in fields]


def read_attributes(path: Path) -> tuple[Attribute, ...]:
    """Return the attributes of a TOML file.

    Raises:
        InputError: no TOML, no attributes, or one that is incomplete or repeated.

    """
    try:
        data = read_toml(path)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", path=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"not TOML: {error}", path=path) from error
    entries = data.get("attributes")
    if not isinstance(entries, list) or not entries:
        raise InputError("needs at least one [[attributes]] table", path=path)
    found: dict[str, Attribute] = {}
    for number, entry in enumerate(entries, start=1):
        attribute = _attribute(Row(path, number, entry if isinstance(entry, dict) else {}))
        if attribute.name in found:
            raise InputError(f"{attribute.name!r} is there twice", path=path, row=number)
        found[attribute.name] = attribute
    return tuple(found.values())


def _attribute(row: Row) -> Attribute:
    name = row.text("name")
    if name != name.strip() or set(name) & set(",=*") or not name.isprintable():
        raise row.problem("a name has no comma, =, *, control character or outer spaces", "name")
    scale = {
        "low": f"the response has the least {name}",
        "middle": f"it has a middling degree of {name}",
        "high": f"it has the most {name}",
    }
    if unknown := set(row.values) - {"name", "definition", "levels", *scale}:
        raise row.problem("not a key of an attribute", min(unknown))
    if name == WEIGHTS:
        raise row.problem("is where a target has its weights; choose another name", "name")
    given = {key: row.text(key) for key in scale if row.get(key) is not None}
    return Attribute(
        name=name,
        definition=row.text("definition"),
        levels=row.whole("levels", low=2, high=MOST_LEVELS),
        **(scale | given),
    )


def _nested(rows: Iterable[Row], attributes: tuple[Attribute, ...]) -> list[Draft]:
    """Read records that are whole scenarios."""
    drafts: dict[str, Draft] = {}
    for row in rows:
        question = row.text("question")
        if question in drafts:
            raise row.problem("this question is there already", "question")
        responses: dict[str, Response] = {}
        for part in row.parts("responses"):
            reasonings = part.inside("reasonings") if part.get("reasonings") else part
            _add(
                responses,
                part,
                Response(
                    part.text("text"),
                    _levels(part.inside("labels"), attributes),
                    tuple(
                        reasonings.maybe_text(a.name) if reasonings is not part else None
                        for a in attributes
                    ),
                ),
            )
        drafts[question] = _draft(row, question, responses)
    return list(drafts.values())


def _flat(rows: Iterable[Row], attributes: tuple[Attribute, ...]) -> list[Draft]:
    """Read records that are one response each; those with the same question belong together."""
    questions: dict[str, tuple[Row, dict[str, Response]]] = {}
    for row in rows:
        first, responses = questions.setdefault(row.text("question"), (row, {}))
        if row.get("split") != first.get("split"):
            raise row.problem(f"row {first.number} puts this question elsewhere", "split")
        reasonings = tuple(row.maybe_text(f"{a.name}_reasoning") for a in attributes)
        _add(responses, row, Response(row.text("response"), _levels(row, attributes), reasonings))
    return [_draft(row, question, found) for question, (row, found) in questions.items()]


def _levels(row: Row, attributes: tuple[Attribute, ...]) -> tuple[int, ...]:
    return tuple(row.whole(a.name, low=0, high=a.levels - 1) for a in attributes)


def _add(responses: dict[str, Response], row: Row, response: Response) -> None:
    if response.text in responses:
        raise row.problem("this response to the same question is there already", "response")
    responses[response.text] = response


def _draft(row: Row, question: str, responses: Mapping[str, Response]) -> Draft:
    if not 2 <= len(responses) <= MOST_RESPONSES:
        raise row.problem(
            f"the question has {len(responses)} responses, 2 to {MOST_RESPONSES} are needed",
            "response",
        )
    split = row.maybe_text("split")
    if split is not None and split not in _SPLITS:
        raise row.problem(f"expected train or eval, found {split!r:.40}", "split")
    return Draft(question, tuple(responses.values()), _SPLITS.get(split))
