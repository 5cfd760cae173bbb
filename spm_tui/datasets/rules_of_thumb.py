"""One sentence from the rules of thumb that made a label, which carries the label's strength.

Separate from the importer of MIC, which reads the rules: this owns the words. How many rules
there are on each side stands first, so that a sentence that a prompt has to cut still tells one
level from another; the rules follow in the order of their annotators.
"""

from collections.abc import Iterable, Sequence

from store.records import RuleOfThumb

_HEADS = {1: "agrees with", 0: "takes no side on", -1: "disagrees with"}
"""Stance → how often the response takes it; in the order of the sentence's beginning."""
_STANCES = {1: "it agrees that", 0: "it takes no side on whether", -1: "it disagrees that"}
_NUMBERS = ("no", "one", "two", "three")
_TIMES = ("", "", " (given twice)", " (given three times)")


def reasoning(rules: Sequence[RuleOfThumb]) -> str | None:
    """Say what a response holds of one attribute; None where no annotator wrote down a rule.

    Args:
        rules: those that made the label, three at most, in the order of their annotators. One
            without words counts, but is not shown.

    """
    shown: dict[tuple[int, str], list[str]] = {}
    for rule in rules:
        clause = _clause(rule.text)
        if clause:
            shown.setdefault((rule.stance, clause.casefold()), []).append(clause)
    if not shown:
        return None
    stances = [stance for stance in _HEADS if any(rule.stance == stance for rule in rules)]
    parts = [
        (f"{_STANCES[stance]} " if len(stances) > 1 else "") + same[0] + _TIMES[len(same)]
        for (stance, _), same in shown.items()
    ]
    return f"It {_counts(stances, rules)}: {'; '.join(parts)}."


def _counts(stances: Iterable[int], rules: Sequence[RuleOfThumb]) -> str:
    """Say how many rules there are of each stance, as in "agrees with two rules"."""
    heads: list[str] = []
    for stance in stances:
        number = sum(rule.stance == stance for rule in rules)
        noun = "" if heads else " rule" if number == 1 else " rules"
        heads.append(f"{_HEADS[stance]} {_NUMBERS[number]}{noun}")
    *others, last = heads
    return f"{', '.join(others)} and {last}" if others else last


def _clause(rule: str) -> str:
    """Fit a rule of thumb into a sentence: no final stop, no capital except in I and names."""
    clause = " ".join(rule.split()).rstrip(".! ")
    first, space, rest = clause.partition(" ")
    if first != "I" and not first.startswith("I'") and first[1:] == first[1:].lower():
        first = first.lower()
    return first + space + rest
