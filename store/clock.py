"""The time as the store keeps it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time: UTC, without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)
