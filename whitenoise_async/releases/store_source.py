"""Opens the files of a store for the responder."""

from __future__ import annotations

from ..files.errors import UnavailableError
from ..files.open_file import OpenFile
from ..registry.entries import HashedFile, StaticFile, StoredFile
from ..serving.open_variants import OpenVariants
from ..serving.source import Source, StoredFileError, WrongHashError
from .kept_files import KeptFiles


class StoreSource:
    """Opens the files of a store, and leaves all others to another source."""

    def __init__(self, source: Source, kept: KeptFiles) -> None:
        self._source = source
        self._kept = kept

    def open(self, entry: StaticFile) -> OpenVariants:
        """Open a file with its variants; see :class:`Source`."""
        if not isinstance(entry, StoredFile):
            return self._source.open(entry)
        reader = self._kept.reader

        def open_(root: str | None, path: str) -> OpenFile:
            return reader.open(path, entry.content_at(path))

        try:
            return OpenVariants(entry, open_)
        except UnavailableError as error:
            raise StoredFileError(entry, error) from error

    def reopen(self, entry: StaticFile, path: str) -> OpenFile:
        """Open one file of an entry; see :class:`Source`."""
        if isinstance(entry, StoredFile):
            return self._kept.reader.reopen(path, entry.content_at(path))
        return self._source.reopen(entry, path)

    def verified(self, file: HashedFile) -> StaticFile:
        """Check the hash of a file; if it is wrong, the store may have the right file."""
        try:
            return self._source.verified(file)
        except WrongHashError:
            found = self._kept.find(file.url)
            if isinstance(found, StoredFile):
                return found
            raise
