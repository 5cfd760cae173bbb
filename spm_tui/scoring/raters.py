"""How far two people agree in their verdicts, which are names without order.

For levels, which have an order, there is the quadratic-weighted kappa in agreement.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reliability:
    """Two people's verdicts on the same items."""

    items: int
    agreement: float
    """Share of items with the same verdict; NaN where there are none."""
    kappa: float
    """Cohen's kappa; NaN likewise, or where both gave one and the same verdict throughout."""


def reliability(first: Sequence[str], second: Sequence[str]) -> Reliability:
    """Return how far the verdicts agree, item by item.

    Raises:
        ValueError: not as many verdicts on one side as on the other.

    """
    items = len(first)
    same = sum(one == other for one, other in zip(first, second, strict=True))
    mine, theirs = Counter(first), Counter(second)
    chance = sum(count * theirs[verdict] for verdict, count in mine.items())
    return Reliability(
        items=items,
        agreement=same / items if items else float("nan"),
        kappa=(same * items - chance) / (items**2 - chance) if chance < items**2 else float("nan"),
    )
