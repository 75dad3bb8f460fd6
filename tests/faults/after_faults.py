"""Checks after each fault: the response is right or visibly incomplete, and nothing leaks."""

from __future__ import annotations

import asyncio
import gc
import gzip
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trio

from tests.faults.injection import (
    ANY_CALL,
    APPLICATION,
    CALLS,
    PIECE,
    At,
    Buffer,
    Received,
    SimulatedServer,
)
from tests.helpers.clients import Call, make_call
from tests.helpers.examples import moments
from tests.helpers.files import write
from tests.helpers.waiting import until_async
from whitenoise_async.asgi.file_stream import _active_streams
from whitenoise_async.asgi.worker_threads import statistics
from whitenoise_async.files.errors import BrokenBodyError
from whitenoise_async.support import logs

GZIP = {"Accept-Encoding": "gzip"}
RANGE = {"Range": f"bytes=100-{2 * PIECE}"}
RANGES = {"Range": f"bytes=0-10,300-{2 * PIECE}"}
OTHER = make_call("/b.txt")

#: Options with which ``/b.txt`` alone is kept in memory.
UNKEPT = {"max_cached_file_size": 100}


class Case(NamedTuple):
    """A request, and the state of the caches when it comes."""

    fields: Mapping[str, str]
    warm: bool  # whether the file was requested before
    size: int  # bytes
    options: Mapping[str, Any] = {}
    method: str = "GET"

    @property
    def call(self) -> Call:
        return make_call("/a.txt", self.fields, self.method)


SMALL, LARGE = PIECE - 100, 3 * PIECE - 10

#: The code serves each of these in a different way.
CASES = {
    "HEAD of an unknown file": Case({}, False, SMALL, method="HEAD"),
    "HEAD of a known one": Case(GZIP, True, SMALL, method="HEAD"),
    "into memory": Case(GZIP, False, SMALL),
    "from memory": Case(GZIP, True, SMALL),
    "ranges from memory": Case(RANGES, True, LARGE),
    "a medium file": Case(GZIP, True, SMALL, UNKEPT),
    "a large file": Case({}, False, LARGE, UNKEPT),
    "a large variant": Case(GZIP, True, LARGE, UNKEPT),
    "a range": Case(RANGE, True, LARGE, UNKEPT),
    "ranges": Case(RANGES, False, LARGE, UNKEPT),
    "autorefresh": Case(GZIP, False, LARGE, {"autorefresh": True}),
}


class Site:
    """A file ``/a.txt`` and its variant, and ``/b.txt``, which never changes."""

    def __init__(self, root: Path, size: int) -> None:
        content = os.urandom(size // 2) + bytes(size - size // 2)
        self.root = root
        self.path = root / "a.txt"
        self.variant = root / "a.txt.gz"
        self._contents = {
            self.path: content,
            self.variant: gzip.compress(content, 1, mtime=0),
        }
        other = write(root / "b.txt", b"other " * 10)
        self._other = {_etag(other): other.read_bytes()}
        for path in self._contents:
            self.make(path)
        #: Every representation so far, by its ETag.
        self.representations = self.current_representations()

    def make(self, path: Path) -> None:
        """Write the file or its variant again, in place of anything that replaced it."""
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        write(path, self._contents[path])

    def current_representations(self) -> dict[str, bytes]:
        """The representations that may be sent now, by their ETags."""
        representations = dict(self._other)
        for path, suffix in ((self.path, ""), (self.variant, "-gzip")):
            if not path.is_file() or not os.access(path, os.R_OK, effective_ids=True):
                break
            representations[_etag(path, suffix)] = path.read_bytes()
        return representations


def _etag(path: Path, suffix: str = "") -> str:
    status = path.stat()
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}{suffix}"'


def require_right(got: Received, call: Call, representations: Mapping[str, bytes]) -> None:
    """Require that ``got`` is complete, and right for one of the representations."""
    assert got.ended
    if got.status == 416:
        assert got["content-range"] in [
            f"bytes */{len(representation)}" for representation in representations.values()
        ]
        assert got.body == b""
        return
    representation = representations[got["etag"]]
    if call.method == "HEAD":
        assert (got.status, got.length, got.body) == (200, len(representation), b"")
        return
    assert len(got.body) == got.length
    if got.status == 200:
        assert got.body == representation
        return
    assert got.status == 206
    if "content-range" in got.headers:
        _require_range(got["content-range"], got.body, representation)
        return
    boundary = got["content-type"].partition("boundary=")[2]
    *parts, end = got.body.split(f"--{boundary}".encode())[1:]
    assert end == b"--\r\n"
    assert parts
    for part in parts:
        head, _, body = part.partition(b"\r\n\r\n")
        (said,) = re.findall(r"Content-Range: (.*)", head.decode())
        _require_range(said, body[:-2], representation)


