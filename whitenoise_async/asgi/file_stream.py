"""How the ASGI adapter reads a file without stopping the event loop, asyncio's or trio's.

What the kernel has in its page cache is read in place: a system call of some microseconds, where
a thread costs a hundred. Only what would wait for the disk goes to a thread. Where the kernel or
the file system does not offer that, every read goes to one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache, partial
from io import BufferedIOBase
from typing import TypeVar

from aiofiles.threadpool import wrap
from anyio import CancelScope

from ..files.open_file import BrokenBodyError, FileSystemError, OpenFile, state_if_any
from ..http.ranges import ByteRange
from ..support.after_fork import register_after_fork
from .turn_budget import LEAST_COST, runs_in_asyncio, turn_budget
from .worker_threads import MAX_STUCK, MAX_THREADS, Call, run_blocking, stuck_calls

T = TypeVar("T")

# Bytes that are read and handed on at a time. Large pieces cost fewer calls of the server's `send`,
# but a client that stalls has one of them in the server's memory. So a few streams have large ones,
# and many share the budget.
LARGEST_PIECE = 512 * 1024
_SMALLEST_PIECE = 16 * 1024
_BUDGET = 3 * 1024 * 1024


class FileStream:
    """An open file that is read without stopping the event loop."""

    def __init__(self, file: OpenFile) -> None:
        """:param file: closed by :meth:`close`."""
        self._file = file
        self._to_close = [file]  # until it is

    async def pieces(
        self, plan: Sequence[bytes | ByteRange], wanted: int = sys.maxsize
    ) -> AsyncGenerator[bytes, None]:
        """Yield a body by its plan, in pieces of :data:`LARGEST_PIECE` bytes at most.

        :param wanted: bytes of a piece at the most, where one costs no thread.
        :raises BrokenBodyError: where the file has become too short for its plan, or unreadable,
            or was overwritten before the last piece.
        """
        largest = wanted if self._file.reads_at_once else sys.maxsize
        to_come = sum(part.length for part in plan if isinstance(part, ByteRange))
        with _sending:
            for part in plan:
                if isinstance(part, bytes):
                    yield part
                    continue
                offset = part.start
                while offset < part.stop:
                    size = min(part.stop - offset, largest, _sending.piece_size)
                    # Handed over, not lent: nothing is to be in memory while the client is slow.
                    held = [await self._piece(offset, size, to_come)]
                    offset += len(held[0])
                    to_come -= len(held[0])
                    yield held.pop()

    async def _piece(self, offset: int, size: int, to_come: int) -> bytes:
        """Read the next piece, and return it in a turn of the event loop in which it can be sent.

        :param to_come: bytes of the body that have not been read; the last of them are returned
            only if the file has stayed as it was.
        """
        budget = turn_budget()
        if self._file.reads_at_once:
            cost = max(size, LEAST_COST)
            await budget.take(cost)
            piece = self._file.read_at_once(offset, size)
            if piece is None:
                budget.give_back(cost)
            else:
                if len(piece) == to_come:
                    await self._require_sound()
                return piece
        try:
            piece = await self._wait_for(offset, size)
        except FileSystemError as error:
            raise BrokenBodyError(self._file.path, error.reason) from error
        if not piece:
            raise BrokenBodyError(self._file.path)
        if len(piece) == to_come:
            await self._require_sound()
        await budget.take(max(len(piece), LEAST_COST))
        return piece

    async def _wait_for(self, offset: int, size: int) -> bytes:
        read = partial(self._file.read, offset, size)
        with Call(self._file.path, os.path.dirname(self._file.path), read) as call:
            if self._file.reads_at_once or not runs_in_asyncio():
                return await call.run()
            await call.be_admitted()
            # 76 µs a read where anyio's threads take 110, measured on two cores.
            loop, executor = asyncio.get_running_loop(), _executor()
            try:
                piece: bytes = await wrap(_Reader(call), loop=loop, executor=executor).read()
            except RuntimeError as error:  # no thread can be started
                # The executor has queued the call all the same. Once it has run, the executor
                # counts a thread that others wait for as idle.
                _executor_of.cache_clear()
                raise FileSystemError(self._file.path, error) from error
            return piece

    async def _require_sound(self) -> None:
        """Check the file after its last byte was read.

        :raises BrokenBodyError: where a body that was read from it is not what was promised.
        """
        try:
            if self._file.reads_at_once:
                fault = self._file.fault()
            else:
                fault = await self._run_blocking(self._file.fault)
        except FileSystemError as error:
            fault = error.reason
        if fault:
            raise BrokenBodyError(self._file.path, fault)

    async def is_at(self, path: str) -> bool:
        """Whether ``path``, which a server is to open, leads to the file in the state it is in.

        A descriptor that is kept may have lost its path: to a link that leads elsewhere now, say.
        """
        try:
            return await self._run_blocking(partial(state_if_any, path)) == self._file.state
        except FileSystemError:
            return False

    async def close(self) -> None:
        """Let go of the file, even when cancelled."""
        if not self._to_close:
            return
        try:
            # To close a file that was removed may wait for the disk, which frees its blocks.
            if not (self._file.reads_at_once and self._file.is_untouched()):
                with CancelScope(shield=True), suppress(FileSystemError):
                    await self._run_blocking(self.close_here)
        finally:
            self.close_here()  # where no thread has: asyncio's own cancellation knows no shield

    def close_here(self) -> None:
        """Let go of the file, where and when nobody can wait."""
        # A thread may be about to, while the event loop waits for it no more: one of them has it.
        with suppress(IndexError):
            self._to_close.pop().close()

    async def _run_blocking(self, function: Callable[[], T]) -> T:
        return await run_blocking(self._file.path, function)


class _Reader(BufferedIOBase):
    """A file object for one read of an open file, without a descriptor of its own.

    None can be lacking in the midst of an answer, and many answers need half as many.
    """

    def __init__(self, call: Call[bytes]) -> None:
        super().__init__()
        self._call = call

    def read(self, size: int | None = None) -> bytes:
        """Read; raises what :meth:`OpenFile.read` does."""
        return self._call()


class _Sending:
    """Counts the bodies that are sent in pieces, in this process; event loops may share it."""

    def __init__(self) -> None:
        self.reset_after_fork()
        register_after_fork(self)

    def reset_after_fork(self) -> None:
        """Begin anew, in a process that was just forked."""
        self._number = 0
        self._counting = threading.Lock()

    def __enter__(self) -> None:
        with self._counting:
            self._number += 1

    def __exit__(self, *_: object) -> None:
        with self._counting:
            self._number -= 1

    @property
    def piece_size(self) -> int:
        """Bytes of a piece, in view of how many share the budget."""
        return max(_SMALLEST_PIECE, min(LARGEST_PIECE, _BUDGET // max(1, self._number)))


_sending = _Sending()


def _executor() -> ThreadPoolExecutor:
    """The threads for a read now: others than those that are stuck in a read."""
    return _executor_of(os.getpid(), -(-stuck_calls() // MAX_THREADS))


@lru_cache(maxsize=1 + MAX_STUCK // MAX_THREADS)
def _executor_of(process: int, number: int) -> ThreadPoolExecutor:
    """One a process while none is stuck: threads do not survive a fork."""
    return ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="whitenoise_async")
