"""The errors of publishing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..files.errors import FileSystemError, UnavailableError, reason_of
from ..support.logs import OneLineError


class PublishError(OneLineError):
    """A release could not be published. The message names the file and the reason."""


@contextmanager
def naming(path: str, action: str) -> Iterator[None]:
    """Turn an error of the system into a :class:`PublishError` that names the file.

    :param action: completes "cannot be ...".
    """
    try:
        yield
    except (FileSystemError, UnavailableError, OSError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error.reason
        raise PublishError(f"{path} cannot be {action}: {reason}") from error
