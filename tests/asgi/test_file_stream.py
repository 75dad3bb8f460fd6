"""How the ASGI adapter sends a large file: in pieces, at the pace of a connected client."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import trio
from anyio.lowlevel import checkpoint

from tests.helpers.clients import call_asgi, make_call, scope_of
from tests.helpers.descriptors import descriptors_of
from tests.helpers.files import write
from tests.helpers.slow import slow_unless
from tests.helpers.waiting import until_async
from whitenoise_async import ASGIWhiteNoise
from whitenoise_async.asgi.file_stream import MAX_PIECE_SIZE, FileStream
from whitenoise_async.asgi.worker_threads import MAX_THREADS, statistics
from whitenoise_async.files import open_file as files
from whitenoise_async.files import pread as reads
from whitenoise_async.files.errors import BrokenBodyError
from whitenoise_async.serving import descriptor_cache

PIECES = 6
CONTENT = os.urandom(MAX_PIECE_SIZE) * PIECES
BACKENDS = ["asyncio", "trio"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "big.bin", CONTENT)


READINGS = ["page cache", "cold", "threads"]


# With an empty page cache, files are read by the threads too.
@pytest.fixture(params=slow_unless(READINGS, lambda reading: reading != "cold"), autouse=True)
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the file is read: from the page cache, with an empty one, or without support for it."""
    name: str = request.param
    if name == "cold":

        def wait(*_: object) -> bytes:
            raise BlockingIOError

        monkeypatch.setattr(files, "read_page_cache", wait)
    elif name == "threads":
        monkeypatch.setattr(files, "supports_page_cache_reads", lambda descriptor: False)
    return name


@pytest.fixture(autouse=True)
def _nothing_is_left_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(descriptor_cache, "MAX_OPEN", 0)
    yield
    assert descriptors_of(path) == []


class Server:
    """The server's side of one request, with a client that does what the test says."""

    def __init__(self, path: Path, on_send: Callable[[int], Any] = lambda number: None) -> None:
        self.app = ASGIWhiteNoise(None, path.parent)
        self.on_send = on_send
        self.sent: list[Any] = []
        self.hung_up = anyio.Event()
        self.received = 0

    async def receive(self) -> Any:
        self.received += 1
        if self.received == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message.get("body") == b"" and message.get("more_body"):
            return  # waits for space, and sends the client nothing
        done = self.on_send(len(self.sent))
        if done is not None:
            await done
        self.sent.append(message)

    async def run(self, **headers: str) -> None:
        call = make_call("/big.bin", headers)
        await self.app(scope_of(call), self.receive, self.send)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


def test_a_large_file_is_sent_in_pieces_of_bounded_size(backend: str, path: Path) -> None:
    async def main() -> None:
        server = Server(path)
        await server.run()
        sizes = [len(message["body"]) for message in server.sent[1:]]
        assert sizes == [MAX_PIECE_SIZE] * PIECES
        assert server.body == CONTENT

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend_options", [{}, {"use_uvloop": True}], ids=["asyncio", "uvloop"])
def test_a_large_file_is_sent_completely_on_either_asyncio_loop(
    path: Path, backend_options: Any
) -> None:
    if backend_options:
        pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def main() -> None:
        server = Server(path)
        await server.run()
        assert server.body == CONTENT

    anyio.run(main, backend_options=backend_options)


def test_ranges_are_sent_from_their_positions(backend: str, path: Path) -> None:
    first, last = 100_000, 400_000

    async def main() -> None:
        server = Server(path)
        await server.run(Range=f"bytes={first}-{last}")
        assert server.body == CONTENT[first : last + 1]
        server = Server(path)
        await server.run(Range=f"bytes={last}-,0-{first}")
        assert CONTENT[last:] in server.body
        assert CONTENT[: first + 1] in server.body

    anyio.run(main, backend=backend)


def test_a_response_has_one_descriptor_with_any_method_of_reading(backend: str, path: Path) -> None:
    """So a response that has begun needs no further descriptor."""

    async def main() -> None:
        open_at: list[int] = []
        await Server(path, lambda number: open_at.append(len(descriptors_of(path)))).run()
        assert open_at == [1] * (PIECES + 1)

    anyio.run(main, backend=backend)


