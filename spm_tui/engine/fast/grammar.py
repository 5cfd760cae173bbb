"""Answers kept to their form, token by token, with llguidance.

Tokens that the form leaves no choice about are not asked of the model: the JSON around texts
and numbers is a quarter to a third of an answer.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spm_tui import forms
from spm_tui.errors import ModelError
from spm_tui.forms import Fields


class Grammars:
    """Compiled forms.

    Args:
        tokenizer: of transformers.
        vocabulary: width of the model's logits; may exceed the tokenizer's.

    """

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        import llguidance.hf

        words = max(vocabulary, len(tokenizer))  # some tokenizers know more than their model
        self._tokenizer = llguidance.hf.from_tokenizer(tokenizer, n_vocab=words)
        self._vocabulary = vocabulary
        self._compiled: dict[Fields, Any] = {}
        self._openings: dict[Fields, list[int]] = {}

    def opening(self, form: Fields) -> list[int]:
        """Return the tokens every answer begins with."""
        if form not in self._openings:
            self._openings[form] = self.start(form).forced()
        return self._openings[form]

    def start(self, form: Fields) -> "Progress":
        """Return an answer of which nothing is written yet."""
        import llguidance

        if form not in self._compiled:
            source = llguidance.LLMatcher.grammar_from_lark(forms.grammar(form))
            self._compiled[form] = llguidance.LLMatcher(self._tokenizer, source)
            _check(Progress(self._compiled[form].deep_copy(), self._vocabulary))
        return Progress(self._compiled[form].deep_copy(), self._vocabulary)


def _check(progress: "Progress") -> None:
    """See that an answer can go on by what llguidance says it can go on by.

    With a tokenizer whose parts contradict each other it cannot, and an answer would never end.

    Raises:
        ModelError: it cannot.

    """
    progress.forced()
    if progress.finished:
        return
    allowed = np.flatnonzero(progress.allowed())
    if not len(allowed) or not progress.accept(int(allowed[0])):
        raise ModelError("the model's tokenizer cannot write answers of the form that is asked for")


class Progress:
    """How far an answer has come within its form."""

    def __init__(self, matcher: Any, vocabulary: int) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary

    def forced(self) -> list[int]:
        """Go on over the tokens that are the only ones possible, and return them."""
        tokens: list[int] = self._matcher.compute_ff_tokens()
        if tokens:
            self._matcher.consume_tokens(tokens)
        return tokens

    def accept(self, token: int) -> bool:
        """Go on by a token if the form allows it; say whether it does."""
        return bool(self._matcher.try_consume_tokens([token]))

    @property
    def finished(self) -> bool:
        """Whether nothing can follow any more."""
        return bool(self._matcher.is_stopped())

    def allowed(self) -> NDArray[np.bool_]:
        """Return which tokens the form allows next, [vocabulary]."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        return np.unpackbits(bits, count=self._vocabulary, bitorder="little").view(np.bool_)
