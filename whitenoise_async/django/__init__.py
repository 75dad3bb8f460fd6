"""Static files of a Django project: by a middleware, or around its WSGI or ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..support.lazy import lazy_attributes

if TYPE_CHECKING:
    from .middleware import WhiteNoiseMiddleware
    from .storage import CompressedManifestStaticFilesStorage, CompressedStaticFilesStorage
    from .wrapper import DjangoWhiteNoise

__all__ = [
    "CompressedManifestStaticFilesStorage",
    "CompressedStaticFilesStorage",
    "DjangoWhiteNoise",
    "WhiteNoiseMiddleware",
]

_HOMES = {
    "CompressedManifestStaticFilesStorage": ".storage",
    "CompressedStaticFilesStorage": ".storage",
    "DjangoWhiteNoise": ".wrapper",
    "WhiteNoiseMiddleware": ".middleware",
}

# Django imports this package while it loads its applications, before any of them may be used.
__getattr__ = lazy_attributes(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
