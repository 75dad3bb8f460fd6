"""No thread is free: all of ours wait for the disk, or the system refuses to start another."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import anyio
import pytest
from anyio import to_thread

from tests.faults.after_faults import (
    close_kept,
    descriptors,
    nothing_more_is_open,
    require_cut,
    threads_taken,
)
from tests.faults.injection import (
    APPLICATION,
    ASGI_SETUPS,
    PIECE,
    Received,
    SimulatedServer,
    little_memory,
)
from tests.helpers.clients import make_call
from tests.helpers.files import write
from tests.helpers.slow import slow_unless
from tests.helpers.waiting import until_async
from whitenoise_async.asgi import event_loop as async_base
from whitenoise_async.asgi import file_stream as streaming
from whitenoise_async.asgi import worker_threads as threads
from whitenoise_async.asgi.turn_budget import per_loop
from whitenoise_async.asgi.worker_threads import (
    MAX_PER_DIRECTORY,
    MAX_STUCK,
    MAX_THREADS,
    statistics,
)
from whitenoise_async.asgi.worker_threads import Call as ThreadCall

CONTENT = os.urandom(5 * PIECE)
# Bytes that are left for everything but the stacks of threads.
ROOM = 512 * 1024 * 1024
# The thread pools, which keep idle threads.
POOLS = ("anyio", "aiofiles")
# More threads than can be idle. Trio keeps idle threads of earlier tests for ten seconds: all of
# ours, and as many for other work of a test.
IDLE = 2 * (MAX_THREADS + MAX_STUCK)
NO_THREAD = "can't start new thread"


FAST_SETUPS = {"asyncio, page cache", "trio, threads"}


@pytest.fixture(params=slow_unless(ASGI_SETUPS, FAST_SETUPS.__contains__))
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimulatedServer:
    return SimulatedServer(request.param, monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "small.txt", b"small")
    return write(tmp_path / "a.bin", CONTENT)


@contextmanager
def no_room_for_stacks() -> Iterator[None]:
    stack = threading.stack_size(2 * ROOM)
    try:
        with little_memory(ROOM):
            yield
    finally:
        threading.stack_size(stack)


@asynccontextmanager
async def no_threads(*pools: str) -> AsyncIterator[None]:
    """Occupy all threads of ``pools``, and leave no memory for the stacks of new ones."""
    done = threading.Event()
    limiter = anyio.CapacityLimiter(IDLE)
    if "aiofiles" in pools:
        streaming._executor_of.cache_clear()

    async def occupy() -> None:
        with suppress(RuntimeError):
            await to_thread.run_sync(done.wait, limiter=limiter)

    with no_room_for_stacks():
        async with anyio.create_task_group() as group:
            try:
                for _ in range(IDLE if "anyio" in pools else 0):
                    group.start_soon(occupy)
                await anyio.wait_all_tasks_blocked()
                yield
            finally:
                done.set()


class Losing:
    """Takes all threads away when the message number ``at`` is sent."""

    def __init__(self, server: SimulatedServer, at: int, pools: Sequence[str] = POOLS) -> None:
        self._at = at
        self._pools = pools
        self._lost, self._done = anyio.Event(), anyio.Event()
        self._number = -1
        self._server, self._on_send_before = server, server.on_send

    async def _on_send(self, message: Any) -> None:
        await self._on_send_before(message)
        self._number += 1
        if self._number == self._at:
            self._group.start_soon(self._lose)
            await self._lost.wait()

    async def _lose(self) -> None:
        async with no_threads(*self._pools):
            self._lost.set()
            await self._done.wait()

    async def __aenter__(self) -> None:
        self._group = await anyio.create_task_group().__aenter__()
        self._server.on_send = self._on_send

    async def __aexit__(self, *_: object) -> None:
        self._server.on_send = self._on_send_before
        self._done.set()
        await self._group.__aexit__(None, None, None)


def test_without_a_thread_a_file_that_must_be_checked_is_a_503(
    server: SimulatedServer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = server.make(path.parent, check_interval=None)
    (path.parent / "folder").mkdir()
    live = server.make(path.parent, autorefresh=True)

    async def main() -> None:
        await server.ask(app, make_call("/small.txt"))
        async with no_threads(*POOLS):
            small = await server.ask(app, make_call("/small.txt"))
            other = await server.ask(app, make_call("/other"))
            refused = [
                await server.ask(app, make_call("/a.bin")),
                await server.ask(live, make_call("/a.bin")),
            ]
        assert (small.status, small.body, other.body) == (200, b"small", APPLICATION)
        for got in refused:
            assert (got.status, got["retry-after"], got.error) == (503, "1", None)
        assert caplog.messages == [
            f"{path} cannot be read now: {NO_THREAD}",
            f"A folder cannot be read now: {NO_THREAD}",
        ]
        for each in (app, live):
            assert (await server.ask(each, make_call("/a.bin"))).body == CONTENT

    server.run(main)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_idle_threads_of_earlier_tests_are_occupied_too(backend: str) -> None:
    number = MAX_THREADS + MAX_STUCK

    async def main() -> None:
        limiter, together = anyio.CapacityLimiter(number), threading.Barrier(number)
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(partial(to_thread.run_sync, together.wait, limiter=limiter))
        async with no_threads(*POOLS):
            with pytest.raises(RuntimeError, match=NO_THREAD):
                await to_thread.run_sync(bool, limiter=limiter)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("at", [0, 3])
def test_without_a_thread_in_mid_stream_the_connection_is_cut_if_one_is_needed(
    server: SimulatedServer, path: Path, caplog: pytest.LogCaptureFixture, at: int
) -> None:
    app = server.make(path.parent, max_cache_size=0, check_interval=None)

    async def main() -> None:
        await server.ask(app, make_call("/a.bin"))
        before = descriptors()
        async with Losing(server, at):
            got = await server.ask(app, make_call("/a.bin"))
            assert nothing_more_is_open(before)
        if server.reading == "page cache":
            assert (got.status, got.body, got.ended, got.error) == (200, CONTENT, True, None)
            assert caplog.messages == []
        else:
            require_cut(got)
            said = f"{path} was sent in part: {NO_THREAD}; the connection is cut"
            assert caplog.messages == [said]
        got = await server.ask(app, make_call("/a.bin"))
        assert got.body == CONTENT

    server.run(main)


def test_without_a_thread_for_the_last_check_the_connection_is_cut(
    monkeypatch: pytest.MonkeyPatch, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """aiofiles has its own threads: here it has started all of them."""
    server = SimulatedServer("asyncio, threads", monkeypatch)
    app = server.make(path.parent, max_cache_size=0)
    executor, together = streaming._executor_of(os.getpid(), 0), threading.Barrier(MAX_THREADS)
    for started in [executor.submit(together.wait) for _ in range(MAX_THREADS)]:
        started.result()

    async def main() -> None:
        async with Losing(server, 0, pools=["anyio"]):
            got = await server.ask(app, make_call("/a.bin"))
        require_cut(got)
        assert got.body == CONTENT[: 4 * PIECE]
        assert caplog.messages == [f"{path} was sent in part: {NO_THREAD}; the connection is cut"]

    server.run(main)


@pytest.mark.parametrize("server", ["asyncio, page cache", "trio, page cache"], indirect=True)
def test_without_a_thread_a_removed_file_is_closed_in_place(
    server: SimulatedServer, path: Path
) -> None:
    app = server.make(path.parent, max_cache_size=0)

    async def remove(message: Any) -> None:
        with suppress(FileNotFoundError):
            os.unlink(path)
        close_kept(app)

    async def main() -> None:
        before = descriptors()
        server.on_send = remove
        async with Losing(server, 1):
            got = await server.ask(app, make_call("/a.bin"))
            assert (got.body, got.ended) == (CONTENT, True)
            assert nothing_more_is_open(before)

    server.run(main)


@pytest.mark.parametrize("server", ["asyncio, page cache", "trio, page cache"], indirect=True)
def test_without_a_thread_no_path_is_passed_to_the_server(
    server: SimulatedServer, path: Path
) -> None:
    """Without a thread, the path cannot be checked, so the open file is sent."""
    server.extensions = {"http.response.pathsend": {}}
    app = server.make(path.parent, max_cache_size=0, check_interval=None)

    async def main() -> None:
        await server.ask(app, make_call("/a.bin", {"Range": "bytes=1-"}))
        async with no_threads(*POOLS):
            got = await server.ask(app, make_call("/a.bin"))
        assert (got.body, got.ended) == (CONTENT, True)

    server.run(main)


def test_threads_that_could_not_be_started_for_aiofiles_are_started_later(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    server = SimulatedServer("asyncio, threads", monkeypatch)
    app = server.make(path.parent, max_cache_size=0)
    waiting: set[int] = set()
    go_on = threading.Event()
    number = 4

    def wait(name: str) -> None:
        if name == "pread":
            waiting.add(threading.get_ident())
            go_on.wait()

    async def ask() -> None:
        assert (await server.ask(app, make_call("/a.bin"))).body == CONTENT

    async def main() -> None:
        await ask()
        async with no_threads("aiofiles"):
            for _ in range(2 * number):
                require_cut(await server.ask(app, make_call("/a.bin")))
        await ask()
        server.calls.before = wait
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(ask)
            await until_async(lambda: len(waiting) == number)
            go_on.set()

    server.run(main)


@contextmanager
def hanging_disk(server: SimulatedServer) -> Iterator[set[int]]:
    """Hangs, for all but the event loop's thread, until it is back; yields who waits for it."""
    back = threading.Event()
    waiting: set[int] = set()

    def wait(name: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            waiting.add(threading.get_ident())
            back.wait()

    server.calls.before = wait
    try:
        yield waiting
    finally:
        back.set()


@pytest.fixture
def urls(tmp_path: Path) -> list[str]:
    """Those of more files than there are threads."""
    names = [f"{number}.bin" for number in range(MAX_THREADS + 6)]
    for name in names:
        write(tmp_path / name, CONTENT)
    return [f"/{name}" for name in names]


def test_a_disk_that_hangs_stops_only_requests_that_need_it(
    server: SimulatedServer, path: Path, urls: list[str]
) -> None:
    app = server.make(path.parent, max_cached_file_size=10, check_interval=None)
    got: list[Received] = []

    async def ask(url: str) -> None:
        got.append(await server.ask(app, make_call(url)))

    async def main() -> None:
        for url in ("/small.txt", "/a.bin"):
            await server.ask(app, make_call(url))
        before = threading.active_count()
        async with anyio.create_task_group() as group:
            with hanging_disk(server) as waiting:
                for url in urls:
                    group.start_soon(ask, url)
                await until_async(lambda: len(waiting) == MAX_PER_DIRECTORY)
                for url, body in (("/small.txt", b"small"), ("/missing", APPLICATION)):
                    assert (await server.ask(app, make_call(url))).body == body
                head = await server.ask(app, make_call("/a.bin", method="HEAD"))
                assert head.length == len(CONTENT)
                if server.reading == "page cache":
                    assert (await server.ask(app, make_call("/a.bin"))).body == CONTENT
                assert got == []
                assert threading.active_count() - before <= MAX_THREADS
        assert [each.body for each in got] == [CONTENT] * len(urls)
        assert threads_taken() == 0

    server.run(main)


def test_requests_cancelled_while_the_disk_hangs_take_no_thread_from_the_others(
    server: SimulatedServer, path: Path, urls: list[str]
) -> None:
    app = server.make(path.parent, max_cache_size=0)
    scopes: dict[str, anyio.CancelScope] = {}
    got: dict[str, Received] = {}

    async def ask(url: str) -> None:
        with anyio.CancelScope() as scopes[url]:
            got[url] = await server.ask(app, make_call(url))

    async def main() -> None:
        before = descriptors()
        async with anyio.create_task_group() as group:
            with hanging_disk(server) as waiting:
                for url in urls[:MAX_THREADS]:
                    group.start_soon(ask, url)
                await until_async(lambda: len(waiting) == MAX_PER_DIRECTORY)
                for url in urls[MAX_THREADS:]:
                    group.start_soon(ask, url)
                await anyio.wait_all_tasks_blocked()
                # Some that have a thread, and some that wait for one.
                given_up = [*urls[:2], *urls[-2:]]
                for url in given_up:
                    scopes[url].cancel()
                await anyio.wait_all_tasks_blocked()
                assert len(waiting) == MAX_PER_DIRECTORY
        assert sorted(got) == sorted(set(urls) - set(given_up))
        assert {each.body for each in got.values()} == {CONTENT}
        assert threads_taken() == 0
        close_kept(app)
        # A thread may hold on to what it returned for a moment.
        await until_async(lambda: nothing_more_is_open(before))

    server.run(main)


@pytest.mark.parametrize(
    "server", [server for server in ASGI_SETUPS if "asyncio" in server], indirect=True
)
def test_tasks_that_are_cancelled_while_the_disk_hangs_do_not_add_threads(
    server: SimulatedServer, path: Path, urls: list[str]
) -> None:
    """As with ``asyncio.timeout``: nothing stops the threads that they leave behind."""
    app = server.make(path.parent, max_cache_size=0)

    async def main() -> None:
        before, threads = descriptors(), threading.active_count()
        with hanging_disk(server) as waiting:
            for _ in range(3):
                tasks = [asyncio.ensure_future(server.ask(app, make_call(url))) for url in urls]
                await until_async(lambda: len(waiting) == MAX_PER_DIRECTORY)
                await anyio.wait_all_tasks_blocked()
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                assert all(task.cancelled() for task in tasks)
                assert threading.active_count() - threads <= MAX_THREADS
            assert (await server.ask(app, make_call("/missing"))).body == APPLICATION
        await until_async(lambda: threads_taken() == 0)
        close_kept(app)
        # A thread may hold on to what it returned for a moment.
        await until_async(lambda: nothing_more_is_open(before))
        assert (await server.ask(app, make_call(urls[0]))).body == CONTENT

    server.run(main)


def test_an_event_loop_may_end_while_the_disk_hangs(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    server = SimulatedServer("asyncio, page cache", monkeypatch)
    app = server.make(path.parent)
    before, threads = descriptors(), set(threading.enumerate())

    async def main() -> None:
        task = asyncio.ensure_future(server.ask(app, make_call("/a.bin")))
        await until_async(lambda: threads_taken() == 1)
        await anyio.wait_all_tasks_blocked()
        task.cancel()

    with hanging_disk(server):
        server.run(main)
    for thread in set(threading.enumerate()) - threads:
        thread.join()
    assert nothing_more_is_open(before)
    assert server.run(lambda: server.ask(app, make_call("/a.bin"))).body == CONTENT


@pytest.mark.parametrize("server", ["asyncio, page cache", "trio, page cache"], indirect=True)
def test_a_runtime_error_of_a_hook_is_not_taken_for_a_lack_of_threads(
    server: SimulatedServer, path: Path
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the hook's own")

    app = server.make(path.parent, add_headers_function=fail)
    got = server.run(lambda: server.ask(app, make_call("/a.bin")))
    assert str(got.error) == "the hook's own"


@pytest.mark.parametrize("autorefresh", [False, True])
def test_requests_for_one_file_on_a_disk_that_hangs_take_one_thread(
    server: SimulatedServer, path: Path, autorefresh: bool
) -> None:
    app = server.make(path.parent, max_cached_file_size=10, autorefresh=autorefresh)
    number = 3 * MAX_THREADS
    got: list[Received] = []

    async def ask() -> None:
        got.append(await server.ask(app, make_call("/a.bin")))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            with hanging_disk(server) as waiting:
                for _ in range(number):
                    group.start_soon(ask)
                await until_async(lambda: len(waiting) == 1)
                await anyio.wait_all_tasks_blocked()
                assert statistics() == (1, number - 1)
            await anyio.wait_all_tasks_blocked()
        assert [each.body for each in got] == [CONTENT] * number

    server.run(main)


def test_a_slow_hook_delays_its_file_and_no_other(server: SimulatedServer, tmp_path: Path) -> None:
    names = [f"{number}.txt" for number in range(MAX_THREADS)]
    for name in names:
        write(tmp_path / "slow" / name, b"slow")
    write(tmp_path / "other" / "small.txt", b"small")
    release = threading.Event()

    def hook(headers: Any, path: str, url: str) -> None:
        if url.startswith("/slow/"):
            release.wait()

    app = server.make(tmp_path, add_headers_function=hook)
    got: list[Received] = []

    async def ask(url: str) -> None:
        got.append(await server.ask(app, make_call(url)))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for name in names * 2:
                group.start_soon(ask, f"/slow/{name}")
            await until_async(lambda: statistics().running == MAX_PER_DIRECTORY)
            assert (await server.ask(app, make_call("/other/small.txt"))).body == b"small"
            assert got == []
            release.set()
        assert [each.body for each in got] == [b"slow"] * 2 * len(names)

    server.run(main)


def test_directories_that_hang_leave_threads_for_the_others(
    server: SimulatedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that takes long does not count, so that another one has a thread."""
    monkeypatch.setattr(threads, "STUCK_AFTER", 0.05)
    monkeypatch.setattr(threads, "MAX_STUCK", MAX_THREADS)
    folders = 6
    for number in range(folders * MAX_PER_DIRECTORY):
        write(tmp_path / str(number % folders) / f"{number}.bin", b"x")
    write(tmp_path / "other" / "small.txt", b"small")
    release = threading.Event()

    def hook(headers: Any, path: str, url: str) -> None:
        if not url.startswith("/other/"):
            release.wait()

    app = server.make(tmp_path, add_headers_function=hook)

    async def ask(url: str) -> None:
        assert (await server.ask(app, make_call(url))).status == 200

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(3 * MAX_PER_DIRECTORY):
                group.start_soon(ask, f"/{number % 3}/{number // 3 * folders + number % 3}.bin")
            await until_async(lambda: statistics().running == 3 * MAX_PER_DIRECTORY)
            await ask("/other/small.txt")
            for number in range(3 * MAX_PER_DIRECTORY):
                name = number // 3 * folders + number % 3 + 3
                group.start_soon(ask, f"/{number % 3 + 3}/{name}.bin")
            await until_async(lambda: statistics().running == 2 * MAX_THREADS)
            await anyio.sleep(0.2)
            assert statistics().running == 2 * MAX_THREADS  # there is a bound
            release.set()
        assert statistics() == (0, 0)
        for _ in range(2):
            await ask("/other/small.txt")

    server.run(main)


def test_a_thread_that_is_not_stuck_is_not_replaced() -> None:
    async def main() -> None:
        loop = per_loop(threads._loop, threads._Loop)
        with threads.Call("path", "folder", int) as call:
            await call.wait_for_thread()
            loop.replace_stuck()
            assert not call.is_stuck
            assert loop.threads.total_tokens == MAX_THREADS

    anyio.run(main)


def test_a_file_in_memory_is_sent_while_its_next_check_hangs(
    server: SimulatedServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = server.make(path.parent)  # which checks a file at every request
    calls = [make_call("/small.txt"), make_call("/small.txt", method="HEAD")]
    calls.append(make_call("/small.txt", {"Range": "bytes=1-2"}))

    async def main() -> None:
        await server.ask(app, calls[0])
        monkeypatch.setattr(async_base, "PATIENCE", 0.05)
        with hanging_disk(server):
            bodies = [(await server.ask(app, call)).body for call in calls]
            assert bodies == [b"small", b"", b"ma"]
        monkeypatch.setattr(async_base, "PATIENCE", 60)
        # The check goes on, and its result is the next request's.
        write(path.parent / "small.txt", b"new")
        assert (await server.ask(app, calls[0])).body == b"new"

    server.run(main)


@pytest.mark.parametrize("server", ["asyncio, page cache", "trio, threads"], indirect=True)
def test_while_a_check_hangs_the_newest_content_in_memory_is_sent(
    server: SimulatedServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that waited for another one has what that one loaded."""
    patience: list[anyio.CancelScope] = []

    def endless(seconds: float | None) -> anyio.CancelScope:
        patience.append(anyio.CancelScope())
        return patience[-1]

    monkeypatch.setattr(async_base, "move_on_after", endless)
    app = server.make(path.parent)  # which checks a file at every request
    small = make_call("/small.txt")
    hangs = [threading.Event(), threading.Event()]
    checks = iter(hangs)
    got: dict[str, bytes] = {}

    def wait(name: str) -> None:
        if name == "stat":
            next(checks).wait()

    async def ask(name: str) -> None:
        got[name] = (await server.ask(app, small)).body

    async def main() -> None:
        await server.ask(app, small)
        server.calls.before = wait
        async with anyio.create_task_group() as group:
            group.start_soon(ask, "first")
            await until_async(lambda: statistics() == (1, 0))
            group.start_soon(ask, "second")
            await until_async(lambda: statistics() == (1, 1))
            write(path.parent / "small.txt", b"new")
            hangs[0].set()
            await until_async(lambda: "first" in got and statistics() == (1, 0))
            patience[-1].cancel()  # that of the second request
        hangs[1].set()
        assert got == {"first": b"new", "second": b"new"}

    server.run(main)


async def test_a_cancelled_call_does_not_begin() -> None:
    with ThreadCall("a.bin", "", os.getpid) as call:
        await call.wait_for_file("a.bin")
    with pytest.raises(asyncio.CancelledError):
        call()
    assert statistics() == (0, 0)


async def test_a_request_cancelled_after_it_got_the_file_blocks_no_other() -> None:
    """Before version 4.10 of anyio, those behind it waited for ever."""
    order: list[str] = []

    async def ask(name: str) -> None:
        with ThreadCall("/a", "/", bool) as call:
            await call.wait_for_file("/a")
            order.append(name)
            await call.run()

    with ThreadCall("/a", "/", bool) as first:
        await first.wait_for_file("/a")
        given_up, next_one = asyncio.ensure_future(ask("given up")), asyncio.ensure_future(ask("b"))
        await until_async(lambda: statistics().waiting == 2)
    given_up.cancel()
    with anyio.fail_after(60):
        await next_one
    assert order == ["b"]
    assert statistics() == (0, 0)


@pytest.mark.parametrize("backend", ["asyncio", "asyncio's own", "trio"])
def test_calls_cancelled_at_any_moment_release_everything(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "STUCK_AFTER", 0.01)
    random = Random(1)

    async def ask(scope: anyio.CancelScope) -> None:
        number = random.randrange(12)
        directory = f"/{number % 4}" if random.random() < 0.9 else None
        work = partial(sleep, random.choice([0, 0, 0.001, 0.03]))
        with scope, ThreadCall(f"/{number}", directory, work) as call:
            await call.wait_for_file(f"/{number}")
            await call.run()

    async def main() -> None:
        give_up: list[Callable[[], object]] = []
        async with anyio.create_task_group() as group:
            for _ in range(400):
                scope = anyio.CancelScope()
                if backend == "asyncio's own":
                    give_up.append(asyncio.ensure_future(ask(scope)).cancel)
                else:
                    group.start_soon(ask, scope)
                    give_up.append(scope.cancel)
                if random.random() < 0.5:
                    random.choice(give_up[-60:])()
                if random.random() < 0.1:
                    await anyio.sleep(random.choice([0, 0.002]))
            with anyio.fail_after(60):
                # The threads need the interpreter, which a loop without sleep would keep.
                while statistics() != (0, 0):  # noqa: ASYNC110
                    await anyio.sleep(0.01)
        give_up.clear()  # of tasks, whose errors refer to their frames
        gc.collect()
        loop = per_loop(threads._loop, threads._Loop)
        assert loop.threads.total_tokens == MAX_THREADS
        # The last scope refers to its task.
        assert len(loop.files) <= 1
        assert len(loop.directories) <= 1

    anyio.run(main, backend="trio" if backend == "trio" else "asyncio")
