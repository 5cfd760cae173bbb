"""Sentences made from rules of thumb: each tells its level, however much of it is shown."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.datasets.rules_of_thumb import _clause, reasoning
from spm_tui.forms import Text, tidy
from spm_tui.methods.base import REASONING
from store.records import RuleOfThumb


def rules(stances: str, *texts: str) -> list[RuleOfThumb]:
    """Rules by sign, `+` for one that the response agrees with."""
    return [
        RuleOfThumb(number, 0, {"+": 1, "0": 0, "-": -1}[sign], text)
        for number, (sign, text) in enumerate(zip(stances, texts, strict=True))
    ]


@pytest.mark.parametrize(
    ("stances", "sentence"),
    [
        ("+", "It agrees with one rule: a."),
        ("++", "It agrees with two rules: a; b."),
        ("---", "It disagrees with three rules: a; b; c."),
        ("0", "It takes no side on one rule: a."),
        (
            "+-",
            "It agrees with one rule and disagrees with one: it agrees that a;"
            " it disagrees that b.",
        ),
        (
            "-++",
            "It agrees with two rules and disagrees with one: it disagrees that a;"
            " it agrees that b; it agrees that c.",
        ),
        (
            "0-+",
            "It agrees with one rule, takes no side on one and disagrees with one: it takes no"
            " side on whether a; it disagrees that b; it agrees that c.",
        ),
    ],
)
def test_the_count_stands_before_the_rules(stances: str, sentence: str) -> None:
    assert reasoning(rules(stances, *["A.", "B.", "C."][: len(stances)])) == sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (rules("+++", "A.", "a", " A! "), "It agrees with three rules: a (given three times)."),
        (rules("+++", "A.", "B.", "A."), "It agrees with three rules: a (given twice); b."),
        (
            rules("++-", "A.", "A.", "A."),
            "It agrees with two rules and disagrees with one: it agrees that a (given twice);"
            " it disagrees that a.",
        ),
    ],
)
def test_a_rule_that_several_gave_is_told_as_such(given: list[RuleOfThumb], sentence: str) -> None:
    assert reasoning(given) == sentence


def test_where_nobody_wrote_a_rule_there_is_no_sentence() -> None:
    assert reasoning([]) is None
    assert reasoning(rules("++", "", " . ")) is None


def test_a_rule_without_words_counts_but_is_not_shown() -> None:
    assert reasoning(rules("++-", "A.", "", "")) == (
        "It agrees with two rules and disagrees with one: it agrees that a."
    )


@pytest.mark.parametrize(
    ("rule", "clause"),
    [
        ("It is good.", "it is good"),
        ("I must go!", "I must go"),
        ("I'm late", "I'm late"),
        ("NATO is big.", "NATO is big"),
        ("Be\n  kind. ", "be kind"),
        ("", ""),
    ],
)
def test_a_rule_of_thumb_fits_into_a_sentence(rule: str, clause: str) -> None:
    assert _clause(rule) == clause


EVERY = [signs for number in (1, 2, 3) for signs in product("+0-", repeat=number)]
"""Every way in which up to three annotators may stand."""
words = st.text("ab ,;:", min_size=1, max_size=300).filter(lambda text: _clause(text) != "")


@given(st.lists(words, min_size=3, max_size=3), st.booleans())
def test_sentences_of_different_levels_differ_even_when_cut(texts: list[str], same: bool) -> None:
    texts = [texts[0]] * 3 if same else texts
    levels: dict[str, set[int]] = {}
    for signs in EVERY:
        sentence = reasoning(rules("".join(signs), *texts[: len(signs)]))
        assert sentence is not None
        for form in (REASONING, Text(characters=80, tokens=64)):
            level = 3 + signs.count("+") - signs.count("-")
            levels.setdefault(tidy(sentence, form), set()).add(level)
    assert all(len(of_one) == 1 for of_one in levels.values())
    assert set().union(*levels.values()) == set(range(7))
