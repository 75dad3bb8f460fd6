"""Reads a file in pieces without blocking the event loop, asyncio's or trio's.

What is in the page cache is read in place: that takes some microseconds, a thread a hundred. Only
reads that would wait for the disk go to a thread. If the kernel or the file system does not support
this, every read goes to a thread.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import lru_cache, partial
from io import BufferedIOBase
from typing import TYPE_CHECKING, TypeVar

from aiofiles.threadpool import wrap
from anyio import CancelScope

from ..files.errors import FileSystemError, broken_body
from ..files.open_file import OpenFile
from ..files.state import state_or_none
from ..serving.body_plan import BodyPlan
from ..support.after_fork import register_after_fork
from .turn_budget import MIN_COST, runs_in_asyncio, turn_budget
from .worker_threads import MAX_STUCK, MAX_THREADS, Call, run_blocking, stuck_calls

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")

# Bytes per piece. Larger pieces need fewer calls of the server's `send`, but each stalled client
# keeps one in the server's memory. So few streams get large pieces, and many share the budget.
MAX_PIECE_SIZE = 512 * 1024
_MIN_PIECE_SIZE = 16 * 1024
_PIECES_BUDGET = 3 * 1024 * 1024


class FileStream:
    """An open file that is read without blocking the event loop."""

    def __init__(self, file: OpenFile) -> None:
        """:param file: closed by :meth:`close`."""
        self._file = file
        self._to_close = [file]  # until it is closed

    async def pieces(
        self, plan: BodyPlan, max_size: int = sys.maxsize
    ) -> AsyncGenerator[bytes, None]:
        """Yield a body in pieces of at most :data:`MAX_PIECE_SIZE` bytes.

        :param max_size: bytes per piece, for files that are read without a thread.
        :raises BrokenBodyError: if the file has become too short or unreadable, or was overwritten
            before the last piece.
        """
        if not self._file.supports_nowait:
            max_size = sys.maxsize
        remaining = plan.file_length
        with _active_streams:
            for literal, part in plan:
                if literal:
                    yield literal
                offset = part.start
                while offset < part.stop:
                    size = min(part.stop - offset, max_size, _active_streams.piece_size)
                    # Keep no reference, so a slow client pins no memory here.
                    piece = [await self._piece(offset, size, remaining)]
                    offset += len(piece[0])
                    remaining -= len(piece[0])
                    yield piece.pop()

    async def _piece(self, offset: int, size: int, remaining: int) -> bytes:
        """Read the next piece, and return it in a turn of the event loop in which it can be sent.

        :param remaining: bytes of the body that were not read yet. The last of them are returned
            only if the file did not change.
        """
        piece = await self._piece_nowait(offset, size) if self._file.supports_nowait else None
        is_from_thread = piece is None
        if piece is None:
            piece = await self._wait_for(offset, size)
        if len(piece) == remaining:
            await self._require_unchanged()
        if is_from_thread:
            await turn_budget().take(max(len(piece), MIN_COST))
        return piece

    async def _piece_nowait(self, offset: int, size: int) -> bytes | None:
        budget, cost = turn_budget(), max(size, MIN_COST)
        await budget.take(cost)
        piece = self._file.read_nowait(offset, size)
        if piece is None:
            budget.give_back(cost)
        return piece

    async def _wait_for(self, offset: int, size: int) -> bytes:
        try:
            piece = await self._read_in_thread(offset, size)
        except FileSystemError as error:
            raise broken_body(self._file.path, error.reason) from error
        if not piece:
            raise broken_body(self._file.path)
        return piece

    async def _read_in_thread(self, offset: int, size: int) -> bytes:
        read = partial(self._file.read, offset, size)
        with Call(self._file.path, os.path.dirname(self._file.path), read) as call:
            await call.wait_for_thread()
            if self._file.supports_nowait or not runs_in_asyncio():
                return await call.run()
            # 76 µs per read, where anyio's threads take 110, measured on two cores.
            loop, executor = asyncio.get_running_loop(), _executor()
            try:
                piece: bytes = await wrap(_Reader(call), loop=loop, executor=executor).read()
            except RuntimeError as error:  # no thread can be started
                # The executor has queued the call nevertheless. Once it has run, the executor
                # counts a thread as idle that others wait for.
                _executor_of.cache_clear()
                raise FileSystemError(self._file.path, error) from error
            return piece

    async def _require_unchanged(self) -> None:
        """Check the file after its last byte was read.

        :raises BrokenBodyError: if a body that was read from it is wrong.
        """
        try:
            if self._file.supports_nowait:
                change = self._file.change_since_open()
            else:
                change = await self._run_blocking(self._file.change_since_open)
        except FileSystemError as error:
            change = error.reason
        if change:
            raise broken_body(self._file.path, change)

    async def is_at(self, path: str) -> bool:
        """Whether ``path``, which a server will open, leads to the file in its present state.

        The path of a file that is kept open may lead elsewhere now, for example by a link.
        """
        try:
            return await self._run_blocking(partial(state_or_none, path)) == self._file.state
        except FileSystemError:
            return False

    async def close(self) -> None:
        """Close the file, even if the task is cancelled."""
        if not self._to_close:
            return
        try:
            # Closing a removed file may wait for the disk, which frees its blocks.
            if not (self._file.supports_nowait and self._file.is_unchanged()):
                with CancelScope(shield=True), suppress(FileSystemError):
                    await self._run_blocking(self.close_blocking)
        finally:
            self.close_blocking()  # if no thread has: asyncio's own cancellation ignores the shield

    def close_blocking(self) -> None:
        """Close the file where nothing can be awaited."""
        # A thread may be doing the same after the event loop stopped waiting for it: pop() decides.
        with suppress(IndexError):
            self._to_close.pop().close()

    async def _run_blocking(self, function: Callable[[], T]) -> T:
        return await run_blocking(self._file.path, function)


class _Reader(BufferedIOBase):
    """A file object for one read of an open file. It needs no descriptor of its own.

    So a response never fails in the middle because descriptors have run out.
    """

    def __init__(self, call: Call[bytes]) -> None:
        super().__init__()
        self._call = call

    def read(self, size: int | None = None) -> bytes:
        """Read; raises what :meth:`OpenFile.read` raises."""
        return self._call()


class _ActiveStreams:
    """Counts the bodies that this process sends in pieces. Event loops may share it."""

    def __init__(self) -> None:
        self.reset_after_fork()
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Start at 0, in a process that was just forked."""
        self._number = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._number += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._number -= 1

    @property
    def piece_size(self) -> int:
        """Bytes per piece: the share of the budget for each active stream."""
        return max(_MIN_PIECE_SIZE, min(MAX_PIECE_SIZE, _PIECES_BUDGET // max(1, self._number)))


_active_streams = _ActiveStreams()


def _executor() -> ThreadPoolExecutor:
    """The threads for the next read: not those that are stuck in another read."""
    return _executor_of(os.getpid(), -(-stuck_calls() // MAX_THREADS))


@lru_cache(maxsize=1 + MAX_STUCK // MAX_THREADS)
def _executor_of(process: int, number: int) -> ThreadPoolExecutor:
    """One per process while none is stuck: threads do not survive a fork."""
    from concurrent.futures import ThreadPoolExecutor  # few files are read in its threads

    return ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="whitenoise_async")
