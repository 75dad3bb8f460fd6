"""Bodies that are not read to the end: no descriptor is closed twice or stays open."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from django.test import AsyncClient, Client, override_settings

from tests.helpers import django_project
from tests.helpers.clients import environ_of, make_call
from tests.helpers.descriptors import descriptors_of
from tests.helpers.files import write
from tests.helpers.garbage import exempt_what_exists
from tests.helpers.waiting import until
from whitenoise_async import WhiteNoise
from whitenoise_async.asgi.file_stream import FileStream
from whitenoise_async.files import open_file as files
from whitenoise_async.files.errors import BrokenBodyError, FileSystemError
from whitenoise_async.files.open_file import OpenFile, open_file
from whitenoise_async.files.state import FileState
from whitenoise_async.serving.body_plan import EMPTY, BodyPlan
from whitenoise_async.wsgi.bodies import FileBody, WholeFile

django_project.configure()

LARGE = 1_500_000  # bytes; too large for the cache
FIELDS = [{}, {"Range": "bytes=5-"}, {"Range": "bytes=0-9,20-1200000"}]


class Closes:
    """Stands for ``os.close``, and counts the calls for each descriptor."""

    def __init__(self) -> None:
        self.failed: list[int] = []
        self.done = Counter[int]()

    def __call__(self, descriptor: int, close: Callable[[int], None] = os.close) -> None:
        self.done[descriptor] += 1
        try:
            close(descriptor)
        except OSError:
            self.failed.append(descriptor)


@pytest.fixture(autouse=True, scope="module")
def _only_own_garbage_is_collected() -> None:
    exempt_what_exists()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "a.bin", os.urandom(LARGE))
    return tmp_path


@pytest.fixture(autouse=True)
def _nothing_is_closed_twice_or_left_open(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, root: Path
) -> Iterator[None]:
    closes = Closes()
    monkeypatch.setattr(os, "close", closes)
    yield
    gc.collect()
    until(lambda: not descriptors_of(root / "a.bin"))  # a thread may be reading a piece
    assert closes.failed == []
    assert [each for each in caplog.messages if "a.bin" in each] == []


@pytest.fixture
def django_site(root: Path) -> Iterator[None]:
    middleware = ["whitenoise_async.django.WhiteNoiseMiddleware"]
    with override_settings(MIDDLEWARE=middleware, STATIC_ROOT=root):
        yield


def nothing(body: Iterator[bytes]) -> None:
    pass


def one_piece(body: Iterator[bytes]) -> None:
    assert next(body)


TAKES = [nothing, one_piece]


@pytest.mark.usefixtures("django_site")
@pytest.mark.parametrize("take", TAKES)
@pytest.mark.parametrize("fields", FIELDS)
def test_a_response_that_djangos_client_drops_is_closed_once(
    fields: dict[str, str], take: Callable[[Iterator[bytes]], None]
) -> None:
    """It is in a cycle, so that its file may be finalized before its holder closes it."""
    headers = {f"HTTP_{name.upper()}": value for name, value in fields.items()}
    for _ in range(5):
        response: Any = Client().get("/static/a.bin", **headers)
        take(iter(response.streaming_content))
        del response
        gc.collect()


@pytest.mark.usefixtures("django_site")
@pytest.mark.parametrize("change", [nothing, os.unlink])
@pytest.mark.parametrize("fields", FIELDS)
def test_a_response_that_djangos_async_client_drops_is_closed_once(
    fields: dict[str, str], change: Callable[[Any], None], root: Path
) -> None:
    async def main() -> None:
        response: Any = await AsyncClient().get("/static/a.bin", headers=fields)
        change(root / "a.bin")
        async for _ in response.streaming_content:
            break
        del response
        gc.collect()
        await asyncio.sleep(0.01)
        await AsyncClient().get("/static/none", headers=fields)

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.usefixtures("django_site")
def test_another_threads_descriptors_stay_open(root: Path) -> None:
    mine, lost, done = write(root / "mine", b"mine"), [], threading.Event()

    def use_descriptors() -> None:
        while not done.is_set():
            descriptor = os.open(mine, os.O_RDONLY)
            try:
                if any(os.pread(descriptor, 4, 0) != b"mine" for _ in range(20)):
                    lost.append("another file was read")
                os.close(descriptor)
            except OSError as error:
                lost.append(str(error))

    user = threading.Thread(target=use_descriptors)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    user.start()
    try:
        for _ in range(30):
            response: Any = Client().get("/static/a.bin")
            next(iter(response.streaming_content))
            del response
            gc.collect()
    finally:
        done.set()
        user.join()
        sys.setswitchinterval(interval)
    assert lost == []


def started(*_: object) -> Any:
    """A ``start_response``."""


class Wrapper:
    """A ``wsgi.file_wrapper`` that reads the file, like those of waitress and wsgiref."""

    def __init__(self, file: Any, size: int) -> None:
        self.pieces = iter(FileWrapper(file, size))
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces


@pytest.mark.parametrize("closes", [0, 1, 2])
@pytest.mark.parametrize("take", TAKES)
@pytest.mark.parametrize("wrapper", [{}, {"wsgi.file_wrapper": Wrapper}], ids=["pieces", "wrapper"])
def test_a_server_may_close_a_body_twice_or_never(
    root: Path,
    wrapper: dict[str, Any],
    take: Callable[[Iterator[bytes]], None],
    closes: int,
) -> None:
    application = WhiteNoise(None, root)
    for fields in FIELDS:
        environ = environ_of(make_call("/a.bin", fields)) | wrapper
        body: Any = application(environ, started)
        pieces = iter(body)
        take(pieces)
        for _ in range(closes):
            body.close()
        del body, pieces


@pytest.fixture
def file(root: Path) -> OpenFile:
    return open_file(str(root / "a.bin"))


class Cycle:
    """A reference cycle with a file in it."""

    def __init__(self, held: Any) -> None:
        self.held = held
        self.me = self

    def __del__(self) -> None:
        self.held.close()


@pytest.mark.parametrize("hold", [lambda file: file, WholeFile, lambda file: FileBody(file, EMPTY)])
def test_closing_a_finalized_file_closes_no_descriptor(
    root: Path, hold: Callable[[OpenFile], Any]
) -> None:
    for _ in range(5):
        file = open_file(str(root / "a.bin"))
        Cycle(hold(file))
        del file
        gc.collect()


def test_a_finalized_file_is_never_another_one(root: Path, file: OpenFile) -> None:
    number = file.fileno()
    whole = WholeFile(file)
    file.__del__()
    other = os.open(root, os.O_RDONLY)
    assert other == number  # the lowest free descriptor
    assert not file.is_open
    assert file.fileno() == -1
    assert file.read_nowait(0, 10) is None
    with pytest.raises(FileSystemError, match="Bad file descriptor"):
        file.read(0, 10)
    assert not file.is_unchanged()
    whole.close()
    file.close()
    file.share().close()
    os.close(other)


def test_a_file_that_is_closed_once_too_often_stays_closed(file: OpenFile) -> None:
    other = file.share()
    file.close()
    assert other.is_open
    for _ in range(3):
        other.close()
    assert not other.is_open
    with pytest.raises(FileSystemError):
        file.read(0, 1)
    assert descriptors_of(Path(file.path)) == []


@pytest.mark.parametrize("make", [WholeFile, lambda file: FileBody(file, BodyPlan.of_file(10))])
def test_two_threads_that_close_a_body_release_its_file_once(
    file: OpenFile, make: Callable[[OpenFile], Any]
) -> None:
    """A finalizer and a server may close the same response."""
    for _ in range(50):
        body, start = make(file.share()), threading.Barrier(2)

        def close(body: Any = body, start: threading.Barrier = start) -> None:
            start.wait()
            body.close()

        threads = [threading.Thread(target=close) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert file.read(0, 10)
    file.close()
    assert not file.is_open


def test_a_file_that_is_closed_while_it_is_read_at_once_is_open_for_that_read(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Path(file.path).read_bytes()

    def read_late(descriptor: int, size: int, offset: int) -> bytes:
        file.close()
        return os.pread(descriptor, size, offset)

    monkeypatch.setattr(files, "read_page_cache", read_late)
    assert file.read_nowait(5, 10) == content[5:15]
    assert not file.is_open


def test_a_read_that_begins_while_a_file_is_closed_has_no_descriptor(
    file: OpenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread whose request was cancelled may begin its read as the event loop closes the file."""
    descriptors: list[int] = []

    class Lock:
        """A lock after which another thread runs at once."""

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            file._counting = threading.RLock()
            with pytest.raises(FileSystemError):
                file.read(0, 10)

    def read(descriptor: int, size: int, offset: int) -> bytes:
        descriptors.append(descriptor)
        return os.pread(descriptor, size, offset)

    monkeypatch.setattr(files, "read_at", read)
    file._counting = Lock()  # type: ignore[assignment]
    file.close()
    assert descriptors == [-1]


async def test_an_abandoned_stream_is_closed_by_the_event_loop(file: OpenFile) -> None:
    stream = FileStream(file)
    pieces = stream.pieces(BodyPlan.of_file(LARGE))
    async for _ in pieces:
        break
    file.__del__()
    await stream.close()
    stream.close_blocking()
    await pieces.aclose()


def test_a_body_that_a_server_sent_short_is_still_an_error(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = WholeFile(open_file(str(root / "a.bin")))
    os.truncate(root / "a.bin", 10)
    with pytest.raises(BrokenBodyError):
        whole.close()
    caplog.clear()


def test_a_truncated_file_whose_body_was_dropped_after_a_piece_is_no_error(root: Path) -> None:
    whole = WholeFile(open_file(str(root / "a.bin")))
    assert whole.read(100)
    os.truncate(root / "a.bin", 10)
    whole.close()


def test_a_file_that_was_opened_in_part_is_closed_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(status: os.stat_result) -> FileState:
        raise MemoryError

    monkeypatch.setattr(files, "state_of", fail)
    with pytest.raises(MemoryError):
        open_file(str(root / "a.bin"))
