"""Which URL maps to which file. No HTTP."""

from .entries import StaticFile

__all__ = ["StaticFile"]
