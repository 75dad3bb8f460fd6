"""Injects faults: at any system call of a response, at any await, in any call of the server."""

from __future__ import annotations

import gc
import os
import resource
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests.helpers.clients import ADAPTERS, Call, environ_of, scope_of, shortened
from whitenoise_async.asgi import adapter as asgi
from whitenoise_async.asgi import file_stream as streaming
from whitenoise_async.asgi import sending
from whitenoise_async.asgi import turn_budget as event_loop
from whitenoise_async.files import open_file as files
from whitenoise_async.files import pread as reads
from whitenoise_async.files import state as states
from whitenoise_async.registry import directory as directories
from whitenoise_async.registry.created_later import CreatedLater
from whitenoise_async.serving import responder
from whitenoise_async.wsgi import bodies as wsgi_bodies
from whitenoise_async.wsgi import sending as wsgi_sending

T = TypeVar("T")

# How a file is read: without waiting, from the page cache; in a thread if it is not there; or
# always in threads. Under WSGI, a server may also read it, by its descriptor.
_READINGS = ("page cache", "cold", "threads")

#: An event loop and a way of reading.
ASGI_SETUPS = [f"{loop}, {reading}" for loop in ("asyncio", "trio") for reading in _READINGS]
WSGI_SETUPS = ["wsgi", "wsgi, seek", "wsgi, sendfile"]
#: For tests that do not depend on the event loop: each way of reading, with one event loop.
EACH_READING = [
    *(*WSGI_SETUPS, "asyncio, page cache"),
    *("trio, cold", "trio, threads"),
]
#: For tests that do not depend on the way of reading.
FEW_SETUPS = ["wsgi", "asyncio, page cache", "trio, threads"]

#: The size of a piece of a body in bytes. It makes files of 3 KB large, so that thousands of
#: responses take seconds.
PIECE = 1024

APPLICATION = b"application"
CALLS = ("open", "stat", "fstat", "pread", "preadv", "lseek", "dup", "read", "close")
READS = ("pread", "preadv", "read")
#: Including the calls that list folders, and the server's own.
ANY_CALL = (*CALLS, "scandir", "sendfile")


async def _asgi_application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": APPLICATION})


def _wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [APPLICATION]


class Buffer(bytes):
    """Bytes read from a file. The class counts its objects in memory."""

    alive = 0
    _counting = threading.RLock()

    def __new__(cls, content: bytes) -> Buffer:
        with cls._counting:
            cls.alive += 1
        return super().__new__(cls, content)

    def __del__(self) -> None:
        with Buffer._counting:
            Buffer.alive -= 1


class _System:
    """The ``os`` module as the package sees it."""

    def __init__(self, calls: Calls) -> None:
        for name in (*CALLS, "scandir"):
            setattr(self, name, partial(calls.make, name, getattr(os, name)))
        self.supports_dir_fd = {*os.supports_dir_fd, vars(self)["open"]}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class Calls:
    """Intercepts the system calls that the package makes.

    ``before`` is called with the name of each. It may change files, as another process might, or
    raise an error, as the kernel might.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.before: Callable[[str], object] = str
        system: Any = _System(self)
        for module in (files, states, reads, directories):
            patch.setattr(module, "os", system)
        patch.setattr(files, "read_at", lambda *read: Buffer(system.pread(*read)))
        patch.setattr(files, "read_page_cache", lambda *read: Buffer(reads.read_page_cache(*read)))

    def make(self, name: str, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            self.before(name)
        except BaseException:
            if name == "close":  # Linux closes a descriptor even if it reports an error
                call(*args, **kwargs)
            raise
        return call(*args, **kwargs)


class At:
    """Calls ``act`` before one system call.

    :param number: the number of the call, among those with these names.
    :param on: whether to call ``act`` before all later ones as well.
    """

    def __init__(
        self, number: int, act: Callable[[], object], names: tuple[str, ...], on: bool
    ) -> None:
        self._left = number
        self._act = act
        self._names = names
        self._on = on
        self.reached = False

    def __call__(self, name: str) -> None:
        if name not in self._names:
            return
        self._left -= 1
        if self._left == -1 or (self._on and self._left < -1):
            self.reached = True
            self._act()


@dataclass
class Received:
    """A response as the client received it, and the error that the server got, if any."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    error: BaseException | None = None

    def __repr__(self) -> str:
        state = f"ended={self.ended}, error={self.error!r}"
        return f"Received({self.status}, {self.headers}, {shortened(self.body)}, {state})"

    def __getitem__(self, name: str) -> str:
        return self.headers[name]

    @property
    def length(self) -> int:
        """The length that the headers promise."""
        return int(self.headers["content-length"])


