"""Replies that wait for the disk in a thread, while the event loop continues."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from functools import partial

from anyio import move_on_after

from ..files.errors import FileSystemError
from ..registry.entries import Unresolved
from ..serving.long_work import LongWorkError, without_long_work
from ..serving.responder import PATIENCE, FileRequest, Reply, Responder
from ..serving.response_cache import Line
from .worker_threads import Call


def reply_in_thread(
    responder: Responder[Line], request: FileRequest
) -> Awaitable[Reply[Line] | None]:
    """Reply as :meth:`Responder.reply` does, in a thread.

    A disk may hang while a file is checked. Then the content in memory is sent instead.
    """
    in_memory = responder.reply_from_memory(request)
    reply = _reply_once_per_file(responder, request)
    return reply if in_memory is None else _with_patience(responder, request, reply, in_memory)


async def reply_from_caches_or_thread(
    responder: Responder[Line], request: FileRequest
) -> Reply[Line] | None:
    """Reply as :meth:`Responder.reply_from_caches_or_disk` does, and never block the event loop."""
    reply = responder.reply_nowait(request.entry, request.method, request.raw)
    return await reply_in_thread(responder, request) if reply is None else reply


async def _with_patience(
    responder: Responder[Line],
    request: FileRequest,
    reply: Awaitable[Reply[Line] | None],
    in_memory: Reply[Line],
) -> Reply[Line] | None:
    with move_on_after(PATIENCE):
        return await reply
    # Another request may have loaded a newer state.
    return responder.reply_from_memory(request) or in_memory


async def _reply_once_per_file(
    responder: Responder[Line], request: FileRequest, *, is_long: bool = False
) -> Reply[Line] | None:
    """Reply when no other request waits for the disk at the same file.

    Otherwise, requests for one file on a disk that hangs would occupy every thread.

    :param is_long: whether a large file is read for its digest, or content is compressed. Other
        files must not wait for its thread.
    """
    entry, label = request.entry, request.label
    place = entry.url if isinstance(entry, Unresolved) else label
    reply = partial(responder.reply, request)
    if is_long:
        call = Call(label, None, reply)
    else:
        call = Call(label, os.path.dirname(place), partial(without_long_work, reply))
    try:
        with call:
            if not await call.wait_for_file(place):
                # The request before this one may have checked the file.
                ready = responder.reply_nowait(entry, request.method, request.raw)
                if ready is not None:
                    return ready
            await call.wait_for_thread()
            return await call.run()
    except LongWorkError:
        return await _reply_once_per_file(responder, request, is_long=True)
    except FileSystemError as error:
        return responder.reply_unavailable(request, error)
