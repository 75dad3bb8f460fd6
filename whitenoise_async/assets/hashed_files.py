"""Prepares files at hashed URLs: checks hashes, rewrites and compresses style sheets."""

from __future__ import annotations

from collections.abc import Callable

from ..files.content import sha256
from ..files.memory_file import MemoryFile
from ..http.negotiation import IDENTITY
from ..registry.entries import HashedFile, StaticFile
from ..registry.interface import Registry
from ..serving.open_variants import OpenVariants
from ..serving.source import WrongHashError
from .compressor import MemoryCompressor
from .contents import ChangingError, Contents
from .graph import hash_of, reached_from
from .hashes import Hashes


class HashedFiles:
    """The files at hashed URLs. Threads may share it."""

    def __init__(
        self,
        contents: Contents,
        registry: Registry,
        has_hashed_name: Callable[[StaticFile], bool],
        compressor: MemoryCompressor,
    ) -> None:
        """
        :param registry: finds the files that a style sheet refers to.
        :param has_hashed_name: whether a build tool has put a hash into the name of a file.
        """
        self._contents = contents
        self.hashes = Hashes(contents, registry, has_hashed_name)
        self._compressor = compressor

    def is_right(self, file: HashedFile) -> bool:
        """Whether the hash of a file is right. Blocks on the disk if the file must be checked.

        :raises UnavailableError: if there is no such file.
        :raises FileSystemError: if the system fails.
        """
        try:
            return self.hashes.hash_of(file.plain) == file.hash
        except ChangingError:
            return False

    def prepare(self, file: HashedFile, variants: OpenVariants, *, compress: bool) -> None:
        """Check the hash of the open file, and rewrite it if it is a style sheet.

        :param compress: whether to compress a style sheet that is rewritten.
        :raises WrongHashError: for another hash.
        :raises FileSystemError: if the system fails.
        """
        opened = variants.files[IDENTITY]
        content = self._contents.of(file.plain, opened)
        url = file.plain.url
        graph = self.hashes.graph_of(file.plain, content)
        if hash_of(graph, url) != file.hash:
            raise WrongHashError(file)
        if not graph[url].links:
            return
        original = opened.read_fully(0, opened.state.size)
        if sha256(original).digest() != content.digest:  # it was overwritten just now
            raise WrongHashError(file)
        made = {IDENTITY: self.hashes.rewrite(graph, url, original)}
        if compress:
            made |= self._compressor.compress(made[IDENTITY])
        others = [graph[each] for each in reached_from(graph, url)]
        variants.others += [(each.file.path, each.content.state) for each in others]
        variants.replace(
            {coding: MemoryFile(data, file.path, opened.state) for coding, data in made.items()}
        )
