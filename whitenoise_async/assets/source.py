"""Opens files for the responder, with what hashed URLs and small files need beyond that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..files.open_file import OpenFile, open_file
from ..registry.entries import HashedFile, StaticFile
from ..registry.interface import Registry
from ..serving.open_variants import OpenVariants
from ..serving.source import WrongHashError

if TYPE_CHECKING:
    from .hashed_files import HashedFiles
    from .small_files import SmallFiles


class AssetSource:
    """The :class:`Source` of a site."""

    def __init__(self, registry: Registry, hashed_files: Callable[[], HashedFiles]) -> None:
        """:param hashed_files: returns what prepares files at hashed URLs."""
        self._registry = registry
        self._hashed_files = hashed_files
        #: Compresses small files; ``None`` serves them as they are.
        self.small_files: SmallFiles | None = None

    def open(self, entry: StaticFile, *, compress: bool = True) -> OpenVariants:
        """Open a file with its variants; see :class:`Source`.

        :param compress: whether to compress a style sheet that is rewritten.
        """
        variants = OpenVariants(entry)
        try:
            if isinstance(entry, HashedFile):
                self._hashed_files().prepare(entry, variants, compress=compress)
            if self.small_files is not None and compress:
                self.small_files.add_variants(variants)
        except BaseException:
            variants.close()
            raise
        return variants

    def reopen(self, entry: StaticFile, path: str) -> OpenFile:
        """Open one file of an entry; see :class:`Source`."""
        return open_file(path)

    def verified(self, file: HashedFile) -> HashedFile:
        """Check the hash of a file; see :class:`Source`."""
        if not self._hashed_files().is_right(file):
            raise WrongHashError(file)
        return self._registry.keep_hashed(file)
