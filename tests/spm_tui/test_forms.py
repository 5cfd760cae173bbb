"""Forms: what is written can be read back, and nothing else can."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_tui.errors import AnswerError
from spm_tui.forms import (
    Fields,
    Letter,
    Text,
    Whole,
    grammar,
    json_schema,
    most_tokens,
    read,
    tidy,
    write,
)

TEXT = Text(characters=40, tokens=12)
FORM = Fields((("reasoning", TEXT), ("score", Whole(0, 100))))
CHOICE = Fields((("reasoning", TEXT), ("choice", Letter("ABC"))))
NESTED = Fields((("A", FORM), ("B", FORM)))


@given(st.text(min_size=1), st.integers(0, 100))
def test_a_tidied_text_is_read_back_as_it_is(text: str, score: int) -> None:
    line = tidy(text, TEXT)
    assert len(line) <= TEXT.characters
    assert not set(line) & set('"\\\n\r\t\x00')
    if line:
        judged = {"reasoning": line, "score": score}
        assert read(NESTED, write({"A": judged, "B": judged})) == {"A": judged, "B": judged}


def test_a_long_text_is_cut_between_words() -> None:
    assert tidy("word " * 20, TEXT) == "word word word word word word word…"


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ('{"reasoning": "x"', "not JSON"),
        ('{"reasoning": "x"}', r"answer: has \['reasoning'\], not \['reasoning', 'score'\]"),
        ('{"reasoning": " ", "score": 5}', "answer.reasoning: blank"),
        ('{"reasoning": "x", "score": -5}', "answer.score: -5 is not from 0 to 100"),
        ('{"reasoning": "x", "score": 101}', "answer.score: 101 is not"),
        ('{"reasoning": "x", "score": 5.0}', "answer.score: 5.0 is not a whole"),
        ('{"reasoning": "x", "score": true}', "answer.score: True is not a whole"),
        ('{"reasoning": "x", "score": null}', "answer.score: None is not a whole"),
        ('{"reasoning": 7, "score": 5}', "answer.reasoning: 7 is not a text"),
        ('["x", 5]', "is not a fields"),
        ('{"reasoning": "\\ud83d", "score": 5}', "answer.reasoning: holds half a surrogate pair"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_anything_else_is_refused(answer: str, complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        read(FORM, answer)


@pytest.mark.parametrize("letter", "ABC")
def test_a_letter_is_read_back(letter: str) -> None:
    assert read(CHOICE, write({"reasoning": "so", "choice": letter}))["choice"] == letter


@pytest.mark.parametrize("choice", ["D", "a", "AB", "", " A"])
def test_other_letters_are_refused(choice: str) -> None:
    with pytest.raises(AnswerError, match=f"answer.choice: '{choice}' is none of A, B, C"):
        read(CHOICE, write({"reasoning": "so", "choice": choice}))


def test_a_number_is_no_letter() -> None:
    with pytest.raises(AnswerError, match=r"answer\.choice: 1 is not a letter"):
        read(CHOICE, '{"reasoning": "so", "choice": 1}')


def test_a_letter_as_schema_and_grammar() -> None:
    properties = json_schema(CHOICE)["properties"]
    assert isinstance(properties, dict)
    assert properties["choice"] == {"type": "string", "enum": ["A", "B", "C"]}
    lines = grammar(CHOICE).splitlines()
    assert lines[0].endswith('"\\"" letter_abc "\\"" "}"')
    assert lines[2] == "letter_abc: /[ABC]/"
    longest = '{"reasoning": "", "choice": "A"}'
    assert most_tokens(CHOICE) >= len(longest) + TEXT.tokens


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(AnswerError, match="41 characters, 40 allowed"):
        read(FORM, json.dumps({"reasoning": "x" * 41, "score": 5}))


def test_the_schema_says_what_the_form_says() -> None:
    schema = json_schema(FORM)
    assert schema["required"] == ["reasoning", "score"]
    assert schema["properties"] == {
        "reasoning": {
            "type": "string",
            "maxLength": 40,
            "pattern": '^[^"\\\\\\x00-\\x20\\x7f][^"\\\\\\x00-\\x1f\\x7f]*$',
        },
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
    }


def test_the_grammar_writes_the_skeleton_once_and_bounds_texts_in_tokens() -> None:
    lines = grammar(NESTED).splitlines()
    assert len(lines) == 3, "one start, one rule per kind of leaf"
    assert lines[1].startswith("text_40_12[max_tokens=12]: /")
    assert lines[2].startswith("whole_0_100: /0|1|2|")


def test_the_bound_on_tokens_leaves_room_for_every_part() -> None:
    skeleton = '{"A": {"reasoning": "", "score": 100}, "B": {"reasoning": "", "score": 100}}'
    assert most_tokens(NESTED) >= len(skeleton) + 2 * TEXT.tokens
