"""A file that is to be compressed, open: read piece by piece, and watched for changes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property

from ..files.errors import FileSystemError, UnavailableError
from ..files.open_file import OpenFile
from ..files.state import state_of
from .drafts import new_digest, permissions
from .encoders import PIECE
from .errors import OriginalError
from .folders import Folder
from .record import Original


class Source:
    """An original. Closed by :meth:`close`."""

    def __init__(
        self, folder: Folder, name: str, on_read: Callable[[int], None] = lambda size: None
    ) -> None:
        """
        :param folder: where the file is, and where its variants are; open as long as this is.
        :param name: the file, or a link to one.
        :param on_read: is told the bytes of each piece that is read; by an error it ends that.
        :raises OriginalError: where it cannot be read.
        """
        self.folder = folder
        self.name = name
        self.path = folder.path_of(name)
        self._on_read = on_read
        self._digest: str | None = None
        try:
            #: The open file.
            self.file: OpenFile = folder.open_file(name)
        except (UnavailableError, FileSystemError) as error:
            raise OriginalError(f"{self.path} cannot be read: {error.reason}") from error

    @property
    def size(self) -> int:
        """Bytes, when it was opened."""
        return self.file.state.size

    @property
    def mtime_ns(self) -> int:
        """Nanoseconds since the epoch, when it was opened."""
        return self.file.state.mtime_ns

    @property
    def mode(self) -> int:
        """The permissions of its variants, as chmod takes them."""
        return permissions(self._status)

    @property
    def owner(self) -> tuple[int, int]:
        """Its user and its group."""
        return self._status.st_uid, self._status.st_gid

    @cached_property
    def _status(self) -> os.stat_result:
        return os.fstat(self.file.fileno())

    @property
    def original(self) -> Original:
        """What the record keeps of it. Reads all of it, if nobody has so far."""
        if self._digest is None:
            deque(self.pieces(), maxlen=0)
        assert self._digest is not None
        return Original(self.size, self.mtime_ns, self._digest)

    def pieces(self) -> Iterator[bytes]:
        """Its content, from the beginning.

        :raises OriginalError: where it cannot be read, or was changed since it was opened.
        """
        digest, at = new_digest(), 0
        while at < self.size:
            try:
                piece = self.file.read(at, min(PIECE, self.size - at))
            except FileSystemError as error:
                raise OriginalError(f"{self.path} cannot be read: {error.reason}") from error
            if not piece:
                break
            at += len(piece)
            digest.update(piece)
            self._on_read(len(piece))
            yield piece
        self._require_unchanged(at, digest.hexdigest())

    def close(self) -> None:
        """Close it."""
        self.file.close()

    def _require_unchanged(self, read: int, digest: str) -> None:
        """Compare with when it was opened, and with what was read of it before."""
        now = state_of(os.fstat(self.file.fileno()))
        then = self.file.state
        before, self._digest = self._digest or digest, digest
        if (read, now.size, now.mtime_ns, digest) != (then.size, then.size, then.mtime_ns, before):
            raise OriginalError(f"{self.path} cannot be compressed: it was changed meanwhile")
