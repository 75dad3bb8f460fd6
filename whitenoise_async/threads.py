"""Threads of our own, in which the disk is waited for: a bounded number, whoever gives up."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

from anyio import CapacityLimiter, WouldBlock, to_thread
from anyio.lowlevel import RunVar

from .files import FileSystemError

T = TypeVar("T")

#: Threads of our own: slow disks must not use up the application's, nor the application ours.
MAX_THREADS = 16
_MAX_LONG = 2

_limiter: RunVar[CapacityLimiter] = RunVar("whitenoise_async_limiter")
_long_limiter: RunVar[CapacityLimiter] = RunVar("whitenoise_async_long_limiter")
_no_limit: RunVar[CapacityLimiter] = RunVar("whitenoise_async_no_limit")


async def run_blocking(path: str, function: Callable[[], T]) -> T:
    """Run ``function``, which waits for the disk, in one of our threads.

    :param path: what it is about.
    :raises FileSystemError: where no thread is to be had; then nothing was run.
    """
    return await _run(path, function, _of_loop(_limiter, MAX_THREADS))


async def run_long(path: str, function: Callable[[], T]) -> T:
    """The same for what may take seconds, so that enough threads are left for all else."""
    return await _run(path, function, _of_loop(_long_limiter, _MAX_LONG))


async def _run(path: str, function: Callable[[], T], limiter: CapacityLimiter) -> T:
    call = _Call(function, limiter)
    # Given to anyio, the limiter would count tasks that wait for a thread, not threads.
    try:
        call.limiter.acquire_on_behalf_of_nowait(call)
    except WouldBlock:
        await call.limiter.acquire_on_behalf_of(call)
    try:
        return await to_thread.run_sync(call, limiter=_of_loop(_no_limit, math.inf))
    except RuntimeError as error:
        if call.has_begun:
            raise
        raise FileSystemError(path, error) from error
    finally:
        call.leave()


class _Call(Generic[T]):
    """A call in a thread, which counts until it is over.

    asyncio can cancel the task that waits for it. Nothing stops the thread then; if it counted no
    more, requests that are given up while a disk hangs would have ever more threads.
    """

    def __init__(self, function: Callable[[], T], limiter: CapacityLimiter) -> None:
        self.limiter = limiter
        self.has_begun = False
        self._function = function
        self._is_over = False
        self._is_left = False
        self._release: Callable[[], object] = partial(limiter.release_on_behalf_of, self)
        self._changing = threading.Lock()

    def __call__(self) -> T:
        with self._changing:
            if self._is_left:
                raise asyncio.CancelledError
            self.has_begun = True
        try:
            return self._function()
        finally:
            with self._changing:
                self._is_over = True
                is_left = self._is_left
            if is_left:
                with suppress(RuntimeError):  # the event loop has ended
                    self._release()

    def leave(self) -> None:
        """Wait for it no more."""
        with self._changing:
            self._is_left = True
            if self.has_begun and not self._is_over:
                loop = asyncio.get_running_loop()
                self._release = partial(loop.call_soon_threadsafe, self._release)
                return
        self._release()


def _of_loop(variable: RunVar[CapacityLimiter], tokens: float) -> CapacityLimiter:
    """The limiter of this event loop."""
    try:
        return variable.get()
    except LookupError:
        limiter = CapacityLimiter(tokens)
        variable.set(limiter)
        return limiter
