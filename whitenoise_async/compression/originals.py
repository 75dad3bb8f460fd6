"""An open original: read piece by piece, and checked for changes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from functools import cached_property

from ..files.open_file import FileSystemError, OpenFile, UnavailableError, state_of
from .drafts import new_digest, permissions
from .encoders import PIECE
from .errors import OriginalError
from .folders import Folder


class Source:
    """An open original, in a folder that stays open; :meth:`close` closes it."""

    def __init__(self, folder: Folder, name: str, digest: str | None = None) -> None:
        """Open a file, or the target of a link; ``digest`` is known if it was read before."""
        self.folder = folder
        self.name = name
        self.path = folder.path_of(name)
        self._digest = digest
        try:
            #: The open file.
            self.file: OpenFile = folder.open_file(name)
        except (UnavailableError, FileSystemError) as error:
            raise OriginalError(f"{self.path} cannot be read: {error.reason}") from error
        #: Bytes, when it was opened.
        self.size = self.file.state.size
        #: Nanoseconds since the epoch, when it was opened.
        self.mtime_ns = self.file.state.mtime_ns

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
    def digest(self) -> str:
        """The digest of its content. Reads the file if it was not read before."""
        if self._digest is None:
            self.require_unchanged()
        assert self._digest is not None
        return self._digest

    def pieces(self) -> Iterator[bytes]:
        """Its content, from the beginning.

        :raises OriginalError: if it cannot be read, or has changed since it was opened.
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
            yield piece
        now, then = state_of(os.fstat(self.file.fileno())), self.file.state
        before, self._digest = self._digest, digest.hexdigest()
        unchanged = (at, now.size, now.mtime_ns) == (then.size, then.size, then.mtime_ns)
        if not unchanged or before not in (None, self._digest):
            raise OriginalError(f"{self.path} cannot be compressed: it was changed meanwhile")

    def require_unchanged(self) -> None:
        """Read it again."""
        deque(self.pieces(), maxlen=0)

    def close(self) -> None:
        """Close it."""
        self.file.close()