class SimulatedServer:
    """Makes applications and calls them like a server: one of the setups above."""

    def __init__(self, name: str, patch: pytest.MonkeyPatch) -> None:
        self.adapter, _, self.reading = name.partition(", ")
        self.calls = Calls(patch)
        #: ASGI's ``send`` awaits this first, with the message.
        self.on_send: Callable[[Any], Awaitable[object]] = _let_others_go_on
        #: ASGI's ``receive``.
        self.on_receive: Callable[[], Awaitable[Any]] = anyio.sleep_forever
        self.extensions: dict[str, Any] = {}
        # Its thread would use calls that a test lets fail for a request.
        patch.setattr(CreatedLater, "look_for", lambda later, url: None)
        for module, constant in (
            (streaming, "MAX_PIECE_SIZE"),
            (streaming, "_MIN_PIECE_SIZE"),
            (event_loop, "BYTES_PER_TURN"),
            (wsgi_sending, "PIECE_SIZE"),
            (wsgi_bodies, "PIECE_SIZE"),
            (asgi, "UNWATCHED_SIZE"),
            (sending, "UNWATCHED_SIZE"),
            (responder, "_SMALL_BODY"),
        ):
            patch.setattr(module, constant, PIECE)
        if self.reading == "cold":
            patch.setattr(files, "read_page_cache", partial(self.calls.make, "preadv", _wait))
        elif self.reading == "threads":
            patch.setattr(files, "supports_page_cache_reads", lambda descriptor: False)
        elif self.reading == "seek":
            patch.setattr(files, "read_at", lambda *read: Buffer(reads.seek_and_read(*read)))
            patch.setattr(files, "supports_page_cache_reads", lambda descriptor: False)

    @property
    def sent_by_server(self) -> bool:
        return self.reading == "sendfile"

    def make(self, root: Path, **options: Any) -> Any:
        application = _wsgi_application if self.adapter == "wsgi" else _asgi_application
        return ADAPTERS[self.adapter](application, root, **{"check_interval": 0, **options})

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run ``main`` in the event loop: for WSGI, in one of asyncio."""
        return anyio.run(main, backend="trio" if self.adapter == "trio" else "asyncio")

    async def ask(self, app: Any, call: Call, got: Received | None = None) -> Received:
        """Send a request, and return ``got`` with the response."""
        got = Received() if got is None else got
        if self.adapter == "wsgi":
            self._ask_wsgi(app, call, got)
        else:
            await self._ask_asgi(app, call, got)
        return got

    def environ(self, call: Call) -> dict[str, Any]:
        wrapper = {"wsgi.file_wrapper": FileWrapper} if self.reading == "sendfile" else {}
        return environ_of(call) | wrapper

    def _ask_wsgi(self, app: Any, call: Call, got: Received) -> None:
        def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
            got.status = int(status[:3])
            got.headers = {name.lower(): value for name, value in headers}

        body: Any = ()
        try:
            body = app(self.environ(call), start_response)
            for piece in self.pieces(body, got):
                got.body += piece
            got.ended = True
        except Exception as error:
            got.error = error
        try:
            getattr(body, "close", bool)()
        except Exception as error:
            got.error = error

    def pieces(self, body: Any, got: Received) -> Iterator[bytes]:
        """The bytes that a server sends of a WSGI body."""
        if isinstance(body, FileWrapper):
            return self._sent_by_server(body.file.fileno(), 0, got.length)
        return iter(body)

    async def _ask_asgi(self, app: Any, call: Call, got: Received) -> None:
        async def receive() -> Any:
            return await self.on_receive()

        async def send(message: Any) -> None:
            await self.on_send(message)
            if message["type"] == "http.response.start":
                got.status = message["status"]
                got.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                got.body += message["body"]
            got.ended = message["type"] != "http.response.start" and not message.get("more_body")

        try:
            await app(scope_of(call) | {"extensions": self.extensions}, receive, send)
        except Exception as error:
            got.error = error

    def _sent_by_server(self, descriptor: int, offset: int, count: int) -> Iterator[bytes]:
        """The bytes that ``sendfile`` sends: it stops at the end of the file without an error."""
        while count:
            self.calls.before("sendfile")
            data = os.pread(descriptor, min(count, PIECE), offset)
            if not data:
                break
            offset += len(data)
            count -= len(data)
            yield data


async def _let_others_go_on(message: Any) -> None:
    await checkpoint()


def _wait(*_: object) -> bytes:
    raise BlockingIOError


class FileWrapper:
    """A ``wsgi.file_wrapper``."""

    def __init__(self, file: Any, size: int) -> None:
        self.file = file
        self.close = file.close


class Steps:
    """Runs a coroutine and counts its awaits.

    At the await numbered ``at``, ``act`` is called with the awaited object.
    """

    def __init__(
        self, coroutine: Coroutine[Any, Any, object], at: int, act: Callable[[Any], object]
    ) -> None:
        self._coroutine = coroutine
        self._at = at
        self._act = act
        self._number = 0

    @property
    def reached(self) -> bool:
        return self._number > self._at

    def __await__(self) -> Generator[Any, Any, object]:
        resume: Callable[[Any], Any] = self._coroutine.send
        value: Any = None
        while True:
            try:
                waited_for = resume(value)
            except StopIteration as end:
                return end.value
            finally:
                value = None  # an error and this frame would keep each other alive
            self._number += 1
            if self._number == self._at + 1:
                self._act(waited_for)
            try:
                value = yield waited_for
                resume = self._coroutine.send
            except BaseException as error:
                value, resume = error, self._coroutine.throw


@contextmanager
def little_memory(room: int) -> Iterator[None]:
    """Limit the process to ``room`` bytes more than it has now."""
    gc.collect()
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
