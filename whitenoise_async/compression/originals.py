"""An open original: read piece by piece, and checked for changes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property

from ..files.content import new_digest, pieces_of_file
from ..files.draft import permissions
from ..files.folder import Folder, parent_of
from ..files.state import state_of
from .errors import CompressionError, naming


class OpenOriginal:
    """An open original, in a folder that stays open. :meth:`close` closes the file."""

    def __init__(self, folder: Folder, name: str, digest: str | None = None) -> None:
        """Open a file, or the file that a link leads to.

        :param digest: of its content, if it was read before.
        :raises CompressionError: if it cannot be opened.
        """
        self.folder = folder
        self.name = name
        self.path = folder.path_of(name)
        self._digest = digest
        with naming(self.path, "read"):
            #: The open file.
            self.file = folder.open_file(name)
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

        :raises CompressionError: if it cannot be read, or has changed since it was first read.
        """
        digest, at = new_digest(), 0
        with naming(self.path, "read"):
            for piece in pieces_of_file(self.file):
                at += len(piece)
                digest.update(piece)
                yield piece
        now, then = state_of(os.fstat(self.file.fileno())), self.file.state
        before, self._digest = self._digest, digest.hexdigest()
        unchanged = (at, now.size, now.mtime_ns) == (then.size, then.size, then.mtime_ns)
        if not unchanged or before not in (None, self._digest):
            message = f"{self.path} cannot be compressed: it was changed meanwhile"
            raise CompressionError(self.path, message)

    def require_unchanged(self) -> None:
        """Read it again, and raise what :meth:`pieces` raises."""
        deque(self.pieces(), maxlen=0)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


@contextmanager
def opened_below(root: Folder, path: str, digest: str | None = None) -> Iterator[OpenOriginal]:
    """Open the original ``path`` below ``root``.

    :param digest: of its content, if it was read before.
    :raises CompressionError: if it cannot be read.
    """
    with (
        naming(root.path_of(path), "read"),
        parent_of(root, path) as (folder, name),
        closing(OpenOriginal(folder, name, digest)) as opened,
    ):
        yield opened
