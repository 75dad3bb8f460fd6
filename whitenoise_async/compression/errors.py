"""What the engine raises."""

from __future__ import annotations

from ..logs import OneLineError


class CompressionError(OneLineError):
    """A file that could not be compressed; the message names it and says why."""


class OriginalError(CompressionError):
    """An original that could not be read, or was changed meanwhile: in no encoding is it better."""
