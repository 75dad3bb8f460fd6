"""Applications: every callable that a server would run is accepted."""

from __future__ import annotations

import functools
import types
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import anyio
import pytest
from asgiref.sync import async_to_sync, markcoroutinefunction, sync_to_async
from asgiref.wsgi import WsgiToAsgi
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette

from tests.helpers.clients import ask_asgi, call_asgi, client_of, make_call, scope_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise, WhiteNoise


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"application"]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"application"})


class InSlots:
    """Each object has its own ``__call__``."""

    __slots__ = ("__call__", "app")

    def __init__(self, app: Any) -> None:
        self.app = app
        self.__call__: Any = self._run

    async def _run(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


IN_SLOTS: Any = InSlots(asgi)


class Hiding:
    """The wrapper of an agent: not async itself, it accepts any arguments."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._wrapped(*args, **kwargs)


class Proxy(Hiding):
    """A transparent proxy: all attributes except ``__call__`` are those of the wrapped object."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    @property
    def __class__(self) -> Any:
        return type(self._wrapped)

    @__class__.setter
    def __class__(self, value: Any) -> None: ...


class Raising(Hiding):
    """Reading its signature raises an error."""

    @property
    def __signature__(self) -> Any:
        raise RuntimeError("no context")


class Guarded:
    """Can be called, but reading an attribute or its ``repr()`` raises an error."""

    def __init__(self, wrapped: Any) -> None:
        vars(self)["_wrapped"] = wrapped

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return object.__getattribute__(self, "_wrapped")(*args, **kwargs)

    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            return object.__getattribute__(self, name)
        raise RuntimeError(f"{name} needs a context")

    def __repr__(self) -> str:
        raise RuntimeError("repr() needs a context")


class Endless(Hiding):
    """Each attribute is another object of this class."""

    def __getattr__(self, name: str) -> Any:
        return Endless(self._wrapped)


class Awaited:
    """A class that uvicorn treats as ASGI 3."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.work = asgi(scope, receive, send)

    def __await__(self) -> Generator[Any, None, None]:
        return self.work.__await__()


class Double:
    """An application of ASGI 2."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __call__(self, receive: Any, send: Any) -> None:
        await asgi(self.scope, receive, send)


class AllOptional(Double):
    def __init__(self, scope: Any = None, debug: bool = False, routes: Any = None) -> None:
        super().__init__(scope)


def double(scope: Any) -> Callable[..., Awaitable[None]]:
    return lambda receive, send: asgi(scope, receive, send)


@functools.wraps(double)
def hidden_double(*args: Any, **kwargs: Any) -> Any:
    return double(*args, **kwargs)


@types.coroutine
def generator_based(scope: Any, receive: Any, send: Any) -> Generator[Any, Any, None]:
    yield from asgi(scope, receive, send).__await__()


class Iterated:
    """As in an example of PEP 3333."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        wsgi(environ, start_response)

    def __iter__(self) -> Iterator[bytes]:
        yield b"application"


def generated(environ: Any, start_response: Any, *, debug: bool = False) -> Iterator[bytes]:
    yield from wsgi(environ, start_response)


@functools.wraps(asgi)
def wsgi_that_wraps(environ: Any, start_response: Any) -> list[bytes]:
    """An adapter that presents an ASGI application as a WSGI one."""
    return wsgi(environ, start_response)


flask = Flask("flask")
flask.add_url_rule("/page", view_func=lambda: "application", endpoint="page")

ASGI_APPLICATIONS: dict[str, Any] = {
    "slots": InSlots(asgi),
    "slots of framework": InSlots(Starlette()),
    "hiding": Hiding(asgi),
    "proxy": Proxy(asgi),
    "unreadable": Raising(asgi),
    "guarded": Guarded(asgi),
    "endless": Endless(asgi),
    "lambda": lambda scope, receive, send: asgi(scope, receive, send),
    "partial": functools.partial(asgi),
    "partial of object": functools.partial(IN_SLOTS),
    "keyword-only with default": functools.partial(
        lambda scope, receive, send, *, debug: asgi(scope, receive, send), debug=True
    ),
    "method": InSlots(asgi)._run,
    "generator-based": generator_based,
    "awaited class": Awaited,
    "ASGI 2": double,
    "ASGI 2 class": Double,
    "ASGI 2 class, all optional": AllOptional,
    "ASGI 2 in partial": functools.partial(Double),
    "ASGI 2, hidden": hidden_double,
    "of WSGI": WsgiToAsgi(wsgi),  # type: ignore[no-untyped-call]
    "sync_to_async": sync_to_async(Hiding(lambda *args: None)),
    "built in": print,
    "mocks": AsyncMock(),
    "mock": Mock(),
}

WSGI_APPLICATIONS: dict[str, Any] = {
    "hiding": Hiding(wsgi),
    "proxy": Proxy(flask),
    "unreadable": Raising(wsgi),
    "guarded": Guarded(wsgi),
    "endless": Endless(wsgi),
    "class": Iterated,
    "generator": generated,
    "wraps another kind": wsgi_that_wraps,
    "partial": functools.partial(wsgi),
    "any number": lambda *args: wsgi(*args),
    "async_to_sync": async_to_sync(asgi),
    "framework": flask,
    "framework's method": flask.wsgi_app,
    "built in": print,
    "mock": Mock(),
}

# They do not answer. The test only checks that they are accepted.
SILENT = {"built in", "mock", "mocks", "sync_to_async", "async_to_sync", "slots of framework"}


@pytest.mark.parametrize("name", ASGI_APPLICATIONS)
def test_asgi_applications_of_all_kinds_are_accepted(tmp_path: Path, name: str) -> None:
    wrapped = ASGIWhiteNoise(ASGI_APPLICATIONS[name], tmp_path)
    if name not in SILENT:
        assert client_of("asyncio")(wrapped)("/page").body == b"application"


@pytest.mark.parametrize("name", WSGI_APPLICATIONS)
def test_wsgi_applications_of_all_kinds_are_accepted(tmp_path: Path, name: str) -> None:
    wrapped = WhiteNoise(WSGI_APPLICATIONS[name], tmp_path)
    if name not in SILENT:
        assert client_of("wsgi")(wrapped)("/page").body == b"application"


async def async_generator(environ: Any, start_response: Any) -> Any:
    yield b""


def needs_a_keyword(environ: Any, start_response: Any, *, debug: bool) -> list[bytes]:
    return []


marked = markcoroutinefunction(lambda *args: asgi(*args))


@pytest.mark.parametrize(
    ("kind", "application", "other"),
    [
        (WhiteNoise, FastAPI(), "ASGIWhiteNoise"),
        (WhiteNoise, InSlots(asgi), "ASGIWhiteNoise"),
        (WhiteNoise, Double, "ASGIWhiteNoise"),
        (WhiteNoise, functools.partial(IN_SLOTS), "ASGIWhiteNoise"),
        (WhiteNoise, marked, "ASGIWhiteNoise"),
        (WhiteNoise, async_generator, "ASGIWhiteNoise"),
        (WhiteNoise, lambda scope, receive, send: None, "ASGIWhiteNoise"),
        (ASGIWhiteNoise, flask, "WhiteNoise"),
        (ASGIWhiteNoise, flask.wsgi_app, "WhiteNoise"),
        (ASGIWhiteNoise, Iterated, "WhiteNoise"),
        (ASGIWhiteNoise, functools.partial(wsgi), "WhiteNoise"),
        (WhiteNoise, needs_a_keyword, None),
        (WhiteNoise, "static/", None),
        (WhiteNoise, lambda: None, None),
        (ASGIWhiteNoise, lambda: None, None),
    ],
)
def test_an_application_of_the_other_interface_is_refused_and_the_right_class_named(
    kind: Any, application: Any, other: str | None
) -> None:
    with pytest.raises(TypeError, match=f"^{kind.__name__}\\(\\) must be given an? ") as caught:
        kind(application)
    assert str(caught.value).endswith(f"; {other}() wraps this one") == (other is not None)


def test_an_empty_slot_is_accepted() -> None:
    empty = type("Empty", (), {"__slots__": ("__call__",)})()
    assert ASGIWhiteNoise(empty).application is empty


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        iter,
        lambda pairs: (iter(each) for each in pairs),
        lambda pairs: dict(pairs).items(),
    ],
    ids=["list", "tuple", "iterator", "generator of iterators", "view"],
)
@pytest.mark.parametrize("autorefresh", [False, True])
@pytest.mark.parametrize("url", ["/page", "/gone.txt"])
def test_the_application_receives_all_headers_from_any_iterable(
    tmp_path: Path, make: Any, autorefresh: bool, url: str
) -> None:
    """ASGI: ``headers`` is an iterable of two-item iterables."""
    path = write(tmp_path / "gone.txt", b"gone")
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(map(tuple, scope["headers"]))
        await asgi(scope, receive, send)

    wrapped = ASGIWhiteNoise(application, tmp_path, autorefresh=autorefresh)
    path.unlink()
    pairs = [(b"accept-encoding", b"gzip"), (b"cookie", b"a=1"), (b"range", b"bytes=0-0")]
    assert call_asgi(wrapped, make_call(url), headers=make(pairs)).body == b"application"
    assert seen == pairs


@pytest.mark.parametrize("autorefresh", [False, True])
def test_headers_that_can_be_iterated_once_are_read(tmp_path: Path, autorefresh: bool) -> None:
    write(tmp_path / "a.txt", b"0123456789")
    wrapped = ASGIWhiteNoise(None, tmp_path, autorefresh=autorefresh)
    reply = call_asgi(wrapped, make_call("/a.txt"), headers=iter([(b"range", b"bytes=3-5")]))
    assert (reply.status, reply.body) == (206, b"345")


def test_the_scope_of_the_caller_is_not_changed(tmp_path: Path) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert isinstance(scope["headers"], list)
        await asgi(scope, receive, send)

    headers = iter([(b"a", b"b")])
    scope = {**scope_of(make_call("/page")), "headers": headers}
    anyio.run(ask_asgi, ASGIWhiteNoise(application, tmp_path, autorefresh=True), scope)
    assert scope["headers"] is headers
