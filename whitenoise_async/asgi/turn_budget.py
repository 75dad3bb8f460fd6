"""Limits the time that bodies take in each turn of the event loop, asyncio's or trio's."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from anyio import Event
from anyio.lowlevel import RunVar, checkpoint

T = TypeVar("T")

#: Bytes that all bodies together may pass to the server in one turn of the event loop. That takes
#: half a millisecond, and every other request in the process waits for that time.
BYTES_PER_TURN = 512 * 1024

#: The minimum cost of a piece of a body, and the cost of starting a body, in bytes. The calls take
#: as long as sending that many bytes: 0.1 ms in uvicorn, more in hypercorn.
MIN_COST = 64 * 1024

_budget: RunVar[TurnBudget] = RunVar("whitenoise_async_turn_budget")


class _Waiter:
    """A body that waits for a turn in which its next piece can be sent."""

    __slots__ = ("ends_turn", "event", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.event = Event()
        #: For the last body of a turn: the bytes of all bodies in that turn.
        self.ends_turn = 0


class TurnBudget:
    """The bytes that bodies may send in one turn of an event loop, shared by all of them.

    A budget for each body would multiply: 400 bodies with 2 MB each blocked the loop for seconds.
    Bodies wait in a queue. The last body of each turn wakes those whose pieces fit into the next
    turn. So a thousand waiting bodies cost nothing until their turn.

    A budget must not refer to its event loop. The loop refers to it through weak references, which
    would then keep both in memory.
    """

    def __init__(self) -> None:
        self._left = BYTES_PER_TURN  # in this turn, while no body waits
        self._is_used = False  # in this turn
        self._queue: deque[_Waiter] = deque()
        self._is_waited_for = False

    async def take(self, size: int) -> None:
        """Wait for a turn in which ``size`` bytes can be sent.

        A request for more than :data:`BYTES_PER_TURN` bytes gets a whole turn.
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
        """Return bytes that were taken in this turn but not sent."""
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
        """Wake the bodies whose pieces fit into the next turn. A task that is woken now runs then.

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
    """Whether this is an asyncio task. Trio can run as a guest on asyncio's loop, without one."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def call_soon_threadsafe() -> Callable[[Callable[[], object]], object]:
    """Return a function that schedules a call on this event loop, from any thread."""
    if runs_in_asyncio():
        return asyncio.get_running_loop().call_soon_threadsafe
    from trio.lowlevel import current_trio_token

    return current_trio_token().run_sync_soon


def _call_soon() -> Callable[[Callable[[], object]], object]:
    """Return a function that schedules a call for the next turn of this event loop."""
    return asyncio.get_running_loop().call_soon if runs_in_asyncio() else call_soon_threadsafe()


def per_loop(variable: RunVar[T], make: Callable[[], T]) -> T:
    """This event loop's value of ``variable``, made at the first call."""
    try:
        return variable.get()
    except LookupError:
        made = make()
        variable.set(made)
        return made


def turn_budget() -> TurnBudget:
    """The budget of the running event loop."""
    return per_loop(_budget, TurnBudget)
