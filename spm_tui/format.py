"""Numbers as people read them: the only place that turns one into text."""

import math

NOTHING = "–"
"""In place of a number that does not exist."""


def percent(share: float, *, digits: int = 1) -> str:
    """Return a share of 1 in percent, without the sign: 0.612 → 61.2."""
    return NOTHING if math.isnan(share) else f"{100 * share:.{digits}f}".replace("-", "−")


def spread(mean: float, sd: float) -> str:
    """Return mean and standard deviation of shares in percent: 61.2 ± 4.3."""
    return NOTHING if math.isnan(mean) else f"{percent(mean)} ± {percent(sd)}"


def interval(low: float, high: float) -> str:
    """Return an interval of shares in percent: [58.0, 64.1]."""
    return NOTHING if math.isnan(low) else f"[{percent(low)}, {percent(high)}]"


def number(value: float, *, digits: int = 2) -> str:
    """Return a number with so many decimals."""
    return NOTHING if math.isnan(value) else f"{value:.{digits}f}"


def probability(p: float) -> str:
    """Return the p of a test with three decimals; what is smaller is not nothing: <0.001."""
    return "<0.001" if p < 0.001 else number(p, digits=3)


def count(value: int) -> str:
    """Return a whole number with thousands apart: 117,649."""
    return f"{value:,}"


def answered(part: int, planned: int) -> str:
    """Return how many scenarios count, of those that were to: 24, or 3 of 24."""
    return count(part) if part == planned else f"{count(part)} of {count(planned)}"


def gigabytes(size: float) -> str:
    """Return bytes as people count them: 6.4 GB."""
    return f"{size / 1e9:.1f} GB"


def duration(seconds: float | None) -> str:
    """Return a time span in its two largest units: 2 h 05 min, 3 min 12 s, 8 s."""
    if seconds is None or math.isnan(seconds):
        return NOTHING
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"


def latency(seconds: float) -> str:
    """Return a short time span: 45 ms, 1.2 s."""
    return f"{seconds:.1f} s" if seconds >= 0.9995 else f"{1000 * seconds:.0f} ms"


def signed(value: float) -> str:
    """Return a difference with its sign and two decimals: +0.31, −0.12; blank for none."""
    return "" if math.isnan(value) else f"{round(value, 2) + 0:+.2f}".replace("-", "−")


def distance(value: float) -> str:
    """Return a distance with three digits: 0.35, 12.3."""
    return number(value, digits=2 if value < 9.995 else 1)