def _require_range(said: str, body: bytes, representation: bytes) -> None:
    first, last, size = map(int, re.findall(r"\d+", said))
    assert said == f"bytes {first}-{last}/{size}"
    assert size == len(representation)
    assert body == representation[first : last + 1]


def require_cut(got: Received, sent_by_server: bool = False) -> None:
    """Require that the client notices that something is missing.

    :param sent_by_server: the server sent the file, maybe to its end, before the check.
    """
    assert isinstance(got.error, BrokenBodyError)
    assert len(got.body) < got.length or sent_by_server
    assert not got.ended or sent_by_server


def outcome(
    got: Received, server: SimulatedServer, call: Call, representations: Mapping[str, bytes]
) -> str:
    """A word for the response to the client; fails for any response that is not allowed."""
    if got.error is not None:
        require_cut(got, server.sent_by_server)
        return "cut"
    if got.status == 503:
        assert (got["retry-after"], got["cache-control"]) == ("1", "no-store")
        assert (got.body, got.ended) == (b"", True)
        return "503"
    if got.body == APPLICATION:
        return "application"
    require_right(got, call, representations)
    return "right"


async def ask_at_each_call(
    server: SimulatedServer,
    app: Any,
    case: Case,
    act: Callable[[], object],
    names: tuple[str, ...] = ANY_CALL,
    on: bool = False,
) -> AsyncIterator[tuple[Received, bool]]:
    """Send a request once for each system call, and call ``act`` before that system call.

    A run with few examples takes every fifth one, if all system calls count.

    :param names: the system calls that count.
    :param on: whether to call ``act`` before all later system calls as well.
    :returns: each response, and whether its system call came. For the last one it did not.
    """
    for at in moments_of(case) if set(names) >= set(CALLS) else count():
        forget(app)
        if case.warm:
            await server.ask(app, case.call)
        logs.forget_messages()
        server.calls.before = moment = At(at, act, names, on)
        got = await server.ask(app, case.call)
        server.calls.before = str
        yield got, moment.reached
        if not moment.reached:
            break


def moments_of(case: Case) -> Iterator[int]:
    """The numbers of the moments of a response at which something happens, without an end."""
    return moments(list(CASES.values()).index(case))


def forget(app: Any) -> None:
    """Make ``app`` forget all that it has learned about ``/a.txt`` since its start."""
    entry = app.registry.look_up("/a.txt")
    if entry is not None:
        app.responder.forget(entry)


def close_kept(app: Any) -> None:
    """Close what ``app`` keeps open on purpose."""
    app.responder.descriptor_cache.clear()


def descriptors() -> set[str]:
    """The files that this process has open. Leftovers of earlier tests may close at any time."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the descriptor of this listing
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
    return {each for each in found if " /" in each}


def nothing_more_is_open(before: set[str]) -> bool:
    """Whether no more files are open than before, after a garbage collection.

    The traceback of a cancelled task may hold a file until then.
    """
    gc.collect()
    return descriptors() <= before


def threads_taken() -> int:
    """How many of our threads work for this event loop."""
    return statistics().running


class Census:
    """Counts files, tasks, threads and buffers, to find any that a response leaves behind."""

    def __init__(self) -> None:
        self._descriptors = descriptors()
        self._tasks = _tasks()
        # A thread of an earlier test may hold what it has read.
        self._buffers = Buffer.alive

    async def require_nothing_left(self, app: Any, buffers: int = 0) -> None:
        """Require that all is as before.

        :param buffers: how many buffers may be left, besides those in the cache.
        """
        assert _tasks() == self._tasks
        assert _active_streams._number == 0
        # A thread goes on after its caller has stopped waiting. It may still add to the caches.
        await until_async(lambda: threads_taken() == 0)
        close_kept(app)
        forget(app)
        buffers += self._buffers + len(app.responder.content_cache)
        # A thread that was waited for may hold its result for a moment.
        try:
            await until_async(
                lambda: self._is_nothing_left(buffers) or self._is_nothing_left(buffers, True)
            )
        except TimeoutError:
            opened = descriptors() - self._descriptors
            pytest.fail(f"left: {opened}, and {Buffer.alive} buffers instead of {buffers}")

    def _is_nothing_left(self, buffers: int, collect: bool = False) -> bool:
        # Trio keeps the error of a thread in a cycle: its frame has the result in a local variable.
        if collect:
            gc.collect()
        return descriptors() <= self._descriptors and Buffer.alive <= buffers


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return trio.lowlevel.current_statistics().tasks_living
