"""Sends the page for missing URLs, if there is no application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..registry.entries import NotFoundPage
from ..registry.interface import Registry
from ..serving.responder import FileRequest, Reply, Responder
from .event_loop import reply_from_caches_or_thread
from .sending import Receive, Send, send_reply
from .wire_format import Line, Scope, relevant_headers, target_of, url_of


class NotFoundApplication:
    """An ASGI application that answers GET and HEAD with the page."""

    def __init__(
        self,
        application: Callable[[Scope, Receive, Send], Awaitable[None]],
        registry: Registry,
        responder: Responder[Line],
    ) -> None:
        """:param application: answers everything else."""
        self._application = application
        self._registry = registry
        self._responder = responder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the page, if there is one for the URL."""
        is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        reply = await self._reply(scope) if is_read else None
        if reply is None:
            await self._application(scope, receive, send)
        else:
            await send_reply(reply, scope, receive, send)

    async def _reply(self, scope: Scope) -> Reply[Line] | None:
        entry = self._registry.find_substitute_nowait(NotFoundPage, url_of(scope))
        if entry is None:
            return None
        raw = relevant_headers(scope["headers"])
        request = FileRequest(entry, scope["method"], raw, *target_of(scope))
        return await reply_from_caches_or_thread(self._responder, request)
