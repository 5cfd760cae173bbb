"""A request as a model reads it: rendered, tokenised, and fitted to the context window."""

from dataclasses import dataclass
from typing import Any

from spm_tui.engine.chat import Chat
from spm_tui.errors import ModelError
from spm_tui.forms import most_tokens
from spm_tui.wire import Request


@dataclass(frozen=True, slots=True)
class Prompt:
    """What stands before the answer."""

    tokens: list[int]
    dropped: int
    """Worked examples left out."""
    problem: str | None
    """Why it cannot be answered."""


class Prompts:
    """Turns requests into prompts.

    Args:
        tokenizer: of transformers.
        context: the model's window in tokens.

    Raises:
        ModelError: the tokenizer has no chat template, or one that cannot be used.

    """

    def __init__(self, tokenizer: Any, context: int) -> None:
        self._chat = Chat(tokenizer)
        self.context = context

    def fit(self, request: Request) -> Prompt:
        """Return the prompt, without the least similar examples if they do not fit."""
        room = self.context - most_tokens(request.form)
        for dropped in range(len(request.shots) + 1):
            try:
                tokens = self._chat.tokens(request.messages(without=dropped))
            except ModelError as error:  # of this text: others may do
                return Prompt([], dropped, str(error))
            if len(tokens) <= room:
                return Prompt(tokens, dropped, problem=None)
        problem = (
            f"the prompt has {len(tokens)} tokens without examples, the model's context of"
            f" {self.context} leaves room for {room}"
        )
        return Prompt(tokens, dropped, problem)
