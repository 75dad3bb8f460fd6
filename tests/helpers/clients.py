"""Clients that call an adapter in process, one request at a time, and record all that it sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import quote

import anyio

from whitenoise_async import ASGIWhiteNoise, WhiteNoise

Fields = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """A response. Its headers keep their order, and their names are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply({self.status}, {self.headers}, {shortened(self.body)})"

    def __getitem__(self, name: str) -> str:
        """The value of the header ``name``; fails unless there is exactly one."""
        (value,) = [value for field, value in self.headers if field == name]
        return value

    def __contains__(self, name: object) -> bool:
        return any(field == name for field, _ in self.headers)


def shortened(body: bytes) -> str:
    """The beginning of a body and its length.

    ``asyncio.run`` makes the ``repr`` of its result for an error message that is not shown. For a
    body of 3 MB that takes 50 ms.
    """
    return f"{body[:100]!r}, {len(body)} bytes"


class Call(NamedTuple):
    """One request. ``path`` is decoded, and below ``mount``."""

    path: str
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    query: str = ""
    mount: str = ""


def make_call(
    path: str, fields: Fields = (), method: str = "GET", query: str = "", mount: str = ""
) -> Call:
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    return Call(path, method, tuple(pairs), query, mount)


def call_wsgi(application: Any, call: Call, **environ: Any) -> Reply:
    """Call a WSGI application."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body: list[bytes] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        started.append((status, headers))
        return body.append

    result = application(environ_of(call) | environ, start_response)
    try:
        body += result
    finally:
        if hasattr(result, "close"):
            result.close()
    ((status, headers),) = started
    return Reply(int(status[:3]), [(n.lower(), v) for n, v in headers], b"".join(body))


def call_asgi(application: Any, call: Call, backend: str = "asyncio", **scope: Any) -> Reply:
    """Call an ASGI application, in a new event loop."""

    async def main() -> Reply:
        return await ask_asgi(application, scope_of(call) | scope)

    return anyio.run(main, backend=backend)


async def ask_asgi(application: Any, scope: dict[str, Any]) -> Reply:
    """Call an ASGI application."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await application(scope, receiving(anyio.sleep_forever), send)
    start, *rest = messages
    assert start["type"] == "http.response.start"
    assert [each.get("more_body", False) for each in rest] == [True] * (len(rest) - 1) + [False]
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]
    ]
    assert all(name == name.lower() for name, _ in headers)
    return Reply(start["status"], headers, b"".join(each.get("body", b"") for each in rest))


def receiving(then: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """ASGI's ``receive`` of a request without a body; ``then`` is called after that."""
    is_sent = False

    async def receive() -> Any:
        nonlocal is_sent
        if is_sent:
            return await then()
        is_sent = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


Get = Callable[..., Reply]
#: Makes a client for a middleware with these arguments: ``serve(root, prefix, **options)``.
Serve = Callable[..., Get]


def client_of(adapter: str) -> Callable[[Any], Get]:
    """Turn a middleware into a function that takes what :func:`make_call` takes."""

    def wrap(middleware: Any) -> Get:
        def get(*args: Any, **kwargs: Any) -> Reply:
            call = make_call(*args, **kwargs)
            if adapter == "wsgi":
                return call_wsgi(middleware, call)
            return call_asgi(middleware, call, adapter)

        return get

    return wrap


#: The adapters, the ASGI one on both event loops.
ADAPTERS: dict[str, type[WhiteNoise] | type[ASGIWhiteNoise]] = {
    "wsgi": WhiteNoise,
    "asyncio": ASGIWhiteNoise,
    "trio": ASGIWhiteNoise,
}


def environ_of(call: Call) -> dict[str, Any]:
    """The WSGI environ of a call."""
    environ = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": _as_wsgi(call.mount),
        "PATH_INFO": _as_wsgi(call.path),
        "QUERY_STRING": call.query,
        "SERVER_NAME": "test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": _NoErrors(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in call.fields:
        key = "HTTP_" + name.upper().replace("-", "_")
        # Servers join repeated headers with a comma.
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def scope_of(call: Call) -> dict[str, Any]:
    """The ASGI scope of a call."""
    path = call.mount + call.path
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path, errors="surrogatepass").encode(),
        "root_path": call.mount,
        "query_string": call.query.encode("latin-1"),
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in call.fields
        ],
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
    }


def _as_wsgi(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


class _NoErrors:
    """A ``wsgi.errors`` that fails the test if anything is written to it."""

    def flush(self) -> None: ...

    def write(self, text: str) -> None:
        raise AssertionError(text)

    def writelines(self, lines: list[str]) -> None:
        raise AssertionError(lines)
