"""The ASGI adapter (ASGI 3): translates, and moves bytes."""

from __future__ import annotations

import errno
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import aclosing
from functools import partial
from typing import Any, cast

from anyio import CancelScope, create_task_group, get_cancelled_exc_class, sleep_forever
from anyio.lowlevel import checkpoint

from ..applications import ASGI, WSGI, is_asgi2
from ..files.open_file import BrokenBodyError, OpenFile, reason_of
from ..http.fields import OWS, RequestFields
from ..http.paths import below_mounts, has_encoded_slash, with_mount
from ..registry.walked import Listed
from ..serving.representation import Headers
from ..serving.response import not_found
from ..serving.response_cache import Decision, RawFields
from ..serving.snapshot import Sought
from .event_loop import AsyncBaseWhiteNoise
from .file_stream import FileStream
from .turn_budget import LEAST_COST, turn_budget

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: A header field line, as ASGI servers take it.
Line = tuple[bytes, bytes]

_FIELDS = {name.replace("_", "-").encode(): name for name in RequestFields._fields}

# Headers in one of these can be read twice.
_REPEATABLE = (list, tuple)

# A body of so many bytes or fewer is sent without a task that watches whether the client has gone:
# it is read in less time than that takes.
_UNWATCHED = 64 * 1024

# With this extension a server sends a file itself.
_PATH_SEND = "http.response.pathsend"

# Only anycorn offers this one as well. On asyncio its version 0.20 cuts off a file that it sends
# itself as soon as the client is slower than the disk, so it gets bodies in pieces.
_ZERO_COPY_SEND = "http.response.zerocopysend"

# What a server that opens or reads a file may be told of it, and never of a client that has gone.
_NO_CLIENTS = frozenset(
    {
        *(errno.EIO, errno.ESTALE, errno.ENOMEM),
        *(errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.EACCES),
    }
)


class _HungUpError(Exception):
    """The client went away: from version 2.4 on, ASGI has ``send`` raise an OSError to say so."""


async def _standalone(scope: Scope, receive: Receive, send: Send) -> None:
    """The application where there is none."""
    if scope["type"] == "http":
        response = not_found()
        body = b"" if scope["method"] == "HEAD" else response.literal_body()
        headers = _encode(response.headers)
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


def _single(double: Callable[..., Any]) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI 3 application that runs one of ASGI 2."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await double(scope)(receive, send)

    return application


def _encode(headers: Headers) -> list[Line]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


class ASGIWhiteNoise(AsyncBaseWhiteNoise[Line]):
    """Wraps an ASGI application and serves its static files.

    A request for a listed file is served; every other request, and every scope that is not
    ``http``, goes to the application untouched.
    """

    _application_kind = "an ASGI application"
    _application_parameters = ASGI
    _application_is_async = True
    _other_kind = (WSGI, "WhiteNoise")
    _keeps_files_open = True
    _standalone = staticmethod(_standalone)
    _encode = staticmethod(_encode)

    @classmethod
    def _fits(cls, application: Callable[..., Any]) -> bool:
        return is_asgi2(application) or super()._fits(application)

    @staticmethod
    def _adapt(application: Callable[..., Any]) -> Callable[..., Any]:
        return _single(application) if is_asgi2(application) else application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have the application answer it."""
        # All requests come through here: what each needs stands in one frame, since one more
        # coroutine is a hundredth of what a small file takes.
        answer = None
        listed = self._sought(scope) if scope["type"] == "http" else None
        if listed is not None:
            headers = scope["headers"]
            if headers.__class__ not in _REPEATABLE:
                # ASGI takes any iterable, and the application may still have to read this one. It
                # gets a copy of the scope, since changes must not leak to outer middleware.
                headers = list(map(tuple, headers))
                scope = {**scope, "headers": headers}
            method, fields = scope["method"], _relevant(headers)
            answer = self._answer_at_once(listed, method, fields)
            if answer is None:
                answer = await self._answer_in_a_thread(listed, method, fields, *_target(scope))
        if answer is None:
            await self.application(scope, receive, send)
            return
        decision, body, file = answer
        # A list of its own for each answer: middlewares change it in place.
        headers = decision.headers.copy()
        start = {"type": "http.response.start", "status": decision.status, "headers": headers}
        if file is not None:
            await _send_file(start, decision, file, scope, receive, send)
            return
        try:
            if decision.length > _UNWATCHED:
                await turn_budget().take(decision.length)
            await send(start)
            await send({"type": "http.response.body", "body": body})
        except OSError:
            pass  # the client went away: from version 2.4 on, ASGI has ``send`` say so

    def _sought(self, scope: Scope) -> Listed | Sought | None:
        """The file that a request may be for."""
        url = scope["path"]
        if mount := scope.get("root_path"):
            url = below_mounts(url, mount, scope.get("app_root_path") or "")
        listed = self._find(url)
        if listed is not None and has_encoded_slash(scope.get("raw_path"), mount or ""):
            return None
        return listed

    @staticmethod
    def _read_fields(raw: RawFields) -> RequestFields:
        lines: dict[str, list[str]] = {}
        names_and_values = iter(cast("tuple[bytes, ...]", raw))
        for name, value in zip(names_and_values, names_and_values, strict=True):
            lines.setdefault(_FIELDS[name], []).append(value.decode("latin-1").strip(OWS))
        return RequestFields(**{field: ", ".join(texts) for field, texts in lines.items()})


def _relevant(headers: Iterable[Line]) -> tuple[bytes, ...]:
    """The fields on which an answer depends: names and values in turn."""
    relevant: list[bytes] = []
    for name, value in headers:
        if name in _FIELDS:
            relevant += name, value
    return tuple(relevant)


def _target(scope: Scope) -> tuple[str, str]:
    """The request's whole path, and its query."""
    path = with_mount(scope["path"], scope.get("root_path") or "")
    return path, scope.get("query_string", b"").decode("latin-1")


