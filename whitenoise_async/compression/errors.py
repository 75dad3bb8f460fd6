"""The errors of compression."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ..files.errors import naming_errors
from ..support.logs import OneLineError


class CompressionError(OneLineError):
    """A file could not be compressed. The message names the file and the reason."""

    def __init__(self, path: str, message: str) -> None:
        """:param path: of the file that failed."""
        super().__init__(message)
        self.path = path


def naming(path: str, action: str) -> AbstractContextManager[None]:
    """Turn an error of the system into a :class:`CompressionError` that names the file.

    :param action: completes "cannot be ...".
    """
    return naming_errors(path, action, CompressionError)
