"""Reading a descriptor at an offset: in any case, or only what the kernel has in memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_seeking = threading.Lock()


def _seek_and_read(descriptor: int, size: int, offset: int) -> bytes:
    """``os.pread`` where there is none: on Windows."""
    with _seeking:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)


#: Takes descriptor, size and offset (bytes); returns what is there, nothing at the file's end.
read_at: Callable[[int, int, int], bytes] = getattr(os, "pread", _seek_and_read)


def reads_page_cache(descriptor: int) -> bool:
    """Whether :func:`read_page_cache` works for the file.

    It takes Linux 4.14 and a file system that knows RWF_NOWAIT: ext4, XFS and Btrfs do. tmpfs,
    overlayfs and network file systems answer EOPNOTSUPP.
    """
    try:
        read_page_cache(descriptor, 1, 0)
    except BlockingIOError:
        return True
    except (OSError, AttributeError, NotImplementedError):
        return False
    return True


def read_page_cache(descriptor: int, size: int, offset: int) -> bytes:
    """Read up to ``size`` bytes of what the page cache holds, without ever waiting for the disk.

    :raises BlockingIOError: where the first of them would have to be waited for.
    """
    buffer = _buffers.of(size)
    count = os.preadv(descriptor, [buffer], offset, os.RWF_NOWAIT)
    return bytes(buffer[:count])


class _Buffers(threading.local):
    """One buffer a thread: warm in the processor's cache, where a new one is zeroed each time."""

    def __init__(self) -> None:
        self._view = memoryview(b"")

    def of(self, size: int) -> memoryview:
        if len(self._view) < size:
            self._view = memoryview(bytearray(size))
        return self._view[:size]


_buffers = _Buffers()
