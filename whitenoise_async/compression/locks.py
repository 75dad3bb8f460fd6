"""Locks that the system lets go of when a process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows, where nobody removes a file that another process has open
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(folder: str, on_wait: Callable[[], None], *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of ``folder``: alone, or with others who change nothing.

    Where a file system has no locks the work goes on without: each variant appears whole in any
    case.

    :param on_wait: called before another process is waited for.
    """
    descriptor = _open_folder(folder)
    if descriptor is None:
        yield
        return
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, kind)
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


def _open_folder(folder: str) -> int | None:
    if fcntl is None:
        return None
    try:
        return os.open(folder, os.O_RDONLY)
    except OSError:
        return None


def take(descriptor: int) -> bool:
    """Lock an open file, without waiting; returns whether nobody else has it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks here
        return True
    return True
