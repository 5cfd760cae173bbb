"""Text of data as text: a tokenizer's control tokens come from the template alone.

A tokenizer makes control tokens wherever it reads their strings, and a response may well hold
`<|im_end|>`. Such strings are cut after their first character, and the pieces are tokenised one
after the other: what is cut is no control string any more, yet reads the same. Everything else,
that is nearly every prompt, is tokenised in one piece, exactly as ever.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from itertools import pairwise
from typing import Any

from spm_tui.engine.foreign import using

_ANCHORS = (".", "x", "\n", "0", "一")
"""What a piece is tokenised behind, to go on within a text and not to begin one: some tokenizers
put a space in front. That which keeps to itself serves; before a mark it is a letter, and so on."""
_SIGNS = re.compile(r"[^\w\s]")


class Controls:
    """The control tokens of a tokenizer, as a template uses it.

    They are all those that the tokenizer calls special, and of its other added tokens those that
    the template writes: <think> may be an ordinary token, and a marker nevertheless. Added tokens
    that are mere words or white space are ordinary text, and so is Gemma's HTML, which no template
    writes. A single character cannot be told from text.

    Args:
        tokenizer: of transformers.
        literals: texts that the template writes, or compares with.
        written: conversations as it writes them, of harmless texts.

    Raises:
        ModelError: the tokenizer does not work.

    """

    def __init__(
        self, tokenizer: Any, literals: Sequence[str] = (), written: Sequence[str] = ()
    ) -> None:
        self._tokenizer, self._name = tokenizer, str(tokenizer.name_or_path)
        used = {token for text in written for token in self.encode([text])}
        with using(self._name, "tokenizer"):
            special = set(tokenizer.all_special_ids)
            controls = {
                token: entry
                for token, entry in tokenizer.added_tokens_decoder.items()
                if len(entry.content.strip()) > 1
                and (
                    entry.special
                    or token in special
                    or _marks(entry.content, token, literals, used)
                )
            }
            self._ids = frozenset(controls) - {tokenizer.unk_token_id}
        self._strings = _by_beginning(entry.content for entry in controls.values())
        normalises = getattr(tokenizer, "is_fast", False) and tokenizer.backend_tokenizer.normalizer
        self._folds = bool(normalises) and any(one.normalized for one in controls.values())
        """Whether it looks for them in what it makes of a text first, such as lower case."""
        self.places = lru_cache(maxsize=1024)(self._places)
        """Where to cut a text; examples stand in many prompts."""

    def counted(self, tokens: Sequence[int]) -> Counter[int]:
        """Return how often each control token occurs."""
        return Counter(token for token in tokens if token in self._ids)

    def cut(self, text: str) -> list[str]:
        """Return a text in pieces without any control string."""
        return cut(text, self.places(text))

    def encode(self, pieces: Sequence[str], *, framed: bool = False) -> list[int]:
        """Return the tokens of a text that is cut into pieces, or whole.

        Args:
            pieces: of the text, in order.
            framed: whether those that the tokenizer puts around every text belong to it.

        Raises:
            ModelError: the tokenizer does not work on it.

        """
        if len(pieces) == 1:
            return self._whole(pieces[0], framed=framed)
        tokens = self._whole(pieces[0])
        for piece in pieces[1:]:
            tokens += self._continued(piece)
        before, after = self._frame() if framed else ([], [])
        return [*before, *tokens, *after]

    def _whole(self, text: str, *, framed: bool = False) -> list[int]:
        with using(self._name, "tokenizer"):
            return list(self._tokenizer.encode(text, add_special_tokens=framed))

    def _frame(self) -> tuple[list[int], list[int]]:
        """Return the tokens that the tokenizer puts before and after every text."""
        inner, framed = self._whole("x"), self._whole("x", framed=True)
        before = next(i for i in range(len(framed)) if framed[i : i + len(inner)] == inner)
        return framed[:before], framed[before + len(inner) :]

    def _continued(self, piece: str) -> list[int]:
        unknown = self._tokenizer.unk_token_id
        for anchor in _ANCHORS:
            before, both = self._whole(anchor), self._whole(anchor + piece)
            if before and unknown not in before and both[: len(before)] == before:
                return both[len(before) :]
        return self._whole(piece)

    def _places(self, text: str) -> tuple[int, ...]:
        """Return the positions at which to cut a text: after the first sign of every string."""
        places = {
            match.start() + 1
            for beginning, strings in self._strings.items()
            if beginning in text  # a fraction of the time, where there are thousands of strings
            for match in strings.finditer(text)
        }
        return tuple(sorted(places | self._folded(text)))

    def _folded(self, text: str) -> set[int]:
        """Return where the tokenizer itself finds control tokens that are spelled otherwise."""
        if not self._folds:
            return set()
        with using(self._name, "tokenizer"):
            read = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        places = set()
        for token, (start, end) in zip(read["input_ids"], read["offset_mapping"], strict=True):
            string = text[start:end].lstrip()
            if token in self._ids and len(string) > 1:
                places.add(end - len(string) + 1)
        return places


def cut(text: str, places: Sequence[int]) -> list[str]:
    """Return a text in pieces, of which all but the first begin at a place."""
    return [text[start:end] for start, end in pairwise([0, *places, len(text)])]


def _marks(string: str, token: int, literals: Sequence[str], used: Set[int]) -> bool:
    """Whether an added token that is not special is a marker of the template."""
    if not _SIGNS.search(string):
        return False
    return token in used or any(string in literal for literal in literals)


def _by_beginning(strings: Iterable[str]) -> dict[str, re.Pattern[str]]:
    """Return what finds strings, also those within each other, by their first two signs."""
    groups: dict[str, list[str]] = {}
    for string in strings:
        groups.setdefault(string[:2], []).append(re.escape(string))
    return {
        beginning: re.compile(f"(?=(?:{'|'.join(group)}))") for beginning, group in groups.items()
    }
