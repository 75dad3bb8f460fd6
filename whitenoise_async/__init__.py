"""Static files served by the Python web application that they belong to, WSGI or ASGI."""

from .asgi import ASGIWhiteNoise
from .wsgi import WhiteNoise

__all__ = ["ASGIWhiteNoise", "WhiteNoise"]
__version__ = "0.1.0"