async def _send_file(
    start: Message,
    decision: Decision[Line],
    file: OpenFile,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send an answer whose body is read from ``file``, and close it."""
    stream = FileStream(file)
    try:
        if _can_hand_over(decision, file, scope) and await stream.is_at(file.path):
            await _send_or_hang_up(send, start)
            await _hand_over(file.path, send)
            return
        if decision.length > _UNWATCHED:
            await turn_budget().take(LEAST_COST)
        async with aclosing(stream.pieces(decision.plan)) as pieces:
            work = partial(_send_pieces, start, pieces, decision.length, send)
            if decision.length <= _UNWATCHED:
                await work()
            else:
                await _until_disconnect(receive, work)
    except _HungUpError:
        pass
    finally:
        await stream.close()


def _can_hand_over(decision: Decision[Line], file: OpenFile, scope: Scope) -> bool:
    """Whether the server can send the file itself, and the file is the body."""
    if not (decision.whole and file.is_by_path):
        return False
    extensions = scope.get("extensions") or {}
    return _PATH_SEND in extensions and _ZERO_COPY_SEND not in extensions


async def _hand_over(path: str, send: Send) -> None:
    """Have the server send the file itself."""
    message = {"type": _PATH_SEND, "path": path}
    try:
        await send(message)
    except OSError as error:
        if error.errno in _NO_CLIENTS:
            raise BrokenBodyError(path, reason_of(error)) from error
        raise _HungUpError from error


async def _send_pieces(
    start: Message, pieces: AsyncGenerator[bytes, None], length: int, send: Send
) -> None:
    """Send a body piece by piece, each when the last is taken."""
    await _send_or_hang_up(send, start)
    left = length
    async for piece in pieces:
        left -= len(piece)
        message = {"type": "http.response.body", "body": piece, "more_body": left > 0}
        await _send_or_hang_up(send, message)
        if left:
            # uvicorn waits for a slow client when it is given more, not when it was given enough.
            # So let it wait while the next piece is on the disk, and the last one here no more.
            del piece, message
            await _send_or_hang_up(
                send, {"type": "http.response.body", "body": b"", "more_body": True}
            )


async def _until_disconnect(receive: Receive, work: Callable[[], Awaitable[object]]) -> None:
    """Run ``work``, and cancel it when the client is gone."""
    # What is raised inside the group would reach the server in an ExceptionGroup.
    failures: list[BaseException] = []
    cancelled = get_cancelled_exc_class()
    # A scope for each: it knows its own cancellation, which a nursery of trio's has in a group.
    working, watching = CancelScope(), CancelScope()

    async def run(
        function: Callable[[], Awaitable[object]], scope: CancelScope, other: CancelScope
    ) -> None:
        try:
            with scope:
                await function()
        except cancelled:
            raise
        except BaseException as error:
            failures.append(error)
        other.cancel()

    async with create_task_group() as group:
        group.start_soon(run, partial(_disconnected, receive), watching, working)
        await run(work, working, watching)
    if failures:
        try:
            raise failures[0]
        finally:
            failures.clear()  # else it and this frame, and so a piece, would keep each other


async def _disconnected(receive: Receive) -> None:
    """Return when the client is gone."""
    ends = 0  # of the request's body
    # Middleware that replays a body never waits: it would use a processor as long as the client
    # reads. A receive that repeats the end tells nothing more; ``send`` fails when the client goes.
    while ends < 2:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message.get("more_body"):
            ends += 1
        await checkpoint()
    await sleep_forever()


async def _send_or_hang_up(send: Send, message: Message) -> None:
    try:
        await send(message)
    except OSError as error:
        raise _HungUpError from error
