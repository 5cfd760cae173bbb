"""Chat templates: how each kind is spoken to, and what is said of those that cannot be used."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from spm_tui.engine.chat import Chat
from spm_tui.engine.template import chosen
from spm_tui.errors import ModelError
from spm_tui.wire import Message
from tests import templates

PLAIN = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
REFUSES = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    + PLAIN
)
IGNORES = PLAIN.replace("<{{ m.role }}>", "{% if m.role != 'system' %}<{{ m.role }}>").replace(
    "{{ m.content }}", "{{ m.content }}{% endif %}"
)
CONVERSATION = [
    Message("system", "rules"),
    Message("user", "one"),
    Message("assistant", "two"),
    Message("user", "three"),
]


def tokenizer(template: Any, **special: str) -> Any:
    from tokenizers import Tokenizer, models

    plain = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"x": 0}, "x")), **special
    )
    plain.chat_template = template
    return plain


def text(template: Any) -> str:
    return Chat(tokenizer(template)).text(CONVERSATION)


def by_transformers(template: str, messages: list[Message], *, ended: bool = False) -> str:
    return str(
        tokenizer(template, bos_token="<bos>", eos_token="<eos>").apply_chat_template(
            [{"role": one.role, "content": one.content} for one in messages],
            tokenize=False,
            add_generation_prompt=not ended,
            date_string="26 Jul 2024",
        )
    )


def test_the_models_own_template_is_used_with_the_generation_prompt() -> None:
    assert text(PLAIN) == "<system>rules<user>one<assistant>two<user>three<assistant>"


@pytest.mark.parametrize("template", [REFUSES, IGNORES], ids=["refuses", "ignores"])
def test_without_a_system_role_its_text_joins_the_first_user_turn(template: str) -> None:
    assert text(template) == "<user>rules\n\none<assistant>two<user>three<assistant>"


@pytest.mark.parametrize("name", templates.USUAL)
def test_a_template_comes_to_what_it_comes_to_in_transformers(name: str) -> None:
    template = templates.USUAL[name]
    chat = Chat(tokenizer(template, bos_token="<bos>", eos_token="<eos>"))
    messages = CONVERSATION
    if not chat.manner.system:
        messages = [Message("user", "rules\n\none"), *CONVERSATION[2:]]
    assert chat.text(CONVERSATION) == by_transformers(template, messages)
    assert chat.manner.changes == ""
    rated = Chat(tokenizer(template, bos_token="<bos>", eos_token="<eos>"), rating=True)
    exchange = [Message("user", "one"), Message("assistant", "two")]
    assert rated.text(exchange) == by_transformers(template, exchange, ended=True)


# content as a list of parts

PARTS = "{% for m in messages %}<{{ m.role }}>BODY{% endfor %}<assistant>"


@pytest.mark.parametrize(
    "body",
    [
        "{% for part in m.content %}{{ part.text }}{% endfor %}",
        "{% for part in m.content %}{% if part.type == 'text' %}{{ part['text'] }}{% endif %}"
        "{% endfor %}",
        "{{ m.content[0].text + '' }}",
        "{% if m.content is string %}{{ raise_exception('a list') }}{% endif %}"
        "{{ m.content[0]['text'] }}",
    ],
    ids=["text", "type", "fails", "refuses"],
)
def test_a_template_that_wants_parts_gets_parts(body: str) -> None:
    chat = Chat(tokenizer(PARTS.replace("BODY", body)))
    expected = "<system>rules<user>one<assistant>two<user>three<assistant>"
    assert chat.text(CONVERSATION) == expected
    assert (chat.manner.parts, chat.manner.changes) == (True, "parts")


def test_a_template_that_takes_both_gets_text() -> None:
    both = "{% if m.content is string %}{{ m.content }}{% else %}{{ m.content[0].text }}{% endif %}"
    assert not Chat(tokenizer(PARTS.replace("BODY", both))).manner.parts


# the clock


@pytest.mark.parametrize("form", ["%d %b %Y", "%Y-%m-%d", "%H:%M:%S.%f", "%j %A"])
def test_the_clock_within_templates_stands_still(form: str) -> None:
    chat = Chat(tokenizer("{{ strftime_now('" + form + "') }}" + PLAIN))
    assert chat.text(CONVERSATION) == chat.text(CONVERSATION)
    assert chat.manner.changes == "clock"
    assert chat.manner.record["clock"] == "26 Jul 2024"


def test_the_clock_tells_the_date_that_llamas_templates_are_told() -> None:
    template = "{% if not date_string is defined %}?{% endif %}{{ date_string }}" + PLAIN
    clock = "{% set date = strftime_now('%d %b %Y') %}{{ date }}" + PLAIN
    assert text(template) == text(clock)
    assert text(template).startswith("26 Jul 2024<system>")


def test_a_clock_that_is_not_asked_is_no_change() -> None:
    template = "{% if not date_string is defined %}{{ strftime_now('%Y') }}{% endif %}" + PLAIN
    assert Chat(tokenizer(template)).manner.changes == ""


# thoughts


@pytest.mark.parametrize(("name", "ending"), templates.THINKING_ENDS.items())
def test_a_model_that_thinks_answers_without(name: str, ending: str) -> None:
    chat = Chat(tokenizer(templates.THINKING[name]))
    assert chat.text(CONVERSATION).endswith(ending)
    assert chat.manner.changes == "unthinking"
    assert {"thought", "switches"} & set(chat.manner.record)


def test_a_switch_that_changes_nothing_is_no_change() -> None:
    template = PLAIN + "{% if enable_thinking is defined and enable_thinking %}<think>{% endif %}"
    chat = Chat(tokenizer(template))
    assert chat.text(CONVERSATION).endswith("<assistant>")
    assert chat.manner.changes == ""


def test_what_rates_answers_does_not_think() -> None:
    rated = Chat(tokenizer(templates.THINKING["qwen3"]), rating=True)
    assert (rated.manner.switches, rated.manner.closing) == ((), "")


# several templates


def test_of_several_templates_the_default_one_is_taken() -> None:
    assert text({"default": PLAIN, "tool_use": "?"}) == text(PLAIN)


def test_without_a_default_the_one_that_is_not_for_tools_is_taken() -> None:
    assert text({"chat": PLAIN, "tool_use": "?", "rag": "?"}) == text(PLAIN)
    assert text({"tool_use": PLAIN}) == text(PLAIN)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (None, "has no chat template; use the model's instruct version"),
        ({}, "has no chat template"),
        ("", "has no chat template"),
        ({"a": "?", "b": "?"}, "has chat templates for a, b, and none is the default"),
        ({"default": 3}, "its chat template is no text but int"),
    ],
)
def test_what_has_no_template_to_be_used_is_refused(template: Any, problem: str) -> None:
    with pytest.raises(ModelError, match=rf"^m: {problem}"):
        chosen(template, name="m")


# templates that cannot be used


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ messages|nosuch }}" + PLAIN, "No filter named 'nosuch'"),
        ("{{ messages is nosuch }}" + PLAIN, "No test named 'nosuch'"),
        ("{{ nosuch() }}" + PLAIN, "'nosuch' is undefined"),
        ("{{ raise_exception('never') }}" + PLAIN, "never"),
        ("{{ raise_exception() }}" + PLAIN, "missing 1 required positional argument"),
        ("{% for %}", "Expected an expression"),
        ("{{ 1 / 0 }}" + PLAIN, "division by zero"),
        ("{{ 1 + 'a' }}" + PLAIN, "unsupported operand"),
        ("{{ messages[0].content.nosuch.other }}" + PLAIN, "has no attribute"),
        ("{{ ''.__class__.__mro__ }}" + PLAIN, "unsafe"),
        ("{% include 'other' %}" + PLAIN, "no loader"),
        ("Hello", "it leaves out what is said in the user's role"),
        (PLAIN.replace("m.content", "m.content[:3]"), "leaves out"),
        ("{{ 'a' * 10**7 }}" + PLAIN, "it writes 100..... characters around a conversation"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "it calls itself too deeply"),
        ("{{ 'a'|center(10**10) }}" + PLAIN, "memory"),
        ("{{ 'a' * 10**10 }}" + PLAIN, "memory"),
        (
            "{% set n = namespace(s='a') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}"
            "{% endfor %}" + PLAIN,
            "memory",
        ),
        (
            "{% if messages|length > 2 %}{{ raise_exception('one turn') }}{% endif %}" + PLAIN,
            "one turn",
        ),
    ],
)
def test_what_is_wrong_with_a_template_is_told_in_one_line(template: str, problem: str) -> None:
    with pytest.raises(ModelError, match=problem) as caught:
        Chat(tokenizer(template))
    assert "its chat template cannot be used: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 10**(10**8) }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% for a in messages[0].content %}{% for b in messages[0].content %}"
        "{% for c in messages[0].content %}{% endfor %}{% endfor %}{% endfor %}",
    ],
    ids=["compiling", "loops", "calls", "lengths"],
)
def test_a_template_that_never_ends_is_ended(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spm_tui.engine.trial._PATIENCE", 1.5)
    with pytest.raises(ModelError, match="it does not come to an end"):
        Chat(tokenizer(template + PLAIN))


def test_a_template_that_fails_on_some_texts_alone_says_so() -> None:
    template = "{% if 'three' in messages[-1].content %}{{ 1 / 0 }}{% endif %}" + PLAIN
    chat = Chat(tokenizer(template))
    with pytest.raises(ModelError, match=r"template cannot be used: .*division by zero"):
        chat.tokens(CONVERSATION)
