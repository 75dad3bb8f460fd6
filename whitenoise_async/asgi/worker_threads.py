"""Threads that wait for the disk, limited in total and for each directory."""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, WouldBlock, move_on_after, to_thread
from anyio.lowlevel import RunVar

from ..files.errors import FileSystemError
from .turn_budget import call_soon_threadsafe, per_loop

T = TypeVar("T")

#: Threads, separate from the application's: a slow disk must not occupy the application's threads.
MAX_THREADS = 16
#: Threads for one directory: a mount that hangs must leave threads for the others.
MAX_PER_DIRECTORY = 8
#: Additional threads for calls that may take seconds.
MAX_LONG = 2
#: Seconds after which a call is stuck. It no longer counts if another call needs a thread.
STUCK_AFTER = 1.0
#: Stuck calls that do not count.
MAX_STUCK = 48


class _Loop:
    """The limits on the threads of one event loop."""

    def __init__(self) -> None:
        self.threads = CapacityLimiter(MAX_THREADS)
        self.long = CapacityLimiter(MAX_LONG)
        self.unlimited = CapacityLimiter(math.inf)
        # By path. A limiter exists while a call holds it or waits for it.
        self.directories: WeakValueDictionary[str, CapacityLimiter] = WeakValueDictionary()
        self.files: WeakValueDictionary[str, CapacityLimiter] = WeakValueDictionary()

    def replace_stuck(self) -> None:
        """Allow one more thread for each stuck one."""
        stuck_since = monotonic() - STUCK_AFTER
        for call in self.threads.statistics().borrowers:
            if self.threads.total_tokens >= MAX_THREADS + MAX_STUCK:
                return
            if isinstance(call, Call) and not call.is_stuck and call.began <= stuck_since:
                call.is_stuck = True
                self.threads.total_tokens += 1


_loop: RunVar[_Loop] = RunVar("whitenoise_async_threads")


class Call(Generic[T]):
    """A call of a function that waits for the disk, and the limiters that it holds until it ends.

    A thread cannot be stopped. If a request is cancelled while the disk hangs, its call still
    counts; otherwise more and more threads would hang. Used as
    ``with Call(…) as call: await call.wait_for_thread(); await call.run()``.
    """

    def __init__(self, path: str, directory: str | None, function: Callable[[], T]) -> None:
        """
        :param path: the file, for errors.
        :param directory: calls for one directory share a part of the threads. ``None`` is for a
            call that may take seconds.
        """
        self.began = math.inf  # when it got a thread, by time.monotonic()
        self.is_stuck = False
        self.has_begun = False
        self._path = path
        self._directory = directory
        self._function = function
        self._loop = per_loop(_loop, _Loop)
        self._held: list[CapacityLimiter] = []
        self._is_over = False
        self._is_left = False
        self._call_soon: Callable[[Callable[[], object]], object] | None = None
        self._changing = threading.Lock()

    async def wait_for_file(self, path: str) -> bool:
        """Wait until no other call is for the file ``path``; returns whether none was."""
        limiter = self._loop.files.setdefault(path, CapacityLimiter(1))
        was_alone = bool(limiter.available_tokens)
        await self._hold(limiter)
        return was_alone

    async def wait_for_thread(self) -> None:
        """Wait until a thread may run the function."""
        if self._directory is None:
            await self._hold(self._loop.long)
            return
        limiter = CapacityLimiter(MAX_PER_DIRECTORY)
        await self._hold(self._loop.directories.setdefault(self._directory, limiter))
        while True:
            with move_on_after(STUCK_AFTER):
                await self._hold(self._loop.threads)
                self.began = monotonic()
                return
            self._loop.replace_stuck()

    def run(self) -> Awaitable[T]:
        """Run the function in a thread, after :meth:`wait_for_thread`."""
        # If anyio held the limiters, it would count tasks that wait for threads, not threads.
        limiter = self._loop.unlimited
        return to_thread.run_sync(self, abandon_on_cancel=True, limiter=limiter)

    def __call__(self) -> T:
        """Run the function. Called in the thread."""
        with self._changing:
            if self._is_left:
                raise asyncio.CancelledError
            self.has_begun = True
        try:
            return self._function()
        finally:
            with self._changing:
                self._is_over = True
                call_soon = self._call_soon
            if call_soon is not None:
                with suppress(RuntimeError):  # the event loop has ended
                    call_soon(self._release)

    def __enter__(self) -> Call[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the limiters, or let the thread release them if it is still running.

        :raises FileSystemError: if no thread could be started. Then the function did not run.
        """
        with self._changing:
            self._is_left = True
            if self.has_begun and not self._is_over:
                self._call_soon = call_soon_threadsafe()
                return
        self._release()
        if isinstance(error, RuntimeError) and not self.has_begun:
            raise FileSystemError(self._path, error) from error

    async def _hold(self, limiter: CapacityLimiter) -> None:
        try:
            limiter.acquire_on_behalf_of_nowait(self)
        except WouldBlock:
            await limiter.acquire_on_behalf_of(self)
        self._held.append(limiter)

    def _release(self) -> None:
        if self.is_stuck:
            self._loop.threads.total_tokens -= 1
        for limiter in self._held:
            limiter.release_on_behalf_of(self)


def stuck_calls() -> int:
    """The number of calls of this event loop that are stuck and do not count."""
    return int(per_loop(_loop, _Loop).threads.total_tokens) - MAX_THREADS


async def run_blocking(path: str, function: Callable[[], T]) -> T:
    """Run ``function``, which waits for the disk, in a thread.

    :param path: the file that it concerns.
    :raises FileSystemError: if no thread can be started. Then ``function`` did not run.
    """
    with Call(path, os.path.dirname(path), function) as call:
        await call.wait_for_thread()
        return await call.run()


class Statistics(NamedTuple):
    """The calls of one event loop."""

    running: int
    waiting: int


def statistics() -> Statistics:
    """The numbers of calls of this event loop that have a thread, and that wait for one."""
    loop = per_loop(_loop, _Loop)
    limiters = [loop.threads, loop.long, *loop.directories.values(), *loop.files.values()]
    waiting = sum(each.statistics().tasks_waiting for each in limiters)
    running = loop.threads.borrowed_tokens + loop.long.borrowed_tokens
    return Statistics(running, waiting)
