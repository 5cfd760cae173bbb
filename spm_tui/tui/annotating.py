"""Judging picks one by one: verdicts, the queue of scenarios, agreement; no widget, no store.

A verdict is about a thing: a scenario as a whole or one response of it, on all attributes or
on one. Nothing is overwritten: a change of mind and an undo are further annotations, and the
latest of each author and thing counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

from spm_tui.scoring.raters import Reliability, reliability
from store.annotations import WITHDRAWN, standing
from store.records import Annotation

SKIP, NOTE = "skip", "note"
"""Verdicts that judge nothing: put off, and a note alone. A skipped thing is done all the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict and its key."""

    key: str
    """As Textual calls it; may be remapped."""
    name: str
    """As it is stored."""
    brief: str
    """For narrow screens."""

    @property
    def binding(self) -> str:
        """Identity of the key binding."""
        return f"annotate.{self.name.replace(' ', '_')}"


VERDICTS = (
    Verdict("s", "reasoning sound", "sound"),
    Verdict("w", "reasoning wrong", "wrong"),
    Verdict("l", "label wrong", "label wrong"),
    Verdict("b", "both plausible", "both"),
    Verdict("space", SKIP, "skip"),
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What a verdict is about."""

    scenario: int
    """Its number, from 1."""
    response: int | None = None
    """None: the scenario as a whole."""
    attribute: int | None = None
    """None: all attributes."""


