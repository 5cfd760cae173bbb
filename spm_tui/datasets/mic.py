"""The Moral Integrity Corpus: MIC.csv becomes a benchmark (paper §5.2).

Every row is one annotator's rule of thumb about a chatbot's answer: the moral foundations
it concerns and whether the answer agrees with it. A response's level on a foundation is 3
plus the sum, over its first three annotations, of -1, 0 or +1 for those that concern it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from spm_tui.datasets.attributes import MIC
from spm_tui.datasets.rows import Row, Watch, columns, read_rows
from spm_tui.datasets.split import MOST_RESPONSES, Draft, Imported, Rule, assemble
from store.records import Response, Split

ANNOTATIONS = 3
"""Counted per response: the corpus asked three people about each, about some more."""
NEUTRAL_LEVEL = 3
STANCES = {
    2: "it agrees that",
    1: "it takes no side on whether",
    0: "it disagrees that",
}
_SPLITS: dict[object, Split] = {"train": "train", "dev": "eval", "test": "eval"}


@dataclass(frozen=True, slots=True)
class _Annotation:
    rule: str
    concerns: tuple[bool, ...]
    agreement: Literal[0, 1, 2]


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
        InputError: a column is missing or a field is out of range.

    """
    questions: dict[str, dict[str, list[_Annotation | None]]] = {}
    splits: dict[str, Split | None] = {}
    blank = 0
    rows = columns(read_rows(path, watch=watch), "Q", "A", "rot", "moral-vector", "A_agrees")
    for row in rows:
        if not row.get("Q") or not row.get("A"):
            blank += 1
            continue
        question = row.text("Q")
        questions.setdefault(question, {}).setdefault(row.text("A"), []).append(_annotation(row))
        splits.setdefault(question, _SPLITS.get(row.maybe_text("split")))
    kept = {q: answers for q, answers in questions.items() if _usable(answers)}
    benchmark = assemble(
        _drafts(kept, splits),
        name=name,
        source=source or path.name,
        attributes=MIC,
        rule=rule,
        path=path,
    )
    left_out = {
        "rows without question or answer": blank,
        f"questions without 2 to {MOST_RESPONSES} responses or with a missing agreement": (
            len(questions) - len(kept)
        ),
        "questions that fell into neither split": len(kept) - len(benchmark.scenarios),
    }
    return Imported(benchmark, tuple(f"left out {n} {what}" for what, n in left_out.items() if n))


def _annotation(row: Row) -> _Annotation | None:
    """Read a row; None where the annotator did not say whether the answer agrees."""
    agreement = row.get("A_agrees")
    if isinstance(agreement, str):
        agreement = agreement.strip().strip("\"'")
    if agreement in (None, ""):
        return None
    stance = Row(row.path, row.number, {"A_agrees": agreement}).whole("A_agrees", low=0, high=2)
    return _Annotation(
        rule=_rule(row),
        concerns=_moral_vector(row),
        agreement=stance,  # type: ignore[arg-type]  # whole() has checked the range
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


def _usable(answers: dict[str, list[_Annotation | None]]) -> bool:
    complete = all(None not in annotations for annotations in answers.values())
    return complete and 2 <= len(answers) <= MOST_RESPONSES


def _drafts(
    questions: dict[str, dict[str, list[_Annotation | None]]], splits: dict[str, Split | None]
) -> Iterator[Draft]:
    for question in sorted(questions):
        yield Draft(
            question,
            tuple(
                _response(text, [a for a in annotations[:ANNOTATIONS] if a is not None])
                for text, annotations in questions[question].items()
            ),
            splits[question],
        )


def _response(text: str, annotations: list[_Annotation]) -> Response:
    return Response(
        text=text,
        labels=tuple(
            NEUTRAL_LEVEL + sum(a.agreement - 1 for a in annotations if a.concerns[i])
            for i in range(len(MIC))
        ),
        reasonings=tuple(
            _reasoning([a for a in annotations if a.concerns[i] and a.rule])
            for i in range(len(MIC))
        ),
    )


def _reasoning(annotations: list[_Annotation]) -> str | None:
    """Say what the answer holds of one foundation: of each stance the first rule of thumb."""
    parts = []
    for agreement, stance in STANCES.items():
        rules = [_clause(a.rule) for a in annotations if a.agreement == agreement]
        parts += [f"{stance} {rule}" for rule in rules[:1]]
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}." if parts else None


def _clause(rule: str) -> str:
    """Fit a rule of thumb into a sentence: no final stop, no capital except in I and names."""
    clause = rule.rstrip(".! ")
    first, space, rest = clause.partition(" ")
    if first != "I" and not first.startswith("I'") and first[1:] == first[1:].lower():
        first = first.lower()
    return first + space + rest
