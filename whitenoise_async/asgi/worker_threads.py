"""Threads of our own, in which the disk is waited for: bounded in all, and for each directory."""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, WouldBlock, move_on_after, to_thread
from anyio.lowlevel import RunVar

from ..files.open_file import FileSystemError
from .turn_budget import call_soon_threadsafe, of_this_loop

T = TypeVar("T")

#: Threads of our own: slow disks must not use up the application's, nor the application ours.
MAX_THREADS = 16
#: The share of one directory: a mount that hangs must leave threads for the others.
MAX_OF_DIRECTORY = 8
#: Besides, for calls that may take seconds.
MAX_LONG = 2
#: Seconds after which a call is stuck: it no longer counts if another one needs a thread.
STUCK_AFTER = 1.0
#: Calls that are stuck and do not count.
MAX_STUCK = 48


class _Limiters(WeakValueDictionary[str, CapacityLimiter]):
    """Limiters by path: those that a call holds or waits for."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self._tokens = tokens

    def of(self, path: str) -> CapacityLimiter:
        """The limiter of a file or a directory."""
        limiter = self.get(path)
        if limiter is None:
            limiter = self[path] = CapacityLimiter(self._tokens)
        return limiter


class _Loop:
    """The limits on the threads of one event loop."""

    def __init__(self) -> None:
        self.threads = CapacityLimiter(MAX_THREADS)
        self.long = CapacityLimiter(MAX_LONG)
        self.unlimited = CapacityLimiter(math.inf)
        self.directories = _Limiters(MAX_OF_DIRECTORY)
        self.files = _Limiters(1)

    def replace_stuck(self) -> None:
        """Let others have threads in place of those that are stuck."""
        stuck_since = monotonic() - STUCK_AFTER
        for call in self.threads.statistics().borrowers:
            if self.threads.total_tokens >= MAX_THREADS + MAX_STUCK:
                return
            if isinstance(call, Call) and not call.is_stuck and call.began <= stuck_since:
                call.is_stuck = True
                self.threads.total_tokens += 1


_loop: RunVar[_Loop] = RunVar("whitenoise_async_threads")


def _this_loop() -> _Loop:
    return of_this_loop(_loop, _Loop)


class Call(Generic[T]):
    """A call of a function that waits for the disk, and what it holds until it is over.

    Nothing stops a thread. A request may be given up while the disk hangs; if its call no
    longer counted, ever more threads would hang. Used as
    ``with Call(…) as call: await call.run()``.
    """

    def __init__(self, path: str, directory: str | None, function: Callable[[], T]) -> None:
        """
        :param path: what the call is about, for errors.
        :param directory: calls for one directory share a part of the threads; ``None`` for a call
            that may take seconds.
        """
        self.began = math.inf  # when it was given a thread, by time.monotonic()
        self.is_stuck = False
        self.has_begun = False
        self._path = path
        self._directory = directory
        self._function = function
        self._loop = _this_loop()
        self._held: list[CapacityLimiter] = []
        self._is_over = False
        self._is_left = False
        self._call_soon = call_soon_threadsafe()
        self._changing = threading.Lock()

    async def be_alone(self, path: str) -> bool:
        """Wait until no other call is about the file ``path``; returns whether none was."""
        limiter = self._loop.files.of(path)
        was_alone = bool(limiter.available_tokens)
        await self._hold(limiter)
        return was_alone

    async def be_admitted(self) -> None:
        """Wait until a thread may call the function."""
        if self._directory is None:
            await self._hold(self._loop.long)
            return
        await self._hold(self._loop.directories.of(self._directory))
        while True:
            with move_on_after(STUCK_AFTER):
                await self._hold(self._loop.threads)
                self.began = monotonic()
                return
            self._loop.replace_stuck()

    async def run(self) -> T:
        """Call the function in a thread.

        :raises FileSystemError: if no thread can be started; then nothing was run.
        """
        await self.be_admitted()
        # Given to anyio, the limiter would count tasks that wait for a thread, not threads.
        limiter = self._loop.unlimited
        try:
            return await to_thread.run_sync(self, abandon_on_cancel=True, limiter=limiter)
        except RuntimeError as error:
            if self.has_begun:
                raise
            raise FileSystemError(self._path, error) from error

    def __call__(self) -> T:
        """Run in the thread."""
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
                    self._call_soon(self._release)

    def __enter__(self) -> Call[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._changing:
            self._is_left = True
            if self.has_begun and not self._is_over:
                return
        self._release()

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
    """How many calls of this event loop are stuck and do not count."""
    return int(_this_loop().threads.total_tokens) - MAX_THREADS


async def run_blocking(path: str, function: Callable[[], T]) -> T:
    """Run ``function``, which waits for the disk, in one of our threads.

    :param path: the file that it is about.
    :raises FileSystemError: if no thread can be started; then nothing was run.
    """
    with Call(path, os.path.dirname(path), function) as call:
        return await call.run()


class Statistics(NamedTuple):
    """The calls of one event loop."""

    running: int
    waiting: int


def statistics() -> Statistics:
    """How many calls of this event loop have a thread, and how many wait for one."""
    loop = _this_loop()
    limiters = [loop.threads, loop.long, *loop.directories.values(), *loop.files.values()]
    waiting = sum(each.statistics().tasks_waiting for each in limiters)
    running = loop.threads.borrowed_tokens + loop.long.borrowed_tokens
    return Statistics(running, waiting)
