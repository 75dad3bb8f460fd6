"""Replies that wait for the disk in a thread, while the event loop continues."""

from __future__ import annotations

import os
from functools import partial

from anyio import move_on_after

from ..files.errors import FileSystemError
from ..registry.entries import Unresolved
from ..serving.etags import LongDigestError, without_long_digests
from ..serving.responder import PATIENCE, FileRequest, Reply, Responder
from ..serving.response_cache import Line
from .worker_threads import Call


async def reply_in_thread(responder: Responder[Line], request: FileRequest) -> Reply[Line] | None:
    """Reply as :meth:`Responder.reply` does, in a thread.

    A disk may hang while a file is checked. Then the content in memory is sent instead.
    """
    in_memory = responder.reply_from_memory(request)
    with move_on_after(None if in_memory is None else PATIENCE):
        try:
            return await _reply_once_per_file(responder, request)
        except LongDigestError:
            return await _reply_once_per_file(responder, request, computes_long_digest=True)
    # Another request may have loaded a newer state.
    return responder.reply_from_memory(request) or in_memory


async def _reply_once_per_file(
    responder: Responder[Line], request: FileRequest, *, computes_long_digest: bool = False
) -> Reply[Line] | None:
    """Reply when no other request waits for the disk at the same file.

    Otherwise, requests for one file on a disk that hangs would occupy every thread.

    :raises LongDigestError: if a large file must be read for its digest and
        ``computes_long_digest`` is false. That takes seconds, and small files must not wait for its
        thread.
    """
    entry, label = request.entry, request.label
    place = entry.url if isinstance(entry, Unresolved) else label
    reply = partial(responder.reply, request)
    if computes_long_digest:
        call = Call(label, None, reply)
    else:
        call = Call(label, os.path.dirname(place), partial(without_long_digests, reply))
    try:
        with call:
            if not await call.wait_for_file(place):
                # The request before this one may have checked the file.
                ready = responder.reply_nowait(entry, request.method, request.raw)
                if ready is not None:
                    return ready
            return await call.run()
    except FileSystemError as error:
        return responder.reply_unavailable(request, error)
