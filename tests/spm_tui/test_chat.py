"""Chat templates: with and without a system role, and none at all."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerFast

from spm_tui.engine.chat import Chat
from spm_tui.errors import ModelError
from spm_tui.wire import Message

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


def tokenizer(template: str | None) -> Any:
    from tokenizers import Tokenizer, models

    plain = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"x": 0}, "x")))
    plain.chat_template = template
    return plain


def test_the_models_own_template_is_used_with_the_generation_prompt() -> None:
    text = Chat(tokenizer(PLAIN)).render(CONVERSATION)
    assert text == "<system>rules<user>one<assistant>two<user>three<assistant>"


@pytest.mark.parametrize("template", [REFUSES, IGNORES], ids=["refuses", "ignores"])
def test_without_a_system_role_its_text_joins_the_first_user_turn(template: str) -> None:
    text = Chat(tokenizer(template)).render(CONVERSATION)
    assert text == "<user>rules\n\none<assistant>two<user>three<assistant>"


def test_a_model_without_a_template_is_refused() -> None:
    with pytest.raises(ModelError, match="has no chat template; use the model's instruct version"):
        Chat(tokenizer(None))
