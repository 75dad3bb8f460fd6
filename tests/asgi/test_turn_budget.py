"""Bodies share each turn of the event loop, so that other requests do not wait for them."""

from __future__ import annotations

import asyncio
import gc
import os
import time
import weakref
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint, current_token

from tests.helpers.clients import make_call, scope_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise
from whitenoise_async.asgi.turn_budget import BYTES_PER_TURN, TurnBudget, turn_budget
from whitenoise_async.files import open_file as files

# The task that counts may be the first to run in one turn and the last to run in the next one.
TWO_TURNS = 2 * BYTES_PER_TURN

LARGE = os.urandom(6 * BYTES_PER_TURN)


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=["page cache", "threads"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "threads":
        monkeypatch.setattr(files, "supports_page_cache_reads", lambda descriptor: False)


class Turns:
    """Counts the bytes that are passed to ``send`` between two turns of the event loop."""

    def __init__(self) -> None:
        self.sent = 0
        self.most = 0
        self.number = 0

    async def receive(self) -> Any:
        await anyio.sleep_forever()

    async def send(self, message: Any) -> None:
        self.sent += len(message.get("body", b""))

    async def count(self) -> None:
        while True:
            await checkpoint()
            self.most = max(self.most, self.sent)
            self.number += 1
            self.sent = 0


def bytes_in_a_turn(
    backend: str, requests: list[Callable[[Turns], Coroutine[Any, Any, None]]]
) -> int:
    """Return the largest number of bytes in one turn while all requests were answered."""
    turns = Turns()

    async def main() -> None:
        async with anyio.create_task_group() as counting:
            counting.start_soon(turns.count)
            async with anyio.create_task_group() as group:
                for request in requests:
                    group.start_soon(request, turns)
            counting.cancel_scope.cancel()
        assert turns.number > 10

    anyio.run(main, backend=backend)
    return turns.most


@pytest.mark.parametrize("number", [1, 8, 40])
def test_streams_together_send_no_more_than_one_budget_in_a_turn(
    backend: str, reading: None, tmp_path: Path, number: int
) -> None:
    write(tmp_path / "large.bin", LARGE)
    app = ASGIWhiteNoise(None, tmp_path)

    async def ask(turns: Turns) -> None:
        await app(scope_of(make_call("/large.bin")), turns.receive, turns.send)

    assert 0 < bytes_in_a_turn(backend, [ask] * number) <= TWO_TURNS


def test_bodies_in_memory_share_the_turns_too(backend: str, tmp_path: Path) -> None:
    body = bytes(400 * 1024)
    write(tmp_path / "a.bin", body)
    app = ASGIWhiteNoise(None, tmp_path)

    async def ask(turns: Turns) -> None:
        await app(scope_of(make_call("/a.bin")), turns.receive, turns.send)

    assert bytes_in_a_turn(backend, [ask] * 40) <= TWO_TURNS


def test_a_body_larger_than_a_budget_gets_its_own_turn(backend: str, tmp_path: Path) -> None:
    body = bytes(BYTES_PER_TURN + 1)
    write(tmp_path / "a.bin", body)
    app = ASGIWhiteNoise(None, tmp_path)

    async def ask(turns: Turns) -> None:
        await app(scope_of(make_call("/a.bin")), turns.receive, turns.send)

    assert bytes_in_a_turn(backend, [ask] * 40) <= 2 * len(body)


def test_the_body_that_waits_longest_is_next(backend: str) -> None:
    order: list[int] = []

    async def main() -> None:
        budget = TurnBudget()

        async def take(number: int) -> None:
            await budget.take(BYTES_PER_TURN // 2)
            order.append(number)

        async with anyio.create_task_group() as group:
            for number in range(9):
                group.start_soon(take, number)
                await checkpoint()
        assert order == list(range(9))

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("cancelled", [[0], [1], [4], [0, 1], [1, 2, 3], range(4), range(5)])
def test_waiting_bodies_continue_when_others_are_abandoned(
    backend: str, cancelled: list[int]
) -> None:
    done: list[int] = []

    async def main() -> None:
        budget = turn_budget()
        assert turn_budget() is budget
        scopes = [anyio.CancelScope() for _ in range(5)]

        async def take(number: int) -> None:
            with scopes[number]:
                await budget.take(BYTES_PER_TURN)
                done.append(number)

        await budget.take(BYTES_PER_TURN)
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(take, number)
            await checkpoint()
            for number in cancelled:
                scopes[number].cancel()
        with anyio.fail_after(60):
            await budget.take(BYTES_PER_TURN)
        assert set(done) >= set(range(5)) - set(cancelled)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("given_up", [1, 2])
async def test_a_body_that_is_abandoned_in_its_turn_does_not_block_others(given_up: int) -> None:
    budget = TurnBudget()
    done = []

    async def take(number: int) -> None:
        await budget.take(BYTES_PER_TURN // 2)
        done.append(number)
        if number == 0:  # which has just granted the next two their bytes
            tasks[given_up].cancel()

    await budget.take(BYTES_PER_TURN)
    tasks = [asyncio.ensure_future(take(number)) for number in range(6)]
    await asyncio.wait(tasks)
    assert done == [number for number in range(6) if number != given_up]


def test_unsent_bytes_are_available_to_other_bodies() -> None:
    async def main() -> None:
        budget = TurnBudget()
        await budget.take(BYTES_PER_TURN)
        budget.give_back(BYTES_PER_TURN)
        with anyio.CancelScope() as scope:
            scope.cancel()
            # Nothing waits here, so the cancellation is not noticed.
            await budget.take(BYTES_PER_TURN)
            done = True
        assert done

    anyio.run(main)


def test_a_finished_event_loop_is_not_kept_in_memory(
    backend: str, reading: None, tmp_path: Path
) -> None:
    """Tests and Django's ``async_to_sync`` create one for each call."""
    write(tmp_path / "large.bin", LARGE)
    app = ASGIWhiteNoise(None, tmp_path)
    ended: list[weakref.ref[object]] = []

    async def main() -> None:
        ended.append(weakref.ref(current_token().native_token))
        turns = Turns()
        await app(scope_of(make_call("/large.bin")), turns.receive, turns.send)

    for _ in range(3):
        anyio.run(main, backend=backend)
    # The thread of the last read drops its call only after the event loop has the result.
    deadline = time.monotonic() + 10
    while any(each() for each in ended) and time.monotonic() < deadline:
        time.sleep(0.01)
        gc.collect()
    assert [each() for each in ended] == [None] * 3
