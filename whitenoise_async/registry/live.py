"""The registry that looks at the file system at each lookup, for ``autorefresh``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

from ..files.codings import original_of
from .directory import Directory, Rules
from .entries import HashedFile, Listed, StaticFile, Substitute, Unresolved
from .hashed_urls import hashed_file, split_hashed_url
from .interface import RegistryOptions, Root
from .listing import Listing, Place, listing_of
from .sensitive_names import sensitive_files
from .skipped import OnSkip, warn_of_each_sensitive, warn_of_missing, warn_or_raise
from .walk import list_root, walk

File = TypeVar("File", bound=StaticFile)


class LiveRegistry:
    """Finds at each lookup what a walk at that moment would list.

    No path is ever built from a URL: each segment must be the exact name of a listed entry, so no
    other spelling of a path leads anywhere.
    """

    def __init__(self, options: RegistryOptions) -> None:
        self._options = options
        self._roots: tuple[Root, ...] = ()

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Add ``root``, which wins over earlier ones. ``names`` are ignored."""
        self._roots = (root, *self._roots)

    def look_up_nowait(self, url: str) -> Unresolved:
        """Every URL must be looked up on the disk."""
        return Unresolved(url)

    def look_up(self, url: str) -> Listed | None:
        """The entry for ``url``. Blocks on the disk.

        :raises FileSystemError: if the system fails.
        """
        found = self._listed(url)
        if found is None and (parts := split_hashed_url(url)) is not None:
            plain_url, hash_ = parts
            return hashed_file(self._listed(plain_url), plain_url, hash_)
        return found

    def _listed(self, url: str) -> Listed | None:
        found = self.look_up_in(self._roots, url, is_variant=False)
        if found is None and original_of(url) is not None:
            return self.look_up_in(self._roots, url, is_variant=True)
        return found

    def look_up_in(self, roots: Iterable[Root], url: str, *, is_variant: bool) -> Listed | None:
        """The entry for ``url`` in the first of ``roots`` that has it.

        :param is_variant: whether to look for a file with the name of a variant.
        """
        for root in roots:
            if root.covers(url):
                entry = self.look_up_below(root, url, is_variant)
                if entry is not None:
                    return entry
        return None

    def files(self) -> None:
        """Nothing is listed in advance."""

    def static_files(self) -> list[StaticFile]:
        """The files below all roots, each at its plain URL. Walks them, and blocks on the disk."""
        urls: dict[str, Listed | Place] = {}
        for root in reversed(self._roots):
            folders = walk(root, self._options.exclude, _ignore)
            urls |= list_root(root, folders, self._options)[0].urls
        listing = Listing(urls, {})
        entries = [listing.entry(url) for url in urls]
        return [each for each in entries if isinstance(each, StaticFile)]

    def keep_hashed(self, file: HashedFile) -> HashedFile:
        """Keep nothing: the hash is checked at each request."""
        return file

    def look_up_below(self, root: Root, url: str, is_variant: bool) -> Listed | None:
        """The entry for ``url`` below one root."""
        listed = self._list_folder(root, url)
        if listed is None:
            return None
        directory, listing = listed
        found = listing.variant(url) if is_variant else listing.entry(url)
        return _from_root(root, directory, found) if isinstance(found, StaticFile) else found

    def find_substitute_nowait(
        self, kind: type[Substitute], url: str
    ) -> Substitute | Unresolved | None:
        """The lookup for :meth:`find_substitute`; ``None`` if no root covers ``url``."""
        return Unresolved(url, kind) if any(self._roots_for(url)) else None

    def find_substitute(self, kind: type[Substitute], url: str) -> Substitute | None:
        """The file that is sent if there is none at ``url``. Blocks on the disk."""
        name = self._options.substitutes[kind]
        for root in self._roots_for(url):
            own_url = root.prefix + name
            listed = self._list_folder(root, own_url)
            substitute = None if listed is None else listed[1].substitute(kind, own_url)
            if listed is not None and substitute is not None:
                return _from_root(root, listed[0], substitute)
        warn_of_missing(kind, name)
        return None

    def find_path(self, url: str) -> str | None:
        """The path of the file for ``url``. Blocks on the disk, and logs nothing."""
        for root in self._roots:
            listed = self._list_folder(root, url, _ignore) if root.covers(url) else None
            entry = None if listed is None else listed[1].entry(url)
            if isinstance(entry, StaticFile):
                return entry.path
        return None

    def _roots_for(self, url: str) -> Iterator[Root]:
        """The roots that may have a substitute for ``url``."""
        return (root for root in self._roots if root.has_substitutes and root.covers(url))

    def _list_folder(
        self, root: Root, url: str, on_skip: OnSkip = warn_or_raise
    ) -> tuple[Directory, Listing] | None:
        """The folder below ``root`` that adds ``url``, if one does, and its listing."""
        *parents, last = url[len(root.prefix) :].split("/")
        top = Directory(root.path, Rules(root.followlinks, self._options.exclude))
        directory = top.descend(parents, on_skip)
        if directory is None:
            return None
        files, directories = directory.scan(on_skip)
        listing = self._listing(root, directory, files)
        if url not in listing.urls and last in directories:
            directory = directories[last]
            files, _ = directory.scan(on_skip)
            listing = self._listing(root, directory, files)
        return directory, listing

    def _listing(self, root: Root, directory: Directory, files: set[str]) -> Listing:
        url = root.prefix + directory.below
        return listing_of(directory.path, url, files, self._options, directory.below)


def _ignore(path: str, reason: str | OSError) -> None:
    """Ignore a skipped entry, which the walk at startup has reported."""


def _from_root(root: Root, directory: Directory, found: File) -> File:
    """Warn about a file that is perhaps served by mistake, and say below which root it is."""
    sensitive = sensitive_files(directory.below, [os.path.basename(found.path)])
    warn_of_each_sensitive(sensitive, root.path)
    if not root.followlinks:
        # A listed folder may be replaced by a link before the file is opened.
        found.root = root.path
    return found
