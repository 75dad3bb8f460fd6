"""Where the responder gets the open files of an entry."""

from __future__ import annotations

from typing import Protocol

from ..files.errors import UnavailableError
from ..files.open_file import OpenFile
from ..registry.entries import HashedFile, StaticFile, StoredFile
from .open_variants import OpenVariants


class HashedNameError(UnavailableError):
    """There is no file with the hash in the URL that was requested."""

    def __init__(self, file: StaticFile, reason: str) -> None:
        super().__init__(file.path, reason)
        self.file = file


class WrongHashError(HashedNameError):
    """The content of a file does not have the hash in the URL that was requested."""

    def __init__(self, file: HashedFile) -> None:
        super().__init__(file, f"its hash is not {file.hash}")


class StoredFileError(HashedNameError):
    """A store does not have a file that the list of its releases names."""

    def __init__(self, file: StoredFile, error: UnavailableError) -> None:
        super().__init__(file, error.reason)


class Source(Protocol):
    """Opens the files of entries."""

    def open(self, entry: StaticFile) -> OpenVariants:
        """Open a file with its variants. Blocks on the disk.

        :raises UnavailableError: if there is no such file, or it is the variant of another one.
        :raises FileSystemError: if the system fails.
        :raises HashedNameError: if there is no file with the hash in the URL.
        """

    def reopen(self, entry: StaticFile, path: str) -> OpenFile:
        """Open one of the files that :meth:`open` has opened before. Blocks on the disk.

        :param path: that of the file or of a variant.
        :raises: what :meth:`open` raises.
        """

    def verified(self, file: HashedFile) -> StaticFile:
        """Check the hash of a file. Blocks on the disk.

        :returns: the one object for its URL, or the file that a store has for it. Only such an
            object may be kept, since clients choose the hashes.
        :raises: what :meth:`open` raises.
        """
