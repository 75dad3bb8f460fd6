"""Sends the fallback in place of an application's 404, if the request is a navigation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from anyio import sleep_forever
from anyio.lowlevel import checkpoint

from ..http.fields import with_vary
from ..http.navigation import NAVIGATION_FIELDS, is_navigation, is_page_path
from ..registry.entries import Fallback, Substitute, Unresolved
from ..registry.interface import Registry
from ..serving.responder import FileRequest, Responder
from .event_loop import reply_from_caches_or_thread
from .sending import Message, Receive, Send, send_reply
from .wire_format import (
    ASGI_FORMAT,
    Line,
    Scope,
    relevant_headers,
    repeatable_headers,
    target_of,
    url_of,
)


class FallbackApplication:
    """An ASGI application whose 404 is replaced by the fallback."""

    def __init__(
        self,
        application: Callable[[Scope, Receive, Send], Awaitable[None]],
        registry: Registry,
        responder: Responder[Line],
    ) -> None:
        self._application = application
        self._registry = registry
        self._responder = responder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application. Only requests that may be for a page cost more than that."""
        is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        url = url_of(scope) if is_read else None
        if url is None or not is_page_path(url):
            await self._application(scope, receive, send)
            return
        scope = repeatable_headers(scope)
        sender = _Sender(self._registry, self._responder, url, scope, send)
        await self._application(scope, receive, sender.send)
        if sender.error is not None:
            raise sender.error  # the application has ignored it


class _Sender:
    """The ``send`` that the application gets for one request."""

    def __init__(
        self, registry: Registry, responder: Responder[Line], url: str, scope: Scope, send: Send
    ) -> None:
        """:param url: the URL below the mount point."""
        self._registry = registry
        self._responder = responder
        # Applications may change the scope: Starlette's `Mount` does, and some answer HEAD as GET.
        self._url = url
        self._method = scope["method"]
        self._scope = scope
        self._send = send
        self._is_replaced = False
        #: The error that ended the fallback's body. The server must cut the connection.
        self.error: Exception | None = None

    async def send(self, message: Message) -> None:
        """Send a message, or the fallback when a 404 starts."""
        if self._is_replaced:
            await checkpoint()  # an endless body must not occupy the event loop
            return
        if message["type"] == "http.response.start" and message["status"] == 404:
            entry = self._registry.find_substitute_nowait(Fallback, self._url)
            if entry is not None:
                if _is_navigation(self._scope["headers"]) and await self._replace(entry):
                    return
                message = {**message, "headers": _with_vary(message.get("headers", ()))}
        await self._send(message)

    async def _replace(self, entry: Substitute | Unresolved) -> bool:
        """Send the fallback, if it can be read."""
        scope = self._scope
        raw = relevant_headers(scope["headers"])
        request = FileRequest(entry, self._method, raw, *target_of(scope))
        reply = await reply_from_caches_or_thread(self._responder, request)
        if reply is None:
            return False
        self._is_replaced = True
        try:
            # The application may be waiting for a message itself.
            await send_reply(reply, scope, _receive_nothing, self._send)
        except Exception as error:
            self.error = error
            raise
        return True


async def _receive_nothing() -> Any:
    await sleep_forever()


def _is_navigation(headers: Iterable[Line]) -> bool:
    values: dict[str, str] = {}
    for name, value in headers:
        if name in (b"accept", b"sec-fetch-mode"):
            field, text = name.decode(), value.decode("latin-1")
            values[field] = f"{values[field]}, {text}" if field in values else text
    return is_navigation(values.get("accept"), values.get("sec-fetch-mode"))


def _with_vary(headers: Iterable[Line]) -> list[Line]:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    return ASGI_FORMAT.encode(with_vary(pairs, *NAVIGATION_FIELDS))
