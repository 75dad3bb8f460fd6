"""Computes the hashes of files, and follows the references of style sheets to other files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..files.errors import UnavailableError
from ..registry.entries import StaticFile
from ..registry.hashed_urls import file_of, hashed_url
from ..registry.interface import Registry
from ..support.logs import warn_once
from . import stylesheets
from .contents import Content, Contents
from .graph import Graph, Link, Node, hash_of

if TYPE_CHECKING:
    from .stylesheets import Reference

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
        graph: dict[str, Node] = {}
        waiting = {file.url: (file, content)}
        while waiting:
            url, (file, content) = waiting.popitem()
            links = []
            for link, target in self._links(file, content):
                if link.target not in graph and link.target not in waiting and link.target != url:
                    try:
                        waiting[link.target] = target, self._contents.current(target)
                    except UnavailableError as error:
                        _warn_of_missing(file, link.reference, error.reason)
                        continue
                links.append(link)
            # Without links, the first file is not in a circle, so no reference leads to it.
            keeps_url = bool(graph or links) and self.has_hashed_name(file)
            version = _version() if content.is_style_sheet else None
            graph[url] = Node(file, content, tuple(links), version, keeps_url)
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

    def _links(self, file: StaticFile, content: Content) -> Iterator[tuple[Link, StaticFile]]:
        """The references of a style sheet that lead to listed files, and these files."""
        for reference in content.references or ():
            parts = stylesheets.split_url(reference.url)
            assert parts is not None  # as it is for every reference
            path, rest = parts
            url = _resolve(file.plain_url, path)
            target = None if url is None else file_of(self._registry.look_up(url))
            if target is None:
                _warn_of_missing(file, reference, "there is no such file")
            else:
                yield Link(reference, path, rest, target.url), target


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


def _warn_of_missing(file: StaticFile, reference: Reference, reason: str) -> None:
    warn_once(f"{file.path}, line {reference.line}: {reference.url} gets no hash: {reason}")
