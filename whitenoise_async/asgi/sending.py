"""Sends a response whose body is read from an open file."""

from __future__ import annotations

import errno
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

from anyio import CancelScope, create_task_group, get_cancelled_exc_class, sleep_forever
from anyio.lowlevel import checkpoint

from ..files.errors import broken_body, reason_of
from ..files.open_file import OpenFile
from ..serving.responder import Reply
from ..serving.response_cache import EncodedResponse
from .file_stream import FileStream
from .turn_budget import MIN_COST, turn_budget
from .wire_format import Line, Scope

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Bytes. A body up to this size is sent without a task that watches for a disconnect: the task
#: takes longer than the read.
UNWATCHED_SIZE = 64 * 1024

# With this extension, a server sends a file itself.
_PATH_SEND = "http.response.pathsend"

# Only anycorn offers this extension too. On asyncio, its version 0.20 cuts off a file that it sends
# itself as soon as the client is slower than the disk, so it gets bodies in pieces.
_ZERO_COPY_SEND = "http.response.zerocopysend"

# Errors that a server may get when it opens or reads a file, but never from a lost client.
_FILE_ERRORS = frozenset(
    {
        *(errno.EIO, errno.ESTALE, errno.ENOMEM),
        *(errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.EACCES),
    }
)


class _DisconnectedError(Exception):
    """The client disconnected. Since version 2.4, ASGI's ``send`` raises an OSError to say so."""


async def send_reply(reply: Reply[Line], scope: Scope, receive: Receive, send: Send) -> None:
    """Send ``reply``; see :func:`send_file` for one with a file."""
    response, body, file = reply
    # Every response gets a list of its own: middleware changes it in place.
    headers = response.headers.copy()
    start = {"type": "http.response.start", "status": response.status, "headers": headers}
    if file is not None:
        await send_file(start, response, file, scope, receive, send)
        return
    with suppress(OSError):  # the client disconnected: since version 2.4, ASGI's ``send`` says so
        if response.plan.length > UNWATCHED_SIZE:
            await turn_budget().take(response.plan.length)
        await send(start)
        await send({"type": "http.response.body", "body": body})


async def send_file(
    start: Message,
    response: EncodedResponse[Line],
    file: OpenFile,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send a response whose body is read from ``file``, and close the file.

    :param start: the message that starts the response.
    :raises BrokenBodyError: if the file changed while it was sent; the server must cut the
        connection.
    """
    stream, plan = FileStream(file), response.plan
    try:
        if _can_hand_over(response, file, scope) and await stream.is_at(file.path):
            await _send(send, start)
            await _hand_over(file.path, send)
            return
        if plan.length > UNWATCHED_SIZE:
            await turn_budget().take(MIN_COST)
        async with aclosing(stream.pieces(plan)) as pieces:
            work = partial(_send_pieces, start, pieces, plan.length, send)
            if plan.length <= UNWATCHED_SIZE:
                await work()
            else:
                await _run_until_disconnect(receive, work)
    except _DisconnectedError:
        pass
    finally:
        await stream.close()


def _can_hand_over(response: EncodedResponse[Line], file: OpenFile, scope: Scope) -> bool:
    """Whether the server can send the file itself, and the file is the body."""
    if not (response.plan.is_whole_file and file.is_by_path):
        return False
    extensions = scope.get("extensions") or {}
    return _PATH_SEND in extensions and _ZERO_COPY_SEND not in extensions


async def _hand_over(path: str, send: Send) -> None:
    """Let the server send the file itself."""
    message = {"type": _PATH_SEND, "path": path}
    try:
        await send(message)
    except OSError as error:
        if error.errno in _FILE_ERRORS:
            raise broken_body(path, reason_of(error)) from error
        raise _DisconnectedError from error


async def _send_pieces(
    start: Message, pieces: AsyncGenerator[bytes, None], length: int, send: Send
) -> None:
    """Send a body piece by piece. The server takes each piece before the next one is read."""
    await _send(send, start)
    remaining = length
    async for piece in pieces:
        remaining -= len(piece)
        message = {"type": "http.response.body", "body": piece, "more_body": remaining > 0}
        await _send(send, message)
        if remaining:
            # uvicorn waits for a slow client at the next message, not at the one that filled its
            # buffer. An empty message makes it wait now, while this piece is in its buffer only.
            del piece, message
            await _send(send, {"type": "http.response.body", "body": b"", "more_body": True})


async def _run_until_disconnect(receive: Receive, work: Callable[[], Awaitable[object]]) -> None:
    """Run ``work``, and cancel it when the client disconnects."""
    # The server would get an error of a task group as an ExceptionGroup.
    failures: list[BaseException] = []
    cancelled = get_cancelled_exc_class()
    # One scope for each task: inside a group, a trio nursery does not tell its own cancellation
    # from another one.
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
            failures.clear()  # else the error, this frame and a piece would form a cycle


async def _disconnected(receive: Receive) -> None:
    """Return when the client disconnects."""
    ends = 0  # of the request's body
    # Middleware that replays a body never waits, and would occupy a processor as long as the client
    # reads. After a repeated end there is nothing more to learn: ``send`` fails when the client
    # disconnects.
    while ends < 2:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message.get("more_body"):
            ends += 1
        await checkpoint()
    await sleep_forever()


async def _send(send: Send, message: Message) -> None:
    try:
        await send(message)
    except OSError as error:
        raise _DisconnectedError from error
