"""Where the responder gets the open files of an entry."""

from __future__ import annotations

from typing import Protocol

from ..files.errors import UnavailableError
from ..registry.entries import HashedFile, StaticFile
from .open_variants import OpenVariants


class WrongHashError(UnavailableError):
    """The content of a file does not have the hash in the URL that was requested."""

    def __init__(self, file: HashedFile) -> None:
        super().__init__(file.path, f"its hash is not {file.hash}")
        self.file = file


class Source(Protocol):
    """Opens the files of entries."""

    def open(self, entry: StaticFile) -> OpenVariants:
        """Open a file with its variants. Blocks on the disk.

        :raises UnavailableError: if there is no such file, or it is the variant of another one.
        :raises FileSystemError: if the system fails.
        :raises WrongHashError: if the file at a hashed URL has another hash.
        """

    def verified(self, file: HashedFile) -> HashedFile:
        """Check the hash of a file. Blocks on the disk.

        :returns: the one object for its URL. Only such an object may be kept, since clients choose
            the hashes.
        :raises: what :meth:`open` raises.
        """
