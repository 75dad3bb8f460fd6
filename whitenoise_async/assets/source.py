"""Opens files for the responder: checks hashes, rewrites style sheets, compresses small files."""

from __future__ import annotations

from ..files.content import sha256
from ..files.memory_file import MemoryFile
from ..files.open_file import OpenFile, open_file
from ..http.negotiation import IDENTITY
from ..registry.entries import HashedFile, StaticFile
from ..registry.interface import Registry
from ..serving.open_variants import OpenVariants
from ..serving.source import WrongHashError
from .compressor import MemoryCompressor
from .contents import ChangingError, Contents
from .graph import hash_of, reached_from
from .hashes import Hashes
from .small_files import SmallFiles


class AssetSource:
    """The :class:`Source` of a site."""

    def __init__(
        self, registry: Registry, contents: Contents, hashes: Hashes, compressor: MemoryCompressor
    ) -> None:
        self._registry = registry
        self._contents = contents
        self._hashes = hashes
        self._compressor = compressor
        #: Compresses small files; ``None`` serves them as they are.
        self.small_files: SmallFiles | None = None

    def open(self, entry: StaticFile, *, compress: bool = True) -> OpenVariants:
        """Open a file with its variants; see :class:`Source`.

        :param compress: whether to compress a style sheet that is rewritten.
        """
        variants = OpenVariants(entry)
        try:
            if isinstance(entry, HashedFile):
                self._prepare(entry, variants, compress=compress)
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
        try:
            is_right = self._hashes.hash_of(file.plain) == file.hash
        except ChangingError:
            is_right = False
        if not is_right:
            raise WrongHashError(file)
        return self._registry.keep_hashed(file)

    def _prepare(self, file: HashedFile, variants: OpenVariants, *, compress: bool) -> None:
        """Check the hash of the open file, and rewrite it if it is a style sheet."""
        opened = variants.files[IDENTITY]
        content = self._contents.of(file.plain, opened)
        url = file.plain.url
        graph = self._hashes.graph_of(file.plain, content)
        if hash_of(graph, url) != file.hash:
            raise WrongHashError(file)
        if not graph[url].links:
            return
        original = opened.read_fully(0, opened.state.size)
        if sha256(original).digest() != content.digest:  # it was overwritten just now
            raise WrongHashError(file)
        made = {IDENTITY: self._hashes.rewrite(graph, url, original)}
        if compress:
            made |= self._compressor.compress(made[IDENTITY])
        others = [graph[each] for each in reached_from(graph, url)]
        variants.others += [(each.file.path, each.content.state) for each in others]
        variants.replace(
            {coding: MemoryFile(data, file.path, opened.state) for coding, data in made.items()}
        )
