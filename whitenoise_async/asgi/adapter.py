"""The ASGI adapter (ASGI 3): translates scopes and messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from anyio import get_cancelled_exc_class

from ..applications import ASGI, WSGI, is_asgi2
from ..base import BaseWhiteNoise, Wrapper
from ..http.paths import below_mounts, has_encoded_slash
from ..options import describe_options
from ..registry.entries import Entry, Unresolved
from ..serving.responder import FileRequest
from ..serving.response import not_found
from .event_loop import reply_in_thread
from .sending import UNWATCHED_SIZE, Receive, Send, send_file
from .turn_budget import turn_budget
from .wire_format import (
    ASGI_FORMAT,
    REPEATABLE,
    Line,
    Scope,
    relevant_headers,
    repeatable_headers,
    target_of,
)


async def _standalone(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers if there is no application."""
    if scope["type"] == "http":
        response = not_found()
        body = b"" if scope["method"] == "HEAD" else response.body.literal
        headers = ASGI_FORMAT.encode(response.headers)
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    elif scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    else:
        raise RuntimeError(f"There is no application for a scope of type {scope['type']!r}")


def _from_asgi2(asgi2: Callable[..., Any]) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI 3 application that runs an ASGI 2 application."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await asgi2(scope)(receive, send)

    return application


def _with_fallback(*arguments: Any) -> Callable[..., Any]:
    # Not at the top: few applications have one.
    from .fallback import FallbackApplication

    return FallbackApplication(*arguments)


def _with_not_found_page(*arguments: Any) -> Callable[..., Any]:
    from .not_found import NotFoundApplication

    return NotFoundApplication(*arguments)


@describe_options
class ASGIWhiteNoise(BaseWhiteNoise[Line]):
    """Wraps an ASGI application and serves its static files.

    A request for a listed file is served. Every other request, and every scope that is not
    ``http``, reaches the application unchanged.
    """

    _application_kind = "an ASGI application"
    _application_parameters = ASGI
    _application_is_async = True
    _other_kind = (WSGI, "WhiteNoise")
    _shares_descriptors = True
    _standalone = staticmethod(_standalone)
    _fallback_application = staticmethod(_with_fallback)
    _not_found_application: ClassVar[Wrapper | None] = staticmethod(_with_not_found_page)
    _wire_format = ASGI_FORMAT

    @classmethod
    def _fits(cls, application: Callable[..., Any]) -> bool:
        return is_asgi2(application) or super()._fits(application)

    @staticmethod
    def _adapt(application: Callable[..., Any]) -> Callable[..., Any]:
        return _from_asgi2(application) if is_asgi2(application) else application

    @staticmethod
    def _hides_errors() -> bool:
        # Starlette and FastAPI create middleware when the server starts the application. If that
        # fails, most servers start without a word, and each request is an error.
        try:
            get_cancelled_exc_class()
        except RuntimeError:  # no event loop is running
            return False
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let the application answer it."""
        # Every request runs this. It is one function, because one more coroutine costs a hundredth
        # of a request for a small file.
        reply = None
        entry = self._find_entry(scope) if scope["type"] == "http" else None
        if entry is not None:
            if scope["headers"].__class__ not in REPEATABLE:
                scope = repeatable_headers(scope)
            method, raw = scope["method"], relevant_headers(scope["headers"])
            reply = self.responder.reply_nowait(entry, method, raw)
            if reply is None:
                request = FileRequest(entry, method, raw, *target_of(scope))
                reply = await reply_in_thread(self.responder, request)
        if reply is None:
            if mount := scope.get("root_path"):
                with self.site.mounted_at(mount):
                    await self.application(scope, receive, send)
            else:
                await self.application(scope, receive, send)
            return
        response, body, file = reply
        # Every response gets a list of its own: middleware changes it in place.
        headers = response.headers.copy()
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        if file is not None:
            await send_file(start, response, file, scope, receive, send)
            return
        try:
            if response.plan.length > UNWATCHED_SIZE:
                await turn_budget().take(response.plan.length)
            await send(start)
            await send({"type": "http.response.body", "body": body})
        except OSError:
            pass  # the client disconnected: since version 2.4, ASGI's ``send`` says so

    def _find_entry(self, scope: Scope) -> Entry | Unresolved | None:
        """The entry that a request may be for."""
        url = scope["path"]
        if mount := scope.get("root_path"):
            url = below_mounts(url, mount, scope.get("app_root_path") or "")
        entry = self.registry.look_up_nowait(url)
        if entry is not None and has_encoded_slash(scope.get("raw_path"), mount or ""):
            return None
        return entry
