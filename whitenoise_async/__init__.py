"""Serves the static files of a WSGI or ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .support.lazy import lazy_attributes

if TYPE_CHECKING:
    from .asgi.adapter import ASGIWhiteNoise
    from .assets.assets import Assets
    from .compression import check_tree, clean_tree, compress_tree
    from .wsgi.adapter import WhiteNoise

__all__ = ["ASGIWhiteNoise", "Assets", "WhiteNoise", "check_tree", "clean_tree", "compress_tree"]
__version__ = "0.1.0"

_MODULES = {
    "ASGIWhiteNoise": ".asgi.adapter",
    "Assets": ".assets.assets",
    "WhiteNoise": ".wsgi.adapter",
    "check_tree": ".compression",
    "clean_tree": ".compression",
    "compress_tree": ".compression",
}

# Commands need no event loop, and servers no compression: both start in half the time.
__getattr__ = lazy_attributes(__name__, _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
