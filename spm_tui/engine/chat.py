"""From a conversation to the tokens a model was trained on, through its own chat template."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import count, islice
from typing import Any

from spm_tui.engine import trial
from spm_tui.engine.controls import Controls, cut
from spm_tui.engine.foreign import using
from spm_tui.engine.manner import Manner
from spm_tui.engine.template import Template, chosen, variables
from spm_tui.wire import Message, Role

_FIRST_PRIVATE = 0xE000
"""The first of the characters without a meaning, of which some that no text has mark places."""


class Chat:
    """A tokenizer's chat template.

    Args:
        tokenizer: of transformers.
        rating: whether it is for answers that are rated, not for those to be given.

    Raises:
        ModelError: it has no chat template, or one that cannot be used.

    """

    def __init__(self, tokenizer: Any, *, rating: bool = False) -> None:
        self._name = str(tokenizer.name_or_path)
        source = chosen(tokenizer.chat_template, name=self._name)
        with using(self._name, "tokenizer"):
            special = variables(tokenizer.special_tokens_map)
        tried = trial.manner_for_exchanges if rating else trial.manner_for_answers
        self.manner: Manner = tried(source, special, name=self._name)
        """How the template is spoken to."""
        with using(self._name, "chat template"):
            self._template = Template(source, special)
        self._write = self.manner.exchange if rating else self.manner.prompt
        harmless = [Message("user", "x"), Message("assistant", "x")]
        if not rating:
            harmless = [Message("system", "x"), *harmless, Message("user", "x")]
        self._controls = Controls(tokenizer, self._template.literals, [self.text(harmless)])
        self._expected = lru_cache(maxsize=64)(self._counted)

    def text(self, messages: Sequence[Message]) -> str:
        """Return a conversation as text.

        Where the template has no system role, the system text joins the first user's turn.

        Raises:
            ModelError: the template does not work on it.

        """
        with using(self._name, "chat template"):
            return self._write(self._template, messages)

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """Return a conversation as tokens, whose control tokens are the template's alone.

        Raises:
            ModelError: the template, or the tokenizer, does not work on it.

        """
        tokens = self._controls.encode(self._cut(messages))
        if self._controls.counted(tokens) - self._expected(_shape(messages)):
            tokens = self._controls.encode(self._fenced(messages))
        return tokens

    def _counted(self, shape: Sequence[tuple[Role, bool]]) -> Counter[int]:
        """Return the most control tokens of a conversation of that shape with harmless texts.

        Of two kinds, since there are tokenizers that find none next to a word.
        """
        most: Counter[int] = Counter()
        for harmless in ("x", "."):
            messages = [Message(role, harmless if filled else "") for role, filled in shape]
            most |= self._controls.counted(self._controls.encode([self.text(messages)]))
        return most

    def _cut(self, messages: Sequence[Message]) -> list[str]:
        """Return a conversation cut within every control string of its texts: whole without any."""
        places = [self._controls.places(message.content) for message in messages]
        if not any(places):
            return [self.text(messages)]
        (mark,) = _unused(messages, 1)
        marked = [
            replace(message, content=mark.join(cut(message.content, where)))
            for message, where in zip(messages, places, strict=True)
        ]
        return self.text(marked).split(mark)

    def _fenced(self, messages: Sequence[Message]) -> list[str]:
        """Return a conversation cut at the ends of its texts, too.

        For templates that make control strings of texts, by changing them or by what they write
        next to them: what stands between the ends is looked through once more.
        """
        marks = mark, start, end = _unused(messages, 3)
        places = [self._controls.places(message.content) for message in messages]
        fenced = [
            replace(message, content=_fence(mark.join(cut(message.content, where)), start, end))
            for message, where in zip(messages, places, strict=True)
        ]
        pieces: list[str] = []
        inside = False
        for part in re.split(f"([{''.join(marks)}])", self.text(fenced)):
            if part in marks:
                inside = part == start or (inside and part == mark)
            elif inside:
                pieces += self._controls.cut(part)
            else:
                pieces.append(part)
        return [piece for piece in pieces if piece]


def _shape(messages: Sequence[Message]) -> tuple[tuple[Role, bool], ...]:
    return tuple((message.role, bool(message.content.strip())) for message in messages)


def _fence(text: str, start: str, end: str) -> str:
    """Return a text between marks, white space left outside: templates may strip it."""
    core = text.strip()
    before, _, after = text.partition(core) if core else (text, "", "")
    return f"{before}{start}{core}{end}{after}"


def _unused(messages: Sequence[Message], how_many: int) -> list[str]:
    """Return characters without a meaning that none of the texts has."""
    used = {sign for message in messages for sign in message.content}
    free = (sign for sign in map(chr, count(_FIRST_PRIVATE)) if sign not in used)
    return list(islice(free, how_many))
