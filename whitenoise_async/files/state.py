"""The state of a file at one moment, from its descriptor or its path."""

from __future__ import annotations

import os
import stat
import time
from typing import NamedTuple

from .errors import UnavailableError, classify_error

# Nanoseconds since the epoch: a second after 1980-01-02. Packagers and build tools give every file
# the same date, so that the same sources make the same package: 0 (Nix, OSTree), 1 (Guix),
# 1980-01-01 (ZIP's first).
_AFTER_CONSTANT_DATES = 315_619_201 * 1_000_000_000


class FileState(NamedTuple):
    """The state of a file. Two states are equal only if the file did not change in between."""

    size: int  # bytes
    mtime_ns: int  # nanoseconds since the epoch
    #: Nanoseconds since the epoch. The system sets it whenever the file is written, renamed,
    #: replaced or removed, or when its permissions change. Programs cannot set it.
    ctime_ns: int = 0
    #: A path may lead to another file of the same length and dates: file system images often give
    #: all their files one date. Both numbers are 0 where a system has none.
    device: int = 0
    inode: int = 0

    def has_constant_date(self) -> bool:
        """Whether the date is one that packagers set, whatever the content is."""
        return self.mtime_ns < _AFTER_CONSTANT_DATES

    def last_modified(self) -> int | None:
        """The date in seconds since the epoch; ``None`` if it is in the future.

        RFC 9110 §8.8.2.1 forbids sending a date in the future.
        """
        seconds = self.mtime_ns // 1_000_000_000
        return seconds if seconds <= time.time() else None


def state_of(status: os.stat_result) -> FileState:
    """The state that ``status`` describes."""
    # Without keywords, which take 1.6 times as long: a state is made whenever a file is opened.
    return FileState(
        status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino
    )


def read_state(path: str) -> FileState:
    """Return the state of the regular file ``path``. Blocks on the disk.

    :raises UnavailableError: if there is no regular file.
    :raises FileSystemError: if the system fails.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise classify_error(path, error) from error
    require_regular(path, status)
    return state_of(status)


def state_or_none(path: str) -> FileState | None:
    """The state of a regular file, ``None`` if there is none. Blocks on the disk.

    :raises FileSystemError: if the system fails.
    """
    try:
        return read_state(path)
    except UnavailableError:
        return None


def require_regular(path: str, status: os.stat_result) -> None:
    """Check that ``status`` describes a regular file.

    :raises UnavailableError: if it does not.
    """
    if not stat.S_ISREG(status.st_mode):
        raise UnavailableError(path, "it is not a regular file")
