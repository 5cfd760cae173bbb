"""Whether a server answers, and when it is tried again: pure, time is passed in."""

import random

from spm_tui.format import duration

_FIRST = 0.5
_MOST = 30.0
"""Seconds of the first and of the longest pause."""
DOWN = 3
"""Failures in a row after which a server's requests go to others."""
LONGEST = 3600.0
"""Seconds from a server's first failure to when it wants to be asked again, at the most."""
LONG = 10.0
"""Seconds of rest that are worth saying, and for which others take what was meant for a server."""


def asks_for(rest: float) -> str:
    """Return what a server asks for, in words."""
    return f"asks to be left alone for {duration(rest)}"


class Health:
    """The failures of one server, and the pauses it gets for them.

    Args:
        patience: seconds of nothing but failures after which a server is given up; those for
            which it asks to be left alone do not count.
        rng: makes pauses differ, so that clients do not come back all at once.

    """

    def __init__(self, *, patience: float, rng: random.Random) -> None:
        self._patience, self._rng = patience, rng
        self.failures = 0
        """In a row; what was under way when one was noticed counts as the same."""
        self.until = 0.0
        """No request before this time."""
        self.problem = ""
        """The last failure's."""
        self._first = self._since = self._noticed = self._asked = 0.0

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures = 0

    def failed(self, problem: str, *, sent: float, now: float, wait: float | None = None) -> float:
        """Count a failure; return the seconds of rest that were not asked for before.

        Args:
            problem: why.
            sent: when the request was.
            now: when it is known.
            wait: seconds the server wants to be left alone.

        """
        again = self.failures > 0 and sent < self._noticed
        if not self.failures:
            self._first, self._since = now, max(now, self._asked)
        rest = 0.0 if wait is None else self._rest(now, wait)
        self.problem = problem
        if self._asks_too_much:
            self.problem += f"; it {asks_for(self._asked - now)}"
        if not again:
            self.failures += 1
            self._noticed = now
            pause = min(_MOST, _FIRST * 2 ** min(self.failures - 1, 10))
            self.until = max(self.until, now + pause * self._rng.uniform(0.5, 1.0))
        return rest

    def _rest(self, now: float, wait: float) -> float:
        rest = max(0.0, now + wait - max(now, self._asked))
        self._asked = max(self._asked, now + wait)
        self.until = max(self.until, self._asked)
        self._since += rest
        return rest

    @property
    def _asks_too_much(self) -> bool:
        return self._asked - self._first > LONGEST

    @property
    def down(self) -> bool:
        """Whether its requests are better given to others."""
        return self.failures >= DOWN

    def lost(self, now: float) -> bool:
        """Return whether it has done nothing but fail for too long, or will."""
        return self.failures > 0 and (now - self._since > self._patience or self._asks_too_much)
