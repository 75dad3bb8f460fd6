"""Faults made to order, at any system call or await of an answer, and a census of what is left."""

from __future__ import annotations

import gzip
import io
import os
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from anyio.lowlevel import checkpoint
from clients import ADAPTERS, Call, environ_of, scope_of
from conftest import write

from whitenoise_async import answers, asgi, directories, files, reads, streaming, wsgi
from whitenoise_async.files import BrokenBodyError

T = TypeVar("T")

#: Ways in which a file is read and sent: the adapter, and who reads what is not in memory.
WAYS = (
    "wsgi",
    "wsgi, sendfile",
    *(
        f"{backend}, {reading}"
        for backend in ("asyncio", "trio")
        for reading in ("page cache", "cold", "threads", "zero copy")
    ),
)

# Bytes. What is a large file shrinks with the pieces that it is read in, so that thousands of
# answers take seconds.
PIECE = 1024

APPLICATION = b"application"
OTHER = b"other " * 50
GZIP = {"Accept-Encoding": "gzip"}


async def _asgi_application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": APPLICATION})


def _wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [APPLICATION]


class _Raw(io.FileIO):
    """What a file object of Python reads from."""

    calls: Calls

    def readinto(self, buffer: Any) -> Any:
        return self.calls.make("read", super().readinto, buffer)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.calls.make("lseek", super().seek, offset, whence)

    def close(self) -> None:
        if not self.closed:
            self.calls.make("close", super().close)


class _System:
    """``os`` as the package sees it."""

    def __init__(self, calls: Calls) -> None:
        for name in ("open", "stat", "fstat", "preadv", "lseek", "dup", "close", "scandir"):
            setattr(self, name, partial(calls.make, name, getattr(os, name)))
        self.supports_dir_fd = {*os.supports_dir_fd, self.open}
        self._calls = calls

    def fdopen(self, descriptor: int, mode: str) -> io.BufferedReader:
        raw = _Raw(descriptor)
        raw.calls = self._calls
        return io.BufferedReader(raw)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class Calls:
    """The system calls that the package makes for an answer, in their order.

    ``before`` is called with the name of each. It may do what others do meanwhile, or raise what
    the kernel might.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.before: Callable[[str], object] = lambda name: None
        system = _System(self)
        for module in (files, reads, directories):
            patch.setattr(module, "os", system)
        patch.setattr(files, "read_at", partial(self.make, "pread", os.pread))

    def make(self, name: str, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            self.before(name)
        except BaseException:
            if name == "close":  # which Linux does, whatever it says
                call(*args, **kwargs)
            raise
        return call(*args, **kwargs)


@dataclass
class Got:
    """What a client got, and what the server was told besides."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    error: BaseException | None = None

    def __getitem__(self, name: str) -> str:
        return self.headers[name]

    @property
    def length(self) -> int:
        """What was promised."""
        return int(self.headers["content-length"])


class Way:
    """One of :data:`WAYS`: makes applications, and asks them."""

    def __init__(self, name: str, patch: pytest.MonkeyPatch) -> None:
        self.name = name
        self.adapter, _, self.reading = name.partition(", ")
        self.calls = Calls(patch)
        #: Called with each message that is sent, before the client has it.
        self.on_send: Callable[[Any], Awaitable[object]] = _nothing
        self.extensions: dict[str, Any] = {}
        if self.reading == "zero copy":
            self.extensions["http.response.zerocopysend"] = {}
        for module, constant in (
            (streaming, "LARGEST_PIECE"),
            (streaming, "_SMALLEST_PIECE"),
            (streaming, "_MOST_IN_ONE_TURN"),
            (wsgi, "PIECE_SIZE"),
            (asgi, "_UNWATCHED"),
            (answers, "_READ_AT_ONCE"),
        ):
            patch.setattr(module, constant, PIECE)
        if self.reading == "cold":
            patch.setattr(files, "read_page_cache", partial(self.calls.make, "preadv", _wait))
        elif self.reading == "threads":
            patch.setattr(files, "reads_page_cache", lambda descriptor: False)

    @property
    def backend(self) -> str:
        return "trio" if self.adapter == "trio" else "asyncio"

    def make(self, root: Path, **options: Any) -> Any:
        application = _wsgi_application if self.adapter == "wsgi" else _asgi_application
        return ADAPTERS[self.adapter](application, root, **{"check_interval": 0, **options})

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run ``main`` in the event loop; it also holds what needs none."""
        return anyio.run(main, backend=self.backend)

    async def ask(self, app: Any, call: Call) -> Got:
        if self.adapter == "wsgi":
            return self._ask_wsgi(app, call)
        return await self._ask_asgi(app, call)

    def _ask_wsgi(self, app: Any, call: Call) -> Got:
        got = Got()
        environ = environ_of(call)
        if self.reading == "sendfile":
            environ["wsgi.file_wrapper"] = _Wrapper

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
            got.status = int(status[:3])
            got.headers = {name.lower(): value for name, value in headers}

        result: Any = None
        try:
            result = app(environ, start_response)
            if isinstance(result, _Wrapper):
                for piece in self._sent(result.file.fileno(), 0, got.length):
                    got.body += piece
            else:
                for piece in result:
                    got.body += piece
            got.ended = True
        except Exception as error:
            got.error = error
        try:
            if hasattr(result, "close"):
                result.close()
        except Exception as error:
            got.error = error
        return got

    async def _ask_asgi(self, app: Any, call: Call) -> Got:
        got = Got()

        async def receive() -> Any:
            await anyio.sleep_forever()

        async def send(message: Any) -> None:
            await self.on_send(message)
            if message["type"] == "http.response.start":
                got.status = message["status"]
                got.headers = {
                    name.decode(): value.decode("latin-1") for name, value in message["headers"]
                }
            elif message["type"] == "http.response.zerocopysend":
                fileno = message["file"].fileno()
                for piece in self._sent(fileno, message["offset"], message["count"]):
                    got.body += piece
                got.ended = True
            else:
                got.body += message["body"]
                got.ended = not message.get("more_body", False)

        try:
            await app(scope_of(call) | {"extensions": self.extensions}, receive, send)
        except Exception as error:
            got.error = error
        return got

    def _sent(self, descriptor: int, offset: int, count: int) -> Iterator[bytes]:
        """What a server sends by sendfile, which ends at the file's end without a word."""
        while count:
            self.calls.before("sendfile")
            data = os.pread(descriptor, min(count, PIECE), offset)
            if not data:
                break
            offset += len(data)
            count -= len(data)
            yield data


