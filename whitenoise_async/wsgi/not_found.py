"""Sends the page for missing URLs, if there is no application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..registry.entries import NotFoundPage
from ..registry.interface import Registry
from ..serving.responder import FileRequest, Reply, Responder
from .environ import relevant_headers, target_of, url_of
from .sending import send_reply

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class NotFoundApplication:
    """A WSGI application that answers GET and HEAD with the page."""

    def __init__(
        self,
        application: WSGIApplication,
        registry: Registry,
        responder: Responder[tuple[str, str]],
    ) -> None:
        """:param application: answers everything else."""
        self._application = application
        self._registry = registry
        self._responder = responder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the page, if there is one for the URL."""
        reply = self._reply(environ) if environ["REQUEST_METHOD"] in ("GET", "HEAD") else None
        if reply is None:
            return self._application(environ, start_response)
        return send_reply(reply, environ, start_response)

    def _reply(self, environ: WSGIEnvironment) -> Reply[tuple[str, str]] | None:
        url = url_of(environ)
        entry = None if url is None else self._registry.find_substitute_nowait(NotFoundPage, url)
        if entry is None:
            return None
        raw = relevant_headers(environ)
        request = FileRequest(entry, environ["REQUEST_METHOD"], raw, *target_of(environ))
        return self._responder.reply_from_caches_or_disk(request)
