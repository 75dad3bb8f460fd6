"""A file that is not on this machine, in the form of an open file."""

from __future__ import annotations

from collections.abc import Callable

from .open_file import OpenFile
from .state import FileState

#: Reads the bytes from one offset up to another one.
ReadRange = Callable[[int, int], bytes]


class RemoteFile(OpenFile):
    """A file that never changes, and is read by ranges. It has no descriptor."""

    __slots__ = ("_read_range",)

    is_local = False

    def __init__(self, path: str, content: str, size: int, read_range: ReadRange) -> None:
        """
        :param path: its URL.
        :param content: the digest of its content.
        :param size: bytes.
        :param read_range: raises a ``FileSystemError`` if it cannot read all bytes.
        """
        self.path = path
        self.is_by_path = False
        self.may_grow = False
        # Its date is unknown. The number tells contents apart, as an inode does.
        self.state = FileState(size, mtime_ns=0, device=-1, inode=hash(content))
        self._read_range = read_range

    @property
    def supports_nowait(self) -> bool:
        """Always false: each read waits for the network."""
        return False

    @property
    def is_open(self) -> bool:
        """Always true."""
        return True

    def fileno(self) -> int:
        """Always -1: there is no descriptor."""
        return -1

    def read(self, offset: int, size: int) -> bytes:
        """Read up to ``size`` bytes at ``offset``; no bytes at the file's end.

        :raises FileSystemError: if the network fails.
        """
        stop = min(offset + size, self.state.size)
        return self._read_range(offset, stop) if offset < stop else b""

    def read_nowait(self, offset: int, size: int) -> bytes | None:
        """Always ``None``: each read waits for the network."""
        return None

    def change_since_open(self) -> str | None:
        """Always ``None``: each read checks that the size is still the same."""
        return None

    def is_unchanged(self) -> bool:
        """Always true."""
        return True

    def share(self) -> OpenFile:
        """Return the same file."""
        return self

    def close(self) -> None:
        """Do nothing: there is no descriptor."""
