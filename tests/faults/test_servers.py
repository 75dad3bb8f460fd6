"""Servers behave badly: ``send`` and ``receive`` fail, and bodies are abandoned."""

from __future__ import annotations

import errno
import gc
from collections.abc import Callable, Iterator
from itertools import product
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
from tests.faults.injection import ASGI_SETUPS, FEW_SETUPS, WSGI_SETUPS, Received, SimulatedServer
from tests.helpers.slow import slow_unless


class OwnError(Exception):
    """An error of a server or a middleware."""


class OwnEnd(BaseException):
    """An error that must not be caught, like those of gevent."""


#: The errors that ``send`` raises in some servers when the client has disconnected.
GONE = [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError()]
FAULTS = [RuntimeError("a fault"), OwnError(), OwnEnd()]
ERRORS = [*GONE, *FAULTS]

#: The handling of an error depends little on the way of reading.
FEW_ASGI_SETUPS = [setup for setup in FEW_SETUPS if setup in ASGI_SETUPS]
ALL_OF_ASGI = slow_unless(
    [
        *((error, setup) for error in ERRORS for setup in FEW_ASGI_SETUPS),
        *((OwnEnd(), setup) for setup in ASGI_SETUPS if setup not in FEW_ASGI_SETUPS),
    ],
    lambda pair: pair[1] == FEW_ASGI_SETUPS[0],
)


def _name(value: BaseException | str) -> str:
    return value if isinstance(value, str) else type(value).__name__


@pytest.fixture(autouse=True)
def _nothing_is_let_go_of_by_chance() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Failing:
    """Raises ``error`` from the call numbered ``at`` on."""

    def __init__(self, at: int, error: BaseException) -> None:
        self._left = at
        self._error = error
        self.reached = False

    async def __call__(self, *_: object) -> Any:
        await anyio.lowlevel.checkpoint()
        self._left -= 1
        if self._left < 0:
            self.reached = True
            raise self._error
        return {"type": "http.request", "body": b"", "more_body": False}


async def raised_by(
    server: SimulatedServer, app: Any, case: Case, got: Received
) -> BaseException | None:
    try:
        await server.ask(app, case.call, got)
    except OwnEnd as error:
        return error
    return got.error


@pytest.mark.parametrize(("error", "setup"), ALL_OF_ASGI, ids=_name)
def test_whichever_send_fails_a_disconnect_is_ignored_and_other_errors_propagate(
    setup: str,
    error: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = SimulatedServer(setup, monkeypatch)
    let_others_go_on = server.on_send

    async def at_each_send(case: Case) -> None:
        site = Site(tmp_path, case.size)
        app = server.make(tmp_path, **case.options)
        census = Census()
        for at in moments_of(case):
            forget(app)
            if case.warm:
                await server.ask(app, case.call)
            server.on_send = send = Failing(at, error)
            got = Received()
            raised = await raised_by(server, app, case, got)
            assert raised is (error if send.reached and error not in GONE else None)
            assert got.ended is not send.reached
            error.__traceback__ = got.error = raised = None
            server.on_send = let_others_go_on
            await census.require_nothing_left(app)
            for call in (case.call, OTHER):
                require_right(await server.ask(app, call), call, site.representations)
            if not send.reached:
                break

    async def main() -> None:
        for case in CASES.values():
            await at_each_send(case)

    server.run(main)
    assert caplog.messages == []


@pytest.mark.parametrize(("error", "setup"), ALL_OF_ASGI, ids=_name)
def test_whichever_receive_fails_the_error_propagates_or_the_response_is_complete(
    setup: str,
    error: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = SimulatedServer(setup, monkeypatch)

    async def at_each_receive(case: Case) -> None:
        site = Site(tmp_path, case.size)
        app = server.make(tmp_path, **case.options)
        census = Census()
        for at in range(3):
            forget(app)
            server.on_receive = receive = Failing(at, error)
            got = Received()
            raised = await raised_by(server, app, case, got)
            assert raised is (error if receive.reached else None)
            if not receive.reached:
                require_right(got, case.call, site.representations)
            error.__traceback__ = got.error = raised = None
            server.on_receive = anyio.sleep_forever
            await census.require_nothing_left(app)
            for call in (case.call, OTHER):
                require_right(await server.ask(app, call), call, site.representations)

    async def main() -> None:
        for case in CASES.values():
            await at_each_receive(case)

    server.run(main)
    assert caplog.messages == []


def nothing(pieces: Iterator[bytes]) -> None:
    pass


def one_piece(pieces: Iterator[bytes]) -> None:
    next(pieces, b"")


def all_pieces(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass


@pytest.mark.parametrize("setup", WSGI_SETUPS)
@pytest.mark.parametrize("take", [nothing, one_piece, all_pieces])
def test_however_a_server_abandons_a_body_nothing_is_left(
    setup: str,
    take: Callable[[Iterator[bytes]], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even if it never closes the body: then its finalizer does."""
    server = SimulatedServer(setup, monkeypatch)

    def start_response(*_: object) -> None:
        pass

    async def main() -> None:
        for case, closes in product(CASES.values(), (0, 1, 2)):
            site = Site(tmp_path, case.size)
            app = server.make(tmp_path, **case.options)
            census = Census()
            body = app(server.environ(case.call), start_response)
            pieces = server.pieces(body, Received(headers={"content-length": str(case.size)}))
            take(pieces)
            for _ in range(closes):
                getattr(body, "close", bool)()
            del body, pieces
            await census.require_nothing_left(app)
            for call in (case.call, OTHER):
                require_right(await server.ask(app, call), call, site.representations)

    server.run(main)
    assert caplog.messages == []


@pytest.mark.parametrize("setup", WSGI_SETUPS)
@pytest.mark.parametrize("error", [OSError(), OwnEnd()], ids=_name)
def test_an_error_of_start_response_propagates(
    setup: str,
    error: BaseException,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = SimulatedServer(setup, monkeypatch)

    def fail(*_: object) -> None:
        raise error

    async def main() -> None:
        for case in CASES.values():
            site = Site(tmp_path, case.size)
            app = server.make(tmp_path, **case.options)
            census = Census()
            with pytest.raises(type(error)) as caught:
                app(server.environ(case.call), fail)
            assert caught.value is error
            error.__traceback__ = None
            del caught
            await census.require_nothing_left(app)
            for call in (case.call, OTHER):
                require_right(await server.ask(app, call), call, site.representations)

    server.run(main)
    assert caplog.messages == []
