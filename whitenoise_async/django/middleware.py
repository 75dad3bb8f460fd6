"""The middleware: translates between Django's requests and responses and this package's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from ..applications import is_async
from ..asgi.event_loop import reply_in_thread
from ..registry.entries import Entry, Unresolved
from ..serving.responder import FileRequest
from ..serving.response import not_found
from .base import ConfiguredWhiteNoise
from .documentation import describe_settings
from .fallback import FallbackHandler
from .requests import method_and_headers, names_encoded_slash, target_of, url_of
from .responses import DjangoFormat, Line, make_response

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionKeywords

_GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


def _standalone(request: HttpRequest) -> HttpResponseBase:
    """Answer a request if there is no ``get_response``."""
    response = not_found()
    return HttpResponse(
        response.body.literal, status=response.status, headers=dict(response.headers)
    )


def _without_fallback(application: _GetResponse, *arguments: object) -> _GetResponse:
    """Return ``application``: the setter of ``get_response`` adds the fallback."""
    return application


@describe_settings
class WhiteNoiseMiddleware(ConfiguredWhiteNoise[Line]):
    """Serves a Django project's static files. It belongs right after ``SecurityMiddleware``.

    Under ASGI it runs on the event loop, and never blocks it with file access. Under WSGI the
    server may send files itself. A request for another path costs one lookup.

    The options of :class:`whitenoise_async.WhiteNoise`, except ``not_found``, are keyword arguments
    and settings: ``max_age`` is ``WHITENOISE_MAX_AGE``. A keyword argument overrides a setting.
    """

    sync_capable = True
    async_capable = True

    _application_kind = "Django's get_response"
    _application_parameters = ("request",)
    _application_is_async = True
    _standalone = staticmethod(_standalone)
    _fallback_application = staticmethod(_without_fallback)
    _wire_format = DjangoFormat()

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Declare to Django whether the ``__call__`` of a subclass is synchronous or not.

        A synchronous ``__call__`` may use the response, but cannot await it. So under ASGI, Django
        must run it in a thread. Under WSGI, Django wraps an asynchronous one.
        """
        super().__init_subclass__(**keywords)
        classes = cls.__mro__
        caller = next(each for each in classes if "__call__" in vars(each))
        if caller is WhiteNoiseMiddleware:
            return
        declared = {name for each in classes[: classes.index(caller) + 1] for name in vars(each)}
        is_coroutine = iscoroutinefunction(vars(caller)["__call__"])
        if "sync_capable" not in declared:
            cls.sync_capable = not is_coroutine
        if "async_capable" not in declared:
            cls.async_capable = is_coroutine

    def __init__(
        self,
        get_response: _GetResponse | None = None,
        settings: Any = django_settings,
        **options: Unpack[OptionKeywords],
    ) -> None:
        """
        :param get_response: answers every request that is not for a file. ``None`` answers them
            with 404.
        :param settings: an object whose attributes are the settings, by default Django's. A missing
            one has its default.
        :param options: take precedence over the ``WHITENOISE_`` settings.
        :raises django.core.exceptions.ImproperlyConfigured: for a setting with a wrong value.
        :raises TypeError: for an unknown option, a value of the wrong type, or a subclass with a
            method of WhiteNoise's that is never called here.
        :raises ValueError: for a value out of range.
        """
        if get_response is None:
            # If Django's MiddlewareMixin precedes this class, it sets the attribute, and calls
            # ``super().__init__()`` without arguments.
            get_response = vars(self).get("_get_response")
        self._shares_descriptors = _is_coroutine_function(get_response)
        super().__init__(get_response, settings, **options)
        self.get_response = self.application

    @property
    def get_response(self) -> _GetResponse:
        """The next handler, for requests that are not for a file. A subclass may set it later."""
        return self._get_response

    @get_response.setter
    def get_response(self, get_response: _GetResponse) -> None:
        self._get_response = get_response
        self._is_async = _is_coroutine_function(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        self._answer = self._with_fallback(get_response)

    def _with_fallback(self, get_response: _GetResponse) -> Callable[..., Any]:
        options = vars(self).get("resolved_options")  # missing if MiddlewareMixin calls the setter
        if options is None or options.fallback is None:
            return get_response
        handler = FallbackHandler(
            get_response, self.registry, self.responder, is_shared=self._shares_descriptors
        )
        return handler.respond_on_event_loop if self._is_async else handler.respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer one request, or pass it to the application."""
        entry = self.registry.look_up_nowait(url_of(request))
        if entry is None or names_encoded_slash(request):
            # On an event loop, the application's coroutine: one of our own would only await it.
            return self._answer(request)
        if self._is_async:
            return self._respond_on_event_loop(request, entry)
        method, raw = method_and_headers(request)
        reply = self.responder.reply_nowait(entry, method, raw)
        if reply is None:
            reply = self.responder.reply(FileRequest(entry, method, raw, *target_of(request)))
        if reply is None:
            return self._answer(request)
        return make_response(reply, request, is_shared=self._shares_descriptors)

    async def _respond_on_event_loop(
        self, request: HttpRequest, entry: Entry | Unresolved
    ) -> HttpResponseBase:
        method, raw = method_and_headers(request)
        reply = self.responder.reply_nowait(entry, method, raw)
        if reply is None:
            file_request = FileRequest(entry, method, raw, *target_of(request))
            reply = await reply_in_thread(self.responder, file_request)
        if reply is None:
            response: HttpResponseBase = await self._answer(request)
            return response
        return make_response(reply, request, is_shared=self._shares_descriptors)


def _is_coroutine_function(get_response: Any) -> bool:
    return iscoroutinefunction(get_response) or is_async(get_response)
