"""Static files of a Django project: by a middleware, or around its WSGI or ASGI application."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .middleware import WhiteNoiseMiddleware
    from .storage import CompressedManifestStaticFilesStorage, CompressedStaticFilesStorage
    from .wrapping import DjangoWhiteNoise

__all__ = [
    "CompressedManifestStaticFilesStorage",
    "CompressedStaticFilesStorage",
    "DjangoWhiteNoise",
    "WhiteNoiseMiddleware",
]

_HOMES = {
    "CompressedManifestStaticFilesStorage": ".storage",
    "CompressedStaticFilesStorage": ".storage",
    "DjangoWhiteNoise": ".wrapping",
    "WhiteNoiseMiddleware": ".middleware",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for.

    Django imports this package while it loads its applications, before any of them may be used.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
