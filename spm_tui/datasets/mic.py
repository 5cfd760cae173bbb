"""The Moral Integrity Corpus: MIC.csv becomes a benchmark (paper §5.2).

Every row is one annotator's rule of thumb about a chatbot's answer: the moral foundations
it concerns and whether the answer agrees with it. A response's level on a foundation is 3
plus the sum, over its first three annotations, of -1, 0 or +1 for those that concern it.

As in the authors' converter, a question counts that has at least two answers and no missing
agreement; rows of the others are passed over whatever is in them.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spm_tui.datasets.attributes import MIC
from spm_tui.datasets.rows import Row, Watch, columns, read_rows
from spm_tui.datasets.rules_of_thumb import reasoning
from spm_tui.datasets.split import MOST_RESPONSES, Draft, Imported, Rule, assemble
from store.records import Response, RuleOfThumb, Split

ANNOTATIONS = 3
"""Counted per response: the corpus asked three people about each, about some more."""
NEUTRAL_LEVEL = 3
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
    | {"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)
"""Texts that stand for nothing in the authors' eyes: what pandas.read_csv takes for missing."""
_COLUMNS = ("Q", "A", "rot", "moral-vector", "A_agrees")
_SPLITS: Mapping[object, Split] = {"train": "train", "dev": "eval", "test": "eval"}


@dataclass(frozen=True, slots=True)
class _Annotation:
    rule: str
    """May be blank."""
    concerns: tuple[bool, ...]
    """Per foundation."""
    stance: int
    """-1, 0 or 1."""


def load(
    path: Path,
    *,
    name: str = "mic",
    source: str | None = None,
    rule: Rule = "stratified",
    watch: Watch = lambda _: None,
) -> Imported:
    """Return the questions that have at least two responses and no missing agreement.

    Questions are in alphabetical order, responses in that of their first row.

    Raises:
        InputError: a column is missing, or a field of a question that counts is out of range.

    """
    questions: dict[str, list[Row]] = {}
    passed_over: dict[str, list[list[Row]]] = {}
    for row in columns(read_rows(path, watch=watch), *_COLUMNS):
        known = _as_pandas_reads(row)
        if known.get("Q") is None:
            passed_over.setdefault("without a question", []).append([known])
        else:
            questions.setdefault(str(known.get("Q")), []).append(known)
    drafts = []
    for question in sorted(questions):
        rows = [row for row in questions[question] if row.get("A") is not None]
        unanswered = [row for row in questions[question] if row.get("A") is None]
        passed_over.setdefault("without an answer", []).append(unanswered)
        if why := _why_passed_over(questions[question]):
            passed_over.setdefault(why, []).append(rows)
        else:
            drafts.append(_draft(rows))
    benchmark = assemble(
        drafts, name=name, source=source or path.name, attributes=MIC, rule=rule, path=path
    )
    notes = [_note(why, groups) for why, groups in passed_over.items() if any(groups)]
    if unsplit := len(drafts) - len(benchmark.scenarios):
        notes.append(f"left out {unsplit} questions that fell into neither split")
    return Imported(benchmark, tuple(notes))


def _as_pandas_reads(row: Row) -> Row:
    """Return what matters of a row, without the texts that pandas takes for missing."""
    values = {name: row.values.get(name) for name in (*_COLUMNS, "split")}
    agreement = values["A_agrees"]
    if isinstance(agreement, str):
        values["A_agrees"] = agreement.strip().strip("\"'")
    for name in _COLUMNS:
        value = values[name]
        if isinstance(value, str) and value in MISSING:
            values[name] = None
    return Row(row.path, row.number, values)


def _why_passed_over(rows: Sequence[Row]) -> str | None:
    """Say why a question does not count; None where it does.

    Only what the authors look at here may matter. An agreement that is missing counts against
    the question even in a row that lacks its answer, too.
    """
    answers = {str(row.get("A")) for row in rows if row.get("A") is not None}
    if len(answers) < 2:
        return "with a single answer"
    if any(row.get("A_agrees") is None for row in rows):
        return "with a missing agreement"
    return f"with more than {MOST_RESPONSES} answers" if len(answers) > MOST_RESPONSES else None


def _note(why: str, groups: Sequence[Sequence[Row]]) -> str:
    """Say how many rows were passed over, of how many questions where it is by question."""
    numbers = [row.number for group in groups for row in group]
    questions = sum(map(bool, groups))
    of = "" if why.startswith("without") else f" of {_counted(questions, 'question')}"
    return f"passed over {_counted(len(numbers), 'row')}{of} {why} (first: row {min(numbers)})"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _draft(rows: Sequence[Row]) -> Draft:
    """Read the rows of a question that counts."""
    answers: dict[str, list[_Annotation]] = {}
    for row in rows:
        answers.setdefault(row.text("A"), []).append(_annotation(row))
    return Draft(
        rows[0].text("Q"),
        tuple(_response(text, annotations) for text, annotations in answers.items()),
        _SPLITS.get(rows[0].maybe_text("split")),
    )


def _annotation(row: Row) -> _Annotation:
    return _Annotation(
        rule=_rule(row),
        concerns=_moral_vector(row),
        stance=row.whole("A_agrees", low=0, high=2) - 1,
    )


def _rule(row: Row) -> str:
    """Read the rule of thumb, which may be blank."""
    return row.text("rot").strip() if str(row.get("rot") or "").strip() else ""


def _moral_vector(row: Row) -> tuple[bool, ...]:
    """Read six zeros and ones; as a literal, for the file is not ours to execute."""
    text = str(row.get("moral-vector") or "")[:200]
    try:
        vector = ast.literal_eval(text)
        valid = len(vector) == len(MIC) and all(part in (0, 1) for part in vector)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        valid = False
    if not valid:
        raise row.problem(f"expected six zeros and ones, found {text!r:.60}", "moral-vector")
    return tuple(bool(part) for part in vector)


def _response(text: str, annotations: Sequence[_Annotation]) -> Response:
    rules = tuple(_rules(annotations))
    counted = [
        [r for r in rules if r.attribute == i and r.annotation < ANNOTATIONS]
        for i in range(len(MIC))
    ]
    return Response(
        text=text,
        labels=tuple(NEUTRAL_LEVEL + sum(rule.stance for rule in made) for made in counted),
        reasonings=tuple(map(reasoning, counted)),
        rules=rules,
    )


def _rules(annotations: Sequence[_Annotation]) -> Iterator[RuleOfThumb]:
    for number, annotation in enumerate(annotations):
        for attribute, concerned in enumerate(annotation.concerns):
            if concerned:
                yield RuleOfThumb(number, attribute, annotation.stance, annotation.rule)
