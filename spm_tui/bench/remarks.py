"""What a reader must know of a run beside its scores: what failed, what the model did not see.

One place for the end of a run, the tables and the app. Whatever else a run leaves out, or cuts,
gets its line here.
"""

import json
from collections import Counter
from collections.abc import Mapping

from spm_tui.format import count
from store.records import Run
from store.runs import Cost, Losses

EMBEDDER_CUT = "embedder_cut"
"""Where a run's record has what its embedding model left out: `texts` and `tokens`."""
MOST_REASONS = 3
"""Reasons that are told; the others are counted."""
_REASON = 100
"""Characters of a reason."""


def remarks(run: Run, cost: Cost, losses: Losses) -> tuple[str, ...]:
    """Return what is to be said of a run, a sentence without full stop each; mostly nothing."""
    told = []
    if cost.failed:
        reasons = _reasons(losses.failures)
        told.append(f"{_of(cost.failed, cost.answers)} failed: {reasons}")
    if losses.without_examples:
        dropped = cost.dropped_examples
        told.append(
            f"{_of(losses.without_examples, cost.answers)} had to do without"
            f" {count(dropped)} worked example{'s' if dropped > 1 else ''} in all, for which the"
            " model's context has no room"
        )
    if losses.cut:
        told.append(
            f"in {_of(losses.cut, cost.answers)} the text was cut to the model's context, by"
            f" {count(losses.cut_characters)} characters in all"
        )
    if cut := json.loads(run.environment).get(EMBEDDER_CUT):
        texts = f"{count(cut['texts'])} text{'s' if cut['texts'] > 1 else ''}"
        told.append(
            f"the embedding model, which chose the worked examples, left out"
            f" {count(cut['tokens'])} tokens of {texts}"
        )
    return tuple(told)


def _of(part: int, whole: int) -> str:
    return f"{count(part)} of {count(whole)} request{'s' if whole > 1 else ''}"


def _reasons(failures: Mapping[str, int]) -> str:
    """Return the most frequent reasons, those that differ only in what they quote as one."""
    kinds: Counter[str] = Counter()
    for error, answers in failures.items():
        kinds[_kind(error)] += answers
    several = len(kinds) > 1
    told = [
        f"{kind} ({count(answers)})" if several else kind
        for kind, answers in kinds.most_common(MOST_REASONS)
    ]
    rest = sum(kinds.values()) - sum(answers for _, answers in kinds.most_common(MOST_REASONS))
    return "; ".join([*told, *([f"other reasons ({count(rest)})"] if rest else [])])


def _kind(error: str) -> str:
    """Return a reason in one line, without the answer that it quotes at its end."""
    line = " ".join(error.split())
    for quote in (": '", ': "'):
        line = line.partition(quote)[0]
    return line if len(line) <= _REASON else f"{line[: _REASON - 1]}…"
