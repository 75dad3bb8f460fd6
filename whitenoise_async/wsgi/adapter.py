"""The WSGI adapter (PEP 3333): translates environs and responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..applications import ASGI, WSGI
from ..base import BaseWhiteNoise
from ..files.open_file import OpenFile
from ..options import describe_options
from ..serving.responder import FileRequest
from ..serving.response import REASONS, not_found
from ..serving.response_cache import EncodedResponse
from .bodies import PIECE_SIZE, FileBody, WholeFile
from .environ import (
    CONNECTION_CLOSE,
    WSGI_FORMAT,
    has_encoded_slash_in,
    hides_errors,
    relevant_headers,
    target_of,
    url_of,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_STATUS_LINES = {status: f"{status} {reason}" for status, reason in REASONS.items()}


def _standalone(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers if there is no application."""
    response = not_found()
    start_response(_STATUS_LINES[response.status], response.headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body.literal]


@describe_options
class WhiteNoise(BaseWhiteNoise[tuple[str, str]]):
    """Wraps a WSGI application and serves its static files.

    A request for a listed file is served. Every other request reaches the application unchanged.
    """

    _application_kind = "a WSGI application"
    _application_parameters = WSGI
    _application_is_async = False
    _other_kind = (ASGI, "ASGIWhiteNoise")
    _shares_descriptors = False
    _standalone = staticmethod(_standalone)
    _wire_format = WSGI_FORMAT

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or let the application answer it."""
        url = url_of(environ)
        entry = None if url is None else self.registry.look_up_nowait(url)
        if entry is not None and not has_encoded_slash_in(environ):
            method, raw = environ["REQUEST_METHOD"], relevant_headers(environ)
            reply = self.responder.reply_nowait(entry, method, raw)
            if reply is None:
                request = FileRequest(entry, method, raw, *target_of(environ))
                reply = self.responder.reply(request)
            if reply is not None:
                response, body, file = reply
                if file is not None:
                    return _send_file(file, response, environ, start_response)
                # Every response gets a list of its own: middleware changes it in place.
                start_response(_STATUS_LINES[response.status], response.headers.copy())
                return [body] if body else []
        result: Iterable[bytes] = self.application(environ, start_response)
        return result


def _send_file(
    file: OpenFile,
    response: EncodedResponse[tuple[str, str]],
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    wrapper: Callable[..., Iterable[bytes]] | None = environ.get("wsgi.file_wrapper")
    headers = response.headers.copy()
    if hides_errors(environ):
        # In pieces, the file is checked before its last piece.
        wrapper = None
        headers.append(CONNECTION_CLOSE)
    try:
        start_response(_STATUS_LINES[response.status], headers)
        # Servers pass a wrapped file's descriptor to sendfile, some of them from the beginning to
        # the end, whatever Content-Length says. So they get it for whole files only.
        if wrapper is not None and response.plan.is_whole_file:
            return wrapper(WholeFile(file), PIECE_SIZE)
        return FileBody(file, response.plan)
    except BaseException:  # the server has nothing that it could close
        file.close()
        raise
