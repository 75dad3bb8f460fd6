"""A server for browsers, in a thread of the test: files with hashed URLs, and a page."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.helpers.recording_origin import Recorder
from tests.helpers.waiting import until
from whitenoise_async import ASGIWhiteNoise, Assets

#: The headers of a page, and its HTML.
Rendered = tuple[dict[str, str], str]


class PageServer:
    """An ASGI application that renders a page at ``/``, and records its requests."""

    def __init__(self, assets: Assets, render: Callable[[], Rendered] = lambda: ({}, "")) -> None:
        self.render = render
        #: Changes the body of a response, which is not compressed, by the path of its request.
        self.tamper: Callable[[str, bytes], bytes] | None = None
        self._seen: list[dict[str, Any]] = []
        self._application = Recorder(ASGIWhiteNoise(self._send_page, assets=assets), self._seen)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        tamper = self.tamper
        if tamper is None:
            await self._application(scope, receive, send)
            return

        async def tampering_send(message: Any) -> None:
            if message.get("body"):
                message = {**message, "body": tamper(scope["path"], message["body"])}
            await send(message)

        headers = [each for each in scope["headers"] if each[0] != b"accept-encoding"]
        await self._application({**scope, "headers": headers}, receive, tampering_send)

    def take_requests(self) -> list[tuple[str, int]]:
        """The paths and statuses of the requests for files since the last call, sorted."""
        seen, self._seen[:] = self._seen.copy(), []
        files = [each for each in seen if each["path"] != "/"]
        return sorted((each["path"], each["status"]) for each in files)

    def requested(self) -> set[str]:
        """The paths of the requests since the last call of :meth:`take_requests`."""
        return {each["path"] for each in self._seen}

    async def _send_page(self, scope: Any, receive: Any, send: Any) -> None:
        given, html = self.render() if scope["path"] == "/" else ({}, "")
        headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store", **given}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        status = 200 if html else 404
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": html.encode()})


@contextmanager
def running(application: Any, listener: socket.socket, **options: Any) -> Iterator[None]:
    """Serve an ASGI application on a listening socket, which is closed at the end.

    :param options: of :class:`uvicorn.Config`.
    """
    config = uvicorn.Config(application, log_level="warning", lifespan="off", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()
