"""Waiting, within bounds, for an app to come to rest."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot


async def settle(pilot: Pilot[Any], ready: Callable[[], object], *, seconds: float = 20) -> None:
    """Wait until `ready`."""
    for _ in range(int(seconds / 0.02)):
        await pilot.pause()
        if ready():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the app did not come to rest")
