"""The wrapper: serves static files around Django's application, before any middleware runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler

from ..applications import ASGI, detect_interface
from ..asgi.adapter import ASGIWhiteNoise
from ..asgi.wire_format import Line
from ..http.paths import below_mount
from ..registry.entries import Entry, Substitute, Unresolved
from ..registry.interface import ForwardingRegistry, Registry
from ..wsgi.adapter import WhiteNoise
from .base import ConfiguredWhiteNoise

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionKeywords


# How many objects are searched for Django's application. Agents wrap it only a few times.
_MAX_SEARCHED = 1000


class DjangoWSGIWhiteNoise(ConfiguredWhiteNoise[tuple[str, str]], WhiteNoise):
    """:class:`whitenoise_async.WhiteNoise`, configured by the settings."""


class DjangoASGIWhiteNoise(ConfiguredWhiteNoise[Line], ASGIWhiteNoise):
    """:class:`whitenoise_async.ASGIWhiteNoise`, configured by the settings."""

    def _adapt_registry(self, registry: Registry) -> Registry:
        script_name = self._configuration.script_name
        return _BelowScriptName(registry, script_name) if script_name else registry


class _BelowScriptName(ForwardingRegistry):
    """A registry for URLs below ``FORCE_SCRIPT_NAME``.

    Django removes it from the path, even if the server does not know it.
    """

    def __init__(self, registry: Registry, script_name: str) -> None:
        super().__init__(registry)
        self._script_name = script_name

    def look_up_nowait(self, url: str) -> Entry | Unresolved | None:
        return self._registry.look_up_nowait(below_mount(url, self._script_name))

    def find_substitute_nowait(
        self, kind: type[Substitute], url: str
    ) -> Substitute | Unresolved | None:
        return self._registry.find_substitute_nowait(kind, below_mount(url, self._script_name))


def DjangoWhiteNoise(  # noqa: N802 (named for what it makes)
    application: Callable[..., Any] | None, **options: Unpack[OptionKeywords]
) -> DjangoWSGIWhiteNoise | DjangoASGIWhiteNoise:
    """Wrap the application that ``get_wsgi_application()`` or ``get_asgi_application()`` returns.

    :param application: Django's application, WSGI or ASGI. Others may have wrapped it already.
    :param options: take precedence over the ``WHITENOISE_`` settings, which
        ``help(WhiteNoiseMiddleware)`` describes.
    :returns: a :class:`whitenoise_async.WhiteNoise` for WSGI, an
        :class:`whitenoise_async.ASGIWhiteNoise` for ASGI.
    :raises django.core.exceptions.ImproperlyConfigured: for a setting with a wrong value.
    :raises TypeError: if ``application`` is not one, or for an unknown option or a value of the
        wrong type.
    """
    if application is not None and callable(application) and _is_asgi(application):
        return DjangoASGIWhiteNoise(application, **options)
    return DjangoWSGIWhiteNoise(application, **options)


def _is_asgi(application: Callable[..., Any]) -> bool:
    """Whether ``application`` is an ASGI application, or wraps Django's."""
    kind = detect_interface(application)
    if kind is not None:
        return kind == ASGI
    # The signature does not tell, so search for Django's application in the wrapper.
    found, ids = [application], {id(application)}
    for each in found:  # grows in the loop
        with suppress(Exception):  # a proxy may raise anything
            if isinstance(each, BaseHandler):
                return isinstance(each, ASGIHandler)
            held = [] if len(found) > _MAX_SEARCHED else _held_by(each)
            for other in held:
                if callable(other) and id(other) not in ids:
                    found.append(other)
                    ids.add(id(other))
    return False


def _held_by(wrapper: Any) -> Iterable[Any]:
    """The objects that a wrapper may call: its attributes, and the variables of a closure."""
    if isinstance(wrapper, partial):
        yield from (wrapper.func, *wrapper.args)
    for name in ("__wrapped__", "__self__"):
        yield _attribute(wrapper, name)
    for cell in _attribute(wrapper, "__closure__") or ():
        with suppress(ValueError):  # an empty cell
            yield cell.cell_contents
    if not isinstance(wrapper, type | ModuleType):
        yield from (_attribute(wrapper, "__dict__") or {}).values()
        for kind in type(wrapper).__mro__:
            slots = vars(kind).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                yield _attribute(wrapper, name)


def _attribute(wrapper: Any, name: str) -> Any:
    """Read an attribute; ``None`` if that fails. A proxy may raise anything."""
    try:
        return getattr(wrapper, name, None)
    except Exception:
        return None
