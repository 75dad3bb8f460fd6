"""Finds the files to which the references of style sheets lead."""

from __future__ import annotations

from collections.abc import Iterator

from ..files.errors import UnavailableError
from ..registry.entries import StaticFile
from ..registry.hashed_urls import file_of
from ..registry.interface import Registry
from ..support.logs import warn_once
from . import stylesheets
from .contents import Content, Contents
from .graph import Link


class Targets:
    """The files to which the references of a graph lead.

    Each is looked up and checked once. A file may appear between two references to it. The hash
    would then cover the file, but only one of the references would be rewritten.
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
