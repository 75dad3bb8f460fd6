"""The interface through which the middleware reads a store."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ..files.open_file import OpenFile
from ..registry.entries import StoredContent


class ManifestRead(NamedTuple):
    """The manifest at one moment."""

    #: Equal for the same manifest.
    revision: object
    #: ``None`` if there is no manifest.
    content: bytes | None


class StoreReader(Protocol):
    """Reads a store. Threads may share it, and every method may block."""

    #: The folder or the URL, for messages.
    name: str

    @property
    def root(self) -> str | None:
        """The folder; ``None`` for a bucket."""

    def read_manifest(self, revision: object) -> ManifestRead | None:
        """Read the manifest; ``None`` if it still has this revision.

        :raises FileSystemError: if it cannot be read.
        """

    def path_of(self, below: str) -> str:
        """The path or the URL of a file, from its path below the store."""

    def open(self, path: str, content: StoredContent) -> OpenFile:
        """Open a file that has this content.

        :param path: from :meth:`path_of`.
        :raises UnavailableError: if there is no such file, or it has another size.
        :raises FileSystemError: if the system or the network fails.
        """

    def reopen(self, path: str, content: StoredContent) -> OpenFile:
        """Open a file that was opened before; see :meth:`open`."""
