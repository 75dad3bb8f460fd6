"""Sends the fallback in place of an application's 404, if the request is a navigation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..http.fields import with_vary
from ..http.navigation import NAVIGATION_FIELDS, is_navigation, is_page_path
from ..registry.entries import Fallback, Substitute, Unresolved
from ..registry.interface import Registry
from ..serving.responder import FileRequest, Responder
from .environ import relevant_headers, target_of, url_of
from .sending import send_reply

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class FallbackApplication:
    """A WSGI application whose 404 is replaced by the fallback."""

    def __init__(
        self,
        application: WSGIApplication,
        registry: Registry,
        responder: Responder[tuple[str, str]],
    ) -> None:
        self._application = application
        self._registry = registry
        self._responder = responder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Run the application. Only requests that may be for a page cost more than that."""
        entry = self._find_fallback(environ)
        if entry is None:
            return self._application(environ, start_response)
        raw = relevant_headers(environ)
        request = FileRequest(entry, environ["REQUEST_METHOD"], raw, *target_of(environ))
        starter = _Starter(self._responder, request, environ, start_response)
        try:
            result = self._application(environ, starter.start_response)
        except BaseException:
            starter.close()
            raise
        if not starter.is_started:
            return _LateBody(result, starter)
        if starter.body is None:
            return result
        try:
            _close(result)
        except BaseException:
            starter.close()
            raise
        return starter.body

    def _find_fallback(self, environ: WSGIEnvironment) -> Substitute | Unresolved | None:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        url = url_of(environ)
        if url is None or not is_page_path(url):
            return None
        return self._registry.find_substitute_nowait(Fallback, url)


class _Starter:
    """The ``start_response`` that the application gets for one request."""

    def __init__(
        self,
        responder: Responder[tuple[str, str]],
        request: FileRequest,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> None:
        self._responder = responder
        self._request = request
        self._environ = environ
        self._start_response = start_response
        self.is_started = False
        #: The body of the fallback, if it replaces the application's.
        self.body: Iterable[bytes] | None = None

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """Start the response: the fallback's for a 404, else the application's."""
        self.close()  # after an error, an application may start another response
        self.is_started = True
        try:
            if status.startswith("404"):
                if self._is_navigation() and self._replace(exc_info):
                    return _discard
                headers = with_vary(headers, *NAVIGATION_FIELDS)
            return self._start(status, headers, exc_info)
        finally:
            exc_info = None  # else it would form a cycle with this frame (PEP 3333)

    def use_own_pieces(self) -> None:
        """Send a file in pieces: the server does not get the body itself, but an iterator."""
        self._environ = {**self._environ, "wsgi.file_wrapper": None}

    def close(self) -> None:
        """Close the body of the fallback."""
        body, self.body = self.body, None
        _close(body)

    def _is_navigation(self) -> bool:
        environ = self._environ
        return is_navigation(environ.get("HTTP_ACCEPT"), environ.get("HTTP_SEC_FETCH_MODE"))

    def _replace(self, exc_info: OptExcInfo | None) -> bool:
        """Start the response of the fallback, if it can be found."""
        request = self._request
        reply = self._responder.reply_nowait(request.entry, request.method, request.raw)
        if reply is None:
            reply = self._responder.reply(request)
        if reply is None:
            return False

        def start(status: str, headers: list[tuple[str, str]]) -> object:
            return self._start(status, headers, exc_info)

        self.body = send_reply(reply, self._environ, start)
        return True

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None
    ) -> Callable[[bytes], object]:
        if exc_info is None:  # a server may accept two arguments only
            return self._start_response(status, headers)
        return self._start_response(status, headers, exc_info)


class _LateBody:
    """The body of an application that starts its response when the first piece is requested."""

    def __init__(self, result: Iterable[bytes], starter: _Starter) -> None:
        self._result: Iterable[bytes] | None = result
        self._starter = starter
        starter.use_own_pieces()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._result or ():
            if self._starter.body is not None:
                break
            yield piece
        if self._starter.body is not None:
            self._close_result()
            yield from self._starter.body

    def close(self) -> None:
        """Close the application's body, and the fallback's."""
        try:
            self._close_result()
        finally:
            self._starter.close()

    def _close_result(self) -> None:
        result, self._result = self._result, None
        _close(result)


def _close(body: Any) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _discard(data: bytes) -> None:
    """The ``write`` of a response that is not sent."""
