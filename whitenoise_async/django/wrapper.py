"""The wrapping form: static files are served around Django, and no middleware sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler

from ..applications import ASGI, kind_of
from ..asgi.adapter import ASGIWhiteNoise
from ..asgi.wire_format import Line
from ..http.paths import below_mount
from ..registry.entries import Entry, Unresolved
from ..registry.interface import Registry, Root
from ..wsgi.adapter import WhiteNoise
from .base import ConfiguredWhiteNoise

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionKeywords


# A bound for the search below a wrapper. Agents wrap a few times, and hold a few callables.
_MOST_WRAPPED = 1000


class DjangoWSGIWhiteNoise(ConfiguredWhiteNoise[tuple[str, str]], WhiteNoise):
    """:class:`whitenoise_async.WhiteNoise`, configured by the settings."""


class DjangoASGIWhiteNoise(ConfiguredWhiteNoise[Line], ASGIWhiteNoise):
    """:class:`whitenoise_async.ASGIWhiteNoise`, configured by the settings."""

    def _make_registry(self) -> Registry:
        registry = super()._make_registry()
        script_name = self._configuration.script_name
        return _BelowScriptName(registry, script_name) if script_name else registry


class _BelowScriptName:
    """A registry for URLs below ``FORCE_SCRIPT_NAME``.

    Django removes it from the path, whether or not the server has it there.
    """

    def __init__(self, registry: Registry, script_name: str) -> None:
        self._registry = registry
        self._script_name = script_name

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        self._registry.add(root, names)

    def look_up_nowait(self, url: str) -> Entry | Unresolved | None:
        return self._registry.look_up_nowait(below_mount(url, self._script_name))

    def look_up(self, url: str) -> Entry | None:
        return self._registry.look_up(url)

    def files(self) -> Mapping[str, tuple[str, ...]] | None:
        return self._registry.files()


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
    if application is not None and callable(application) and _is_asgi(application):
        return DjangoASGIWhiteNoise(application, **options)
    return DjangoWSGIWhiteNoise(application, **options)


def _is_asgi(application: Callable[..., Any]) -> bool:
    """Whether ``application`` is an ASGI one, or wraps Django's."""
    kind = kind_of(application)
    if kind is not None:
        return kind == ASGI
    # A wrapper that hides how it is called: what it wraps decides.
    found, ids = [application], {id(application)}
    for each in found:  # which grows
        with suppress(Exception):  # a proxy may raise anything
            if isinstance(each, BaseHandler):
                return isinstance(each, ASGIHandler)
            held = [] if len(found) > _MOST_WRAPPED else _held_by(each)
            for other in held:
                if callable(other) and id(other) not in ids:
                    found.append(other)
                    ids.add(id(other))
    return False


def _held_by(wrapper: Any) -> Iterable[Any]:
    """The objects that a wrapper may call: its attributes, and what a function encloses."""
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
    """An attribute; ``None`` where it cannot be read. A proxy may raise anything."""
    try:
        return getattr(wrapper, name, None)
    except Exception:
        return None
