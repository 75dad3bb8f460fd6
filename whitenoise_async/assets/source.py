"""Opens files for the responder: checks their hashes, and rewrites style sheets."""

from __future__ import annotations

from ..files.memory_file import MemoryFile
from ..http.negotiation import IDENTITY
from ..registry.entries import HashedFile, StaticFile
from ..registry.interface import Registry
from ..serving.open_variants import OpenVariants
from ..serving.source import WrongHashError
from .compressor import MemoryCompressor
from .contents import Contents
from .hashes import Hashes


class AssetSource:
    """The :class:`Source` of a site."""

    def __init__(
        self, registry: Registry, contents: Contents, hashes: Hashes, compressor: MemoryCompressor
    ) -> None:
        self._registry = registry
        self._contents = contents
        self._hashes = hashes
        self._compressor = compressor

    def open(self, entry: StaticFile) -> OpenVariants:
        """Open a file with its variants; see :class:`Source`."""
        variants = OpenVariants(entry)
        if isinstance(entry, HashedFile):
            try:
                self._prepare(entry, variants)
            except BaseException:
                variants.close()
                raise
        return variants

    def verified(self, file: HashedFile) -> HashedFile:
        """Check the hash of a file; see :class:`Source`."""
        if self._hashes.hash_of(file.plain) != file.hash:
            raise WrongHashError(file)
        return self._registry.keep_hashed(file)

    def _prepare(self, file: HashedFile, variants: OpenVariants) -> None:
        """Check the hash of the open file, and rewrite it if it is a style sheet."""
        opened = variants.files[IDENTITY]
        content = self._contents.of(file.plain, opened)
        reached = self._hashes.reached_from(file.plain, content)
        if self._hashes.combine(file.plain, content, reached) != file.hash:
            raise WrongHashError(file)
        if not reached:
            return
        original = opened.read_fully(0, opened.state.size)
        rewritten = self._hashes.rewrite(file.plain, content, original)
        made = {IDENTITY: rewritten, **self._compressor.compress(rewritten)}
        variants.others += [(each.path, each.state) for _, each in reached.values()]
        variants.replace(
            {coding: MemoryFile(data, file.path, opened.state) for coding, data in made.items()}
        )
