"""The errors of compression."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..files.errors import SYSTEM_ERRORS, reason_of
from ..support.logs import OneLineError


class CompressionError(OneLineError):
    """A file could not be compressed. The message names the file and the reason."""

    def __init__(self, path: str, message: str) -> None:
        """:param path: of the file that failed."""
        super().__init__(message)
        self.path = path


@contextmanager
def naming(path: str, action: str) -> Iterator[None]:
    """Turn an error of the system into a :class:`CompressionError` that names the file.

    :param action: completes "cannot be ...".
    """
    try:
        yield
    except SYSTEM_ERRORS as error:
        raise CompressionError(path, f"{path} cannot be {action}: {reason_of(error)}") from error
