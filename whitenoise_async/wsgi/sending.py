"""Starts a response, and returns its body in the form that suits the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..files.open_file import OpenFile
from ..serving.responder import Reply
from ..serving.response import REASONS
from ..serving.response_cache import EncodedResponse
from .bodies import PIECE_SIZE, FileBody, WholeFile
from .environ import CONNECTION_CLOSE, hides_errors

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: The part of a server's ``start_response`` that is used here.
StartResponse = Callable[[str, list[tuple[str, str]]], object]

STATUS_LINES = {status: f"{status} {reason}" for status, reason in REASONS.items()}


def send_reply(
    reply: Reply[tuple[str, str]], environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Start the response ``reply``, and return its body; closing the body closes the file."""
    response, body, file = reply
    if file is not None:
        return send_file(file, response, environ, start_response)
    # Every response gets a list of its own: middleware changes it in place.
    start_response(STATUS_LINES[response.status], response.headers.copy())
    return [body] if body else []


def send_file(
    file: OpenFile,
    response: EncodedResponse[tuple[str, str]],
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Start a response whose body is read from ``file``, and return the body."""
    wrapper: Callable[..., Iterable[bytes]] | None = environ.get("wsgi.file_wrapper")
    headers = response.headers.copy()
    if hides_errors(environ):
        # In pieces, the file is checked before its last piece.
        wrapper = None
        headers.append(CONNECTION_CLOSE)
    try:
        start_response(STATUS_LINES[response.status], headers)
        # Servers pass a wrapped file's descriptor to sendfile, some of them from the beginning to
        # the end, whatever Content-Length says. So they get it for whole files only.
        if wrapper is not None and response.plan.is_whole_file and file.is_local:
            return wrapper(WholeFile(file), PIECE_SIZE)
        return FileBody(file, response.plan)
    except BaseException:  # the server has nothing that it could close
        file.close()
        raise
