"""Serves the static files of a Django project: as a middleware, or around its application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..support.lazy import lazy_attributes

if TYPE_CHECKING:
    from .import_maps import import_map
    from .middleware import WhiteNoiseMiddleware
    from .storage import CompressedManifestStaticFilesStorage, CompressedStaticFilesStorage
    from .wrapper import DjangoWhiteNoise

__all__ = [
    "CompressedManifestStaticFilesStorage",
    "CompressedStaticFilesStorage",
    "DjangoWhiteNoise",
    "WhiteNoiseMiddleware",
    "import_map",
]

_MODULES = {
    "CompressedManifestStaticFilesStorage": ".storage",
    "CompressedStaticFilesStorage": ".storage",
    "DjangoWhiteNoise": ".wrapper",
    "WhiteNoiseMiddleware": ".middleware",
    "import_map": ".import_maps",
}

# Django imports this package while it loads its applications, when none can be used yet.
__getattr__ = lazy_attributes(__name__, _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
