"""Sends the fallback in place of an application's 404, if the request is a navigation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
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
        url = url_of(environ) if environ["REQUEST_METHOD"] in ("GET", "HEAD") else None
        if url is None or not is_page_path(url):
            return self._application(environ, start_response)
        starter = _Starter(self._registry, self._responder, url, environ, start_response)
        try:
            return starter.run(self._application)
        except BaseException:
            starter.close()
            raise


class _Starter:
    """The ``start_response`` that the application gets for one request."""

    def __init__(
        self,
        registry: Registry,
        responder: Responder[tuple[str, str]],
        url: str,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> None:
        """:param url: the URL below the mount point."""
        self._registry = registry
        self._responder = responder
        # Applications may change the environ: some answer HEAD as GET.
        self._url = url
        self._environ = environ
        self._method = environ["REQUEST_METHOD"]
        self._start_response = start_response
        self._is_started = False
        self._is_body_chosen = False
        #: The body of the fallback, if it replaces the application's.
        self.body: Iterable[bytes] | None = None

    def run(self, application: WSGIApplication) -> Iterable[bytes]:
        """Run the application, and return the body of the response."""
        result = application(self._environ, self.start_response)
        if not self._is_started:
            # A generator starts its response when the first piece is requested. Some servers
            # (granian) need the status before that.
            result = _Begun(result)
        self._is_body_chosen = True
        if self.body is None:
            return result
        _close(result)
        return self.body

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """Start the response: the fallback's for a 404, else the application's."""
        self.close()  # after an error, an application may start another response
        self._is_started = True
        try:
            if status.startswith("404"):
                entry = self._registry.find_substitute_nowait(Fallback, self._url)
                if entry is not None:
                    if self._may_replace() and self._replace(entry, exc_info):
                        return _discard
                    headers = with_vary(headers, *NAVIGATION_FIELDS)
            return self._start(status, headers, exc_info)
        finally:
            exc_info = None  # else it would form a cycle with this frame (PEP 3333)

    def close(self) -> None:
        """Close the body of the fallback."""
        body, self.body = self.body, None
        _close(body)

    def _may_replace(self) -> bool:
        if self._is_body_chosen:
            return False  # an error in the body of another response: the server has that body
        environ = self._environ
        return is_navigation(environ.get("HTTP_ACCEPT"), environ.get("HTTP_SEC_FETCH_MODE"))

    def _replace(self, entry: Substitute | Unresolved, exc_info: OptExcInfo | None) -> bool:
        """Start the response of the fallback, if it can be read."""
        environ = self._environ
        raw = relevant_headers(environ)
        request = FileRequest(entry, self._method, raw, *target_of(environ))
        reply = self._responder.reply_from_caches_or_disk(request)
        if reply is None:
            return False

        def start(status: str, headers: list[tuple[str, str]]) -> object:
            return self._start(status, headers, exc_info)

        self.body = send_reply(reply, environ, start)
        return True

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None
    ) -> Callable[[bytes], object]:
        if exc_info is None:  # a server may accept two arguments only
            return self._start_response(status, headers)
        return self._start_response(status, headers, exc_info)


class _Begun:
    """A body whose first piece was requested already."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body
        try:
            self._pieces = iter(body)
            self._first = list(islice(self._pieces, 1))
        except BaseException:
            _close(body)
            raise

    def __iter__(self) -> Iterator[bytes]:
        return chain(self._first, self._pieces)

    def close(self) -> None:
        _close(self._body)


def _close(body: Any) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _discard(data: bytes) -> None:
    """The ``write`` of a response that is not sent."""
