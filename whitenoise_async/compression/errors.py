"""The errors of the compression engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..support.logs import OneLineError


class CompressionError(OneLineError):
    """A file could not be compressed; the message names it and says why."""


class OriginalError(CompressionError):
    """An original could not be read, or changed while it was read. No encoding can succeed."""


@contextmanager
def naming(path: str, what: str) -> Iterator[None]:
    """Turn an ``OSError`` into a :class:`CompressionError` that names the file."""
    try:
        yield
    except OSError as error:
        raise CompressionError(f"{path} cannot be {what}: {error.strerror or error}") from error
