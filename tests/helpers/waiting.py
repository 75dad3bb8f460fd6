"""Waits until other threads or processes have reached a state; fails after a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio

_PATIENCE = 60  # seconds


def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` returns true."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def until_async(condition: Callable[[], bool]) -> None:
    """Let the event loop run until ``condition`` returns true."""
    with anyio.fail_after(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - a thread's state sets no event
            # Without a pause, this loop may keep the GIL from the threads for seconds.
            await anyio.sleep(0.001)
