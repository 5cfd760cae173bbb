"""Content hashes: the same content has the same identity, on every machine.

Separate because every layer may name things by content without opening a store.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Canonical: TypeAlias = (
    "str | int | float | bool | Sequence[Canonical] | Mapping[str, Canonical] | None"
)


_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
)


def canonical_json(value: Canonical) -> str:
    """Return the one JSON text of `value`: keys sorted, no white space, non-ASCII kept.

    Raises:
        ValueError: `value` holds NaN or an infinity, which have no JSON.

    """
    return _ENCODER.encode(value)


def content_hash(value: Canonical) -> str:
    """Return the SHA-256 of `value`'s canonical JSON, as 64 hexadecimal digits."""
    return digest(canonical_json(value))


def digest(text: str) -> str:
    """Return the SHA-256 of a text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
