"""Every call of the system fails, every file changes at every point: what client and log see."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from clients import ADAPTERS, Call, Reply, environ_of, make_call, scope_of
from conftest import write
from injected import CALLS, ERRORS, Counted, Site, fail, injected, require_nothing_left

from whitenoise_async import ASGIWhiteNoise, WhiteNoise, files
from whitenoise_async.decisions import FileDecision
from whitenoise_async.files import BrokenBodyError
from whitenoise_async.threads import MAX_THREADS, _limiter

SMALL = b"small and kept in memory\n" * 40
LARGE = os.urandom(700_000)  # more than one piece of each adapter's
CONTENTS = {"small.txt": SMALL, "large.bin": LARGE}
OPTIONS: dict[str, Any] = {"check_interval": 0, "max_cached_file_size": 100_000}
BACKENDS = ["asyncio", "trio"]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "root"
    write(root / "small.txt", SMALL, compressed=True)
    write(root / "large.bin", LARGE)
    yield root
    require_nothing_left(root)


@pytest.fixture(params=["page cache", "threads"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether the kernel says what it has in memory: on some file systems it does not."""
    name: str = request.param
    if name == "threads":
        monkeypatch.setattr(files, "reads_page_cache", lambda descriptor: False)
    return name


REQUESTS: list[tuple[str, dict[str, str]]] = [
    ("small.txt", {}),
    ("small.txt", {"Accept_Encoding": "gzip"}),
    ("small.txt", {"Range": "bytes=3-9"}),
    ("large.bin", {}),
    ("large.bin", {"Range": "bytes=100-650000"}),
    ("large.bin", {"Range": "bytes=0-9,600000-600009"}),
]
REQUEST_IDS = ["small", "gzip", "small-range", "large", "large-range", "large-ranges"]


def is_unavailable(reply: Reply) -> bool:
    return (
        reply.status == 503
        and reply["retry-after"] == "1"
        and reply["cache-control"] == "no-store"
        and reply.body == b""
    )


@pytest.mark.parametrize(("name", "fields"), REQUESTS, ids=REQUEST_IDS)
@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize("asked_before", [False, True], ids=["first", "again"])
def test_whichever_call_fails_the_answer_is_right_or_a_503_or_cut_short(
    adapter: str,
    root: Path,
    reading: str,
    caplog: pytest.LogCaptureFixture,
    name: str,
    fields: dict[str, str],
    call: str,
    asked_before: bool,
) -> None:
    """At its first call, its second, and so on, until an answer needs no more of them."""
    failures = [fail(code) for code in ERRORS]
    if call in ("read", "page cache"):
        failures.append(out_of_memory)
    for act in failures:
        for number in count(1):
            site = Site(adapter, root, **OPTIONS)
            expected = site.ask(f"/{name}", **fields) if asked_before else None
            caplog.clear()
            with injected(call, number, act) as injection:
                outcome = site.ask(f"/{name}", **fields)
            said = list(caplog.messages)
            again = site.ask(f"/{name}", **fields)
            assert isinstance(again, Reply)
            assert again.status in (200, 206)
            assert expected in (None, again)
            if isinstance(outcome, Reply) and is_unavailable(outcome):
                assert [line for line in said if str(root) in line] == said
                assert len(said) == 1
                assert "cannot be read now: " in said[0]
            elif isinstance(outcome, BrokenBodyError):
                (line,) = said
                assert line.startswith(f"{root}/{name}")
                assert line.endswith("; the connection is cut")
            else:
                assert_same_but_for_the_coding(outcome, again, said)
            require_nothing_left(root)
            if not injection.happened:
                assert outcome == again
                break
            if act is not failures[0]:
                break  # they go the same way, but for what they are called


def assert_same_but_for_the_coding(outcome: Reply, again: Reply, said: list[str]) -> None:
    """A sibling that could not be opened is done without."""
    if outcome != again:
        assert outcome.body == SMALL
        assert "content-encoding" not in outcome
        assert "content-encoding" in again
        assert len(said) == 1


def out_of_memory() -> None:
    raise MemoryError


