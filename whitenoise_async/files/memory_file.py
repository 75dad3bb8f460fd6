"""Content that is in memory only, in the form of an open file."""

from __future__ import annotations

from .state import FileState


class MemoryFile:
    """Content that was made from a file. It never changes, and needs no descriptor."""

    __slots__ = ("content", "path", "state")

    def __init__(self, content: bytes, path: str, origin: FileState) -> None:
        """
        :param path: the original file, absolute.
        :param origin: the state of that file.
        """
        self.content = content
        self.path = path
        # Without a device, so that it equals the state of no file on the disk.
        self.state = origin._replace(size=len(content), device=-1)

    def read_fully(self, offset: int, size: int) -> bytes:
        """Read ``size`` bytes at ``offset``, fewer only at the end."""
        return self.content[offset : offset + size]

    def is_unchanged(self) -> bool:
        """Always true."""
        return True

    def close(self) -> None:
        """Do nothing: there is no descriptor."""
