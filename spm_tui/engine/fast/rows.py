"""The answers being written."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spm_tui.engine.fast.agenda import Item
from spm_tui.engine.fast.grammar import Progress
from spm_tui.engine.fast.tree import Segment


@dataclass(eq=False, slots=True)
class Row:
    """One answer."""

    item: Item
    path: list[Segment]
    slot: int
    """Where its keys and values are kept."""
    progress: Progress
    uniforms: list[float]
    """One number in [0, 1) for each token that may be drawn; none when greedy."""
    answer: list[int]
    unread: list[int] = field(default_factory=list)
    """The last of the answer's tokens, which the model has not seen."""
    draft: list[int] = field(default_factory=list)
    """Tokens that may come next, read on trial."""
    read: int = 0
    """Tokens of the answer that are in the slot."""
    since: int = 0
    """As many were in it before the last step."""
    careful: bool = False
    """Whether nothing is read on trial any more."""
    failed: bool = False
    """Whether the model gave no numbers to choose a token by."""

    @property
    def waiting(self) -> bool:
        """Whether its prompt has been read and nothing been asked of the model."""
        return not self.read and not self.unread and self.path[-1].whole

    @property
    def position(self) -> int:
        """Of the next token to be read."""
        last = self.path[-1]
        return last.start + len(last.tokens) + self.read

    @property
    def context(self) -> NDArray[np.int64]:
        """The prompt and what of the answer follows it, [tokens]."""
        written = self.read + len(self.unread)
        return np.concatenate([self.item.array, self.answer[len(self.answer) - written :]])

    @property
    def asked(self) -> bool:
        """Whether the model has said already what follows the last token."""
        return not self.unread and not self.over

    @property
    def over(self) -> bool:
        """Whether nothing more is to be written."""
        return self.failed or self.progress.finished

    def write(self, token: int) -> None:
        """Add the token the model chose, and those that must follow it.

        As many of them as the draft foretold have been read with it.
        """
        tokens = [token, *self.progress.forced()]
        self.answer += tokens
        agree = [one == other for one, other in zip(tokens, self.draft, strict=False)]
        right = [*agree, False].index(False)
        self.read += right
        self.unread = tokens[right:]
        self.draft = self.draft[right:]

    def retract(self) -> None:
        """Forget what the last step read, so that it is read again without anything on trial."""
        written = self.answer[len(self.answer) - self.read :]
        self.unread, self.draft = written[self.since :], []
        self.read, self.careful = self.since, True
