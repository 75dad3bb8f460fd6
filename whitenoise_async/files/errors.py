"""Errors of files: not there, unreadable, or changed while their content was sent."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..support.logs import OneLineError, error_rate_limited

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_UNSERVABLE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EISDIR,
        errno.ENXIO,
        errno.ENODEV,
    }
)


class UnavailableError(OneLineError):
    """There is no file to serve at a path.

    ``gone`` is true if the file was removed, which is no fault. It is false if something is there
    that cannot be read or is not a regular file.
    """

    def __init__(self, path: str, reason: str, *, gone: bool = False) -> None:
        super().__init__(f"{path} is not served: {reason}")
        self.reason = reason
        self.gone = gone


class FileSystemError(OneLineError):
    """The system failed: a disk has a fault, or descriptors, memory or threads have run out."""

    def __init__(self, path: str, error: Exception) -> None:
        self.reason = reason_of(error)
        super().__init__(f"{path} cannot be read now: {self.reason}")


class BrokenBodyError(OneLineError):
    """The rest of a body cannot be sent: its file became shorter, unreadable, or was overwritten.

    It is raised to the server, which then cuts the connection, so that the client sees that
    something is missing.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} was sent in part: {reason}")


def broken_body(path: str, reason: str = "the file was truncated") -> BrokenBodyError:
    """Log that a body cannot be completed, and return the error to raise to the server."""
    error = BrokenBodyError(path, reason)
    error_rate_limited(f"{error}; the connection is cut")
    return error


def reason_of(error: Exception) -> str:
    """The cause of an error, in the system's words."""
    if isinstance(error, MemoryError):
        return os.strerror(errno.ENOMEM)
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)


#: The errors of opening, reading or writing a file. :func:`reason_of` has their causes.
SYSTEM_ERRORS = (FileSystemError, UnavailableError, OSError)


@contextmanager
def naming_errors(
    path: str, action: str, error_of: Callable[[str, str], Exception]
) -> Iterator[None]:
    """Turn an error of the system into one that names the file.

    :param action: completes "cannot be ...".
    :param error_of: makes the error to raise from ``path`` and a message.
    """
    try:
        yield
    except SYSTEM_ERRORS as error:
        raise error_of(path, f"{path} cannot be {action}: {reason_of(error)}") from error


def classify_error(path: str, error: OSError) -> UnavailableError | FileSystemError:
    """The error to raise for a failed system call on ``path``."""
    if error.errno in _GONE:
        return UnavailableError(path, "it was removed", gone=True)
    if error.errno in _UNSERVABLE:
        return UnavailableError(path, error.strerror or "it cannot be opened")
    return FileSystemError(path, error)
