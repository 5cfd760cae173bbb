"""What a run tells while it goes on; the app reads it as JSON lines."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from spm_tui.plain_text import escaped
from store.records import RunState

NO_RUN = 0
"""In place of a run's number: a benchmark's labels are explained. What is counted is labels, a
sample is an attempt, and a score is the label's value."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Something that takes a while has begun: fetching, embedding, loading."""

    text: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A run is about to begin or to go on."""

    run: int
    benchmark: str
    split: str
    method: str
    model: str
    total: int
    """Requests."""
    answered: int
    """Of these, those with an answer already."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer says of one response."""

    response: int
    score: float
    reasoning: str


@dataclass(frozen=True, slots=True)
class ItemAnswered:
    """A request has its answer."""

    run: int
    scenario: int
    attribute: str
    """Empty where a response was to be chosen."""
    sample: int
    judgements: tuple[Judgement, ...]
    error: str | None
    target: str = ""
    """What was to be chosen by, as JSON; empty where no target was shown."""
    chosen: int | None = None
    """The response that was chosen."""
    reasoning: str = ""
    """Why it was."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A batch is stored: a kill from here on loses nothing of it."""

    run: int
    done: int
    total: int
    failed: int
    tokens_per_second: float
    """Read and written, since the run began this time."""
    remaining: float | None
    """Seconds left, judged by characters still to be read; None before the first answer."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader of a run's scores must know, told before it ends: what failed, what was cut."""

    run: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A run has come to its end, or was stopped on demand."""

    run: int
    state: RunState
    failed: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A run cannot be made or go on: others may follow, or the program ends."""

    message: str


Event = Stage | Planned | ItemAnswered | Progress | Note | Ended | Problem
_NAMES: dict[type, str] = {
    Stage: "stage",
    Planned: "plan",
    ItemAnswered: "item",
    Progress: "batch",
    Note: "note",
    Ended: "done",
    Problem: "error",
}
_KINDS: dict[str, Callable[..., Event]] = {name: kind for kind, name in _NAMES.items()}


def to_json(event: Event) -> str:
    """Return an event as one line of JSON; its kind is under `event`."""
    return escaped(json.dumps({"event": _NAMES[type(event)], **asdict(event)}, ensure_ascii=False))


def is_event(content: bytes) -> bool:
    """Return whether a line is an event; those of other versions are, too."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and fields.get("event") in _KINDS


def from_json(line: str) -> Event:
    """Return the event that `to_json` wrote.

    Raises:
        ValueError: the line is none.

    """
    try:
        fields: dict[str, Any] = json.loads(line)
        kind = _KINDS[fields.pop("event")]
        if kind is ItemAnswered:
            judgements = tuple(Judgement(**one) for one in fields.pop("judgements"))
            return ItemAnswered(judgements=judgements, **fields)
        return kind(**fields)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not an event: {line!r:.80}") from error