def thing(entry: Annotation) -> Thing:
    """Return what an annotation is about."""
    return Thing(entry.scenario, entry.response, entry.attribute)


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo took back, and the annotation that says so."""

    taken: Annotation
    entry: Annotation


class Queue:
    """Scenarios to judge, in the order of a list, by one author.

    Args:
        history: annotations of the run, in order of entry.
        run: number of the run.
        author: who judges.
        order: positions of the scenarios in their split.
        responses: number of responses of every scenario of the split.
        attributes: number of attributes.

    """

    def __init__(
        self,
        history: Iterable[Annotation],
        *,
        run: int,
        author: str,
        order: Sequence[int],
        responses: Sequence[int],
        attributes: int,
    ) -> None:
        self.run, self.author = run, author
        self.order, self.responses = tuple(order), tuple(responses)
        self.place = 0
        """In `order`."""
        self.response: int | None = None
        self.attribute: int | None = None
        self.history: list[Annotation] = []
        self._attributes = attributes
        self._mine: dict[Thing, Annotation] = {}
        self._acts: list[tuple[Annotation, Annotation | None]] = []
        """What was said here, each with what stood before it."""
        self.take(history)

    def take(self, history: Iterable[Annotation]) -> None:
        """Count these annotations from now on: the store may have got others' meanwhile."""
        self.history = list(history)
        mine = [entry for entry in self.history if entry.author == self.author]
        self._mine = {thing(entry): entry for entry in standing(mine)}

    # where one is

    @property
    def index(self) -> int | None:
        """Position in the split of the scenario at hand; None when none is listed."""
        return self.order[self.place] if self.order else None

    @property
    def at_hand(self) -> Thing | None:
        """What the next verdict is about."""
        if self.index is None:
            return None
        return Thing(self.index + 1, self.response, self.attribute)

    @property
    def said(self) -> Annotation | None:
        """What the author's latest word on the thing at hand is, if it stands."""
        return self._mine.get(self.at_hand) if self.at_hand else None

    @property
    def judged(self) -> int:
        """How many scenarios of the whole split the author has done, on the chosen scope."""
        return sum(map(self.is_done, range(len(self.responses))))

    @property
    def left(self) -> int:
        """How many of the listed scenarios are not done."""
        return sum(not self.is_done(index) for index in self.order)

    def is_done(self, index: int) -> bool:
        """Whether a scenario is judged on the chosen scope; of responses, all of them."""
        responses = [None] if self.response is None else range(self.responses[index])
        return all(self._is_judged(Thing(index + 1, one, self.attribute)) for one in responses)

    def _is_judged(self, one: Thing) -> bool:
        return one in self._mine and self._mine[one].verdict != NOTE

    # going about

    def go(self, index: int) -> None:
        """Go to a scenario, if it is listed."""
        if index in self.order:
            self._go(self.order.index(index))

    def step(self, step: int) -> None:
        """Go to the next scenario, or the one before, without judging."""
        self._go(min(max(self.place + step, 0), len(self.order) - 1))

    def next_undone(self) -> bool:
        """Go to the next scenario that is not done, from the end to the start; False: none is."""
        size = len(self.order)
        for offset in range(1, size + 1):
            place = (self.place + offset) % size
            if not self.is_done(self.order[place]):
                self._go(place)
                return True
        return False

    def _go(self, place: int) -> None:
        if place == self.place or not self.order:
            return
        self.place = place
        if self.response is not None:
            self.response = next(iter(self._open_responses(0)), 0)

    def _open_responses(self, start: int) -> list[int]:
        """Responses of the scenario at hand that are not judged, from one on."""
        index = self.order[self.place]
        return [
            one
            for one in range(start, self.responses[index])
            if not self._is_judged(Thing(index + 1, one, self.attribute))
        ]

    def _advance(self) -> None:
        later = [] if self.response is None else self._open_responses(self.response + 1)
        if later:
            self.response = later[0]
        elif not self.next_undone():
            self.step(1)

    def choose_response(self, response: int | None) -> bool:
        """Judge one response from now on, or None: scenarios as a whole; False: there is none."""
        if self.index is None or (response is not None and response >= self.responses[self.index]):
            return False
        self.response = response
        return True

    def step_attribute(self, step: int) -> None:
        """Judge on the next attribute from now on; all of them come before the first."""
        now = -1 if self.attribute is None else self.attribute
        following = (now + 1 + step) % (self._attributes + 1) - 1
        self.attribute = None if following < 0 else following

    # saying something

    def judge(self, verdict: str, *, at: datetime) -> Annotation | None:
        """Judge the thing at hand and go on; a note that stood alone goes with the verdict.

        Skipping what is judged only goes on, so that no verdict is lost by it.
        """
        one = self.at_hand
        if one is None:
            return None
        said = self.said
        entry = None
        if verdict != SKIP or not self._is_judged(one):
            note = said.note if said and said.verdict == NOTE else ""
            entry = self._say(one, verdict, note, at)
        self._advance()
        return entry

    def note(self, text: str, *, at: datetime) -> Annotation | None:
        """Add a note to the verdict on the thing at hand; without one, it waits for it."""
        if self.at_hand is None:
            return None
        return self._say(self.at_hand, self.said.verdict if self.said else NOTE, text, at)

    def last_note(self) -> str:
        """Return the author's latest note on the thing at hand, an undone one too."""
        notes = (
            entry.note
            for entry in reversed(self.history)
            if entry.note and entry.author == self.author and thing(entry) == self.at_hand
        )
        return next(notes, "")

    def undo(self, *, at: datetime) -> Undone | None:
        """Take back the latest word said here, and return to it; then the one at hand.

        What stood before is said again; where nothing did, the word is withdrawn.
        """
        if self._acts:
            taken, before = self._acts.pop()
            self.place = self.order.index(taken.scenario - 1)
            self.response, self.attribute = taken.response, taken.attribute
        elif self.said:
            taken, before = self.said, None
        else:
            return None
        back = before or replace(taken, verdict=WITHDRAWN, note="")
        entry = replace(back, at=at)
        self._add(entry)
        return Undone(taken, entry)

    def _say(self, one: Thing, verdict: str, note: str, at: datetime) -> Annotation:
        entry = Annotation(
            self.run, one.scenario, one.response, one.attribute, verdict, note, self.author, at
        )
        self._acts.append((entry, self._mine.get(one)))
        self._add(entry)
        return entry

    def _add(self, entry: Annotation) -> None:
        self.history.append(entry)
        if entry.verdict == WITHDRAWN:
            self._mine.pop(thing(entry), None)
        else:
            self._mine[thing(entry)] = entry


@dataclass(frozen=True, slots=True)
class Pair:
    """How far two authors agree on what both judged."""

    first: str
    second: str
    reliability: Reliability


def agreement(history: Iterable[Annotation]) -> list[Pair]:
    """Return the agreement of every pair of authors, by their latest verdicts.

    Flags, notes, what was skipped and what was withdrawn are no judgements.
    """
    verdicts: dict[str, dict[Thing, str]] = {}
    for entry in standing(history):
        if entry.verdict not in (SKIP, NOTE):
            verdicts.setdefault(entry.author, {})[thing(entry)] = entry.verdict
    return [_pair(one, other, verdicts) for one, other in combinations(sorted(verdicts), 2)]


def _pair(first: str, second: str, verdicts: dict[str, dict[Thing, str]]) -> Pair:
    both = [one for one in verdicts[first] if one in verdicts[second]]
    mine, theirs = ([verdicts[author][one] for one in both] for author in (first, second))
    return Pair(first, second, reliability(mine, theirs))
