"""The WSGI adapter (PEP 3333): translates, and moves bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..applications import ASGI, WSGI
from ..base import BaseWhiteNoise
from ..files.open_file import OpenFile
from ..http.paths import decode_environ_path, restore_slash
from ..serving.representation import Headers
from ..serving.response import REASONS, not_found
from ..serving.response_cache import Decision
from .bodies import PIECE_SIZE, Parts, WholeFile
from .environ import CLOSES, hides_errors, names_encoded_slash, read_fields, relevant

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_STATUS_LINES = {status: f"{status} {reason}" for status, reason in REASONS.items()}


def _standalone(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application where there is none."""
    response = not_found()
    start_response(_STATUS_LINES[response.status], response.headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.literal_body()]


class WhiteNoise(BaseWhiteNoise[tuple[str, str]]):
    """Wraps a WSGI application and serves its static files.

    A request for a listed file is served; every other request goes to the application untouched.
    """

    _application_kind = "a WSGI application"
    _application_parameters = WSGI
    _application_is_async = False
    _other_kind = (ASGI, "ASGIWhiteNoise")
    _keeps_files_open = False
    _standalone = staticmethod(_standalone)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or have the application answer it."""
        path = environ.get("PATH_INFO", "")
        if path[:1] != "/":
            path = restore_slash(path, environ.get("SCRIPT_NAME", ""))
        url = decode_environ_path(path)
        listed = None if url is None else self._find(url)
        if listed is not None and not names_encoded_slash(environ):
            method, fields = environ["REQUEST_METHOD"], relevant(environ)
            answer = self._answer_at_once(listed, method, fields) or self._answer(
                listed, method, fields, *_target(environ)
            )
            if answer is not None:
                decision, body, file = answer
                if file is not None:
                    return _answer_from(file, decision, environ, start_response)
                # A list of its own for each answer: middlewares change it in place.
                start_response(_STATUS_LINES[decision.status], decision.headers.copy())
                return [body] if body else []
        result: Iterable[bytes] = self.application(environ, start_response)
        return result

    _read_fields = staticmethod(read_fields)

    @staticmethod
    def _encode(headers: Headers) -> Headers:
        return headers


def _target(environ: WSGIEnvironment) -> tuple[str, str]:
    """The request's path, or the mount point where there is none, and its query."""
    path = environ.get("PATH_INFO") or environ.get("SCRIPT_NAME", "").rstrip("/")
    return decode_environ_path(path) or "/", environ.get("QUERY_STRING", "")


def _answer_from(
    file: OpenFile,
    decision: Decision[tuple[str, str]],
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    wrapper: Callable[..., Iterable[bytes]] | None = environ.get("wsgi.file_wrapper")
    headers = decision.headers.copy()
    if hides_errors(environ):
        # Sent by us, the file is checked before its last piece.
        wrapper = None
        headers.append(CLOSES)
    try:
        start_response(_STATUS_LINES[decision.status], headers)
        # Servers give a wrapped file's descriptor to sendfile, some of them from its beginning to
        # its end whatever Content-Length says: they get it for whole files alone.
        if wrapper is not None and decision.whole:
            return wrapper(WholeFile(file), PIECE_SIZE)
        return Parts(file, decision.plan)
    except BaseException:  # the server has nothing that it could close
        file.close()
        raise