def test_only_as_much_is_read_as_the_client_accepts(
    backend: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back-pressure: while ``send`` waits, nothing is read."""
    read = 0
    read_piece = FileStream._piece

    async def recorded(stream: FileStream, offset: int, size: int, to_come: int) -> bytes:
        nonlocal read
        piece = await read_piece(stream, offset, size, to_come)
        read = offset + len(piece)
        return piece

    async def look(number: int) -> None:
        await anyio.wait_all_tasks_blocked()
        assert read == number * MAX_PIECE_SIZE

    async def main() -> None:
        server = Server(path, look)
        await server.run()
        assert len(server.sent) == PIECES + 1

    monkeypatch.setattr(FileStream, "_piece", recorded)
    anyio.run(main, backend=backend)
    assert read == len(CONTENT)


def test_no_piece_is_in_memory_while_the_client_is_slow(backend: str, path: Path) -> None:
    """Between two pieces, the server receives an empty one, for which uvicorn waits."""

    async def main() -> None:
        sizes = []
        last: list[bytes] = []

        async def send(message: Any) -> None:
            body = message.get("body", b"")
            sizes.append(len(body))
            if not body and last:
                # Only the list and the call hold it. A thread that read it may, for a moment.
                await until_async(lambda: sys.getrefcount(last[0]) <= 2)
            last[:] = [body] if body else []

        server = Server(path)
        await server.app(scope_of(make_call("/big.bin")), server.receive, send)
        assert sizes == [0, *[MAX_PIECE_SIZE, 0] * PIECES][:-1]

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("at", [0, 1, 2, 5, PIECES])
def test_a_client_that_hangs_up_stops_the_reading(backend: str, path: Path, at: int) -> None:
    async def main() -> None:
        async def hang_up(number: int) -> None:
            if number == at:
                server.hung_up.set()
                await anyio.sleep_forever()

        server = Server(path, hang_up)
        await server.run()
        assert len(server.sent) == at
        assert descriptors_of(path) == []

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("at", [0, 1, 2, 5, PIECES])
def test_an_error_from_send_after_a_hang_up_is_ignored(backend: str, path: Path, at: int) -> None:
    async def main() -> None:
        def fail(number: int) -> None:
            if number == at:
                raise BrokenPipeError("the client is gone")

        server = Server(path, fail)
        await server.run()
        assert len(server.sent) == at
        assert descriptors_of(path) == []

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("error", [BrokenPipeError, KeyError])
def test_a_failed_response_releases_its_piece(
    backend: str, path: Path, error: type[Exception]
) -> None:
    """It does not wait for the garbage collector, because a piece is half a megabyte."""
    pieces: list[bytes] = []

    async def main() -> None:
        async def send(message: Any) -> None:
            pieces.extend([message["body"]] if message.get("body") else [])
            if len(pieces) == 2:
                raise error

        server = Server(path)
        with suppress(KeyError):
            await server.app(scope_of(make_call("/big.bin")), server.receive, send)
        # Only the list and the call hold it. A thread that read one may, for a moment.
        await until_async(lambda: all(sys.getrefcount(pieces[each]) <= 2 for each in (0, 1)))

    gc.disable()
    try:
        anyio.run(main, backend=backend)
    finally:
        gc.enable()


@pytest.mark.parametrize("at", [0, 1])
def test_a_hang_up_during_a_short_response_is_ignored(backend: str, path: Path, at: int) -> None:
    async def main() -> None:
        def fail(number: int) -> None:
            if number == at:
                raise ConnectionResetError

        server = Server(path, fail)
        await server.run(Range="bytes=0-9")
        assert len(server.sent) == at
        assert server.received == 0

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_another_error_from_send_reaches_the_server_unchanged(
    backend: str, path: Path, at: int
) -> None:
    async def main() -> None:
        def fail(number: int) -> None:
            if number == at:
                raise KeyError("a middleware's fault")

        with pytest.raises(KeyError, match="a middleware's fault"):
            await Server(path, fail).run()
        assert descriptors_of(path) == []

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_cancelled_request_closes_the_file(backend: str, path: Path, at: int) -> None:
    async def main() -> None:
        async def cancel(number: int) -> None:
            if number == at:
                scope.cancel()
                await anyio.sleep_forever()

        with anyio.CancelScope() as scope:
            await Server(path, cancel).run()
        assert scope.cancelled_caught
        assert descriptors_of(path) == []

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_request_whose_task_is_cancelled_closes_the_file(path: Path, at: int) -> None:
    """uvicorn cancels it at shutdown, and Starlette's BaseHTTPMiddleware does."""
    reached = asyncio.Event()

    async def stop(number: int) -> None:
        if number == at:
            reached.set()
            await asyncio.sleep(3600)

    task = asyncio.create_task(Server(path, stop).run())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert descriptors_of(path) == []


async def test_a_request_whose_task_is_cancelled_while_its_file_is_opened_closes_it(
    path: Path,
) -> None:
    entered, release = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        entered.set()
        release.wait()

    app = ASGIWhiteNoise(None, path.parent, add_headers_function=wait)
    server = Server(path)
    task = asyncio.create_task(app(scope_of(make_call("/big.bin")), server.receive, server.send))
    await asyncio.to_thread(entered.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(descriptors_of(path)) == 1
    release.set()
    await until_async(lambda: not descriptors_of(path))


@pytest.mark.parametrize("left", [0, 1, MAX_PIECE_SIZE, 5 * MAX_PIECE_SIZE - 1])
def test_a_file_truncated_in_mid_stream_is_an_error_and_never_a_padded_body(
    backend: str, path: Path, left: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        def truncate(number: int) -> None:
            if number == 1:
                os.truncate(path, left)

        server = Server(path, truncate)
        with pytest.raises(BrokenBodyError, match=r"big\.bin was sent in part"):
            await server.run()
        assert CONTENT.startswith(server.body)
        assert len(server.body) <= max(left, MAX_PIECE_SIZE)
        assert all(message["more_body"] for message in server.sent[1:])

    anyio.run(main, backend=backend)
    expected = f"{path} was sent in part: the file was truncated; the connection is cut"
    assert caplog.messages == [expected]


def test_a_file_that_grows_in_mid_stream_is_sent_as_long_as_it_was(
    backend: str, path: Path
) -> None:
    async def main() -> None:
        def grow(number: int) -> None:
            with path.open("ab") as file:
                file.write(b"more")

        server = Server(path, grow)
        await server.run()
        assert server.body == CONTENT

    anyio.run(main, backend=backend)


def test_a_disk_fault_in_mid_stream_is_an_error_that_names_the_file(
    backend: str, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The descriptor is replaced by that of a directory, so every read fails."""

    async def main() -> None:
        def break_disk(number: int) -> None:
            if number == 3:
                directory = os.open(path.parent, os.O_RDONLY)
                for descriptor in descriptors_of(path):
                    os.dup2(directory, int(descriptor))
                os.close(directory)

        with pytest.raises(BrokenBodyError, match=r"big\.bin was sent in part: .*Is a directory"):
            await Server(path, break_disk).run()

    anyio.run(main, backend=backend)
    assert str(path) in caplog.text


def test_a_disk_fault_before_the_response_has_begun_is_a_503(
    backend: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The hook, which runs once the file is open, replaces its descriptor by a directory's."""
    small = write(tmp_path / "small.txt", b"small" * 100)

    def break_disk(headers: Any, path: str, url: str) -> None:
        (descriptor,) = descriptors_of(small)
        directory = os.open(tmp_path, os.O_RDONLY)
        os.dup2(directory, int(descriptor))
        os.close(directory)

    app = ASGIWhiteNoise(None, tmp_path, add_headers_function=break_disk)
    reply = call_asgi(app, make_call("/small.txt"), backend)
    assert (reply.status, reply["retry-after"]) == (503, "1")
    assert caplog.messages == [f"{small} cannot be read now: Is a directory"]
    assert call_asgi(app, make_call("/small.txt"), backend).status == 200


def test_a_small_file_truncated_between_its_opening_and_its_reading_is_an_error(
    backend: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small = write(tmp_path / "small.txt", b"small" * 100)
    app = ASGIWhiteNoise(
        None, tmp_path, add_headers_function=lambda headers, path, url: os.truncate(path, 5)
    )
    with pytest.raises(BrokenBodyError):
        call_asgi(app, make_call("/small.txt"), backend)
    assert str(small) in caplog.text


def test_request_body_messages_are_ignored(backend: str, path: Path) -> None:
    async def main() -> None:
        server = Server(path, lambda number: checkpoint())
        messages = [{"type": "http.request", "body": b"x", "more_body": True}] * 3

        async def receive() -> Any:
            return messages.pop() if messages else await server.receive()

        await server.app(scope_of(make_call("/big.bin")), receive, server.send)
        assert server.body == CONTENT
        assert messages == []

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("autorefresh", [False, True])
def test_the_event_loop_never_touches_the_disk(
    backend: str, path: Path, autorefresh: bool, reading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Except for reads from the page cache, and the state of an open file in memory."""
    write(path.parent / "small.txt", b"small" * 100, compressed=True)
    app = ASGIWhiteNoise(None, path.parent, autorefresh=autorefresh, index_file="small.txt")
    used: set[str] = set()
    on_the_loop: set[str] = set()

    def recorded(name: str, real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if sys._getframe(1).f_globals["__name__"].startswith("whitenoise_async"):
                used.add(name)
                if threading.current_thread() is threading.main_thread():
                    on_the_loop.add(name)
            return real(*args, **kwargs)

        return call

    monkeypatch.setattr(files, "read_at", recorded("pread", reads.read_at))
    for name in ("open", "stat", "fstat", "scandir"):
        monkeypatch.setattr(os, name, recorded(name, getattr(os, name)))
    for url in ("/big.bin", "/small.txt", "/", "/missing", "/") * 2:
        call_asgi(app, make_call(url, {"Accept-Encoding": "gzip"}), backend)
    assert on_the_loop <= (set() if reading == "threads" else {"fstat"})
    assert used >= {"open", "fstat", "stat", "pread"}
    assert ("scandir" in used) is autorefresh


def test_our_files_are_read_while_every_thread_of_the_application_waits(
    backend: str, path: Path
) -> None:
    async def main() -> None:
        release = threading.Event()
        limiter = anyio.to_thread.current_default_thread_limiter()
        async with anyio.create_task_group() as group:
            for _ in range(int(limiter.total_tokens)):
                group.start_soon(partial(anyio.to_thread.run_sync, release.wait))
            await until_async(lambda: not limiter.available_tokens)
            server = Server(path)
            await server.run()
            release.set()
        assert server.body == CONTENT

    anyio.run(main, backend=backend)


def test_the_application_has_threads_while_every_one_of_ours_waits(
    backend: str, path: Path
) -> None:
    release = threading.Event()
    app = ASGIWhiteNoise(None, add_headers_function=lambda *_: release.wait())
    urls = [f"/{number % 4}/{number}.txt" for number in range(MAX_THREADS + 4)]
    for url in urls:
        write(path.parent / "site" / url[1:], b"x")
    app.add_files(path.parent / "site")

    async def main() -> None:
        server = Server(path)
        async with anyio.create_task_group() as group:
            for url in urls:
                scope = scope_of(make_call(url, method="HEAD"))
                group.start_soon(app, scope, server.receive, server.send)
            await until_async(lambda: statistics().running == MAX_THREADS)
            await anyio.to_thread.run_sync(release.set)
        assert len(server.sent) == 2 * len(urls)

    anyio.run(main, backend=backend)


def test_the_number_of_threads_is_bounded_with_many_clients(backend: str, path: Path) -> None:
    most = 0

    async def main() -> None:
        async def count(number: int) -> None:
            nonlocal most
            most = max(most, threading.active_count())

        async with anyio.create_task_group() as group:
            for _ in range(2 * MAX_THREADS + 8):
                group.start_soon(Server(path, count).run)

    before = threading.active_count()
    anyio.run(main, backend=backend)
    assert most - before <= 2 * MAX_THREADS


def test_one_pool_of_threads_serves_every_event_loop(path: Path) -> None:
    """Event loops come and go, for example in a test suite."""

    async def main() -> None:
        await Server(path).run()

    for _ in range(2 * MAX_THREADS):
        anyio.run(main)
    names = [thread.name for thread in threading.enumerate()]
    assert sum(name.startswith("whitenoise_async_") for name in names) <= MAX_THREADS


def test_a_forked_process_has_threads_of_its_own(path: Path) -> None:
    async def main() -> None:
        server = Server(path)
        await server.run()
        assert server.body == CONTENT

    anyio.run(main)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        child = os.fork()
    if not child:
        signal.alarm(30)
        anyio.run(main)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_under_trio_as_a_guest_of_asyncio_files_are_sent(path: Path) -> None:
    async def main() -> bytes:
        server = Server(path)
        await server.run()
        return server.body

    async def host() -> Any:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            main, run_sync_soon_threadsafe=loop.call_soon_threadsafe, done_callback=done.set_result
        )
        return (await done).unwrap()

    assert asyncio.run(host()) == CONTENT


def test_an_error_from_receive_reaches_the_server_unchanged(backend: str, path: Path) -> None:
    async def main() -> None:
        async def receive() -> Any:
            raise KeyError("the server's fault")

        async def send(message: Any) -> None:
            await anyio.sleep_forever()

        with pytest.raises(KeyError, match="the server's fault"):
            await Server(path).app(scope_of(make_call("/big.bin")), receive, send)

    anyio.run(main, backend=backend)


def test_a_receive_that_never_waits_does_not_hold_the_event_loop(backend: str, path: Path) -> None:
    async def main() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        server = Server(path)
        await server.app(scope_of(make_call("/big.bin")), receive, server.send)
        assert server.body == CONTENT

    anyio.run(main, backend=backend)


def test_a_hook_may_call_the_application_while_other_files_are_served(
    backend: str, path: Path
) -> None:
    """It calls from its own thread, for another file that is also requested for the first time."""
    write(path.parent / "small.txt", b"small")
    server = Server(path)

    def ask(headers: Any, path: str, url: str) -> None:
        if url == "/big.bin":
            call = scope_of(make_call("/small.txt"))
            anyio.from_thread.run(app, call, server.receive, server.send)

    app = ASGIWhiteNoise(None, path.parent, add_headers_function=ask)

    async def main() -> None:
        with anyio.fail_after(60):
            scope = scope_of(make_call("/big.bin", method="HEAD"))
            await app(scope, server.receive, server.send)

    anyio.run(main, backend=backend)
    assert [message.get("body") for message in server.sent] == [None, b"small", None, b""]


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) // 2])
def test_a_file_overwritten_in_mid_stream_is_never_sent_to_its_end(
    backend: str, path: Path, length: int
) -> None:
    """Caches would store a mixture of both contents under the old validator."""

    async def main() -> None:
        def overwrite(number: int) -> None:
            if number == 2:
                write(path, bytes(length), mtime=1)

        server = Server(path, overwrite)
        with pytest.raises(BrokenBodyError, match=r"big\.bin was sent in part: the file was"):
            await server.run()
        assert len(server.body) < len(CONTENT)
        assert all(message["more_body"] for message in server.sent[1:])

    anyio.run(main, backend=backend)


def test_responses_do_not_share_a_list_of_headers(path: Path) -> None:
    """Middlewares such as Starlette's CORS change it in place."""
    write(path.parent / "small.txt", b"small")
    app = ASGIWhiteNoise(None, path.parent)
    seen = []
    for url in ("/big.bin", "/small.txt") * 2:
        messages: list[Any] = []

        async def receive() -> Any:
            await anyio.sleep_forever()

        async def send(message: Any, messages: list[Any] = messages) -> None:
            messages.append(message)

        anyio.run(partial(app, scope_of(make_call(url)), receive, send))
        seen.append(list(messages[0]["headers"]))
        messages[0]["headers"].append((b"x-piled-up", b"1"))
    assert seen[:2] == seen[2:]


async def wait_in_a_nursery(wait: Callable[[], Any]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait()


@pytest.mark.parametrize("end", ["the response's", "the client's", "a cancellation"])
def test_our_cancellations_do_not_reach_a_server_that_waits_in_a_nursery(
    path: Path, end: str
) -> None:
    """trio makes a group of them, which would be an error for the server."""
    at = PIECES + 1 if end == "the response's" else 2

    async def main() -> None:
        hung_up = trio.Event()

        async def stop(number: int) -> None:
            if number == at:
                hung_up.set() if end == "the client's" else scope.cancel()
                await wait_in_a_nursery(trio.sleep_forever)

        async def receive() -> Any:
            await wait_in_a_nursery(hung_up.wait)
            return {"type": "http.disconnect"}

        server = Server(path, stop)
        with trio.CancelScope() as scope:
            await server.app(scope_of(make_call("/big.bin")), receive, server.send)
        assert scope.cancelled_caught is (end == "a cancellation")
        assert len(server.sent) == at
        assert descriptors_of(path) == []

    trio.run(main)
