"""Each system call for a hashed URL fails, or a file changes just before it.

A response has the bytes that belong to the hash, or it says that there are none now.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from tests.faults.injection import ANY_CALL, APPLICATION, FEW_SETUPS, At, Received, SimulatedServer
from tests.helpers.assets import IMMUTABLE, replace
from tests.helpers.clients import Call
from tests.helpers.files import write
from tests.helpers.slow import slow_unless
from whitenoise_async.files.errors import FileSystemError
from whitenoise_async.serving import descriptor_cache

T = TypeVar("T")

SHEET = b"a { b: url(x.png) }\n" * 40
LARGE = os.urandom(3000)
NAMES = ("sheet.css", "large.bin", "x.png")


class Fault(NamedTuple):
    """An error of the system, and what a client may see of it."""

    error: Exception
    statuses: frozenset[int]


FAULTS = {
    "EIO": Fault(OSError(errno.EIO, "Input/output error"), frozenset({200, 503})),
    "EMFILE": Fault(OSError(errno.EMFILE, "Too many open files"), frozenset({200, 503})),
    "MemoryError": Fault(MemoryError(), frozenset({200, 503})),
    # The file, or another one that its style sheet reaches, is not served. A read fails otherwise.
    "EACCES": Fault(OSError(errno.EACCES, "Permission denied"), frozenset({200, 404, 503})),
}


@pytest.fixture(params=slow_unless(FEW_SETUPS, lambda setup: setup == "wsgi"))
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimulatedServer:
    return SimulatedServer(request.param, monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "sheet.css", SHEET)
    write(tmp_path / "large.bin", LARGE)
    write(tmp_path / "x.png", b"x")
    return tmp_path


def ask(server: SimulatedServer, app: Any, url: str) -> Received:
    return server.run(lambda: server.ask(app, Call(url)))


def at_each_call(
    server: SimulatedServer,
    act: Callable[[], object],
    begin: Callable[[], T],
    work: Callable[[T], object],
) -> None:
    """Do some work again and again, and ``act`` before one call of it: the first, the second…"""
    for number in range(200):
        app = begin()
        at = At(number, act, ANY_CALL, False)
        server.calls.before = at
        try:
            work(app)
        finally:
            server.calls.before = str
        if not at.reached:
            assert number
            return
    raise AssertionError("there is no end of the calls")


def raising(error: Exception) -> Callable[[], object]:
    def act() -> None:
        raise copy(error)  # its traceback holds what was read

    return act


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["sheet.css", "large.bin"])
@pytest.mark.parametrize("is_hot", [False, True], ids=["cold", "hot"])
def test_whichever_call_fails_the_client_gets_the_right_bytes_or_an_error(
    server: SimulatedServer, root: Path, fault: str, name: str, is_hot: bool
) -> None:
    app = server.make(root)
    url = app.assets.url(name)
    right = ask(server, app, url)
    assert right.status == 200
    descriptor_cache.close_all()
    before = os.listdir("/proc/self/fd")

    def request(current: Any) -> None:
        got = ask(server, current, url)
        assert got.status in FAULTS[fault].statuses
        if got.body == APPLICATION:
            assert fault == "EACCES"
        elif got.status == 200:
            assert got["cache-control"] == IMMUTABLE
            assert got.body == right.body[: len(got.body)]
            assert got.body == right.body or got.error is not None
        else:
            assert got.headers.get("cache-control", "no-store") == "no-store"

        server.calls.before = str
        assert ask(server, current, url).body == right.body
        descriptor_cache.close_all()

    begin = (lambda: app) if is_hot else (lambda: server.make(root))
    at_each_call(server, raising(FAULTS[fault].error), begin, request)
    descriptor_cache.close_all()
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("fault", ["EIO", "EMFILE", "EACCES"])
def test_whichever_call_fails_a_page_gets_the_right_url_or_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    server = SimulatedServer("wsgi", monkeypatch)
    right = {name: server.make(root).assets.url(name) for name in NAMES}

    def page(app: Any) -> None:
        assets = app.assets
        for name in NAMES:
            try:
                url, integrity = assets.url(name), assets.integrity(name)
            except (FileSystemError, FileNotFoundError):
                continue
            assert integrity.startswith("sha384-")
            # A style sheet may refer to a file that cannot be read.
            assert url == right[name] or (name, fault) == ("sheet.css", "EACCES")
        assets.prepare_sync()

    at_each_call(server, raising(FAULTS[fault].error), lambda: server.make(root), page)


@pytest.mark.parametrize("changed", ["sheet.css", "x.png"])
@pytest.mark.parametrize("change", ["replaced", "overwritten", "truncated", "removed"])
def test_a_change_before_any_call_never_gives_other_bytes_under_the_hash(
    server: SimulatedServer, root: Path, changed: str, change: str
) -> None:
    path = root / changed
    original = path.read_bytes()
    url = server.make(root).assets.url("sheet.css")
    right = ask(server, server.make(root), url).body

    def act() -> None:
        if change == "replaced":
            replace(path, b"y { z: url(x.png) } a { b: url(x.png) }")
        elif change == "overwritten":
            path.write_bytes(b"z" * len(original) + b"a { b: url(x.png) }")
        elif change == "truncated":
            os.truncate(path, len(original) // 2)
        else:
            path.unlink()

    def begin() -> Any:
        replace(path, original)
        return server.make(root)

    def request(app: Any) -> None:
        for _ in range(2):
            got = ask(server, app, url)
            if got.status == 200 and got.body != APPLICATION:
                assert got.body == right
                assert got["cache-control"] == IMMUTABLE
            else:
                assert got.body == APPLICATION or got["cache-control"] == "no-store"

    at_each_call(server, act, begin, request)
