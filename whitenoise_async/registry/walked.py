"""The registry that lists every root once, when it is added."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ..files.codings import SUFFIXES
from ..support.after_fork import register_after_fork
from ..support.logs import logger
from .created_later import CreatedLater
from .directory import Directory, Rules, is_path_excluded
from .entries import Entry, StaticFile, Substitute
from .interface import RegistryOptions, Root
from .listing import Listing, PagePlace, Place, clean_url, listing_of, page_redirect
from .live import LiveRegistry
from .sensitive_names import SensitiveFiles, sensitive_files
from .skipped import OnSkip, SkippedEntries, warn_of_missing, warn_of_sensitive

# Directories that link to each other have as many paths as there are orders of their names: eight
# of them have 109,600. Only links below links multiply like that, so only they are counted.
_MAX_NESTED_LINKS_TO_ONE = 64

_TOO_MANY_LINKS = f"more than {_MAX_NESTED_LINKS_TO_ONE} links below links lead to its target"


class WalkedRegistry:
    """Lists every root once, and finds entries in a dictionary.

    Threads may look up while a root is added: they see all of it or nothing. A file that was not
    requested yet takes memory for its URL only; the rest is shared with other files of its
    directory.
    """

    def __init__(self, options: RegistryOptions) -> None:
        self._options = options
        # The latest first.
        self._substitutes: tuple[tuple[Root, Substitute], ...] = ()
        self._entries: dict[str, Entry | Place] = {}
        # One for each root, the latest first: a variant belongs to the original next to it.
        self._listings: tuple[Listing, ...] = ()
        # Requested files with the names of variants, by their URLs.
        self._variants: dict[str, StaticFile] = {}
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
        sensitive: SensitiveFiles = {}
        found = Listing({}, {})
        folders = self._walk(root, skipped.add) if names is None else self._group(names)
        for below, files in folders:
            sensitive |= sensitive_files(below, files)
            path = os.path.join(root.path, *below.split("/")[:-1])
            url = root.prefix + below
            here = listing_of(path, url, files, self._options, below)
            page = found.urls.get(url[:-1])
            found.urls.update(here.urls)
            if page is not None:  # the page `about.html` comes before the folder `about`
                found.urls[url[:-1]] = page
            found.variants.update(here.variants)
        with self._lock:
            self._substitutes = (*self._substitutes_in(root, found), *self._substitutes)
            self._entries = {**self._entries, **found.urls} if self._entries else found.urls
            self._listings = (found, *self._listings)
            self._variants = {}
        logger.info("Listed %s: %d URLs, all below %s", root.path, len(found.urls), root.prefix)
        skipped.warn(root.path)
        warn_of_sensitive(sensitive, root.path)

    def look_up(self, url: str) -> Entry | None:
        """The entry for ``url``. Never waits for the disk."""
        entry = self._entries.get(url)
        if isinstance(entry, Place):
            return self._resolved(url)
        if entry is not None:
            return entry
        if url.endswith(SUFFIXES):
            return self._variant(url)
        options = self._options
        is_folder = options.index_file is not None and url.endswith("/")
        if is_folder or options.clean_urls or "." in url:
            self._created_later.look_for(url)
        return None

    look_up_nowait = look_up

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

    def _resolved(self, url: str) -> Entry:
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
        found = [(url, self._entries[url]) for url in list(self._entries)]
        files = [each.file(url) if isinstance(each, Place) else each for url, each in found]
        return {each.path: each.suffixes for each in files if isinstance(each, StaticFile)}

    def urls(self) -> list[str]:
        """The listed URLs, those of redirects included. For tests."""
        return list(self._entries)

    def reset_after_fork(self) -> None:
        """Make a new lock, in a process that was just forked."""
        self._lock = threading.RLock()

    def _group(self, names: Iterable[str]) -> Iterable[tuple[str, set[str]]]:
        """Group paths by their folders."""
        exclude = self._options.exclude
        folders: dict[str, set[str]] = {}
        for name in names:
            if exclude is None or not is_path_excluded(exclude, name):
                below, slash, file = name.rpartition("/")
                folders.setdefault(below + slash, set()).add(file)
        return folders.items()

    def _walk(self, root: Root, on_skip: OnSkip) -> Iterator[tuple[str, set[str]]]:
        waiting = [Directory(root.path, Rules(root.followlinks, self._options.exclude))]
        entered: Counter[str] = Counter()
        while waiting:
            directory = waiting.pop()
            files, directories = directory.scan(on_skip)
            yield directory.below, files
            for child in directories.values():
                if directory.crossed and child.crossed != directory.crossed:
                    target = os.path.realpath(child.path)
                    entered[target] += 1
                    if entered[target] > _MAX_NESTED_LINKS_TO_ONE:
                        on_skip(child.path, _TOO_MANY_LINKS)
                        continue
                waiting.append(child)
