"""The WSGI adapter (PEP 3333): translates environs and responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from ..applications import ASGI, WSGI
from ..base import BaseWhiteNoise, Wrapper
from ..options import describe_options
from ..serving.responder import FileRequest
from ..serving.response import not_found
from .environ import WSGI_FORMAT, has_encoded_slash_in, relevant_headers, target_of, url_of
from .mounted import call_mounted
from .sending import STATUS_LINES, send_file

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def _standalone(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers if there is no application."""
    response = not_found()
    start_response(STATUS_LINES[response.status], response.headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body.literal]


def _with_fallback(*arguments: Any) -> Callable[..., Any]:
    # Not at the top: few applications have one.
    from .fallback import FallbackApplication

    return FallbackApplication(*arguments)


def _with_not_found_page(*arguments: Any) -> Callable[..., Any]:
    from .not_found import NotFoundApplication

    return NotFoundApplication(*arguments)


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
    _fallback_application = staticmethod(_with_fallback)
    _not_found_application: ClassVar[Wrapper | None] = staticmethod(_with_not_found_page)
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
                    return send_file(file, response, environ, start_response)
                # Every response gets a list of its own: middleware changes it in place.
                start_response(STATUS_LINES[response.status], response.headers.copy())
                return [body] if body else []
        if environ.get("SCRIPT_NAME"):
            return call_mounted(self.application, self.site, environ, start_response)
        result: Iterable[bytes] = self.application(environ, start_response)
        return result
