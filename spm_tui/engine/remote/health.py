"""Whether a server answers, and when it is tried again: pure, time is passed in."""

import random

_FIRST = 0.5
_MOST = 30.0
"""Seconds of the first and of the longest pause."""
DOWN = 3
"""Failures in a row after which a server's requests go to others."""


class Health:
    """The failures of one server, and the pauses it gets for them.

    Args:
        patience: seconds of nothing but failures after which a server is given up.
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
        self._since = self._noticed = 0.0

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures = 0

    def failed(self, problem: str, *, sent: float, now: float, wait: float | None = None) -> None:
        """Count a failure.

        Args:
            problem: why.
            sent: when the request was.
            now: when it is known.
            wait: seconds the server wants to be left alone.

        """
        if wait is not None:
            self.until = max(self.until, now + min(wait, self._patience))
        self.problem = problem
        if self.failures and sent < self._noticed:
            return
        if not self.failures:
            self._since = now
        self.failures += 1
        self._noticed = now
        pause = min(_MOST, _FIRST * 2 ** min(self.failures - 1, 10))
        self.until = max(self.until, now + pause * self._rng.uniform(0.5, 1.0))

    @property
    def down(self) -> bool:
        """Whether its requests are better given to others."""
        return self.failures >= DOWN

    def lost(self, now: float) -> bool:
        """Return whether it has done nothing but fail for too long."""
        return self.failures > 0 and now - self._since > self._patience
