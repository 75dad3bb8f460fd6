"""What the engine raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..support.logs import OneLineError


class CompressionError(OneLineError):
    """A file that could not be compressed; the message names it and says why."""


class OriginalError(CompressionError):
    """An original that could not be read, or was changed meanwhile: in no encoding is it better."""


@contextmanager
def naming(path: str, what: str) -> Iterator[None]:
    """Turn an ``OSError`` into one that names the file."""
    try:
        yield
    except OSError as error:
        raise CompressionError(f"{path} cannot be {what}: {error.strerror or error}") from error
