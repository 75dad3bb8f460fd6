"""Counts the thread hops of requests: calls that one thread hands to another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from anyio import to_thread
from asgiref.sync import AsyncToSync

# Everything that hands calls over under ASGI: Django and aiofiles use executors, this package uses
# anyio, and synchronous middleware hands the rest of the request back to the event loop.
_HANDOVERS: tuple[tuple[Any, str], ...] = (
    (asyncio.BaseEventLoop, "run_in_executor"),
    (to_thread, "run_sync"),
    (AsyncToSync, "__call__"),
)


class Hops:
    """The number of hops since the counting began."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, whose calls are counted."""

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            return function(*args, **kwargs)

        return call


@contextmanager
def counting_hops() -> Iterator[Hops]:
    """Count the hops of all requests in the block."""
    hops = Hops()
    with ExitStack() as stack:
        for owner, name in _HANDOVERS:
            new = hops.counted(getattr(owner, name))
            stack.enter_context(patch.object(owner, name, new))
        yield hops
