"""Sends the fallback in place of a project's 404, if the request is a navigation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from ..asgi.event_loop import reply_from_caches_or_thread
from ..http.navigation import NAVIGATION_FIELDS, is_navigation, is_page_path
from ..registry.entries import Fallback
from ..registry.interface import Registry
from ..serving.responder import FileRequest, Reply, Responder
from ..wsgi.environ import relevant_headers
from .requests import method_of, target_of, url_of
from .responses import Line, make_response


class FallbackHandler:
    """A ``get_response`` whose 404 is replaced by the fallback."""

    def __init__(
        self,
        get_response: Callable[..., Any],
        registry: Registry,
        responder: Responder[Line],
        *,
        is_shared: bool,
    ) -> None:
        """:param is_shared: as for :func:`make_response`."""
        self._get_response = get_response
        self._registry = registry
        self._responder = responder
        self._is_shared = is_shared

    def respond(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request, and wait for the disk if necessary."""
        method = method_of(request)  # some applications answer HEAD as GET
        response: HttpResponseBase = self._get_response(request)
        page = self._page_for(request, method, response)
        if page is None:
            return response
        reply = self._responder.reply_from_caches_or_disk(page)
        return self._replaced(response, reply, request)

    async def respond_on_event_loop(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request, and wait for the disk in a thread."""
        method = method_of(request)  # some applications answer HEAD as GET
        response: HttpResponseBase = await self._get_response(request)
        page = self._page_for(request, method, response)
        if page is None:
            return response
        reply = await reply_from_caches_or_thread(self._responder, page)
        return self._replaced(response, reply, request)

    def _page_for(
        self, request: HttpRequest, method: str, response: HttpResponseBase
    ) -> FileRequest | None:
        """The request for the fallback, if it should replace ``response``.

        :param method: of the request, before the application could change it.
        """
        if response.status_code != 404 or method not in ("GET", "HEAD"):
            return None
        url = url_of(request)
        if not is_page_path(url):
            return None
        entry = self._registry.find_substitute_nowait(Fallback, url)
        if entry is None:
            return None
        # Caches must keep this 404 apart from the fallback.
        patch_vary_headers(response, NAVIGATION_FIELDS)
        fields = request.META
        if not is_navigation(fields.get("HTTP_ACCEPT"), fields.get("HTTP_SEC_FETCH_MODE")):
            return None
        return FileRequest(entry, method, relevant_headers(fields), *target_of(request))

    def _replaced(
        self,
        response: HttpResponseBase,
        reply: Reply[Line] | None,
        request: HttpRequest,
    ) -> HttpResponseBase:
        if reply is None:
            return response
        fallback = make_response(reply, request, is_shared=self._is_shared)
        # `response.close()` would also send the signal that the request is finished.
        fallback._resource_closers += response._resource_closers
        return fallback