def test_no_memory_for_a_range_of_what_is_in_memory_is_a_503(
    adapter: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(adapter, root, check_interval=60)
    before = site.ask("/small.txt", Range="bytes=3-9")
    with monkeypatch.context() as patch:
        patch.setattr(FileDecision, "cut", lambda decision, data: out_of_memory())
        reply = site.ask("/small.txt", Range="bytes=3-9")
    assert isinstance(reply, Reply)
    assert is_unavailable(reply)
    assert site.ask("/small.txt", Range="bytes=3-9") == before


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("call", ["open", "fstat"])
def test_autorefresh_that_cannot_open_a_folder_or_a_file_is_a_503(
    adapter: str, root: Path, caplog: pytest.LogCaptureFixture, call: str, code: int
) -> None:
    site = Site(adapter, root, autorefresh=True)
    for number in count(1):
        with injected(call, number, fail(code)) as injection:
            outcome = site.ask("/large.bin")
        if not injection.happened:
            break
        if isinstance(outcome, Reply) and not is_unavailable(outcome):
            assert outcome.body == LARGE  # only whether it was touched was not to be known
    assert isinstance(outcome, Reply)
    assert outcome.body == LARGE
    assert number > 1
    assert all(str(root) in message for message in caplog.messages)


def test_a_lack_of_descriptors_is_one_line_however_many_requests_meet_it(
    adapter: str, root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is in memory is served meanwhile."""
    site = Site(adapter, root, max_cached_file_size=100_000, check_interval=None)
    assert isinstance(before := site.ask("/small.txt"), Reply)

    def none_left(*args: Any, **kwargs: Any) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", none_left)
        for _ in range(20):
            outcome = site.ask("/large.bin")
            assert isinstance(outcome, Reply)
            assert is_unavailable(outcome)
            assert site.ask("/small.txt") == before
    assert caplog.messages == [f"{root}/large.bin cannot be read now: Too many open files"]
    assert isinstance(after := site.ask("/large.bin"), Reply)
    assert after.body == LARGE


# What may become of a file. Each takes its path.


def delete(path: Path) -> None:
    path.unlink(missing_ok=True)


def replace(path: Path) -> None:
    write(path.parent.parent / "new", new_content(path), mtime=1_700_000_000).replace(path)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more" * 1000)


def truncate(path: Path) -> None:
    os.truncate(path, 700)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(new_content(path))
    os.utime(path, (1_700_000_000, 1_700_000_000))


def make_fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def make_directory(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir(exist_ok=True)


def make_dangling(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("nowhere")


CHANGES = [
    *(delete, replace, grow, truncate, empty, overwrite),
    *(make_fifo, make_directory, make_dangling),
]


def new_content(path: Path) -> bytes:
    """Of the same length, and with no byte in common with the old."""
    return CONTENTS[path.name].translate(bytes(range(255, -1, -1)))


def states(path: Path) -> list[bytes]:
    """Every content that the file may have had as a whole."""
    old = CONTENTS[path.name]
    return [old, new_content(path), old + b"more" * 1000, old[:700], b""]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("call", ["open", "fstat", "stat", "read", "page cache"])
@pytest.mark.parametrize("name", list(CONTENTS))
def test_whenever_a_file_changes_head_and_body_are_of_one_state_or_the_connection_is_cut(
    adapter: str,
    root: Path,
    reading: str,
    caplog: pytest.LogCaptureFixture,
    name: str,
    call: str,
    change: Callable[[Path], None],
) -> None:
    path = root / name
    for number in count(1):
        if path.is_dir():
            path.rmdir()
        delete(path)
        write(path, CONTENTS[name])
        site = Site(adapter, root, **OPTIONS)
        caplog.clear()
        with injected(call, number, partial(change, path)) as injection:
            outcome = site.ask(f"/{name}")
        if isinstance(outcome, BrokenBodyError):
            (line,) = caplog.messages
            assert line.startswith(f"{path} was sent in part: ")
        elif outcome.status == 200:
            assert outcome.body in states(path)
            assert outcome["content-length"] == str(len(outcome.body))
        else:
            assert outcome.status == 404  # the application's
            unservable = change in (make_fifo, make_directory)
            assert len(caplog.messages) == unservable
        if injection.happened:
            check_what_is_there_now(site, path)
        require_nothing_left(root)
        if not injection.happened:
            break


def check_what_is_there_now(site: Site, path: Path) -> None:
    """The next request is answered by the state that there is."""
    outcome = site.ask(f"/{path.name}")
    assert isinstance(outcome, Reply)
    if path.is_file():
        assert (outcome.status, outcome.body) == (200, path.read_bytes())
    else:
        assert outcome.status == 404


class GoneError(Exception):
    """An exception of the server's own."""


async def run(
    app: ASGIWhiteNoise, call: Call, on_send: Callable[[int], object] = lambda number: None
) -> list[Any]:
    """One request, by a client that waits; ``on_send`` is called before each message."""
    sent: list[Any] = []
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if asked:
            await anyio.sleep_forever()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        on_send(len(sent))
        await anyio.lowlevel.checkpoint()
        sent.append(message)

    await app(scope_of(call), receive, send)
    return sent


@pytest.mark.parametrize(("name", "fields"), REQUESTS, ids=REQUEST_IDS)
@pytest.mark.parametrize("error", [ConnectionResetError, GoneError, RuntimeError])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_send_that_raises_at_any_call_leaves_nothing_behind(
    root: Path,
    reading: str,
    caplog: pytest.LogCaptureFixture,
    backend: str,
    error: type[Exception],
    name: str,
    fields: dict[str, str],
) -> None:
    """An OSError is a client that has gone. What else it raises is the server's to have back."""
    app = ASGIWhiteNoise(None, root, **OPTIONS)
    call = make_call(f"/{name}", {key.replace("_", "-"): value for key, value in fields.items()})
    whole = anyio.run(run, app, call, backend=backend)
    for number in range(len(whole)):

        def raising(sent: int, at: int = number) -> None:
            if sent == at:
                raise error("gone")

        work = partial(anyio.run, run, app, call, raising, backend=backend)
        if issubclass(error, OSError):
            work()
        else:
            with pytest.raises(error, match="gone"):
                work()
        require_nothing_left(root)
    assert anyio.run(run, app, call, backend=backend)[0] == whole[0]
    assert caplog.messages == []


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("how", ["disconnect", GoneError, OSError])
def test_a_receive_that_tells_of_the_end_or_raises_ends_the_answer(
    root: Path, reading: str, backend: str, number: int, how: Any
) -> None:
    received = 0

    async def receive() -> Any:
        nonlocal received
        received += 1
        if received <= number:
            return {"type": "http.request", "body": b"", "more_body": received < number}
        if how == "disconnect":
            return {"type": "http.disconnect"}
        raise how("gone")

    async def send(message: Any) -> None:
        await anyio.lowlevel.checkpoint()
        if "body" in message:
            await anyio.sleep_forever()  # a client that takes nothing

    app = ASGIWhiteNoise(None, root, **OPTIONS)
    work = partial(
        anyio.run, partial(app, scope_of(make_call("/large.bin")), receive, send), backend=backend
    )
    if how == "disconnect":
        work()
    else:
        with pytest.raises(how, match="gone"):
            work()


@pytest.mark.parametrize(("name", "fields"), REQUESTS, ids=REQUEST_IDS)
@pytest.mark.parametrize("asked_before", [False, True], ids=["first", "again"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_request_that_is_cancelled_at_any_await_leaves_nothing_behind(
    root: Path,
    reading: str,
    caplog: pytest.LogCaptureFixture,
    backend: str,
    name: str,
    fields: dict[str, str],
    asked_before: bool,
) -> None:
    call = make_call(f"/{name}", {key.replace("_", "-"): value for key, value in fields.items()})

    async def cancelled_at(number: int) -> bool:
        app = ASGIWhiteNoise(None, root, **OPTIONS)
        if asked_before:
            await run(app, call)
        with anyio.CancelScope() as scope:
            counted = Counted(run(app, call), number, scope.cancel)
            await counted
        with suppress(LookupError):
            assert _limiter.get().borrowed_tokens == 0
        if backend == "asyncio":
            assert len(asyncio.all_tasks()) == 1
        # The same application goes on.
        again = await run(app, call)
        assert again[0]["status"] in (200, 206)
        return counted.happened

    for number in count(1):
        happened = anyio.run(cancelled_at, number, backend=backend)
        require_nothing_left(root)
        if not happened:
            break
    assert number > 2
    assert caplog.messages == []


class SlowDisk:
    """Opening a file whose name begins with ``slow`` waits until the disk is back."""

    def __init__(self) -> None:
        self.is_back = threading.Event()
        self.waiting = 0
        self._open = os.open
        self._counting = threading.Lock()

    def open(self, path: Any, *args: Any, **kwargs: Any) -> int:
        if os.path.basename(path).startswith("slow"):
            with self._counting:
                self.waiting += 1
            self.is_back.wait(60)
        return self._open(path, *args, **kwargs)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """One that needs a thread of its own."""
    await anyio.to_thread.run_sync(lambda: None)
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_slow_disk_stops_only_who_waits_for_it(
    root: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our threads are all taken: what is in memory goes on, and so does the application."""
    slow = [write(root / f"slow{number}.bin", b"slow") for number in range(MAX_THREADS + 8)]
    app = ASGIWhiteNoise(application, root, max_cached_file_size=100_000, check_interval=60)
    answers: list[Any] = []
    disk = SlowDisk()
    monkeypatch.setattr(os, "open", disk.open)

    async def ask(path: Path, given_up: anyio.CancelScope) -> None:
        with given_up:
            answers.append(await run(app, make_call(f"/{path.name}")))

    async def others_go_on() -> None:
        for _ in range(10):
            assert (await run(app, make_call("/small.txt")))[1]["body"] == SMALL
            assert (await run(app, make_call("/other")))[0]["status"] == 299

    async def main() -> None:
        await run(app, make_call("/small.txt"))
        last = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            for path in slow:
                group.start_soon(ask, path, last if path is slow[-1] else anyio.CancelScope())
            while disk.waiting < MAX_THREADS:  # noqa: ASYNC110, threads set it
                await anyio.sleep(0.001)
            await others_go_on()
            last.cancel()  # a client that goes while it waits for a thread
            await others_go_on()
            assert (answers, disk.waiting) == ([], MAX_THREADS)
            disk.is_back.set()
        assert len(answers) == len(slow) - 1
        assert all(sent[1]["body"] == b"slow" for sent in answers)
        assert _limiter.get().borrowed_tokens == 0

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("autorefresh", [False, True])
def test_where_no_thread_can_be_started_it_is_a_503(
    root: Path,
    reading: str,
    caplog: pytest.LogCaptureFixture,
    backend: str,
    autorefresh: bool,
) -> None:
    """As in a container whose number of processes is limited."""
    options = {"autorefresh": True} if autorefresh else OPTIONS
    app = ASGIWhiteNoise(None, root, **options)

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> list[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            patch.setattr("_thread.start_joinable_thread", fail, raising=False)
            patch.setattr("_thread.start_new_thread", fail)
            if backend == "trio":
                patch.setattr("trio._core._thread_cache.THREAD_CACHE._idle_workers", {})
            return await run(app, make_call("/large.bin"))

    (start, body) = anyio.run(main, backend=backend)
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"1"
    assert body["body"] == b""
    (message,) = caplog.messages
    named = "A folder" if autorefresh else f"{root}/large.bin"
    assert message == f"{named} cannot be read now: can't start new thread"
    sent = anyio.run(run, app, make_call("/large.bin"), backend=backend)
    assert b"".join(each.get("body", b"") for each in sent[1:]) == LARGE


def raise_runtime_error(headers: Any, path: str, url: str) -> None:
    raise RuntimeError("my own")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_runtime_error_of_a_hook_is_no_lack_of_threads(root: Path, backend: str) -> None:
    app = ASGIWhiteNoise(None, root, add_headers_function=raise_runtime_error)
    with pytest.raises(RuntimeError, match="my own"):
        anyio.run(run, app, make_call("/small.txt"), backend=backend)


# What a WSGI server may do with the body that it is given.


def never_iterate(body: Any) -> None:
    body.close()


def iterate_in_part(body: Any) -> None:
    next(iter(body))
    body.close()


def close_twice(body: Any) -> None:
    list(body)
    body.close()
    body.close()


def never_close(body: Any) -> None:
    next(iter(body))


def do_nothing(body: Any) -> None:
    pass


@pytest.mark.parametrize(
    "use", [never_iterate, iterate_in_part, close_twice, never_close, do_nothing]
)
@pytest.mark.parametrize("fields", [{}, {"Range": "bytes=5-650000"}], ids=["whole", "range"])
def test_whatever_a_wsgi_server_does_with_the_body_the_file_is_closed(
    root: Path, use: Callable[[Any], None], fields: dict[str, str]
) -> None:
    app = WhiteNoise(None, root, **OPTIONS)
    environ = environ_of(make_call("/large.bin", fields))
    body = app(environ, lambda *_: lambda data: None)
    use(body)
    del body
    gc.collect()
    require_nothing_left(root)


@pytest.mark.parametrize(("name", "fields"), REQUESTS, ids=REQUEST_IDS)
def test_a_start_response_that_raises_leaves_nothing_open(
    root: Path, name: str, fields: dict[str, str]
) -> None:
    def start_response(*_: Any) -> Any:
        raise GoneError("gone")

    app = WhiteNoise(None, root, **OPTIONS)
    call = make_call(f"/{name}", {key.replace("_", "-"): value for key, value in fields.items()})
    with pytest.raises(GoneError):
        app(environ_of(call), start_response)
    gc.collect()


@pytest.mark.parametrize("adapter", list(ADAPTERS))
def test_an_unreadable_file_is_the_applications_and_named_once(
    adapter: str, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for code in (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG):
        site = Site(adapter, root, **OPTIONS)
        caplog.clear()
        for _ in range(3):
            with injected("open", 1, fail(code)):
                outcome = site.ask("/large.bin")
            assert isinstance(outcome, Reply)
            assert outcome.status == 404
        assert caplog.messages == [f"{root}/large.bin is not served: {os.strerror(code)}"]
