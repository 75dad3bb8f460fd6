"""A request is cancelled, or its client disconnects, at each of its awaits."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.faults.after_faults import (
    CASES,
    OTHER,
    Case,
    Census,
    Site,
    forget,
    moments_of,
    require_right,
)
from tests.faults.injection import (
    ASGI_SETUPS,
    EACH_READING,
    WSGI_SETUPS,
    Buffer,
    Received,
    SimulatedServer,
    Steps,
)
from tests.helpers.slow import slow_unless

Ask = Callable[[], Coroutine[Any, Any, object]]


async def cancel_scope(ask: Ask, at: int, server: SimulatedServer) -> bool:
    """Cancel a scope around the request. Returns whether there was an await numbered ``at``."""
    with anyio.CancelScope() as scope:
        steps = Steps(ask(), at, lambda waited_for: scope.cancel())
        await steps
    return steps.reached


async def cancel_task(ask: Ask, at: int, server: SimulatedServer) -> bool:
    """Cancel the task, like ``asyncio.timeout`` and servers that shut down. No shield stops it."""
    return await _in_task(ask, at, lambda waited_for, task: task.cancel())


async def cancel_task_late(ask: Ask, at: int, server: SimulatedServer) -> bool:
    """Cancel the task after its awaited result has come, and before it continues."""

    def cancel(waited_for: asyncio.Future[object] | None, task: asyncio.Task[object]) -> None:
        if waited_for is None:
            asyncio.get_running_loop().call_soon(task.cancel)
        else:
            waited_for.add_done_callback(lambda _: task.cancel())

    return await _in_task(ask, at, cancel)


async def _in_task(ask: Ask, at: int, cancel: Callable[[Any, Any], object]) -> bool:
    steps: list[Steps] = []

    async def run() -> None:
        # Looked up here, since a task and its CancelledError would keep each other alive.
        act = lambda waited_for: cancel(waited_for, asyncio.current_task())  # noqa: E731
        steps.append(Steps(ask(), at, act))
        await steps[0]

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return steps[0].reached


async def hang_up(ask: Ask, at: int, server: SimulatedServer) -> bool:
    """The client disconnects."""
    gone = anyio.Event()

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    server.on_receive = receive
    steps = Steps(ask(), at, lambda waited_for: gone.set())
    await steps
    server.on_receive = anyio.sleep_forever
    return steps.reached


@pytest.fixture(autouse=True)
def _nothing_is_let_go_of_by_chance() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


ASYNCIO_ALONE = (cancel_task, cancel_task_late)
ENDS = [
    *((cancel_scope, setup) for setup in ASGI_SETUPS),
    *((hang_up, setup) for setup in EACH_READING if setup not in WSGI_SETUPS),
    *((end, setup) for end in ASYNCIO_ALONE for setup in ASGI_SETUPS if "asyncio" in setup),
]
FAST_ENDS = [(cancel_scope, "trio, threads"), (hang_up, "trio, cold")]


@pytest.mark.parametrize(("end", "setup"), slow_unless(ENDS, FAST_ENDS.__contains__))
def test_a_request_cancelled_at_any_await_leaves_nothing_and_the_next_response_is_right(
    end: Callable[[Ask, int, SimulatedServer], Awaitable[bool]],
    setup: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = Buffer.alive
    server = SimulatedServer(setup, monkeypatch)

    async def at_each_await(case: Case) -> None:
        site = Site(tmp_path, case.size)
        app = server.make(tmp_path, **{"check_interval": None, **case.options})
        gc.collect()  # what the application of the last case has cached
        census = Census()
        for at in moments_of(case):
            forget(app)
            if case.warm:
                await server.ask(app, case.call)
            got = Received()
            reached = await end(partial(server.ask, app, case.call, got), at, server)
            assert got.error is None
            if got.ended:
                require_right(got, case.call, site.representations)
            else:
                assert reached
            del got
            # A task of asyncio and its CancelledError may keep each other and a buffer alive.
            await census.require_nothing_left(app, at + 1 if end in ASYNCIO_ALONE else 0)
            for call in (case.call, OTHER):
                require_right(await server.ask(app, call), call, site.representations)
            if not reached:
                break
        gc.collect()
        await census.require_nothing_left(app)

    async def main() -> None:
        for case in CASES.values():
            await at_each_await(case)

    server.run(main)
    assert caplog.messages == []
    gc.collect()  # the application is in a reference cycle
    assert Buffer.alive <= before
