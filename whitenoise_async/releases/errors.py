"""The errors of publishing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..files.errors import SYSTEM_ERRORS, reason_of
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
    except SYSTEM_ERRORS as error:
        raise PublishError(f"{path} cannot be {action}: {reason_of(error)}") from error
