"""The errors of publishing."""

from __future__ import annotations

from contextlib import AbstractContextManager

from ..files.errors import FileSystemError, naming_errors
from ..support.logs import OneLineError


class PublishError(OneLineError):
    """A release could not be published. The message names the file and the reason."""


class StoreReadError(FileSystemError):
    """A store cannot be read now, so that a request gets a 503."""

    def __init__(self, error: OneLineError) -> None:
        """:param error: names the file and the reason."""
        OneLineError.__init__(self, str(error))
        self.reason = str(error)


def naming(path: str, action: str) -> AbstractContextManager[None]:
    """Turn an error of the system into a :class:`PublishError` that names the file.

    :param action: completes "cannot be ...".
    """
    return naming_errors(path, action, lambda _, message: PublishError(message))
