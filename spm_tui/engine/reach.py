"""How much of a text an embedding model reads at once, and the windows that longer texts need.

Separate from the model, because what a run is depends on it: whether a benchmark has texts that
are longer is asked before anything is loaded. A model's files tell it mostly (0.2 s; the model
takes 5 s and more to load); where they do not, the loaded model does.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from spm_tui.files import read_json

POOLING = "windows-1"
"""Version of how longer texts are embedded, part of what their vectors are known by.

A text that is longer than a model reads is cut into as few windows of about equally many tokens as
fit, between words where it can be; each is embedded as a text of its own, and the mean of their
vectors, by number of tokens, is the text's: of unit length where the model's own are. Windows do
not overlap, so that every word counts once.
"""
_CONFIGURATIONS = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
"""What sentence-transformers calls the file of its first module, the first that is there."""
_AT_ONCE = 64
"""Texts tokenised together."""
_GROWTH = 1.03
"""Cuts between words make some windows longer than the mean. In a text of very many, one window
more would hardly shorten any."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a model leaves out of the texts that it embeds."""

    texts: int
    """Those that are longer than it reads."""
    tokens: int
    """Of them all, beyond what it reads."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a text that is embedded at once."""

    text: str
    tokens: int
    """At least 0; not counted where the text is whole."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How much a model reads at once."""

    tokenizer: Any
    """Of the library tokenizers, without truncation and padding; None where all is read."""
    room: float
    """Tokens of a text, beside its special tokens and its prompt; at least 1, or infinite."""

    def exceeded(self, texts: Iterable[str]) -> bool:
        """Return whether any of the texts is longer than is read at once."""
        doubtful = sorted({text for text in texts if not self._short(text)}, key=len, reverse=True)
        # The longest first: where any is too long, the first batch tells.
        return any(
            len(encoding) > self.room
            for start in range(0, len(doubtful), _AT_ONCE)
            for encoding in self.tokenizer.encode_batch(
                doubtful[start : start + _AT_ONCE], add_special_tokens=False
            )
        )

    def windows(self, text: str) -> tuple[Window, ...]:
        """Return the windows of a text in order; the text itself if it is read at once."""
        if self._short(text):
            return (Window(text, 0),)
        encoding = self._encode(text)
        windows: tuple[Window, ...] = (Window(text, len(encoding)),)
        parts = math.ceil(len(encoding) / self.room)
        # What is cut off may be other tokens than it was inside the text, so each is counted anew.
        while parts <= len(encoding) and any(one.tokens > self.room for one in windows):
            pieces = _pieces(text, encoding, parts)
            windows = tuple(Window(piece, len(self._encode(piece))) for piece in pieces)
            parts = max(parts + 1, int(parts * _GROWTH))
        return windows

    def _encode(self, text: str) -> Any:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def _short(self, text: str) -> bool:
        """Whether it fits for sure: no token is less than a character of ASCII.

        One may be that stands for the beginning of a text.
        """
        return self.room == math.inf or (text.isascii() and len(text) < self.room)


def _pieces(text: str, encoding: Any, parts: int) -> list[str]:
    """Cut a text into parts of about equally many tokens, between words where it can be.

    White space goes with what follows: many tokenizers have it in the token.
    """
    count, offsets, words = len(encoding), encoding.offsets, encoding.word_ids
    # Several tokens may be parts of one character.
    between = [i for i in range(1, count) if offsets[i][0] >= offsets[i - 1][1]]
    starts = [i for i in between if words[i] != words[i - 1]]
    cuts = {0, len(text)}
    for part in range(1, parts):
        place = part * count // parts
        near = _last(starts, place)
        if near <= place - count // (2 * parts):  # a word as long as that is cut inside
            near = _last(between, place)
        if near > 0:
            cuts.add(offsets[near - 1][1])
    return [text[start:end] for start, end in pairwise(sorted(cuts))]


def _last(places: Sequence[int], most: int) -> int:
    """Return the last of ascending places that is not above `most`; -1 if there is none."""
    index = bisect_right(places, most) - 1
    return places[index] if index >= 0 else -1


