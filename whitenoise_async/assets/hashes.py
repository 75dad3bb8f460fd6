"""Computes the hashes of files, and puts them into the references of style sheets."""

from __future__ import annotations

from collections.abc import Callable

from ..registry.entries import StaticFile
from ..registry.hashed_urls import hashed_url
from ..registry.interface import Registry
from . import stylesheets
from .contents import Content, Contents
from .graph import Graph, Node, hash_of
from .targets import Targets

#: The version of the rewriting, which is part of a style sheet's hash: a new version changes the
#: bytes that are sent, and so must change the URL.
_REWRITING = 1


class Hashes:
    """The hashes in the URLs of files. Threads may share it."""

    def __init__(
        self,
        contents: Contents,
        registry: Registry,
        has_hashed_name: Callable[[StaticFile], bool],
    ) -> None:
        """
        :param registry: finds the files that a style sheet refers to.
        :param has_hashed_name: whether a build tool has put a hash into the name of a file. Such a
            file keeps its URL.
        """
        self._contents = contents
        self._registry = registry
        self.has_hashed_name = has_hashed_name

    def hash_of(self, file: StaticFile) -> str:
        """The hash of a file. Blocks on the disk if the file must be checked.

        :returns: twelve hexadecimal digits of SHA-256.
        :raises UnavailableError: if there is no such file.
        :raises FileSystemError: if the system fails.
        """
        return hash_of(self.graph_of(file, self._contents.current(file)), file.url)

    def graph_of(self, file: StaticFile, content: Content) -> Graph:
        """The graph of a file with this content. Blocks on the disk to check the other files.

        :raises FileSystemError: if the system fails.
        """
        targets = Targets(self._contents, self._registry, file, content)
        graph: dict[str, Node] = {}
        waiting = {file.url: (file, content)}
        while waiting:
            url, (file, content) = waiting.popitem()
            links = tuple(targets.links(file, content))
            # Without links, the first file is not in a circle, so no reference leads to it.
            keeps_url = bool(graph or links) and self.has_hashed_name(file)
            version = _version() if content.is_style_sheet else None
            graph[url] = Node(file, content, links, version, keeps_url)
            new = {each.target for each in links} - graph.keys()
            waiting |= {target: targets.known[target] for target in new}
        return graph

    def rewrite(self, graph: Graph, url: str, data: bytes) -> bytes:
        """Return the bytes of a style sheet with hashed URLs in place of plain ones.

        The new URLs are relative, as the old ones are, so they are right below every mount point.

        :param url: the plain URL of the style sheet.
        :param data: the bytes that were read for its content.
        """
        from urllib.parse import quote

        text, encoding = self._contents.decode(data)
        links = [each for each in graph[url].links if not graph[each.target].keeps_url]
        hashes = {target: hash_of(graph, target) for target in {each.target for each in links}}
        replaced = [
            (each.reference, quote(hashed_url(each.path, hashes[each.target])) + each.rest)
            for each in links
        ]
        return stylesheets.encode(stylesheets.replace_references(text, replaced), encoding)


def _version() -> int:
    """The version of the rewriting; 0 if there is none."""
    return _REWRITING if stylesheets.is_tokenizer_installed() else 0
