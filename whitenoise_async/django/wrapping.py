"""The wrapping form: static files are served around Django, and no middleware sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..asgi import ASGIWhiteNoise, Line
from ..http.paths import below_mount
from ..options import is_async
from ..wsgi import WhiteNoise
from .configured import ConfiguredWhiteNoise

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionKeywords


class DjangoWSGIWhiteNoise(ConfiguredWhiteNoise[tuple[str, str]], WhiteNoise):
    """:class:`whitenoise_async.WhiteNoise`, configured by the settings."""


class DjangoASGIWhiteNoise(ConfiguredWhiteNoise[Line], ASGIWhiteNoise):
    """:class:`whitenoise_async.ASGIWhiteNoise`, configured by the settings."""

    def __init__(
        self, application: Callable[..., Any] | None, **options: Unpack[OptionKeywords]
    ) -> None:
        """As :class:`ConfiguredWhiteNoise`."""
        super().__init__(application, **options)
        script_name = self._configuration.script_name
        if script_name:
            # Like Django, which takes it off whether or not the server knows of it.
            find = self._find
            self._find = lambda url: find(below_mount(url, script_name))


def DjangoWhiteNoise(  # noqa: N802 (named for what it makes)
    application: Callable[..., Any] | None, **options: Unpack[OptionKeywords]
) -> DjangoWSGIWhiteNoise | DjangoASGIWhiteNoise:
    """Wrap what ``get_wsgi_application()`` or ``get_asgi_application()`` returned.

    :param application: Django's application, or what wraps it already: WSGI or ASGI.
    :param options: win over the ``WHITENOISE_`` settings.
    :returns: a :class:`whitenoise_async.WhiteNoise` for WSGI, an
        :class:`whitenoise_async.ASGIWhiteNoise` for ASGI.
    :raises django.core.exceptions.ImproperlyConfigured: for a setting that cannot be so.
    :raises TypeError: for what is no application, an unknown option, or one of the wrong type.
    """
    if is_async(application):
        return DjangoASGIWhiteNoise(application, **options)
    return DjangoWSGIWhiteNoise(application, **options)
