"""The ASGI adapter (ASGI 3): translates, and moves bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

from anyio import create_task_group
from anyio.lowlevel import checkpoint

from .base import BaseWhiteNoise
from .files import CHUNK_SIZE, OpenFile
from .http.fields import OWS, RequestFields
from .http.paths import below_mount, with_mount
from .responses import Request, Response, not_found
from .static_file import Answer
from .streaming import FileStream, run_blocking

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_FIELDS = {name.replace("_", "-").encode(): name for name in RequestFields._fields}


class _HungUpError(Exception):
    """The client went away: from version 2.4 on, ASGI has ``send`` raise an OSError to say so."""


async def _standalone(scope: Scope, receive: Receive, send: Send) -> None:
    """The application where there is none."""
    if scope["type"] == "http":
        response = not_found()
        await _send_at_once(
            response._replace(body=()) if scope["method"] == "HEAD" else response, send
        )
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    elif scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    else:
        raise RuntimeError(f"There is no application for a scope of type {scope['type']!r}")


class ASGIWhiteNoise(BaseWhiteNoise):
    """Wraps an ASGI application and serves its static files.

    A request for a listed file is served; every other request, and every scope that is not
    ``http``, goes to the application untouched.
    """

    _application_kind = "an ASGI application"
    _application_parameters = ("scope", "receive", "send")
    _application_is_async = True
    _standalone = staticmethod(_standalone)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have the application answer it."""
        answer = await self._answer_to(scope) if scope["type"] == "http" else None
        if answer is None:
            await self.application(scope, receive, send)
        elif answer.file is None:
            await _send_at_once(answer.response, send)
        else:
            await _send_streamed(answer.response, answer.file, receive, send)

    async def _answer_to(self, scope: Scope) -> Answer | None:
        url = below_mount(scope["path"], scope.get("root_path", ""))
        if self._options.autorefresh:
            listed = await run_blocking(partial(self.find, url))
        else:
            listed = self.find(url)
        if listed is None:
            return None
        # A body of one chunk is read at once: a second thread would cost more than the read.
        return await run_blocking(partial(self.answer, listed, _request(scope), CHUNK_SIZE))


def _request(scope: Scope) -> Request:
    lines: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        field = _FIELDS.get(name)
        if field is not None:
            lines.setdefault(field, []).append(value.decode("latin-1").strip(OWS))
    values = {field: ", ".join(texts) for field, texts in lines.items()}
    path = with_mount(scope["path"], scope.get("root_path", ""))
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(scope["method"], RequestFields(**values), path, query)


def _start_message(response: Response) -> Message:
    """A list of its own for each answer: middlewares change it in place."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers]
    return {"type": "http.response.start", "status": response.status, "headers": headers}


async def _send_at_once(response: Response, send: Send) -> None:
    """Send a response whose body is all literal bytes."""
    body = b"".join(part for part in response.body if isinstance(part, bytes))
    with suppress(_HungUpError):
        await _send_or_hang_up(send, _start_message(response))
        await _send_or_hang_up(send, {"type": "http.response.body", "body": body})


async def _send_streamed(response: Response, file: OpenFile, receive: Receive, send: Send) -> None:
    """Send a response piece by piece, each when the last is taken, until the client goes."""
    stream = FileStream(file)
    # What is raised inside the group would reach the server in an ExceptionGroup.
    failures: list[Exception] = []

    async def watch() -> None:
        try:
            await _disconnected(receive)
        except Exception as error:
            failures.append(error)
        group.cancel_scope.cancel()

    try:
        async with create_task_group() as group:
            group.start_soon(watch)
            try:
                await _send_pieces(response, stream, send)
            except _HungUpError:
                pass
            except Exception as error:
                failures.insert(0, error)
            group.cancel_scope.cancel()
    finally:
        await stream.close()
    if failures:
        raise failures[0]


async def _send_pieces(response: Response, stream: FileStream, send: Send) -> None:
    await _send_or_hang_up(send, _start_message(response))
    left = response.length
    async with aclosing(stream.pieces(response.body)) as pieces:
        async for piece in pieces:
            left -= len(piece)
            await _send_or_hang_up(
                send, {"type": "http.response.body", "body": piece, "more_body": left > 0}
            )


async def _disconnected(receive: Receive) -> None:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        await checkpoint()  # a receive that never waits would hold the event loop for good


async def _send_or_hang_up(send: Send, message: Message) -> None:
    try:
        await send(message)
    except OSError as error:
        raise _HungUpError from error
