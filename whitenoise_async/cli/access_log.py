"""Logs each request that an ASGI application answers, in one line."""

from __future__ import annotations

import time

from ..asgi.sending import Message, Receive, Send
from ..asgi.wire_format import Scope
from .servers import Application
from .terminal import CYAN, DIM, GREEN, RED, YELLOW, Colored, say

# By the first digit of the status.
_COLORS = {"2": GREEN, "3": CYAN, "4": YELLOW, "5": RED}


class AccessLog:
    """Passes every request on to an application, and prints a line when it is answered.

    The line has the time of day, the method, the target, the status, the bytes of the body as
    sent, the content coding, and the duration. Spaces separate them, and ``-`` stands for a missing
    value. Messages pass unchanged and at once.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        start: Message = {}
        size = 0

        async def counting_send(message: Message) -> None:
            nonlocal start, size
            await send(message)
            kind = message["type"]
            if kind == "http.response.body":
                size += len(message.get("body", b""))
            elif kind == "http.response.start":
                start = message
            else:  # the server sends a file itself, and does not say how much of it
                size += int(_header(start, b"content-length"))

        began, started = time.strftime("%H:%M:%S"), time.perf_counter()
        try:
            await self._application(scope, receive, counting_send)
        finally:
            seconds = time.perf_counter() - started
            status = str(start.get("status", "-"))
            say(
                Colored(began, DIM),
                f" {scope['method']} {_target(scope)} ",
                Colored(status, _COLORS.get(status[0], RED)),
                f" {size} {_header(start, b'content-encoding')} ",
                Colored(f"{seconds * 1000:.1f}ms", DIM),
            )


def _target(scope: Scope) -> str:
    """The request's path and query, as the client sent them."""
    query = scope["query_string"].decode("latin-1")
    path: str = scope["raw_path"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _header(start: Message, wanted: bytes) -> str:
    values = [value for name, value in start.get("headers", ()) if name == wanted]
    return values[0].decode("latin-1") if values else "-"
