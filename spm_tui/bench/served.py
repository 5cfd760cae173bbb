"""The identity of a model on a server: written for a run, and read where its settings are told."""

from collections.abc import Set as AbstractSet
from typing import Any

_WITHOUT = "without-"


def served_identity(name: str, backend: str, without: AbstractSet[str]) -> str:
    """Return what identifies a model on a server.

    Args:
        name: the model's.
        backend: the software that is said to run there.
        without: settings that the server is not sent, and does not heed.

    """
    parts = [name, "served", backend]
    if without:
        parts.append(_WITHOUT + "+".join(sorted(without)))
    return "/".join(parts)


def unsent(config: Any) -> frozenset[str]:
    """Return the settings that a run went without, from its configuration."""
    last = str(config.get("model", "")).rsplit("/", 1)[-1]
    if "/served/" not in str(config.get("model", "")) or not last.startswith(_WITHOUT):
        return frozenset()
    return frozenset(last.removeprefix(_WITHOUT).split("+"))
