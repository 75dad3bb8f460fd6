"""The registry that lists every root once, when it is added."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping

from ..files.codings import original_of, split_variant
from ..support.after_fork import register_after_fork
from ..support.logs import log_info
from .created_later import CreatedLater
from .directory import is_path_excluded
from .entries import HashedFile, Listed, StaticFile, Substitute
from .hashed_urls import KeptHashedFiles, hashed_file, split_hashed_url
from .interface import RegistryOptions, Root
from .listing import Listing, PagePlace, Place, clean_url, page_redirect
from .live import LiveRegistry
from .skipped import SkippedEntries, warn_of_missing, warn_of_sensitive
from .walk import Folder, list_root, walk


class WalkedRegistry:
    """Lists every root once, and finds entries in a dictionary.

    Threads may look up while a root is added: they see all of it or nothing. A file that was not
    requested yet takes memory for its URL only; the rest is shared with other files of its
    directory.
    """

    def __init__(self, options: RegistryOptions) -> None:
        self._options = options
        self._has_pages = options.index_file is not None or options.clean_urls
        # The latest first.
        self._substitutes: tuple[tuple[Root, Substitute], ...] = ()
        self._entries: dict[str, Listed | Place] = {}
        # One for each root, the latest first: a variant belongs to the original next to it.
        self._listings: tuple[Listing, ...] = ()
        # Requested files with the names of variants, by their URLs.
        self._variants: dict[str, StaticFile] = {}
        self._hashed = KeptHashedFiles()
        self._created_later = CreatedLater(LiveRegistry(options))
        self._lock = threading.RLock()
        register_after_fork(self)

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """List the files below ``root``. Without ``names``, walk it."""
        if names is None:
            self._created_later.add(root)
        if not os.path.isdir(root.path):
            return
        skipped = SkippedEntries()
        exclude = self._options.exclude
        folders = walk(root, exclude, skipped.add) if names is None else self._group(names)
        found, sensitive = list_root(root, folders, self._options)
        with self._lock:
            self._substitutes = (*self._substitutes_in(root, found), *self._substitutes)
            self._entries = {**self._entries, **found.urls} if self._entries else found.urls
            self._listings = (found, *self._listings)
            self._variants = {}
            self._hashed = KeptHashedFiles()
        log_info("Listed %s: %d URLs, all below %s", root.path, len(found.urls), root.prefix)
        skipped.warn(root.path)
        warn_of_sensitive(sensitive, root.path)

    def look_up(self, url: str) -> Listed | None:
        """The entry for ``url``. Never waits for the disk."""
        entry = self._entries.get(url)
        if entry is not None:
            return self._resolved(url) if isinstance(entry, Place) else entry
        if "." not in url and not self._has_pages:
            return None  # most requests for the application end here
        is_variant = original_of(url) is not None
        found = self._variant(url) if is_variant else None
        if found is None:
            found = self._hashed.get(url) or self._hashed_file(url)
        if found is not None or is_variant:
            return found
        options = self._options
        is_folder = options.index_file is not None and url.endswith("/")
        if is_folder or options.clean_urls or "." in url:
            self._created_later.look_for(url)
        return None

    look_up_nowait = look_up

    def keep_hashed(self, file: HashedFile) -> HashedFile:
        """Find ``file`` at its URL from now on, since its hash is right."""
        with self._lock:
            found = self._hashed_file(file.url)
            is_listed = found is not None and found.plain is file.plain
            return self._hashed.keep(file) if is_listed else file

    def find_substitute(self, kind: type[Substitute], url: str) -> Substitute | None:
        """The file that is sent if there is none at ``url``. Never waits for the disk."""
        found = [each for each in self._substitutes if isinstance(each[1], kind)]
        if not found:
            warn_of_missing(kind, self._options.substitutes[kind])
        return next((file for root, file in found if root.covers(url)), None)

    find_substitute_nowait = find_substitute

    def _substitutes_in(self, root: Root, listing: Listing) -> Iterator[tuple[Root, Substitute]]:
        for kind, name in self._options.substitutes.items() if root.has_substitutes else ():
            substitute = listing.substitute(kind, root.prefix + name)
            if substitute is not None:
                yield root, substitute

    def _variant(self, url: str) -> StaticFile | None:
        # Read this before the listings: a variant of outdated listings must not enter a new dict.
        variants = self._variants
        if url not in variants:
            found = (listing.variant(url) for listing in self._listings)
            variant = next((each for each in found if each is not None), None)
            if variant is None:
                return None
            with self._lock:
                variants.setdefault(url, variant)
        return variants[url]

    def _hashed_file(self, url: str) -> HashedFile | None:
        parts = split_hashed_url(url)
        if parts is None:
            return None
        plain_url, hash_ = parts
        plain = self._resolved(plain_url) if plain_url in self._entries else None
        return hashed_file(plain or self._variant(plain_url), plain_url, hash_)

    def _resolved(self, url: str) -> Listed:
        with self._lock:
            entry = self._entries[url]
            if isinstance(entry, PagePlace):
                page, served = entry.page(url), self._resolved(clean_url(url))
                if isinstance(served, StaticFile) and served.path == page.path:
                    page = served  # hooks run once for each object
                entry = page_redirect(page)
            elif isinstance(entry, Place):
                entry = entry.file(url)
            self._entries[url] = entry
            return entry

    def files(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of the listed files, and the suffixes of their variants."""
        return {each.path: each.suffixes for each in self.static_files()}

    def static_files(self) -> list[StaticFile]:
        """The listed files, each at its plain URL."""
        found = [(url, self._entries[url]) for url in list(self._entries)]
        files = [each.file(url) if isinstance(each, Place) else each for url, each in found]
        return [each for each in files if isinstance(each, StaticFile)]

    def urls(self) -> list[str]:
        """The listed URLs, those of redirects included. For tests."""
        return list(self._entries)

    def reset_after_fork(self) -> None:
        """Make a new lock, in a process that was just forked."""
        self._lock = threading.RLock()

    def _group(self, names: Iterable[str]) -> Iterator[Folder]:
        """Group paths by their folders.

        A manifest has four names for each file. So the names of variants are kept as suffixes,
        which files share, and exist in full for one folder at a time.
        """
        exclude = self._options.exclude
        folders: dict[str, dict[str, tuple[str, ...]]] = {}
        shared: dict[tuple[str, ...], tuple[str, ...]] = {}
        for name in names:
            if exclude is not None and is_path_excluded(exclude, name):
                continue
            stem, suffix = split_variant(name) or (name, "")
            below, slash, file = stem.rpartition("/")
            files = folders.setdefault(below + slash, {})
            suffixes = (*files.get(file, ()), suffix)
            files[file] = shared.setdefault(suffixes, suffixes)
        for below in list(folders):
            files = folders.pop(below)
            yield below, {file + each for file, suffixes in files.items() for each in suffixes}
