"""The interface of a store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from .build import BuiltFile
from .manifest import Record
from .plan import Stored


class Store(Protocol):
    """A place for releases. Paths are below it. Every method may raise a ``PublishError``."""

    #: For messages.
    name: str
    #: How many threads may write at once.
    jobs: int

    def read_manifest(self) -> bytes | None:
        """The content of the manifest; ``None`` if there is none."""

    def list_files(self) -> Mapping[str, int]:
        """The paths and sizes of the files, without the manifest and working files."""

    def require_paths(self, paths: Collection[str]) -> None:
        """Require that files can have these paths, next to those that were listed."""

    def state(self, file: BuiltFile, record: Record | None) -> Stored:
        """The state of a file that was listed.

        :param record: the file in the manifest; ``None`` if that may be wrong.
        """

    def local_copies(self, paths: Sequence[str], folder: str) -> str:
        """Make files available in a folder on this machine, and return its path.

        :param folder: a new folder, for copies.
        """

    def locked(self, on_wait: Callable[[], None]) -> AbstractContextManager[None]:
        """Keep other runs from writing.

        :param on_wait: called before this run waits for another one.
        """

    def prepare(self) -> None:
        """Remove what interrupted runs left. Called with the lock, before anything is written."""

    def put(self, file: BuiltFile, pieces: Iterator[bytes]) -> None:
        """Write a file, completely or not at all. Threads call it."""

    def write_manifest(self, content: bytes) -> None:
        """Replace the manifest."""

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
