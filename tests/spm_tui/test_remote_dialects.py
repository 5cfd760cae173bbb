"""What is sent to servers, and the form of answers as regular expression."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_tui.engine.manner import SWITCHES
from spm_tui.engine.remote.dialects import (
    GRAMMAR,
    GUIDED_REGEX,
    JSON_OBJECT,
    JSON_SCHEMA,
    REGEX,
    STRUCTURED_OUTPUTS,
    WORDS,
    Manner,
    answer,
    described,
    gbnf,
    longest,
    payload,
)
from spm_tui.forms import Fields, Form, Letter, Text, Whole, json_schema, read, regex, tidy, write
from tests.spm_tui.remote_server import FORM, GOOD, request

TEXT = Text(characters=20, tokens=12)
CHOICE = Fields((("why?", TEXT), ("choice", Letter("ABC")), ("sure", Whole(7, 12))))
NESTED = Fields((("A", CHOICE), ("B", CHOICE)))
plain = st.characters(codec="latin-1", exclude_characters="\x85\xa0")


def valid(form: Form) -> st.SearchStrategy[object]:
    match form:
        case Text():
            return st.text(plain, min_size=1).map(lambda text: tidy(text, form)).filter(bool)
        case Whole(low, high):
            return st.integers(low, high)
        case Letter(letters):
            return st.sampled_from(letters)
        case Fields(fields):
            names = [name for name, _ in fields]
            parts = st.tuples(*(valid(part) for _, part in fields))
            return parts.map(lambda values: dict(zip(names, values, strict=True)))


@given(valid(NESTED))
def test_what_is_written_matches_the_regex(value: dict[str, object]) -> None:
    assert re.fullmatch(regex(NESTED), write(value))
    assert read(NESTED, write(value)) == value


@settings(max_examples=50)
@given(st.from_regex(regex(NESTED), fullmatch=True, alphabet=plain))
def test_what_matches_the_regex_can_be_read(text: str) -> None:
    read(NESTED, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"why?": "x", "choice": "A", "sure": 13}',
        '{"why?": "x", "choice": "D", "sure": 9}',
        '{"why?": "x", "choice":"A", "sure": 9}',
        '{"why?": " x", "choice": "A", "sure": 9}',
        '{"why?": "", "choice": "A", "sure": 9}',
        '{"why": "x", "choice": "A", "sure": 9}',
        '{"why?": "123456789012345678901", "choice": "A", "sure": 9}',
        '{"why?": "x", "choice": "A", "sure": 9} ',
    ],
)
def test_nothing_else_matches(text: str) -> None:
    assert not re.fullmatch(regex(CHOICE), text)


def test_a_request_holds_what_servers_want() -> None:
    asked = replace(request("How?", shots=2, temperature=0.7), seed=2**62 + 5)
    assert payload(asked, Manner(JSON_SCHEMA), model="m", seed=asked.seed) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Judge."},
            {"role": "user", "content": "example 0"},
            {"role": "assistant", "content": GOOD},
            {"role": "user", "content": "example 1"},
            {"role": "assistant", "content": GOOD},
            {"role": "user", "content": "How?"},
        ],
        "temperature": 0.7,
        "seed": 5,
        "max_tokens": longest(FORM),
        "stream": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": json_schema(FORM)},
        },
    }


def test_each_dialect_has_its_own_constraint() -> None:
    assert STRUCTURED_OUTPUTS.constraint(FORM) == {"structured_outputs": {"regex": regex(FORM)}}
    assert GUIDED_REGEX.constraint(FORM) == {"guided_regex": regex(FORM)}
    assert REGEX.constraint(FORM) == {"regex": regex(FORM)}
    assert JSON_OBJECT.constraint(FORM)["response_format"] == {
        "type": "json_object",
        "schema": json_schema(FORM),
    }
    assert GRAMMAR.constraint(FORM) == {"grammar": gbnf(FORM)}
    assert WORDS.constraint(FORM) == {}


def test_the_grammar_of_llama_cpp() -> None:
    form = Fields((("why", TEXT), ("choice", Letter("AB")), ("sure", Whole(7, 8))))
    assert gbnf(form) == (
        r'root ::= "{" "\"why\": " "\"" [^"\\\x00-\x20\x7F] [^"\\\x00-\x1F\x7F]{0,19} "\""'
        r' ", " "\"choice\": " "\"" [AB] "\"" ", " "\"sure\": " ("7" | "8") "}"'
    )


def test_the_system_text_joins_the_first_turn() -> None:
    manner = Manner(JSON_SCHEMA, joined=True)
    body = payload(request("How?", shots=1), manner, model="m", seed=0)
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["user", "assistant", "user"]
    assert body["messages"][0]["content"] == "Judge.\n\nexample 0"


def test_examples_are_left_out_and_thoughts_allowed_for() -> None:
    manner = Manner(JSON_SCHEMA, unthinking=True, thoughts=100)
    body = payload(request(shots=3), manner, model="m", seed=0, without=2)
    assert [message["content"] for message in body["messages"]][1] == "example 0"
    assert len(body["messages"]) == 4
    assert body["chat_template_kwargs"] == SWITCHES
    assert body["max_tokens"] == longest(FORM) + 100


def test_an_answer_has_room_for_all_its_characters() -> None:
    assert longest(Fields((("a", Text(400, 64)),))) >= 133
    assert longest(Fields((("a", Text(40, 64)),))) >= 64


def test_the_form_in_words() -> None:
    assert described(CHOICE).endswith(
        '{"why?": "<text of at most 20 characters, no line breaks or double quotes>", "choice":'
        ' "<one of the letters A, B, C>", "sure": <whole number from 7 to 12>}'
    )
    body = payload(request("How?"), Manner(WORDS), model="m", seed=0)
    assert body["messages"][0]["content"] == f"Judge.\n\n{described(FORM)}"


@pytest.mark.parametrize(
    "said",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here you are:\n{GOOD}\nI hope that helps.",
        f"<think>{{ hm }}</think>\n{GOOD}",
    ],
)
def test_an_answer_is_freed_of_what_surrounds_it(said: str) -> None:
    assert answer(said, Manner(WORDS)) == GOOD


@given(st.text())
def test_any_text_is_an_answer_of_some_kind(said: str) -> None:
    for dialect in (WORDS, JSON_SCHEMA):
        assert answer(said, Manner(dialect)) in said
