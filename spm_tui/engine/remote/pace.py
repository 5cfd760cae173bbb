"""How many requests a server gets at a time, and whose time it is: pure, time is passed in.

More at a time is faster until the server's memory or compute is full, and where that is only the
server knows: so the number grows while that pays, and is halved when the server has enough.
"""

import math

START = 8
MOST = 256
_GROWTH = 1.5
_GAIN = 1.1
"""Of throughput, that half as many requests again must bring at least."""
_REST = 8
"""Rounds of answers before more is tried again."""


class Pace:
    """The number of requests that one server is given at a time.

    It is judged once per round: as many answers as there may be requests at a time.

    Args:
        now: seconds.
        start: requests at first.
        most: requests at most.

    """

    def __init__(self, *, now: float, start: int = START, most: int = MOST) -> None:
        self.limit = start
        self._most = most
        self._settled = start
        """The last limit that was worth it."""
        self._best = 0.0
        """Its throughput."""
        self._rests = 0
        self._cut = now
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._since, self._count, self._work = now, 0, 0.0

    def answered(self, work: float, now: float) -> None:
        """Count an answer, by the work it was."""
        self._count += 1
        self._work += work
        if self._count >= self.limit and now > self._since:
            self._judge(self._work / (now - self._since))
            self._begin(now)

    def _judge(self, throughput: float) -> None:
        if throughput >= _GAIN * self._best or self._rests >= _REST:
            self._best, self._settled, self._rests = throughput, self.limit, 0
            self.limit = min(self._most, math.ceil(self.limit * _GROWTH))
        else:
            self.limit = self._settled
            self._rests += 1

    def refused(self, sent: float, now: float) -> None:
        """Halve the number, once for all requests that were already under way.

        Args:
            sent: when the refused request was.
            now: when it is known.

        """
        if sent < self._cut:
            return
        self.limit = self._settled = max(1, self.limit // 2)
        self._best, self._rests, self._cut = math.inf, 0, now
        self._begin(now)


class Shares:
    """Wall time, shared equally at every moment among the requests then under way.

    So all shares add up to the time in which anything was under way.
    """

    def __init__(self) -> None:
        self._at = self._each = 0.0
        self._open = 0

    def _advance(self, now: float) -> None:
        if self._open:
            self._each += (now - self._at) / self._open
        self._at = now

    def begin(self, now: float) -> float:
        """Count a request in; return what `end` wants to know."""
        self._advance(now)
        self._open += 1
        return self._each

    def end(self, begun: float, now: float) -> float:
        """Count a request out; return its seconds."""
        self._advance(now)
        self._open -= 1
        return self._each - begun
