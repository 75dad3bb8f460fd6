"""Records the responses of our middlewares, for the limit to repeat.

Run as ``python -m tests.benchmarks.capture SITE OUTPUT``, so that the measuring process never holds
the bodies.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.benchmarks.apps import CapturedResponse, make
from tests.benchmarks.browser import HEADERS, conditions
from tests.benchmarks.contenders import ASGI, OURS, WSGI
from tests.benchmarks.rows import PASSED, WORKS


async def ask_asgi(
    application: Any, path: str, request_headers: Mapping[str, str]
) -> CapturedResponse:
    """One request in process."""
    sent: list[Any] = []
    waiting = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        for message in waiting:
            return message
        return await asyncio.Event().wait()  # the client stays connected

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in request_headers.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await application(scope, receive, send)
    body = b"".join(bytes(message.get("body", b"")) for message in sent[1:])
    return CapturedResponse(sent[0]["status"], [tuple(pair) for pair in sent[0]["headers"]], body)


def ask_wsgi(application: Any, path: str, request_headers: Mapping[str, str]) -> CapturedResponse:
    """One request in process."""
    started: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
        **{
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in request_headers.items()
        },
    }
    result = application(environ, lambda *arguments: started.extend(arguments))
    body = b"".join(result)
    if hasattr(result, "close"):
        result.close()
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in started[1]]
    return CapturedResponse(int(started[0].split()[0]), headers, body)


def ask(
    interface: str, application: Any, path: str, request_headers: Mapping[str, str]
) -> CapturedResponse:
    """One request in process."""
    if interface == ASGI:
        return asyncio.run(ask_asgi(application, path, request_headers))
    return ask_wsgi(application, path, request_headers)


def capture(site: Path) -> dict[tuple[str, str], dict[str, CapturedResponse]]:
    """The responses to all work, by path, under both interfaces."""
    captured = {}
    for interface in (ASGI, WSGI):
        application = make(OURS, interface, site)
        for work in WORKS.values():
            if work is PASSED:
                continue
            response = ask(interface, application, work.path, HEADERS)
            if work.conditional:
                headers = {name.lower(): value.decode() for name, value in response.headers}
                known = conditions(headers[b"etag"], headers.get(b"last-modified"))
                response = ask(interface, application, work.path, {**HEADERS, **known})
            captured[interface, work.name] = {work.path: response}
    return captured


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(pickle.dumps(capture(Path(sys.argv[1]))))
