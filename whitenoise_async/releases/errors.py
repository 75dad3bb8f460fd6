"""The errors of publishing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..files.errors import SYSTEM_ERRORS, FileSystemError, reason_of
from ..support.logs import OneLineError


class PublishError(OneLineError):
    """A release could not be published. The message names the file and the reason."""


class StoreReadError(FileSystemError):
    """A store cannot be read now, so that a request gets a 503."""

    def __init__(self, error: OneLineError) -> None:
        """:param error: names the file and the reason."""
        OneLineError.__init__(self, str(error))
        self.reason = str(error)


@contextmanager
def naming(path: str, action: str) -> Iterator[None]:
    """Turn an error of the system into a :class:`PublishError` that names the file.

    :param action: completes "cannot be ...".
    """
    try:
        yield
    except SYSTEM_ERRORS as error:
        raise PublishError(f"{path} cannot be {action}: {reason_of(error)}") from error
