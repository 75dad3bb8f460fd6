"""The errors of compression."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..files.errors import FileSystemError, UnavailableError
from ..support.logs import OneLineError


class CompressionError(OneLineError):
    """A file could not be compressed. The message names the file and the reason."""


class FolderError(CompressionError):
    """Nothing can be written in a folder, so all its files fail for one reason."""

    def __init__(self, folder: str, error: OSError) -> None:
        super().__init__(f"{folder} cannot be written to: {error.strerror or error}")
        self.folder = folder


class OriginalError(CompressionError):
    """An original could not be read, or it changed meanwhile. All its encodings fail."""


@contextmanager
def naming(
    path: str, action: str, kind: type[CompressionError] = CompressionError
) -> Iterator[None]:
    """Turn an error of the system into a :class:`CompressionError` that names the file.

    :param action: completes "cannot be ...".
    """
    try:
        yield
    except (FileSystemError, UnavailableError) as error:
        raise kind(f"{path} cannot be {action}: {error.reason}") from error
    except OSError as error:
        raise kind(f"{path} cannot be {action}: {error.strerror or error}") from error
