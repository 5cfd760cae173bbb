"""Answers in a form that was asked for in words: plain ones are read, no other is guessed."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spm_tui.engine.remote.plain_words import canonical
from spm_tui.errors import AnswerError
from spm_tui.forms import Fields, Letter, Text, Whole, read, write
from tests.spm_tui.remote_server import FORM, GOOD

CHOICE = Fields((("reasoning", Text(40, 12)), ("choice", Letter("ABC"))))
NESTED = Fields((("A", FORM), ("B", FORM)))
TEN = Fields((("score", Whole(0, 10)),))

# no character below can be taken for JSON, a thought, or a field that is said again
words = st.sampled_from(["well", "so,", "it is", "é!", "ß?", "\n", "\t", "**", "# a", "- b."])
prose = st.lists(words, max_size=6).map(" ".join)
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
texts = prose.map(lambda text: " ".join(text.split())).filter(bool)
numbers = st.integers(0, 100)


@pytest.mark.parametrize(
    "score",
    [
        "50",
        "50.0",
        "50.",
        '"50"',
        '"50.0"',
        "50%",
        '"50 %"',
        "50/100",
        '"50 / 100"',
        "+50",
        '"50 out of 100"',
        "'50'",
        "“50”",
        "**50**",
        " 50 ",
        "50,",
        "50\n",
        "50,\n",
    ],
)
def test_a_number_that_is_plain_is_read(score: str) -> None:
    assert canonical(FORM, f'{{"reasoning": "it is good", "score": {score}}}') == GOOD


@pytest.mark.parametrize(
    "score",
    [
        "7.5",
        "0.5",
        "50/10",
        "5/10",
        "50-60",
        "101",
        "-5",
        "1e2",
        "050",
        "5 0",
        "5,0",
        "1_0",
        "٥٠",
        "null",
        "true",
        "fifty",
        "[50]",
        "50 or 60",
        '"about 50"',
        "",
        '""',
        "50 // or 60",
        "1" * 99,
    ],
)
def test_a_number_that_is_not_is_no_answer(score: str) -> None:
    with pytest.raises(AnswerError):
        canonical(FORM, f'{{"reasoning": "it is good", "score": {score}}}')


@pytest.mark.parametrize("score", ["7.5", "7%", "70%", "70/100", "75", "7/5"])
def test_a_number_on_another_scale_is_no_answer(score: str) -> None:
    with pytest.raises(AnswerError):
        canonical(TEN, f'{{"score": {score}}}')
    assert canonical(TEN, '{"score": "7/10"}') == '{"score": 7}'


@pytest.mark.parametrize("letter", ["B", "b", "B.", "(B)", "B)", "Response B", "option b", "**B**"])
def test_a_letter_that_is_plain_is_read(letter: str) -> None:
    expected = '{"reasoning": "so", "choice": "B"}'
    assert canonical(CHOICE, f'{{"reasoning": "so", "choice": "{letter}"}}') == expected
    assert canonical(CHOICE, f'{{"reasoning": "so", "choice": {letter}}}') == expected


@pytest.mark.parametrize("letter", ["", "D", "AB", "A or B", "A, B", "neither", "2", "Б"])
def test_a_letter_that_is_not_is_no_answer(letter: str) -> None:
    for value in (f'"{letter}"', letter):
        with pytest.raises(AnswerError):
            canonical(CHOICE, f'{{"reasoning": "so", "choice": {value}}}')


@pytest.mark.parametrize(
    "said",
    [
        f"```json\n{GOOD}\n```",
        f"Here you are:\n{GOOD}\nI hope that helps.",
        f"<think>{{ hm }} {{'score': 3}}</think>\n{GOOD}",
        f'Well, {{"score": 3}} at first.\n</think>\n\n{GOOD}',
        f'{{"reasoning": "x", "score": 3}}</think>{GOOD}',
        f"<thinking>{{</thinking>{GOOD}",
        f"<|channel|>analysis<|message|>score: 3<|end|><|start|>assistant"
        f"<|channel|>final<|message|>{GOOD}",
        f"{{{GOOD}}}",
        f"{GOOD}}}",
        f"[{GOOD}]",
        f"{GOOD}\n{GOOD}",
        "{" * 5000 + GOOD[1:],
        f"Score: 50\n{GOOD}\nThe score is 50.",
        f"<answer>{GOOD}</answer></s>",
        json.dumps(GOOD),
        GOOD.replace('"', '\\"'),
        f'{{"answer": {GOOD}}}',
        f'{{"answer": [{GOOD}]}}',
        f'{{"result": {{"answer": {GOOD}}}}}',
        json.dumps({"answer": GOOD}),
        '{"reasoning": "it is\ngood", "score": 50}',
        '{"reasoning": "it is\t\n  good\n", "score": 50}',
        '{"reasoning": "it is good", "score": 50,}',
        '{"score": 50, "reasoning": "it is good"}',
        '{"Reasoning": "it is good", "SCORE": 50}',
        '{" reasoning ": "it is good", "score ": 50}',
        "{'reasoning': 'it is good', 'score': 50}",
        "{“reasoning”: “it is good”, “score”: 50}",
        '{reasoning: "it is good", score: 50}',
        '{"reasoning"："it is good"，"score"：50}',
        '\ufeff{\n\u00a0 "reasoning" :\n"it is good"\n,\n"score" : 50\n}\u200b',
    ],
)
def test_an_answer_whose_meaning_is_plain_is_read(said: str) -> None:
    assert canonical(FORM, said) == GOOD


OTHER = '{"reasoning": "it is good", "score": 60}'


@pytest.mark.parametrize(
    "said",
    [
        "",
        "50",
        "Score: 50",
        "{}",
        f"{GOOD} {OTHER}",
        f"[{GOOD}, {OTHER}]",
        f'{{"first": {GOOD}, "second": {OTHER}}}',
        f"<think>Well {GOOD}",
        f"{GOOD}</think>",
        f"{GOOD}\nOr rather: score: 60",
        f"{GOOD}\nThe **Score**: 60.",
        f'{GOOD}\n"score": 60',
        f'{GOOD} {{"other": 1}}',
        '{"score": 50} ' + GOOD,
        '{"reasoning": "it is good", "score": 50, "score": 60}',
        '{"reasoning": "it is good", "score": 50, "Score": 50}',
        '{"reasoning": "it is good", "score": 50',
        '{"reasoning": "it is good", "score": 5',
        '{"reasoning": "it is good"}',
        '{"reasoning": "it is good", "score": 50, "confidence": 1}',
        '{"reasoning": "it is "good"", "score": 50}',
        "{'reasoning': 'it's good', 'score': 50}",
        '{"reasoning": "he wrote "bad", "score": 0}", "score": 50}',
        '{"reasoning": "he wrote ", "score": 0}", "score": 50}',
        f'{{"reasoning": "he wrote {OTHER}, but", "score": 50}}',
        '{"reasoning": "", "score": 50}',
        '{"reasoning": " \n", "score": 50}',
        '{"reasoning": null, "score": 50}',
        '{"reasoning": "it is good" "score": 50}',
        '{"reasoning": "it is good",, "score": 50}',
        '{"reasoning": "' + "x" * 41 + '", "score": 50}',
        '{"reasoning": "\\ud83d", "score": 50}',
        '{"a": ' * 5000,
    ],
)
def test_what_could_mean_two_things_is_no_answer(said: str) -> None:
    with pytest.raises(AnswerError) as caught:
        canonical(FORM, said)
    assert "\n" not in str(caught.value)


def test_objects_within_objects_are_put_in_order() -> None:
    said = "{b: {score: 4., reasoning: 'n'}, a: [{Score: '3%', reasoning: 'y',}],}"
    assert canonical(NESTED, said) == (
        '{"A": {"reasoning": "y", "score": 3}, "B": {"reasoning": "n", "score": 4}}'
    )
    with pytest.raises(AnswerError):
        canonical(NESTED, f'{{"A": {GOOD}}}')
    with pytest.raises(AnswerError):
        canonical(NESTED, f'{{"A": {GOOD}, "B": {GOOD}}}\nB score: 60')


WRAPPERS = [("", ""), ("[", "]"), ('{"answer": ', "}"), ("{answer: [", ",]}")]
AROUND = [("", ""), ("{", "}"), ("```json\n", "\n```"), ("<b>", "</b>"), ("Answer: ", "")]


@st.composite
def decorated(draw: st.DrawFn, reasoning: str, score: int) -> str:
    """Return an answer as a model may write it."""
    quote = draw(st.sampled_from(['"', "'", "“"]))
    closing = "”" if quote == "“" else quote
    space = draw(st.sampled_from(["", " ", "\n", "\t "]))
    written = draw(
        st.sampled_from(["{}", "{}.0", '"{}"', "{}/100", "'{}%'"]).map(
            lambda one: one.format(score)
        )
    )
    text = draw(st.sampled_from([reasoning, reasoning.replace(" ", "\n"), f" {reasoning}\t"]))
    change: Any = draw(st.sampled_from([str, str.upper, str.title]))
    fields = [
        f"{quote}{change('reasoning')}{closing}{space}:{space}{quote}{text}{closing}",
        f"{quote}{change('score')}{closing}{space}:{space}{written}",
    ]
    inner = f",{space}".join(draw(st.permutations(fields)))
    said = f"{{{space}{inner}{draw(st.sampled_from(['', ',', f',{space}']))}{space}}}"
    for before, after in draw(st.tuples(st.sampled_from(WRAPPERS), st.sampled_from(AROUND))):
        said = f"{before}{said}{after}"
    return said


surrounded = st.tuples(
    st.sampled_from(["", "<think>{ hm }</think>", "Thinking.</think>"]), prose, prose
)


@slow
@given(texts, numbers, st.data())
def test_however_it_is_decorated_an_answer_stays_what_it_is(
    reasoning: str, score: int, data: st.DataObject
) -> None:
    thought, before, after = data.draw(surrounded)
    said = f"{thought}{before}{data.draw(decorated(reasoning, score))}{after}"
    assert read(FORM, canonical(FORM, said)) == {"reasoning": reasoning, "score": score}


@slow
@given(texts, numbers, numbers, prose, st.data())
def test_two_answers_are_none_however_they_are_decorated(
    reasoning: str, score: int, other: int, between: str, data: st.DataObject
) -> None:
    assume(score != other)
    first = data.draw(decorated(reasoning, score))
    second = data.draw(decorated(reasoning, other))
    with pytest.raises(AnswerError):
        canonical(FORM, f"{first}{between}{second}")


@slow
@given(texts, numbers, st.integers(0, 200))
def test_an_answer_that_is_cut_off_is_none(reasoning: str, score: int, length: int) -> None:
    whole = write({"reasoning": reasoning, "score": score})
    assume(length < len(whole))
    with pytest.raises(AnswerError):
        canonical(FORM, whole[:length])


tokens = st.sampled_from(
    [*"{}[]\":,'“”\\\n ", '"score"', '"reasoning"', "50", "60", '"x"', GOOD, OTHER, "</think>"]
)


@slow
@given(st.lists(tokens, max_size=25).map("".join))
def test_any_text_is_read_or_is_none(said: str) -> None:
    try:
        text = canonical(FORM, said)
    except AnswerError:
        return
    assert write(read(FORM, text)) == text