def of_folder(folder: Path) -> Reach | None:
    """Return how much the model of a folder reads by its files; None if they alone do not tell."""
    try:
        (first, *_) = sorted(_json(folder / "modules.json"), key=lambda module: module["idx"])
        kind, home = first["type"], folder / first["path"]
        if not kind.startswith("sentence_transformers."):
            return None
        if kind.endswith(".StaticEmbedding"):
            return Reach(None, math.inf)
        return _of_transformer(folder, home) if kind.endswith(".Transformer") else None
    # What is no model's file, or no tokenizer's, for which tokenizers has a bare Exception, is
    # told by who loads the model.
    except Exception:
        return None


def _of_transformer(folder: Path, home: Path) -> Reach | None:
    from tokenizers import Tokenizer

    paths = [home / name for name in _CONFIGURATIONS if (home / name).is_file()]
    config: Mapping[str, Any] = _json(paths[0]) if paths else {}
    # A template around a text, other letters, limits of other kinds: the model knows.
    other = {"processing_kwargs", "processor_kwargs", "tokenizer_args", "tokenizer_name_or_path"}
    if config.get("do_lower_case") or "message" in config.get("modality_config", {}):
        return None
    if any(config.get(key) for key in other):
        return None
    limit = config.get("max_seq_length")
    if limit is None:
        positions = _json(home / "config.json")["max_position_embeddings"]
        limit = min(_json(home / "tokenizer_config.json")["model_max_length"], positions)
    tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
    return _reach(tokenizer, limit - _around(tokenizer, _prompt(folder)))


def _json(path: Path) -> Any:
    return read_json(path)


def _prompt(folder: Path) -> str:
    """Return what a model wants before every text."""
    path = folder / "config_sentence_transformers.json"
    config: Mapping[str, Any] = _json(path) if path.is_file() else {}
    return str(config.get("prompts", {}).get(config.get("default_prompt_name")) or "")


def _around(tokenizer: Any, prompt: str) -> int:
    """Return the tokens that are read beside a text."""
    before = len(tokenizer.encode(prompt, add_special_tokens=False)) if prompt else 0
    return int(tokenizer.num_special_tokens_to_add(False)) + before


def _reach(tokenizer: Any, room: float) -> Reach | None:
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Reach(tokenizer, room) if room >= 1 else None


def of_model(model: Any) -> Reach | None:
    """Return how much a model of sentence-transformers reads; None if it has no such limit.

    None, too, where its limit is in other tokens than those of the library tokenizers.
    """
    from tokenizers import Tokenizer

    limit, words = model.max_seq_length, getattr(model[0], "tokenizer", None)
    if limit == math.inf:
        return Reach(None, math.inf)
    inner = getattr(words, "backend_tokenizer", words)
    if limit is None or not isinstance(inner, Tokenizer):
        return None
    tokenizer = Tokenizer.from_str(inner.to_str())  # the model sets its own to truncate, anew
    tokenizer.no_truncation()  # at every call
    tokenizer.no_padding()
    prompt = model.prompts.get(model.default_prompt_name)
    tokens = model.preprocess(["a"], prompt=prompt).get("input_ids")
    if tokens is None:
        return None
    around = tokens.numel() - len(tokenizer.encode("a", add_special_tokens=False))
    return _reach(tokenizer, limit - around)


def cut(model: Any, texts: Iterable[str]) -> Cut | None:
    """Return what a model that cuts leaves out of texts; None if it does not tell its tokens."""
    limit = model.max_seq_length
    words: Any = getattr(model[0], "tokenizer", None)
    if limit is None or not hasattr(words, "tokenize"):
        return None
    around = getattr(words, "num_special_tokens_to_add", int)()
    beyond = [len(words.tokenize(text)) + around - limit for text in set(texts)]
    longer = [tokens for tokens in beyond if tokens > 0]
    return Cut(len(longer), sum(longer))
