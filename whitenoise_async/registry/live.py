"""The registry that looks at the file system at each look-up, for ``autorefresh``."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..files.codings import SUFFIXES
from ..support.globs import Globs
from ..support.logs import warn_once
from .directory import Directory, Rules
from .entries import Entry, StaticFile, Unresolved
from .interface import Root
from .listing import Listing, listing_of
from .sensitive_names import sensitive_files
from .skipped import warn_or_raise


class LiveRegistry:
    """Finds at each look-up what a walk at that moment would list.

    No path is ever built from a URL: each segment must be the exact name of a listed entry, so no
    other spelling of a path leads anywhere.
    """

    def __init__(
        self, index_file: str | None, exclude: Globs | None = None, *, clean_urls: bool = False
    ) -> None:
        self._index_file = index_file
        self._clean_urls = clean_urls
        self._exclude = exclude
        self._roots: tuple[Root, ...] = ()

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Add ``root``, which wins over earlier ones. ``names`` are ignored."""
        self._roots = (root, *self._roots)

    def look_up_nowait(self, url: str) -> Unresolved:
        """Every URL must be looked up on the disk."""
        return Unresolved(url)

    def look_up(self, url: str) -> Entry | None:
        """The entry for ``url``. Blocks on the disk.

        :raises FileSystemError: if the system fails.
        """
        found = self.look_up_in(self._roots, url, is_variant=False)
        if found is None and url.endswith(SUFFIXES):
            return self.look_up_in(self._roots, url, is_variant=True)
        return found

    def look_up_in(self, roots: Iterable[Root], url: str, *, is_variant: bool) -> Entry | None:
        """The entry for ``url`` in the first of ``roots`` that has it.

        :param is_variant: whether to look for a file with the name of a variant.
        """
        for root in roots:
            if url == root.prefix[:-1] or url.startswith(root.prefix):
                entry = self.look_up_below(root, url, is_variant)
                if entry is not None:
                    return entry
        return None

    def files(self) -> None:
        """Nothing is listed in advance."""

    def look_up_below(self, root: Root, url: str, is_variant: bool) -> Entry | None:
        """The entry for ``url`` below one root."""
        directory = Directory(root.path, Rules(root.followlinks, self._exclude))
        *parents, last = url[len(root.prefix) :].split("/")
        for name in parents:
            child = directory.scan(warn_or_raise)[1].get(name)
            if child is None:
                return None
            directory = child
        files, directories = directory.scan(warn_or_raise)
        listing = self._listing(directory, root.prefix + directory.below, files)
        if url not in listing.urls and last in directories:
            directory = directories[last]
            files, _ = directory.scan(warn_or_raise)
            listing = self._listing(directory, f"{url}/", files)
        found = listing.variant(url) if is_variant else listing.entry(url)
        if isinstance(found, StaticFile):
            for path in sensitive_files(directory.below, [os.path.basename(found.path)]):
                warn_once(f"{os.path.join(root.path, path)} is served, perhaps by mistake")
            if not root.followlinks:
                # A listed folder may be replaced by a link before the file is opened.
                found.root = root.path
        return found

    def _listing(self, directory: Directory, url: str, files: set[str]) -> Listing:
        return listing_of(directory.path, url, files, self._index_file, clean_urls=self._clean_urls)
