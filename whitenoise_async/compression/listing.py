"""List the files below a root: the originals, and what earlier runs left."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Container, Iterator
from typing import NamedTuple

from ..files.codings import WORKING_PREFIX
from ..files.draft import is_unfinished
from ..files.folder import Folder
from .report import LEADS_OUT, SUFFIXES, Failure, LeftAlone
from .settings import Settings

_ALL_SUFFIXES = tuple(SUFFIXES.values())

# The errors of a link that leads nowhere, and of a file that was removed meanwhile.
_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})

#: Why a link is left alone.
FOREIGN = "a link of another user, which root does not follow"


class Listing(NamedTuple):
    """Paths below the root, with ``/`` between names, in a fixed order."""

    originals: dict[str, int]  # bytes of each file, or target of a link, to compress
    others: dict[str, int]  # the same for recorded files that are no longer to be compressed
    variants: set[str]  # everything with the name of a variant
    unfinished: list[str]
    failures: list[Failure]
    left_alone: list[LeftAlone]  # links to files that would be compressed


def list_tree(root: Folder, settings: Settings, recorded: Container[str]) -> Listing:
    """List what is below ``root``. Links to folders are not followed.

    :param recorded: the paths of originals that were compressed before.
    """
    lister = _Lister(root, settings.follow_links)
    listing = lister.listing
    for below, folder, entries in walk(root, listing.failures.append):
        for entry in entries:
            path = below + entry.name
            if entry.name.startswith(WORKING_PREFIX):
                if is_unfinished(entry):
                    listing.unfinished.append(path)
            elif entry.name.endswith(_ALL_SUFFIXES):
                listing.variants.add(path)
            elif settings.selects(path):
                lister.add(path, entry, folder, listing.originals)
            elif path in recorded:
                lister.add(path, entry, folder, listing.others)
    return listing


def walk(
    root: Folder, on_failure: Callable[[Failure], None]
) -> Iterator[tuple[str, Folder, list[os.DirEntry[str]]]]:
    """Yield each folder below ``root`` with its entries that are not folders, in a fixed order.

    The first value is the folder's path below the root: empty for the root, else with a slash at
    its end. A folder stays open until the next one is requested.
    """
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with root.below(below) as folder:
                entries = folder.entries()
                names = {each.name for each in entries if each.is_dir(follow_symlinks=False)}
                yield below, folder, [each for each in entries if each.name not in names]
        except OSError as error:
            path = root.path_of(below).removesuffix("/") or root.path
            on_failure(Failure(path, f"{path} cannot be listed: {error.strerror}"))
            continue
        waiting += [f"{below}{name}/" for name in sorted(names, reverse=True)]


class _Lister:
    """Fills a listing."""

    def __init__(self, root: Folder, follow_links: bool) -> None:
        self.listing = Listing({}, {}, set(), [], [], [])
        self._inside = os.path.join(os.path.realpath(root.path), "")
        self._follow_links = follow_links

    def add(
        self, path: str, entry: os.DirEntry[str], folder: Folder, files: dict[str, int]
    ) -> None:
        """Add a regular file to ``files``, or a link to one if it may be followed."""
        full, reason = folder.path_of(entry.name), None
        try:
            if entry.is_symlink() and not self._follow_links:
                leads_out = not os.path.realpath(full).startswith(self._inside)
                reason = LEADS_OUT if leads_out else None
            status = entry.stat()
            if not stat.S_ISREG(status.st_mode):
                return
            if reason is None and entry.is_symlink() and folder.is_foreign_link(entry.name):
                reason = FOREIGN
        except OSError as error:
            if error.errno not in _LEADS_NOWHERE and reason is None:
                failure = Failure(full, f"{full} cannot be examined: {error.strerror}")
                self.listing.failures.append(failure)
            return
        if reason is None:
            files[path] = status.st_size
        elif files is self.listing.originals:
            self.listing.left_alone.append(LeftAlone(path, reason))
