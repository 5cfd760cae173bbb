"""From a conversation to the text a model was trained on, through its own chat template."""

from collections.abc import Sequence
from typing import Any

from spm_tui.errors import ModelError
from spm_tui.wire import Message

_PROBE = "probe-of-the-system-role"
_DATE = "26 Jul 2024"
"""For Llama's templates, which tell the date, and this one where there is no clock: a prompt does
not depend on the day it is sent."""


class Chat:
    """A tokenizer's chat template.

    Args:
        tokenizer: of transformers.

    Raises:
        ModelError: it has no chat template.

    """

    def __init__(self, tokenizer: Any) -> None:
        if not tokenizer.chat_template:
            raise ModelError(
                f"{tokenizer.name_or_path}: has no chat template; use the model's instruct version"
            )
        self._tokenizer = tokenizer
        self._has_system_role = self._takes_system()

    def render(self, messages: Sequence[Message]) -> str:
        """Return the conversation as text, ready for the assistant's answer.

        Where the template has no system role, the system text joins the first user's turn.
        """
        return self._apply(messages if self._has_system_role else joined(messages))

    def exchange(self, question: str, response: str) -> str:
        """Return a question and the assistant's answer as text, nothing left to be said."""
        messages = [Message("user", question), Message("assistant", response)]
        return self._apply(messages, ended=True)

    def _takes_system(self) -> bool:
        from jinja2.exceptions import TemplateError

        try:
            return _PROBE in self._apply([Message("system", _PROBE), Message("user", "?")])
        except TemplateError:
            return False

    def _apply(self, messages: Sequence[Message], *, ended: bool = False) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                [{"role": message.role, "content": message.content} for message in messages],
                tokenize=False,
                add_generation_prompt=not ended,
                date_string=_DATE,
            )
        )


def joined(messages: Sequence[Message]) -> list[Message]:
    """Return a conversation with its system text in the first user's turn."""
    system, first, *rest = messages
    return [Message("user", f"{system.content}\n\n{first.content}"), *rest]
