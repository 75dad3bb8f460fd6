"""Compresses small files in memory if they have no variants on the disk."""

from __future__ import annotations

from typing import NamedTuple

from ..files.memory_file import MemoryFile
from ..files.open_file import OpenFile
from ..files.state import FileState
from ..http.negotiation import IDENTITY
from ..serving.content_cache import Content, ContentCache
from ..serving.open_variants import OpenVariants
from .compressor import MemoryCompressor


class Saving(NamedTuple):
    """The files that compression makes smaller, and their sizes."""

    files: int
    size: int  # bytes of these files
    compressed: int  # bytes of the smallest variant of each


class _Compressed:
    """The variants of a file in one state. ``variants`` is empty if none saves enough."""

    def __init__(self, state: FileState, variants: dict[str, bytes]) -> None:
        self.state = state
        self.smallest = min(map(len, variants.values()), default=state.size)
        self._contents = {coding: Content() for coding in variants}

    def keep(self, variants: dict[str, bytes], cache: ContentCache) -> None:
        """Put the variants into ``cache``."""
        for coding, data in variants.items():
            cache.add(self._contents[coding], data)

    def drop(self, cache: ContentCache) -> None:
        """Remove the variants from ``cache``."""
        for content in self._contents.values():
            cache.drop(content)

    def variants(self) -> dict[str, bytes] | None:
        """The variants by coding; ``None`` if the cache has dropped one."""
        found = {coding: each.data for coding, each in self._contents.items()}
        kept = {coding: data for coding, data in found.items() if data is not None}
        return kept if len(kept) == len(found) else None


class SmallFiles:
    """Compresses each small file once for each of its states. Threads may share it."""

    def __init__(self, max_file_size: int, cache_size: int) -> None:
        """
        :param max_file_size: bytes. Larger files are not compressed.
        :param cache_size: bytes of variants that are kept here; 0 if responders keep them.
        """
        self._max_file_size = max_file_size
        self._compressor = MemoryCompressor(is_enabled=True)
        self._cache = ContentCache(cache_size)
        # By path. Only files below a root are opened, so clients cannot add any.
        self._compressed: dict[str, _Compressed] = {}

    def add_variants(self, variants: OpenVariants) -> None:
        """Compress an open file, if it is small and has no variants. Blocks on the disk.

        :raises FileSystemError: if the file cannot be read.
        :raises LongWorkError: if the file is not short, where that is forbidden.
        """
        if variants.files.keys() != {IDENTITY}:
            return
        file = variants.files[IDENTITY]
        if file.state.size <= self._max_file_size and self._compressor.selects(file.path):
            variants.made = {
                coding: MemoryFile(data, file.path, file.state)
                for coding, data in self._variants_of(file).items()
            }

    def saving(self) -> Saving:
        """The saving by the last compression of each file."""
        saved = [
            (each.state.size, each.smallest)
            for each in self._compressed.values()
            if each.smallest < each.state.size
        ]
        return Saving(len(saved), sum(size for size, _ in saved), sum(least for _, least in saved))

    def _variants_of(self, file: OpenFile) -> dict[str, bytes]:
        known = self._compressed.get(file.path)
        if known is not None:
            variants = known.variants() if known.state == file.state else None
            if variants is not None:
                return variants
            known.drop(self._cache)
        variants = self._compressor.compress(file.read_fully(0, file.state.size))
        # A file that is being written has no variants. At the next request it is read again.
        if not file.is_unchanged():
            return {}
        compressed = self._compressed[file.path] = _Compressed(file.state, variants)
        compressed.keep(variants, self._cache)
        return variants
