"""Static files served by the Python web application that they belong to, WSGI or ASGI."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asgi import ASGIWhiteNoise
    from .compression import check_tree, clean_tree, compress_tree
    from .wsgi import WhiteNoise

__all__ = ["ASGIWhiteNoise", "WhiteNoise", "check_tree", "clean_tree", "compress_tree"]
__version__ = "0.1.0"

_HOMES = {
    "ASGIWhiteNoise": ".asgi",
    "WhiteNoise": ".wsgi",
    "check_tree": ".compression",
    "clean_tree": ".compression",
    "compress_tree": ".compression",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for.

    The command lines need no event loop, a server no compression: each starts in half the time.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
