"""Computes the hashes of files, and follows the references of style sheets to other files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote

from ..files.errors import UnavailableError
from ..registry.entries import StaticFile
from ..registry.hashed_urls import file_of, hashed_url
from ..registry.interface import Registry
from ..support.logs import warn_once
from . import stylesheets
from .contents import Content, Contents
from .graph import Graph, Link, Node, hash_of

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
        targets = _Targets(self._contents, self._registry, file, content)
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
        :param data: its bytes, from which its content was read.
        """
        text, encoding = self._contents.decode(data)
        links = [each for each in graph[url].links if not graph[each.target].keeps_url]
        hashes = {target: hash_of(graph, target) for target in {each.target for each in links}}
        replaced = [
            (each.reference, quote(hashed_url(each.path, hashes[each.target])) + each.rest)
            for each in links
        ]
        return stylesheets.encode(stylesheets.replace_references(text, replaced), encoding)


class _Targets:
    """The files to which the references of a graph lead.

    Each is looked up and checked once. Otherwise, a file that appears meanwhile would be reached by
    one reference, so that the hash covers it, but not by another one, which would stay as it is.
    """

    def __init__(
        self, contents: Contents, registry: Registry, file: StaticFile, content: Content
    ) -> None:
        """:param content: of ``file``, the first of the graph."""
        self._contents = contents
        self._registry = registry
        #: By plain URL.
        self.known = {file.url: (file, content)}
        # By plain URL, why a file is not served.
        self._unavailable: dict[str, str] = {}
        # By the URL to which a reference leads.
        self._found: dict[str, StaticFile | None] = {}

    def links(self, file: StaticFile, content: Content) -> Iterator[Link]:
        """The references of a style sheet that lead to files. The log has the other URLs."""
        reported = set()
        for reference in content.references or ():
            parts = stylesheets.split_url(reference.url)
            assert parts is not None  # as it is for every reference
            target = self._find(_resolve(file.plain_url, parts[0]))
            reason = "there is no such file" if target is None else self._check(target)
            if target is not None and reason is None:
                yield Link(reference, *parts, target.url)
            elif reference.url not in reported:
                reported.add(reference.url)
                warn_once(
                    f"{file.path}, line {reference.line}: {reference.url} gets no hash: {reason}"
                )

    def _find(self, url: str | None) -> StaticFile | None:
        if url is None:
            return None
        if url not in self._found:
            self._found[url] = file_of(self._registry.look_up(url))
        return self._found[url]

    def _check(self, target: StaticFile) -> str | None:
        """Why a file is not served; ``None`` if it is."""
        url = target.url
        if url not in self.known and url not in self._unavailable:
            try:
                self.known[url] = target, self._contents.current(target)
            except UnavailableError as error:
                self._unavailable[url] = error.reason
        return self._unavailable.get(url)


def _version() -> int:
    """The version of the rewriting; 0 if there is none."""
    return _REWRITING if stylesheets.is_tokenizer_installed() else 0


def _resolve(base: str, path: str) -> str | None:
    """The URL path to which a relative path leads from the URL path ``base``.

    :returns: ``None`` if it leads above the top, where a mount point may be.
    """
    segments = base.split("/")[1:-1]
    *folders, name = path.split("/")
    for folder in folders:
        if folder == "..":
            if not segments:
                return None
            segments.pop()
        elif folder != ".":
            segments.append(folder)
    return "/".join(["", *segments, name])