async def _nothing(message: Any) -> None:
    """Let others have their turn, as every server does."""
    await checkpoint()


class _Wrapper:
    """A ``wsgi.file_wrapper``."""

    def __init__(self, file: Any, size: int) -> None:
        self.file = file
        self.close = file.close


def _wait(*_: object) -> bytes:
    raise BlockingIOError


class Site:
    """A file ``/a.txt`` and its sibling, and ``/b.txt``, which nothing happens to."""

    def __init__(self, root: Path, size: int) -> None:
        self.root = root
        self.path = root / "a.txt"
        self.sibling = root / "a.txt.gz"
        self.content = os.urandom(size // 2) + bytes(size - size // 2)
        self.other = write(root / "b.txt", OTHER)
        #: Each form that was there, by its ETag.
        self.forms: dict[str, bytes] = {}

    def make(self) -> None:
        """Begin anew."""
        for path in (self.path, self.sibling):
            remove(path)
        write(self.path, self.content)
        write(self.sibling, gzip.compress(self.content, 1, mtime=0))
        self.forms.clear()
        self.note()

    def note(self) -> None:
        """Remember the forms as they are."""
        for path, suffix in ((self.path, ""), (self.sibling, "-gzip")):
            if path.is_file():
                status = path.stat()
                tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}{suffix}"'
                self.forms[tag] = path.read_bytes()


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def require_right(got: Got, call: Call, forms: dict[str, bytes]) -> None:
    """Require that ``got``, a complete answer, is right for one of ``forms``."""
    assert got.ended
    if got.status == 416:
        assert got["content-range"] in [f"bytes */{len(form)}" for form in forms.values()]
        assert got.body == b""
        return
    form = forms[got["etag"]]
    if call.method == "HEAD":
        assert (got.status, got.length, got.body) == (200, len(form), b"")
        return
    assert len(got.body) == got.length
    if got.status == 200:
        assert got.body == form
    elif "content-range" in got.headers:
        require_range(got["content-range"], got.body, form)
    else:
        boundary = got["content-type"].partition("boundary=")[2]
        *parts, end = got.body.split(f"--{boundary}".encode())[1:]
        assert end == b"--\r\n"
        for part in parts:
            head, _, body = part.partition(b"\r\n\r\n")
            (said,) = re.findall(r"Content-Range: (.*)", head.decode())
            require_range(said, body[:-2], form)


def require_range(said: str, body: bytes, form: bytes) -> None:
    first, last, size = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", said).groups()  # type: ignore[union-attr]
    assert int(size) == len(form)
    assert body == form[int(first) : int(last) + 1]


def require_cut(got: Got, sent_by_server: bool) -> None:
    """Require that the client sees that something is missing."""
    assert isinstance(got.error, BrokenBodyError)
    if sent_by_server:
        assert len(got.body) <= got.length
    else:
        assert len(got.body) < got.length
        assert not got.ended


def descriptors() -> set[str]:
    """The files that this process has open. What earlier tests left may be closed at any moment."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the listing's own
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
    return {each for each in found if " /" in each}


def close_kept(app: Any) -> None:
    """Close what ``app`` keeps open on purpose."""
    for path in list(app._answers._open_files._kept):
        app._answers._open_files.drop(path)


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not condition():
            await checkpoint()
