"""The event loop, asyncio's or trio's, and how much of its time the bodies take."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from anyio import Event
from anyio.lowlevel import RunVar, checkpoint

T = TypeVar("T")

#: Bytes that all bodies together may pass to the server in one turn of the event loop. That takes
#: half a millisecond: a turn is how long every other request in the process has to wait.
BYTES_PER_TURN = 512 * 1024

#: Bytes that a piece of a body counts for, however small it is, and that beginning a body counts
#: for: the calls take as long as sending so many bytes, 0.1 ms in uvicorn and more in hypercorn.
LEAST_COST = 64 * 1024

_budget: RunVar[TurnBudget] = RunVar("whitenoise_async_turn_budget")


class _Waiter:
    """A body that waits for a turn in which its next piece can be sent."""

    __slots__ = ("ends_turn", "event", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.event = Event()
        #: The bytes of all bodies that are sent in the same turn, if this is the last of them.
        self.ends_turn = 0


class TurnBudget:
    """The bytes that bodies may send in one turn of an event loop, shared by all of them.

    A budget for each body would multiply: 400 bodies with 2 MB each kept the loop busy for seconds.
    Bodies wait in a queue. The last body of each turn wakes the ones whose pieces fit into the
    next. So a thousand waiting bodies cost nothing until it is their turn.

    A budget must not refer to its event loop. The loop refers to it, through weak references that
    would then keep both in memory.
    """

    def __init__(self) -> None:
        self._left = BYTES_PER_TURN  # of the present turn, while no body waits
        self._is_used = False  # in the present turn
        self._queue: deque[_Waiter] = deque()
        self._is_waited_for = False

    async def take(self, size: int) -> None:
        """Wait for a turn in which ``size`` bytes can be sent.

        More than :data:`BYTES_PER_TURN` bytes take a whole turn.
        """
        if self._is_waited_for:
            await self._wait(_Waiter(size))
        elif self._left < min(size, BYTES_PER_TURN):
            self._is_waited_for = True
            try:
                await checkpoint()
            finally:
                self._end_turn(size)
        else:
            self._left -= size
            if not self._is_used:
                self._is_used = True
                _call_soon()(self._begin_turn)

    def give_back(self, size: int) -> None:
        """Return bytes that were taken in this turn and not sent."""
        self._left += size

    async def _wait(self, waiter: _Waiter) -> None:
        self._queue.append(waiter)
        try:
            await waiter.event.wait()
        except BaseException:
            if not waiter.event.is_set():
                self._queue.remove(waiter)
            raise
        finally:
            if waiter.ends_turn:
                self._end_turn(waiter.ends_turn)

    def _begin_turn(self) -> None:
        self._is_used = False
        if not self._is_waited_for:
            self._left = BYTES_PER_TURN

    def _end_turn(self, sent: int) -> None:
        """Wake the bodies whose pieces fit into the next turn: a task that is woken now runs then.

        :param sent: bytes that were sent in this turn.
        """
        self._left = BYTES_PER_TURN - sent
        total, last = 0, None
        while self._queue and (not total or total + self._queue[0].size <= BYTES_PER_TURN):
            last = self._queue.popleft()
            total += last.size
            last.event.set()
        if last is None:
            self._is_waited_for = False
        else:
            last.ends_turn = total


def runs_in_asyncio() -> bool:
    """Whether this task is asyncio's: trio may run as a guest of its loop, in no task of it."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def call_soon_threadsafe() -> Callable[[Callable[[], object]], object]:
    """A function that schedules a call on this event loop, from any thread."""
    if runs_in_asyncio():
        return asyncio.get_running_loop().call_soon_threadsafe
    from trio.lowlevel import current_trio_token

    return current_trio_token().run_sync_soon


def _call_soon() -> Callable[[Callable[[], object]], object]:
    """A function that schedules a call for the next turn of this event loop."""
    return asyncio.get_running_loop().call_soon if runs_in_asyncio() else call_soon_threadsafe()


def of_this_loop(variable: RunVar[T], make: Callable[[], T]) -> T:
    """The object that this event loop has in ``variable``; it is made at the first call."""
    try:
        return variable.get()
    except LookupError:
        made = make()
        variable.set(made)
        return made


def turn_budget() -> TurnBudget:
    """The budget of the event loop that runs this."""
    return of_this_loop(_budget, TurnBudget)
