"""Static files served by the Python web application that they belong to, WSGI or ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .support.lazy import lazy_attributes

if TYPE_CHECKING:
    from .asgi.adapter import ASGIWhiteNoise
    from .compression import check_tree, clean_tree, compress_tree
    from .wsgi.adapter import WhiteNoise

__all__ = ["ASGIWhiteNoise", "WhiteNoise", "check_tree", "clean_tree", "compress_tree"]
__version__ = "0.1.0"

_HOMES = {
    "ASGIWhiteNoise": ".asgi.adapter",
    "WhiteNoise": ".wsgi.adapter",
    "check_tree": ".compression",
    "clean_tree": ".compression",
    "compress_tree": ".compression",
}

# The command lines need no event loop, a server no compression: each starts in half the time.
__getattr__ = lazy_attributes(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
